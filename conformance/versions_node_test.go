//go:build node

package conformance

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
	"github.com/xenon-auth/xenon/migrations"
	tables "github.com/xenon-auth/xenon/shared/schema"
)

// noUniqueAccountIndex is a problem that the tables of all versions have: Better Auth creates no unique index on the
// accounts of providers.
const noUniqueAccountIndex = "account.providerId: no unique index"

// Better Auth creates these for its plugin twoFactor, which is off in this test.
const noTwoFactorColumn, noTwoFactorTable = "user.twoFactorEnabled: no such column", "twoFactor.: no such table"

// betterAuthVersions has versions of Better Auth that create different tables, by the names of their packages. The
// values are the problems that findColumnProblems finds before `xenon schema up`.
var betterAuthVersions = map[string][]string{
	"better-auth-1.6.34": {
		noTwoFactorColumn, noUniqueAccountIndex, "jwks.alg: no such column", "jwks.crv: no such column", noTwoFactorTable,
	},
	"better-auth-1.7.1": {
		noTwoFactorColumn, noUniqueAccountIndex, "account.issuer: NOT NULL without a default", noTwoFactorTable,
	},
	"better-auth": {noTwoFactorColumn, noUniqueAccountIndex, noTwoFactorTable},
}

// versionTest has a database with the tables of one version of Better Auth, and the settings of a server of that
// version.
type versionTest struct {
	interchange
	env []string
}

// newVersionTest starts a server of a version of Better Auth, which creates its tables.
func newVersionTest(t *testing.T, name string, settings ...string) versionTest {
	t.Helper()
	const origin = "http://localhost:3000"
	database := dbtest.NewEmpty(t)
	env := []string{
		"LIBRARY=" + name, "DATABASE_URL=" + database, "BETTER_AUTH_URL=" + origin,
		"BETTER_AUTH_SECRET=" + rand.Text() + rand.Text(),
		"ADMIN=on", "PASSWORD_HASH=scrypt", "SHARED_DATABASE=on", "RATE_LIMIT=off",
	}
	l := versionTest{interchange{origin: origin, database: database}, append(env, settings...)}
	l.betterAuth = runningServer{name: name, url: startBetterAuth(t, l.env...), origin: origin}
	return l
}

// runBetterAuthMigration runs the migration of this version of Better Auth, and returns what the migration found to
// change.
func (l versionTest) runBetterAuthMigration(t *testing.T) (p migrationPlan) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "reference/schema.mjs")
	cmd.Env = append(append(os.Environ(), "NODE_ENV=production"), l.env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run schema.mjs: %v", err)
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatalf("the output of schema.mjs is not JSON: %v: %s", err, out)
	}
	return p
}

// findColumnProblems lists the problems that tables.CheckTables finds in Better Auth's tables. The check expects what
// Xenon's tables have after all migrations.
func findColumnProblems(t *testing.T, url string) (all []string) {
	t.Helper()
	var mismatch *tables.Error
	err := tables.CheckTables(t.Context(), connect(t, url), tables.Public, tables.AllMigrationsApplied)
	if err != nil && !errors.As(err, &mismatch) {
		t.Fatal(err)
	}
	if mismatch == nil {
		return nil
	}
	for _, p := range mismatch.Problems {
		isOwn := p.Table == "user_profile" || p.Table == "user_event" || strings.HasPrefix(p.Table, "supabase")
		if !isOwn {
			all = append(all, p.Table+"."+p.Column+": "+p.Found)
		}
	}
	return all
}

// runSchemaUp runs `xenon schema up` on a database and returns its output.
func runSchemaUp(t *testing.T, url string) (string, error) {
	t.Helper()
	program, err := checkout.BuildCommand()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "schema", "up")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+url, "DIRECT_DATABASE_URL=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// joseVerifies reports whether the npm package jose verifies a token with Xenon's JWKS.
func (ix interchange) joseVerifies(t *testing.T, token, alg string) bool {
	t.Helper()
	keySet := ix.xenon.url + "/api/auth/jwks"
	cmd := exec.CommandContext(t.Context(), "node", "interchange/verify.mjs", keySet, ix.origin, token, alg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("jose does not verify the token: %v, %s", err, out)
	}
	return err == nil
}

