package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProviderMap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options   Options
		has, not  string
		objectIDs bool
	}{
		"no option": {Options{}, "WHEN 'azure' THEN 'microsoft'", "'oid'", true},
		"old Slack": {Options{}, "WHEN 'slack' THEN 'slack'", "", true},
		"Keycloak":  {Options{}, "WHEN 'keycloak' THEN 'keycloak'", "", true},
		"Keycloak with another id": {
			Options{Providers: map[string]string{"keycloak": "company"}},
			"WHEN 'keycloak' THEN 'company'", "THEN 'keycloak'", true,
		},
		"azure by object id": {
			Options{Providers: map[string]string{"azure": "oid"}}, "WHEN 'azure' THEN 'microsoft'", "'oid'", true,
		},
		"azure to Microsoft": {
			Options{Providers: map[string]string{"azure": "microsoft"}}, "WHEN 'azure' THEN 'microsoft'", "", true,
		},
		"azure by its subject": {
			Options{Providers: map[string]string{"azure": "entra"}}, "WHEN 'azure' THEN 'entra'", "'microsoft'", false,
		},
		"another mapped to oid": {
			Options{Providers: map[string]string{"custom:acme": "oid"}}, "WHEN 'custom:acme' THEN 'oid'", "", true,
		},
		"of an older run": {Options{ProviderMap: 1}, "WHEN 'google' THEN 'google'", "azure", false},
		"of an older run by object id": {
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
			t.Errorf("%s: got %s, want %s and no %s", name, got, c.has, c.not)
		}
		if got := m.Subject("i"); strings.Contains(got, "'oid'") != c.objectIDs {
			t.Errorf("%s: the subject is %s", name, got)
		}
	}
	if _, err := (Options{ProviderMap: 3}).WithDefaults(); err == nil {
		t.Error("an unknown provider map is accepted")
	}
}

func TestCountsAreKeptByKindAndOutcome(t *testing.T) {
	t.Parallel()
	c := Counts{}
	c.Set(User, Copied, 3)
	c.Set(User, Kept, 4)
	c.Set(Profile, Copied, 5)
	want := Counts{User: {Copied: 3, Kept: 4}, Profile: {Copied: 5}}
	if diff := cmp.Diff(c, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	if got := c.Sum(User, Copied, Kept, Deleted); got != 7 {
		t.Errorf("the sum is %d, want 7", got)
	}
	if got := (Reasons{"a": 1, "b": 2}).Total(); got != 3 {
		t.Errorf("the total is %d, want 3", got)
	}
}

func TestOptionsDecideWhichPasswordsAreWithheld(t *testing.T) {
	t.Parallel()
	hidden := readableTable("auth.mfa_factors")
	hidden.Readable = false
	for name, c := range map[string]struct {
		options          Options
		factors          Table
		unconfirmed, mfa bool
	}{
		"both are held": {Options{Unconfirmed: "hold", MFA: "hold"}, readableTable("auth.mfa_factors"), true, true},
		"both are allowed": {
			Options{Unconfirmed: "allow", MFA: "allow"}, readableTable("auth.mfa_factors"), false, false,
		},
		"factors are not visible": {Options{Unconfirmed: "hold", MFA: "hold"}, hidden, true, false},
	} {
		got := Mapping{Options: c.options, Source: SourceCatalog{Factors: c.factors}}.withholdReasons()
		if strings.Contains(got, "unconfirmed_held") != c.unconfirmed || strings.Contains(got, "mfa_held") != c.mfa {
			t.Errorf("%s: got %s", name, got)
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
		t.Errorf("users and identities alone: got -, want +:\n%s", diff)
	}
	m.Source.Profiles, m.Source.Factors = readableTable(
		"public.profiles",
		"user_id",
		"uuid",
	), readableTable(
		"auth.mfa_factors",
	)
	if diff := cmp.Diff(names(m), []string{"users", "identities", "profiles", "second factors"}); diff != "" {
		t.Errorf("all tables: got -, want +:\n%s", diff)
	}
}

func TestTargetRows(t *testing.T) {
	t.Parallel()
	var isUser []bool
	for _, r := range (Mapping{}).TargetRows() {
		isUser = append(isUser, r.IsUser())
	}
	if diff := cmp.Diff(isUser, []bool{true, false, false, false}); diff != "" {
		t.Errorf("which are rows of the user, got -, want +:\n%s", diff)
	}
	if (TargetRow{Kind: Identity, Action: "action"}).IsUser() {
		t.Error("IsUser is true for an account")
	}
	r := TargetRow{Columns: []string{"password", `"createdAt"`}}
	if got, want := r.Staged(), `row(s.password::text, s."createdAt"::timestamptz::text)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r.staged = []string{"key", `"createdAt"`}
	if got, want := r.Staged(), `row(s.key::text, s."createdAt"::timestamptz::text)`; got != want {
		t.Errorf("with names of the stage: got %s, want %s", got, want)
	}
	if got, want := r.Stored(), `row(e.password::text, e."createdAt"::timestamptz::text)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// If created_at is NULL, the mapping uses the earliest other time of the user. It ignores banned_until, deleted_at and
// generated columns.
func TestCreatedAtReadsOnlyTimesOfTheUser(t *testing.T) {
	t.Parallel()
	users := readableTable("auth.users", "created_at", withZone, "last_sign_in_at", withZone, "banned_until", withZone,
		"deleted_at", withZone, "email", "text", "confirmed_at", withZone)
	users.Columns[5].Generated = true
	got := Mapping{Source: SourceCatalog{Users: users}}.createdAt()
	want := "coalesce(" + representable("u.created_at") + ", least(" + representable(`u."last_sign_in_at"`) + "), 'epoch')"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
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
		"the source alone": {with, without, true}, "both": {with, with, false}, "neither": {without, without, false},
		"the target alone": {without, with, false},
	} {
		m := Mapping{Source: SourceCatalog{Users: c.source}, Target: TargetCatalog{User: c.target}, AsOf: "2026-01-02"}
		if got := strings.Contains(m.UserReason(nil), "banned_no_target_column"); got != c.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestUnmappedIsEmptyWithoutColumns(t *testing.T) {
	t.Parallel()
	if got := unmapped(readableTable("t", "id", "uuid"), "r", []string{"id"}, nil); got != "'{}'" {
		t.Errorf("got %s", got)
	}
}

func TestUnmappedHasEveryColumnThatIsNotSkipped(t *testing.T) {
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
		t.Errorf("got -, want +:\n%s", diff)
	}
	got = unmapped(readableTable("t", "name", "text"), "r", nil, nil)
	if want := `'{' || concat_ws(',', '"name":' || to_json(nullif(r."name", ''))::text) || '}'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Columns whose types differ between the two databases are compared as text, the others as they are.
func TestUnmappedAsTextComparesTextAsText(t *testing.T) {
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
		t.Errorf("got -, want +:\n%s", diff)
	}
}
