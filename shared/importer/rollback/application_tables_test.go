package rollback_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestRollbackKeepsUsersWithRowsInApplicationTables(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]importer.RollbackOptions{"plain": {}, "forced": {Force: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, userIDs := importtest.ImportWithApplicationTables(t, 311)
			application := importtest.ApplicationRowTexts(t, m.To)
			delete(application, `"user"`) // the rollback removes the user who refers to another user
			u := importtest.RollBackAfterDryRun(t, m, o)
			now := importtest.ApplicationRowTexts(t, m.To)
			delete(now, `"user"`)
			if diff := importtest.Diff(now, application); diff != "" {
				t.Errorf("the rollback changed rows of application tables: %s", diff)
			}
			if diff := cmp.Diff(u.KeptReasons, importtest.ExpectedReferringTables(userIDs)); diff != "" {
				t.Errorf("kept users, with the tables that refer to them (-got +want):\n%s", diff)
			}
			left := importtest.Column(t, m.To, `select id::text from "user" order by id`)
			if diff := cmp.Diff(left, u.KeptUsers); diff != "" || u.Left != int64(len(userIDs)) {
				t.Errorf("the result has %d kept users, want %d; users (-in the target +kept in the result):\n%s",
					u.Left, len(userIDs), diff)
			}
			holding := map[string]int64{
				"shop.orders":          4,
				"public.notes":         1,
				"public.audit":         2,
				"public.debt":          1,
				"public.deposits":      1,
				"public.badges":        1,
				"public.drafts":        1,
				"public.memberships":   1,
				"public.tenants":       1,
				"public.devices":       1,
				"public.payouts":       1,
				"public.enrolments":    1,
				"public.events":        1,
				"shop.letters":         1,
				"public.heirlooms_old": 1,
				`public."user"`:        1,
			}
			if diff := cmp.Diff(u.Holding, holding); diff != "" || len(u.Cascaded)+len(u.Changed) != 0 {
				t.Errorf("the result has %v deleted and %v changed rows of other tables, want none; numbers of rows that refer to "+
					"kept users (-got +want):\n%s", u.Cascaded, u.Changed, diff)
			}
		})
	}
}

