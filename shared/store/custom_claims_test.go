package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/store"
)

// planAndLanguage are two custom claims, of both tables.
var planAndLanguage = []config.CustomClaim{
	{Name: "lang", Table: config.ProfileTable, Column: "preferred_language"},
	{Name: "plan", Table: config.UserTable, Column: "plan"},
}

// Every form of the statement that reads a session reads the claims, too, in any schema and with any plugins.
func TestCustomClaimsAreReadInEverySchemaWithEveryPlugin(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	if _, err := migrations.UpIn(t.Context(), url, "xenon"); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, `ALTER TABLE xenon."user" ADD plan text DEFAULT 'free'`)
	for _, plugins := range []config.Plugins{{}, {Admin: true}, bothPlugins} {
		wire := &dbtest.CountingDialer{}
		db := openStoreCountingRoundTrips(t, url, 1, wire).UseSchema("xenon").UsePlugins(plugins).
			UseCustomClaims(planAndLanguage)
		dbtest.Exec(t, url, `DELETE FROM xenon."user"`)
		user, made := signUp(t, db, "ada@example.com")
		made.ImpersonatedBy.IsPresent = plugins.Admin
		dbtest.Exec(t, url, `INSERT INTO xenon.user_profile (user_id, preferred_language) VALUES ($1::uuid, 'de')`, user.ID)
		for _, tokens := range [][]string{{made.Token}, {"another", made.Token}} {
			for _, withMetadata := range []bool{false, true} {
				before := wire.RoundTrips()
				got, err := db.SessionForToken(t.Context(), tokens, testTime, withMetadata)
				if err != nil {
					t.Fatalf("plugins %+v, %d tokens, metadata %v: %v", plugins, len(tokens), withMetadata, err)
				}
				want := store.TokenSession{Session: made, User: user, Custom: got.Custom}
				if withMetadata {
					want.Metadata = &store.Metadata{Providers: []string{"credential"}}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("plugins %+v, %d tokens: session (-want +got):\n%s", plugins, len(tokens), diff)
				}
				values := ""
				for _, value := range got.Custom {
					values += string(value) + " "
				}
				if values != `"de" "free" ` {
					t.Errorf("plugins %+v, %d tokens: got the claims %s, want \"de\" \"free\"", plugins, len(tokens), values)
				}
				if trips := wire.RoundTrips() - before; trips != 1 {
					t.Errorf("plugins %+v, %d tokens: got %d round trips, want 1", plugins, len(tokens), trips)
				}
			}
		}
	}
}

// Postgres merges the subqueries with the rest of the statement: it finds the rows of the user as without claims.
func TestCustomClaimsReadEachTableOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	dbtest.Exec(t, url, `ALTER TABLE "user" ADD plan text`)
	db := openStore(t, url, 1).UseCustomClaims(planAndLanguage)
	plan, err := store.Explain(t.Context(), db, store.TokenSessionSQL(db), "a token", testTime)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{`"user"`, `user_profile`, `session`} {
		if n := strings.Count(plan, " on "+table); n != 1 {
			t.Errorf("scans of %s: got %d, want 1\n%s", table, n, plan)
		}
	}
	if strings.Contains(plan, "Subquery Scan") {
		t.Errorf("got a plan with a subquery of its own, want none\n%s", plan)
	}
}

func TestWithoutCustomClaimsTheStatementsAreUnchanged(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	with, without := openStore(t, url, 1).UseCustomClaims(planAndLanguage), openStore(t, url, 1).UseCustomClaims(nil)
	for _, c := range []struct {
		db   *store.Store
		want bool
	}{{without, false}, {with, true}} {
		if got := strings.Contains(store.TokenSessionSQL(c.db), "to_json"); got != c.want {
			t.Errorf("the statement reads claims: %v, want %v\n%s", got, c.want, store.TokenSessionSQL(c.db))
		}
	}
	_, made := signUp(t, without, "ada@example.com")
	got, err := without.SessionForToken(t.Context(), []string{made.Token}, testTime, false)
	if err != nil || got.Custom != nil {
		t.Errorf("SessionForToken without claims: got %v and the error %v, want no claims", got.Custom, err)
	}
}

// A database that lacks the column of a claim is not ready, and a JWT cannot be issued before it is there.
func TestNotReadyWithoutTheColumnOfACustomClaim(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1).UseCustomClaims(planAndLanguage)
	_, made := signUp(t, db, "ada@example.com")
	err := db.CheckReady(t.Context())
	const want = "user.plan: found no such column, wanted the column that JWT_CUSTOM_CLAIMS names"
	if !errors.As(err, new(*schema.Error)) || !strings.Contains(err.Error(), want) {
		t.Errorf("CheckReady: got %v, want a *schema.Error with %q", err, want)
	}
	if _, err := db.SessionForToken(t.Context(), []string{made.Token}, testTime, false); !isUnavailable(err) ||
		!strings.Contains(err.Error(), `column "plan" does not exist`) {
		t.Errorf("SessionForToken: got %v, want an Unavailable error that names the column", err)
	}
	dbtest.Exec(t, url, `ALTER TABLE "user" ADD plan text`)
	db.ForgetReadiness()
	if err := db.CheckReady(t.Context()); err != nil {
		t.Errorf("CheckReady with the column: got %v, want no error", err)
	}
	if _, err := db.SessionForToken(t.Context(), []string{made.Token}, testTime, false); err != nil {
		t.Errorf("SessionForToken with the column: got %v, want no error", err)
	}
}