// After `xenon schema up`, Xenon works on the tables of each version of Better Auth, and that version still works, too.
func TestXenonWorksOnTablesOfOtherBetterAuthVersions(t *testing.T) {
	t.Parallel()
	for name, missing := range betterAuthVersions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newVersionTest(t, name)
			theirs := l.newVisitor(t)
			theirEmail, theirID := theirs.register(l.betterAuth)
			theirToken := theirs.checkStatus(theirs.get(l.betterAuth, "/token"), http.StatusOK).body.textMember("token")

			if diff := cmp.Diff(missing, findColumnProblems(t, l.database)); diff != "" {
				t.Errorf("problems of the columns before schema up (-want +got):\n%s", diff)
			}
			if out, err := runSchemaUp(t, l.database); err != nil {
				t.Fatalf("xenon schema up: %v: %s", err, out)
			}
			if got := findColumnProblems(t, l.database); len(got) > 0 {
				t.Errorf("problems of the columns after schema up: got %q, want none", got)
			}

			x := xenontest.StartWithEnv(t, l.env...)
			l.xenon = runningServer{name: "Xenon", url: x.URL, origin: l.origin}
			email, id := l.signUpAndChangePassword(t)
			in := l.newVisitor(t)
			in.checkStatus(
				in.post(l.xenon, "/sign-in/email", jsonObject{"email": theirEmail, "password": testPassword}),
				http.StatusOK,
			)
			if !l.joseVerifies(t, theirToken, "RS256") {
				t.Error("jose does not verify a token of Better Auth with Xenon's JWKS, want it verified")
			}
			l.checkAccountIssuers(t, theirID, id)

			found, none := l.runBetterAuthMigration(t), migrationPlan{Missing: []string{}, Problems: []string{}}
			if diff := cmp.Diff(none, found); diff != "" {
				t.Errorf("what Better Auth's migration would change after schema up, want nothing (-want +got):\n%s", diff)
			}
			l.betterAuth.url = startBetterAuth(t, l.env...)
			again := l.newVisitor(t)
			changed := jsonObject{"email": email, "password": "another horse"}
			again.checkStatus(again.post(l.betterAuth, "/sign-in/email", changed), http.StatusOK)
			if user, _ := again.sessionIDsAt(l.betterAuth); user != id {
				t.Errorf("the session at Better Auth after the sign-in: got user %q, want %q", user, id)
			}
		})
	}
}

// signUpAndChangePassword signs a new user up at Xenon, checks the session, the JWT and the account, and changes the
// password.
func (l versionTest) signUpAndChangePassword(t *testing.T) (email, id string) {
	t.Helper()
	b := l.newVisitor(t)
	email, id = b.register(l.xenon)
	b.checkStatus(b.post(l.xenon, "/sign-in/email", jsonObject{"email": email, "password": testPassword}), http.StatusOK)
	if user, _ := b.sessionIDsAt(l.xenon); user != id {
		t.Errorf("get-session at Xenon: got user %q, want %q", user, id)
	}
	token := b.checkStatus(b.get(l.xenon, "/token"), http.StatusOK).body.textMember("token")
	if !l.joseVerifies(t, token, "RS256") {
		t.Error("jose does not verify a token of Xenon with Xenon's JWKS, want it verified")
	}
	change := jsonObject{"currentPassword": testPassword, "newPassword": "another horse"}
	b.checkStatus(b.post(l.xenon, "/change-password", change), http.StatusOK)
	accounts := b.checkStatus(b.get(l.xenon, "/list-accounts"), http.StatusOK)
	if !strings.Contains(accounts.text, `"providerId":"credential"`) {
		t.Errorf("list-accounts: got %s, want the credential account", accounts.text)
	}
	return email, id
}

// checkAccountIssuers checks that account.issuer exists only in the tables of Better Auth 1.7.1, and that the
// credential account that Xenon created for the user ours has the same issuer as the one that Better Auth created for
// theirs.
func (l versionTest) checkAccountIssuers(t *testing.T, theirs, ours string) {
	t.Helper()
	const selectIssuerColumn = `
		SELECT attname::text FROM pg_attribute WHERE attrelid = 'account'::regclass AND attname = 'issuer'`
	if got, want := l.queryValue(t, selectIssuerColumn) != "", l.betterAuth.name == "better-auth-1.7.1"; got != want {
		t.Fatalf("whether the column account.issuer exists: got %v, want %v", got, want)
	} else if !want {
		return
	}
	const selectIssuer = `SELECT issuer FROM account WHERE "userId" = $1 AND "providerId" = 'credential'`
	if want, got := l.queryValue(t, selectIssuer, theirs), l.queryValue(t, selectIssuer, ours); got != want || want == "" {
		t.Errorf("the issuer of an account: got %q, want Better Auth's %q", got, want)
	}
}

