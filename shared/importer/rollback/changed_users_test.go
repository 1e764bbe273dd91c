package rollback_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// userChanges are SQL statements that change a user, $1, or rows of the user in the target.
var userChanges = map[string]string{
	"name changed": `update "user" set name = name || '!', "updatedAt" = now() where id = $1`,
	"password rehashed": `update account set password = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2g',
		"updatedAt" = now() where "userId" = $1 and "providerId" = 'credential'`,
	"password removed": `delete from account where "userId" = $1 and "providerId" = 'credential'`,
	"second password account": `insert into account ("accountId", "providerId", "userId", password, "updatedAt")
		values ($1, 'credential', $1, 'x', now())`,
	"account added": `insert into account ("accountId", "providerId", "userId", "updatedAt")
		values ('47', 'figma', $1, now())`,
	"account refreshed": `update account set "accessToken" = 'fresh', "updatedAt" = now() where "userId" = $1
		and "providerId" = 'google'`,
	"account of another user": `update account set "userId" = (select id from "user" where name = 'New User')
		where "userId" = $1 and "providerId" = 'google'`,
	"account removed": `delete from account where "userId" = $1 and "providerId" = 'google'`,
	"profile changed": `update user_profile set learning_speed = 'casual' where user_id = $1`,
	"profile removed": `delete from user_profile where user_id = $1`,
	"has an order":    `insert into "order" values ($1)`,
	"has a debt":      `insert into debt values ($1)`,
	"user deleted":    `delete from "user" where id = $1`,
	"profile added":   `insert into user_profile (user_id) values ($1)`,
	"first password set": `insert into account (id, "accountId", "providerId", "userId", password, "updatedAt")
		values ($1, $1, 'credential', $1, 'x', now())`,
	"only signed in": `insert into session ("expiresAt", token, "updatedAt", "userId")
		values (now(), $1, now(), $1), (now(), 'two of ' || $1, now(), $1)`,
}

// makeChanges makes each of userChanges to another user, and returns the ids of these users by the name of the change.
func makeChanges(t *testing.T, to string) map[string]string {
	t.Helper()
	importtest.Exec(
		t,
		to,
		`create table "order" (buyer uuid references "user" on delete cascade);
			create table debt (debtor uuid references "user");
insert into "user" (name, email, "emailVerified") values ('New User', 'new.user@example.com', true);`,
	)
	withAllRows := importtest.Column(
		t,
		to,
		`select u.id::text from "user" u join user_profile p on p.user_id = u.id join account c on c."userId" = u.id
			and c."providerId" = 'credential' and c.password like '$2a$04%'
join account g on g."userId" = u.id and g."providerId" = 'google' group by u.id order by u.id`,
	)
	withoutProfileAndPassword := importtest.Column(
		t,
		to,
		`select u.id::text from "user" u where name <> 'New User' and not exists (select from user_profile p
			where p.user_id = u.id)
and not exists (select from account c where c."userId" = u.id and c."providerId" = 'credential') order by u.id`,
	)
	userIDs := map[string]string{}
	db := importtest.Connect(t, to)
	for _, name := range slices.Sorted(maps.Keys(userChanges)) {
		from := &withAllRows
		if name == "profile added" || name == "first password set" {
			from = &withoutProfileAndPassword
		}
		if len(*from) == 0 {
			t.Fatalf("no user is left to which the change %q can be made", name)
		}
		userIDs[name], *from = (*from)[0], (*from)[1:]
		tag, err := db.Exec(t.Context(), strings.ReplaceAll(userChanges[name], "$1", "'"+userIDs[name]+"'"))
		if err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("the change %q changed %d rows (error %v), want at least one", name, tag.RowsAffected(), err)
		}
	}
	return userIDs
}

// changeThatDoesNotCount is the name of the change after which the user does not count as changed.
const changeThatDoesNotCount = "only signed in"

func TestRollbackKeepsChangedUsersWithoutForce(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 22, 400)
	importtest.Exec(
		t,
		from,
		`insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select gen_random_uuid(), id, 'google', 'second ' || id, '{}', now(), now() from auth.users
  where encrypted_password like '$2a$04%' and deleted_at is null
  and not exists (select from auth.identities i where i.user_id = auth.users.id and i.provider = 'google') limit 60`,
	)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	all := importtest.CountImportedRows(t, m.To)
	userIDs := makeChanges(t, m.To)
	var want []string
	for name, id := range userIDs {
		if name != changeThatDoesNotCount {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	rowsOfKeptUsers := func() map[string][]string {
		ids := fmt.Sprintf("('{%s}')", strings.Join(want, ","))
		return importtest.Contents(t, m.To, map[string]string{
			"user":         `select r::text from "user" r where id = any` + ids + ` order by id`,
			"account":      `select r::text from account r where "userId" = any` + ids + ` order by id`,
			"user_profile": `select r::text from user_profile r where user_id = any` + ids + ` order by id`,
		})
	}
	before := rowsOfKeptUsers()
	got := importtest.RollBack(t, m, false)
	if diff := cmp.Diff(got.KeptUsers, want); diff != "" || got.Left != int64(len(want)) {
		t.Errorf("the rollback kept %d users, want %d; kept users (-got +want):\n%s", got.Left, len(want), diff)
	}
	if got.Sessions != 2 {
		t.Errorf("the rollback deleted %d sessions, want the 2 sessions of a removed user", got.Sessions)
	}
	if diff := importtest.Diff(rowsOfKeptUsers(), before); diff != "" {
		t.Errorf("the rollback changed rows of kept users: %s", diff)
	}
	// One of the kept users was deleted by the test, and one user of the target is not from the import.
	if n := importtest.CountImportedRows(t, m.To)["user"]; n != int64(len(want)) {
		t.Errorf("%d users are in the target, want %d", n, len(want))
	}
	if diff := cmp.Diff(
		importtest.Column(t, m.To, `select distinct user_id::text from supabase_import.ledger order by 1`),
		want,
	); diff != "" {
		t.Errorf("users in the ledger after the rollback (-got +want):\n%s", diff)
	}

	ordered := []string{userIDs["has a debt"], userIDs["has an order"]}
	slices.Sort(ordered)
	forced := importtest.RollBack(t, m, true)
	if diff := cmp.Diff(forced.KeptUsers, ordered); diff != "" {
		t.Errorf("users that a rollback with Force kept (-got +want):\n%s", diff)
	}
	forced = importtest.RollBackWithOptions(t, m, importer.RollbackOptions{Force: true, Cascade: true})
	if diff := cmp.Diff(forced.KeptUsers, []string{userIDs["has a debt"]}); diff != "" {
		t.Errorf("users that a rollback with Force and Cascade kept (-got +want):\n%s", diff)
	}
	rest := importtest.Column(t, m.To, `select id::text from "user" where name <> 'New User'`)
	if diff := cmp.Diff(rest, []string{userIDs["has a debt"]}); diff != "" {
		t.Errorf("users in the target after a rollback with Force and Cascade (-got +want):\n%s", diff)
	}
	if n := all["user"] - int64(len(rest)) - 1; forced.Removed["user"] != n { // the test deleted one user
		t.Errorf("the three rollbacks removed %d users, want %d", forced.Removed["user"], n)
	}
	name := importtest.Value(
		t,
		m.To,
		`select original->>'name' from supabase_import.quarantine where reason = 'rolled_back' and source = 'user'
			and key = $1 and resolved is not null`,
		userIDs["name changed"],
	)
	if name[len(name)-1:] != "!" {
		t.Errorf("the quarantine has the name %q of the changed user, want the changed name, which ends in \"!\"", name)
	}
}
