//go:build gotrue

package importer_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// createProfilesTable creates the table of profiles. It is a table of the application, so GoTrue does not create it.
const createProfilesTable = `CREATE TABLE public.profiles (
	user_id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE, age_range text, education_level text,
	tech_background text, primary_goal text, learning_mode text, learning_speed text, time_per_week integer,
	preferred_language text NOT NULL DEFAULT 'en', created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now())`

// optionsWithMFAAllowed are options with which users who have a second factor keep their password.
var optionsWithMFAAllowed = importer.Options{MFA: "allow"}

// startGoTrueWithProfiles starts GoTrue on a new database with a table of profiles. It returns GoTrue and the URL of
// the database.
func startGoTrueWithProfiles(t *testing.T) (*gotrue, string) {
	t.Helper()
	url := dbtest.NewEmpty(t)
	g := startGoTrue(t, url)
	execSQL(t, url, createProfilesTable)
	return g, url
}

// execSQL runs statements as the superuser.
func execSQL(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.PgConn().Exec(t.Context(), statements).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// importAndVerify runs the import. The test fails unless the run is complete and the verification finds no difference.
func importAndVerify(t *testing.T, m *importer.Import) importer.Status {
	t.Helper()
	status, err := m.Run(t.Context(), optionsWithMFAAllowed, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := status.State, "complete"; got != want {
		t.Fatalf("the state of the run is %q with the parked batches %v, want %q", got, status.Parked, want)
	}
	verification, err := m.Verify(t.Context(), status.Run, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !verification.Equal {
		t.Errorf("the verification is not equal: differences %v\nequations %v",
			verification.Differences, verification.Equations)
	}
	return status
}

func importBetween(from, to string) *importer.Import {
	return &importer.Import{From: from, To: to, Holder: "a test", Now: time.Now}
}

// Other tests create the tables of the source themselves. In this test GoTrue, Supabase's auth server, creates them.
func TestR55_GoTrue_ImportAccountsForEveryRow(t *testing.T) {
	t.Parallel()
	_, source := startGoTrueWithProfiles(t)
	summary := supabasetest.Fill(t, source, 55, 600)
	status := importAndVerify(t, importBetween(source, dbtest.New(t)))
	got := map[mapping.Kind]int64{}
	for kind, outcomes := range status.Counts {
		for _, n := range outcomes {
			got[kind] += n
		}
	}
	want := map[mapping.Kind]int64{
		mapping.User:     int64(summary.Users),
		mapping.Identity: int64(summary.Identities),
		mapping.Profile:  int64(summary.Profiles),
		mapping.Factor:   int64(summary.Factors),
		mapping.Passkey:  int64(summary.Passkeys),
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("rows with an outcome, by kind (-got +rows of the source):\n%s", diff)
	}
}

// GoTrue creates the users at a sign-up.
func TestGoTrue_UsersKeepIDAndPassword(t *testing.T) {
	t.Parallel()
	g, source := startGoTrueWithProfiles(t)
	ids := []string{g.signUp("ada@example.com", "correct horse"), g.signUp("+4915550000002", "correct horse")}
	target := dbtest.New(t)
	importAndVerify(t, importBetween(source, target))
	x := startXenon(t, target)
	if got, want := x.signIn("ada@example.com", "correct horse"), true; got != want {
		t.Errorf("sign-in with the right password: got %v, want %v", got, want)
	}
	if got, want := x.signIn("ada@example.com", "correct horsf"), false; got != want {
		t.Errorf("sign-in with a wrong password: got %v, want %v", got, want)
	}
	got := queryColumnTexts(t, target, `SELECT id::text FROM "user"`)
	slices.Sort(ids)
	slices.Sort(got)
	if diff := cmp.Diff(got, ids); diff != "" {
		t.Errorf("ids of the users in the target (-got +want):\n%s", diff)
	}
}

// In a hosted project the role postgres is not a superuser. GoTrue's migrations grant it SELECT on all tables except
// the newest ones.
func TestGoTrue_PlanWorksWithTheGrantsOfAHostedProject(t *testing.T) {
	t.Parallel()
	g, source := startGoTrueWithProfiles(t)
	g.signUp("ada@example.com", "correct horse")
	m := importBetween(newReaderRole(t, source, "BYPASSRLS"), dbtest.New(t))
	plan, err := m.Plan(t.Context(), optionsWithMFAAllowed)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := plan.Source.Rows["auth.users"], int64(1); got != want || len(plan.Refusals) > 0 {
		t.Errorf("the plan has %d users and the refusals %v, want %d and none", got, plan.Refusals, want)
	}
	if !strings.Contains(strings.Join(plan.NotChecked, "\n"), "auth.webauthn_credentials") {
		t.Errorf("the plan lists %q as not checked, want auth.webauthn_credentials among them", plan.NotChecked)
	}
}

// By default, row security hides all rows from a role without BYPASSRLS, without an error: the import would copy no
// users.
func TestGoTrue_PlanRefusesARoleUnderRowSecurity(t *testing.T) {
	t.Parallel()
	g, source := startGoTrueWithProfiles(t)
	g.signUp("ada@example.com", "correct horse")
	m := importBetween(newReaderRole(t, source, "NOBYPASSRLS"), dbtest.New(t))
	plan, err := m.Plan(t.Context(), optionsWithMFAAllowed)
	if err == nil && len(plan.Refusals) == 0 {
		t.Error("the plan of a role without BYPASSRLS has neither a refusal nor an error, want one of them")
	}
	if _, err := m.Run(t.Context(), optionsWithMFAAllowed, false, 0); err == nil {
		t.Error("the run of a role without BYPASSRLS returned no error, want one")
	}
}

// newReaderRole creates a role with the attribute and with the SELECT privileges that GoTrue's migrations grant to the
// role postgres. It returns a URL with the role, which exists until the end of the test.
func newReaderRole(t *testing.T, url, attribute string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal("the database URL is not a URL") // the error itself would show the password
	}
	name := fmt.Sprintf("reader_%s_%s", strings.ToLower(attribute), config.Database)
	name = name[:min(len(name), 63)]
	execSQL(t, url, fmt.Sprintf(`CREATE ROLE %[1]q LOGIN %[2]s PASSWORD 'reads';
		GRANT USAGE ON SCHEMA auth TO %[1]q; GRANT SELECT ON public.profiles TO %[1]q;
		DO $$ DECLARE t text; BEGIN
			FOR t IN SELECT table_name FROM information_schema.table_privileges
				WHERE table_schema = 'auth' AND grantee = 'postgres' AND privilege_type = 'SELECT'
				AND table_name <> 'schema_migrations'
			LOOP EXECUTE format('GRANT SELECT ON auth.%%I TO %[1]q', t); END LOOP;
		END $$`, name, attribute))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, fmt.Sprintf("DROP OWNED BY %[1]q; DROP ROLE %[1]q", name)); err != nil {
			t.Errorf("drop the role of the test: %v", err)
		}
	})
	return urlForRole(t, url, name, "reads")
}
