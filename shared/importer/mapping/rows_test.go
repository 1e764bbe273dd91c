package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOptionsDecideTheIDAndTheSubjectOfAProvider(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options   Options
		has, not  string // what the SQL of the id contains, and what it does not contain
		objectIDs bool   // the subject of azure is the object id
	}{
		"azure without an option":    {Options{}, "WHEN 'azure' THEN 'microsoft'", "'oid'", true},
		"the older provider slack":   {Options{}, "WHEN 'slack' THEN 'slack'", "", true},
		"keycloak without an option": {Options{}, "WHEN 'keycloak' THEN 'keycloak'", "", true},
		"keycloak mapped to company": {
			Options{Providers: map[string]string{"keycloak": "company"}},
			"WHEN 'keycloak' THEN 'company'", "THEN 'keycloak'", true,
		},
		"azure mapped to oid": {
			Options{Providers: map[string]string{"azure": "oid"}}, "WHEN 'azure' THEN 'microsoft'", "'oid'", true,
		},
		"azure mapped to microsoft": {
			Options{Providers: map[string]string{"azure": "microsoft"}}, "WHEN 'azure' THEN 'microsoft'", "", true,
		},
		"azure mapped to entra": {
			Options{Providers: map[string]string{"azure": "entra"}}, "WHEN 'azure' THEN 'entra'", "'microsoft'", false,
		},
		"another provider mapped to oid": {
			Options{Providers: map[string]string{"custom:acme": "oid"}}, "WHEN 'custom:acme' THEN 'oid'", "", true,
		},
		"version 1 of the map": {Options{ProviderMap: 1}, "WHEN 'google' THEN 'google'", "azure", false},
		"version 1 of the map, azure mapped to oid": {
			Options{ProviderMap: 1, Providers: map[string]string{"azure": "oid"}},
			"WHEN 'azure' THEN 'microsoft'", "WHEN 'slack'", true,
		},
	} {
		o, err := c.options.WithDefaults()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m := Mapping{Options: o}
		got := m.Provider("p")
		if !strings.Contains(got, c.has) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: the SQL of the id is %s, want it with %s and without %q", name, got, c.has, c.not)
		}
		if got := m.Subject("i"); strings.Contains(got, "'oid'") != c.objectIDs {
			t.Errorf("%s: the SQL of the subject is %s, want it to read 'oid': %t", name, got, c.objectIDs)
		}
	}
	if _, err := (Options{ProviderMap: 3}).WithDefaults(); err == nil {
		t.Error("WithDefaults accepts the unknown version 3 of the provider map, want an error")
	}
}

func TestCountsAreStoredAndAddedByKindAndOutcome(t *testing.T) {
	t.Parallel()
	c := Counts{}
	c.Set(User, Copied, 3)
	c.Set(User, Kept, 4)
	c.Set(Profile, Copied, 5)
	want := Counts{User: {Copied: 3, Kept: 4}, Profile: {Copied: 5}}
	if diff := cmp.Diff(c, want); diff != "" {
		t.Errorf("counts after three calls of Set (-got +want):\n%s", diff)
	}
	if got := c.Sum(User, Copied, Kept, Deleted); got != 7 {
		t.Errorf("3 copied and 4 kept users: Sum = %d, want 7", got)
	}
	if got := (Reasons{"a": 1, "b": 2}).Total(); got != 3 {
		t.Errorf("reasons with 1 and 2 entries: Total = %d, want 3", got)
	}
}