// Better Auth 1.6 writes no alg into jwks. Xenon publishes such a key with the same algorithm as Better Auth.
func TestJWKSPublishesBetterAuthsKeysThatHaveNoAlg(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "EdDSA", "ES256", "ES512"} { // EdDSA is Better Auth's default
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			l := newVersionTest(t, "better-auth-1.6.34", "JWT_ALG="+alg)
			b := l.newVisitor(t)
			b.register(l.betterAuth)
			token := b.checkStatus(b.get(l.betterAuth, "/token"), http.StatusOK).body.textMember("token")
			if out, err := runSchemaUp(t, l.database); err != nil {
				t.Fatalf("xenon schema up: %v: %s", err, out)
			}
			kid := l.queryValue(t, `SELECT id::text FROM jwks WHERE alg IS NULL`)
			x := xenontest.StartWithEnv(t, append(l.env, "JWT_ALG=")...) // Xenon has no ES512
			l.xenon = runningServer{name: "Xenon", url: x.URL, origin: l.origin}
			theirs, ours := l.publishedKey(t, l.betterAuth, kid), l.publishedKey(t, l.xenon, kid)
			theirs["use"] = "sig" // Xenon adds it to the keys of Better Auth
			if diff := cmp.Diff(theirs, ours); diff != "" || ours["alg"] != alg {
				t.Errorf("the published key, want Better Auth's key with its alg (-Better Auth +Xenon):\n%s", diff)
			}
			if !l.joseVerifies(t, token, alg) {
				t.Error("jose does not verify a token of Better Auth with the key that Xenon publishes, want it verified")
			}
		})
	}
}

// publishedKey returns the key with the id kid from the JWKS of s.
func (ix interchange) publishedKey(t *testing.T, s runningServer, kid string) jsonObject {
	t.Helper()
	b := ix.newVisitor(t)
	var set struct{ Keys []jsonObject }
	text := b.checkStatus(b.get(s, "/jwks"), http.StatusOK).text
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if k.textMember("kid") == kid {
			return k
		}
	}
	t.Fatalf("the JWKS of %s has no key %q, want one: %s", s.name, kid, text)
	return nil
}

// By default Better Auth's ids are text, not UUIDs. `xenon schema up` rejects such tables, names their columns, and
// applies no migration.
func TestSchemaUpRejectsTextIDs(t *testing.T) {
	t.Parallel()
	for name := range betterAuthVersions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := dbtest.NewEmpty(t)
			l := versionTest{interchange{database: database}, []string{
				"LIBRARY=" + name, "DATABASE_URL=" + database, "IDS=text",
				"BETTER_AUTH_SECRET=" + rand.Text() + rand.Text(),
			}}
			l.runBetterAuthMigration(t)
			out, err := runSchemaUp(t, database)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Fatalf("xenon schema up on tables with text ids: got the error %v and %s, want exit status 1", err, out)
			}
			for _, column := range []string{
				"user.id", "session.id", "session.userId", "account.id", "account.userId", "verification.id", "jwks.id",
				"rateLimit.id",
			} {
				want := column + ": found text, wanted uuid"
				if !strings.Contains(out, want) {
					t.Errorf("xenon schema up printed %s, want it to contain %q", out, want)
				}
			}
			if !strings.Contains(out, "generateId") {
				t.Errorf("xenon schema up printed %s, want it to name Better Auth's option generateId", out)
			}
			all, err := migrations.Status(t.Context(), database)
			var mismatch *tables.Error
			if !errors.As(err, &mismatch) {
				t.Errorf("migrations.Status of rejected tables: got the error %v, want a *tables.Error", err)
			}
			for _, m := range all {
				if !m.Pending() {
					t.Errorf("the migration %s was applied to rejected tables, want none applied", m.Name)
				}
			}
		})
	}
}