func TestRollbackWithCascadeSavesRowsOfApplicationTables(t *testing.T) {
	t.Parallel()
	m, userIDs := importtest.ImportWithApplicationTables(t, 312)
	application := importtest.ApplicationRowTexts(t, m.To)
	u := importtest.RollBackAfterDryRun(t, m, importer.RollbackOptions{Force: true, Cascade: true})
	keptReasons := map[string]string{
		userIDs["through another table"]: "shop.order_items: 1",
		userIDs["no action"]:             "public.debt: 1",
		userIDs["restrict"]:              "public.deposits: 1",
		userIDs["set null of not null"]:  "public.drafts: 1",
	}
	if diff := cmp.Diff(u.KeptReasons, keptReasons); diff != "" {
		t.Errorf("kept users, with the tables that refer to them (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(u.KeptUsers, slices.Sorted(maps.Keys(keptReasons))); diff != "" {
		t.Errorf("ids of kept users (-got +want):\n%s", diff)
	}
	cascaded := map[string]int64{
		"shop.orders":          3,
		"public.notes":         2,
		"public.memberships":   1,
		"public.grants":        1,
		"public.tenants":       1,
		"public.devices":       1,
		"public.payouts":       1,
		"public.enrolments":    1,
		"public.events":        1,
		"public.clicks":        1,
		"shop.letters":         1,
		"public.heirlooms_old": 1,
	}
	if diff := cmp.Diff(u.Cascaded, cascaded); diff != "" {
		t.Errorf("numbers of deleted rows of other tables (-got +want):\n%s", diff)
	}
	changed := map[string]int64{"public.audit": 2, "public.badges": 1, `public."user"`: 1}
	if diff := cmp.Diff(u.Changed, changed); diff != "" {
		t.Errorf("numbers of changed rows of other tables (-got +want):\n%s", diff)
	}
	quarantined := map[string]int64{}
	for _, line := range importtest.Column(t, m.To, `select field from supabase_import.quarantine where reason = 'cascaded'
		and resolved is not null and original is not null`) {
		quarantined[line]++
	}
	want := maps.Clone(cascaded)
	for table, n := range changed {
		want[table] += n
	}
	if diff := cmp.Diff(quarantined, want); diff != "" {
		t.Errorf("numbers of rows of other tables in the quarantine (-got +want):\n%s", diff)
	}

	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	for _, table := range []string{
		"shop.orders", "notes", "memberships", "grants", "tenants", "enrolments", "events",
		"clicks", "shop.letters", "heirlooms_old",
	} {
		importtest.Exec(
			t,
			m.To,
			`insert into `+table+` select r.* from supabase_import.quarantine q, jsonb_populate_record(null::`+table+
				`, q.original) r
where q.reason = 'cascaded' and q.detail = 'deleted' and q.field = '`+qualifiedTableName(
				table,
			)+`'`,
		)
	}
	restored := importtest.ApplicationRowTexts(t, m.To)
	// These tables are not compared: the rollback changed their rows, or the test did not restore their rows.
	for _, table := range []string{"audit", "badges", "devices", "payouts", `"user"`} {
		delete(application, table)
		delete(restored, table)
	}
	if diff := importtest.Diff(restored, application); diff != "" {
		t.Errorf("rows that are restored from the quarantine differ from the original rows: %s", diff)
	}
}

// qualifiedTableName returns the name of a table with its schema.
func qualifiedTableName(table string) string {
	if table == "shop.orders" || table == "shop.letters" {
		return table
	}
	return "public." + table
}

// A row of "friends" and a row of "referrals" refer to two users of different batches. The rollback of the first user
// deletes both rows, so the row of "referrals" does not prevent the removal of the second user.
func TestRollbackWithCascadeDeletesRowsThatReferToTwoUsers(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 313, 300)
	m := importtest.NewImport(t, from)
	importtest.Exec(
		t,
		m.To,
		`create table friends (one uuid references "user" on delete cascade, other uuid references "user" on delete cascade);
create table referrals (by uuid references "user" on delete cascade, whom uuid references "user" on delete restrict);`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.Exec(
		t,
		m.To,
		`insert into friends select min(id::text)::uuid, max(id::text)::uuid from "user"; insert into referrals
			select min(id::text)::uuid, max(id::text)::uuid from "user"`,
	)
	u := importtest.RollBackAfterDryRun(t, m, importer.RollbackOptions{Force: true, Cascade: true})
	want := map[string]int64{"public.friends": 1, "public.referrals": 1}
	if diff := cmp.Diff(u.Cascaded, want); diff != "" || u.Left != 0 {
		t.Errorf("the rollback kept %d users, want 0; deleted rows of other tables (-got +want):\n%s", u.Left, diff)
	}
}

func TestRollbackKeepsAndListsAUserWhoseDeletionATriggerPrevents(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 314, 200)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	id := importtest.Value(t, m.To, `select min(id::text) from "user"`)
	importtest.Exec(
		t,
		m.To,
		`create function refuse() returns trigger language plpgsql as $$ begin if old.id = '`+id+
			`' then raise exception 'no'; end if; return old; end $$;
create trigger refuse before delete on "user" for each row execute function refuse()`,
	)
	for _, o := range []importer.RollbackOptions{{}, {Force: true}, {Force: true, Cascade: true}} {
		u := importtest.RollBackAfterDryRun(t, m, o)
		if diff := cmp.Diff(u.KeptReasons, map[string]string{id: "SQLSTATE P0001"}); diff != "" || u.Left != 1 {
			t.Errorf("%+v: the rollback kept %d users, want 1; kept users, with the error (-got +want):\n%s", o, u.Left, diff)
		}
		if n := importtest.Value(t, m.To, `select count(*)::text from "user"`); n != "1" {
			t.Errorf("%+v: %s users are in the target, want the one whose deletion the trigger prevents", o, n)
		}
	}
}

func TestRollbackWithCascadeButWithoutForceIsRefused(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 315, 50)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	before := importtest.CountImportedRows(t, m.To)
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{Cascade: true}); err == nil {
		t.Error("Rollback with Cascade and without Force: got no error, want one")
	}
	if diff := cmp.Diff(importtest.CountImportedRows(t, m.To), before); diff != "" {
		t.Errorf("numbers of rows after the refused rollback, want them unchanged (-got +want):\n%s", diff)
	}
}