func TestOptionsDecideWhichPasswordsAreWithheld(t *testing.T) {
	t.Parallel()
	unreadable := readableTable("auth.mfa_factors")
	unreadable.Readable = false
	for name, c := range map[string]struct {
		options          Options
		factors          Table
		unconfirmed, mfa bool // the SQL has the reason unconfirmed_held, or mfa_held
	}{
		"both options are hold": {
			Options{Unconfirmed: "hold", MFA: "hold"}, readableTable("auth.mfa_factors"), true, true,
		},
		"both options are allow": {
			Options{Unconfirmed: "allow", MFA: "allow"}, readableTable("auth.mfa_factors"), false, false,
		},
		"second factors are unreadable": {Options{Unconfirmed: "hold", MFA: "hold"}, unreadable, true, false},
	} {
		got := Mapping{Options: c.options, Source: SourceCatalog{Factors: c.factors}}.withholdReasons()
		if strings.Contains(got, "unconfirmed_held") != c.unconfirmed || strings.Contains(got, "mfa_held") != c.mfa {
			t.Errorf("%s: the reasons are %s, want unconfirmed_held: %t, mfa_held: %t", name, got, c.unconfirmed, c.mfa)
		}
	}
}

func TestProjectionsReadOnlyUsableTables(t *testing.T) {
	t.Parallel()
	names := func(m Mapping) (all []string) {
		for _, p := range m.Projections(AllUsers, nil) {
			all = append(all, p.What)
		}
		return all
	}
	m := Mapping{Source: readableSource()}
	if diff := cmp.Diff(names(m), []string{"users", "identities"}); diff != "" {
		t.Errorf("only users and identities are readable: projections (-got +want):\n%s", diff)
	}
	m.Source.Profiles, m.Source.Factors = readableTable(
		"public.profiles",
		"user_id",
		"uuid",
	), readableTable(
		"auth.mfa_factors",
	)
	if diff := cmp.Diff(names(m), []string{"users", "identities", "profiles", "second factors"}); diff != "" {
		t.Errorf("profiles and factors are readable, too: projections (-got +want):\n%s", diff)
	}
}

func TestTargetRowComparesStageAndTargetAsText(t *testing.T) {
	t.Parallel()
	var isUser []bool
	for _, r := range (Mapping{}).TargetRows() {
		isUser = append(isUser, r.IsUser())
	}
	if diff := cmp.Diff(isUser, []bool{true, false, false, false}); diff != "" {
		t.Errorf("IsUser of the four kinds, want true for the first alone (-got +want):\n%s", diff)
	}
	if (TargetRow{Kind: Identity, Action: "action"}).IsUser() {
		t.Error("IsUser is true for the account of an identity, want false")
	}
	r := TargetRow{Columns: []string{"password", `"createdAt"`}}
	if got, want := r.Staged(), `row(s.password::text, s."createdAt"::timestamptz::text)`; got != want {
		t.Errorf("the stage has the columns of the target: Staged() = %s, want %s", got, want)
	}
	r.staged = []string{"key", `"createdAt"`}
	if got, want := r.Staged(), `row(s.key::text, s."createdAt"::timestamptz::text)`; got != want {
		t.Errorf("the stage has other columns: Staged() = %s, want %s", got, want)
	}
	if got, want := r.Stored(), `row(e.password::text, e."createdAt"::timestamptz::text)`; got != want {
		t.Errorf("Stored() = %s, want %s", got, want)
	}
}

// If created_at is NULL, the mapping uses the earliest other time of the user. It ignores banned_until, deleted_at and
// generated columns.
func TestCreatedAtFallsBackToTheEarliestOtherTimeOfTheUser(t *testing.T) {
	t.Parallel()
	users := readableTable(
		"auth.users",
		"created_at",
		timestamptzName,
		"last_sign_in_at",
		timestamptzName,
		"banned_until",
		timestamptzName,
		"deleted_at",
		timestamptzName,
		"email",
		"text",
		"confirmed_at",
		timestamptzName,
	)
	users.Columns[5].Generated = true
	got := Mapping{Source: SourceCatalog{Users: users}}.createdAt()
	want := "coalesce(" + timeOrNull("u.created_at") + ", least(" + timeOrNull(`u."last_sign_in_at"`) + "), 'epoch')"
	if got != want {
		t.Errorf("createdAt() = %s\nwant it to read created_at and last_sign_in_at alone: %s", got, want)
	}
}

func TestBannedUserIsNotCopiedIfTheTargetHasNoBanColumns(t *testing.T) {
	t.Parallel()
	with, without := readableTable(
		"t",
		"banned",
		"boolean",
		"banned_until",
		"timestamp with time zone",
	), readableTable(
		"t",
	)
	for name, c := range map[string]struct {
		source, target Table
		want           bool
	}{
		"only the source has ban columns": {with, without, true}, "both databases have ban columns": {with, with, false},
		"no database has ban columns": {without, without, false}, "only the target has ban columns": {without, with, false},
	} {
		m := Mapping{Source: SourceCatalog{Users: c.source}, Target: TargetCatalog{User: c.target}, AsOf: "2026-01-02"}
		if got := strings.Contains(m.UserReason(nil), "banned_no_target_column"); got != c.want {
			t.Errorf("%s: UserReason has banned_no_target_column: %t, want %t", name, got, c.want)
		}
	}
}

func TestUnmappedIsAnEmptyObjectIfAllColumnsAreSkipped(t *testing.T) {
	t.Parallel()
	if got := unmapped(readableTable("t", "id", "uuid"), "r", []string{"id"}, nil); got != "'{}'" {
		t.Errorf("the only column is skipped: unmapped returned %s, want '{}'", got)
	}
}

func TestUnmappedLeavesOutSkippedAndGeneratedColumnsAndEmptyValues(t *testing.T) {
	t.Parallel()
	source := readableTable(
		"t",
		"id",
		"uuid",
		"made",
		"text",
		"n",
		"bigint",
		"data",
		"jsonb",
		"old",
		"json",
		"aud",
		"text",
		"flag",
		"boolean",
		"ref",
		"uuid",
		"at",
		"date",
	)
	source.Columns[1].Generated = true
	got := unmapped(source, "r", []string{"id"}, map[string]string{"at": "target.at"}, "first")
	want := `'{' || concat_ws(',', first,
    '"n":' || to_json(nullif(r."n", 0))::text,
    '"data":' || r."data"::text,
    '"old":' || r."old"::text,
    '"aud":' || to_json(nullif(nullif(r."aud", ''), 'authenticated'))::text,
    '"flag":' || to_json(nullif(r."flag", false))::text,
    '"ref":' || to_json(nullif(r."ref", '00000000-0000-0000-0000-000000000000'))::text,
    '"at":' || to_json(CASE WHEN r."at" IS DISTINCT FROM target.at THEN r."at" END)::text) || '}'`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("SQL for columns of all types (-got +want):\n%s", diff)
	}
	got = unmapped(readableTable("t", "name", "text"), "r", nil, nil)
	if want := `'{' || concat_ws(',', '"name":' || to_json(nullif(r."name", ''))::text) || '}'`; got != want {
		t.Errorf("SQL for one text column: got %s, want %s", got, want)
	}
}

// A column is compared as text if the SQL expression for its value in the target ends in ::text.
func TestUnmappedAsTextComparesWithTextExpressionsAsText(t *testing.T) {
	t.Parallel()
	source := readableTable("t", "plain", "text", "hours", "smallint", "at", "date", "more", "text", "speed", "text")
	got := unmappedAsText(source, "p", nil, map[string]string{"hours": "h::text", "at": "a", "speed": "s::text"})
	want := `'{' || concat_ws(',', CASE WHEN p."hours"::text IS DISTINCT FROM h::text` +
		` THEN '"hours":' || to_json(p."hours")::text END,
    CASE WHEN p."speed"::text IS DISTINCT FROM s::text THEN '"speed":' || to_json(p."speed")::text END,
    '"plain":' || to_json(nullif(p."plain", ''))::text,
    '"at":' || to_json(CASE WHEN p."at" IS DISTINCT FROM a THEN p."at" END)::text,
    '"more":' || to_json(nullif(p."more", ''))::text) || '}'`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("SQL of unmappedAsText (-got +want):\n%s", diff)
	}
}
