package schema_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["timezone"] = "UTC"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func execSQL(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// findProblems runs the check and returns its problems.
func findProblems(t *testing.T, conn *pgx.Conn, name string, applied func(int64) bool) []schema.Problem {
	t.Helper()
	err := schema.CheckTables(t.Context(), conn, name, applied)
	var mismatch *schema.Error
	if err != nil && !errors.As(err, &mismatch) {
		t.Fatal(err)
	}
	if mismatch == nil {
		return nil
	}
	return mismatch.Problems
}

func TestCheckAcceptsTablesOfTheMigrations(t *testing.T) {
	t.Parallel()
	if got := findProblems(t, connect(t, dbtest.New(t)), schema.Public, schema.AllMigrationsApplied); len(got) > 0 {
		t.Errorf("tables of the migrations: got the problems %v, want none", got)
	}
}

func TestCheckRequiresEveryTable(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.NewEmpty(t))
	got := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied)
	var names []string
	for _, p := range got {
		names = append(names, p.Table)
		if p.Column != "" || p.Repair != "xenon schema up" {
			t.Errorf("empty database: got the problem %v, want a missing table and the repair xenon schema up", p)
		}
	}
	if diff := cmp.Diff(schema.TableNames(), names); diff != "" {
		t.Errorf("missing tables (-want +got):\n%s", diff)
	}
	if got := findProblems(t, conn, schema.Public, func(int64) bool { return false }); len(got) > 0 {
		t.Errorf("empty database before the first migration: got the problems %v, want none", got)
	}
}

// Each change makes one column unusable. The check names the column and a repair, which makes it usable again.
func TestCheckNamesTheColumnAndItsRepairWorks(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for _, test := range []struct{ change, column, found string }{
		{
			`ALTER TABLE "user" RENAME COLUMN "emailVerified" TO email_verified`, "user.emailVerified",
			"no such column; there is email_verified",
		},
		{`ALTER TABLE "user" DROP COLUMN "emailVerified"`, "user.emailVerified", "no such column"},
		{`ALTER TABLE "user" DROP COLUMN "banReason"`, "user.banReason", "no such column"},
		{`ALTER TABLE "user" DROP COLUMN "createdAt"`, "user.createdAt", "no such column"},
		{`ALTER TABLE "user" ALTER name TYPE varchar(50)`, "user.name", "character varying(50)"},
		{`ALTER TABLE "user" ALTER name DROP NOT NULL`, "user.name", "NULL allowed"},
		{`ALTER TABLE "user" ALTER image SET NOT NULL`, "user.image", "NOT NULL"},
		{`ALTER TABLE "user" ALTER id DROP DEFAULT`, "user.id", "NOT NULL without a default"},
		{`ALTER TABLE "user" ADD nickname text NOT NULL`, "user.nickname", "NOT NULL without a default"},
		{`ALTER TABLE "user" ALTER banned SET NOT NULL`, "user.banned", "NOT NULL without a default"},
		{`ALTER TABLE "user" DROP CONSTRAINT user_email_key`, "user.email", "no unique index"},
		{
			`ALTER TABLE "user" DROP CONSTRAINT user_email_key; CREATE UNIQUE INDEX ON "user" (email) WHERE "emailVerified"`,
			"user.email", "no unique index",
		},
		{`DROP INDEX account_provider_idx`, "account.providerId", "no unique index"},
		{
			`DROP INDEX account_provider_idx;
			CREATE INDEX ON account ("providerId", "accountId");
			CREATE UNIQUE INDEX ON account ("providerId", "accountId", "userId");
			CREATE UNIQUE INDEX ON account ("providerId", "accountId") WHERE "providerId" <> 'google';
			CREATE UNIQUE INDEX ON account ("providerId", "userId")`,
			"account.providerId", "no unique index",
		},
		{`ALTER TABLE account ADD issuer text NOT NULL`, "account.issuer", "NOT NULL without a default"},
		{`ALTER TABLE account ALTER password SET NOT NULL`, "account.password", "NOT NULL"},
		{
			`ALTER TABLE session DROP CONSTRAINT "session_userId_fkey"`, "session.userId",
			"no foreign key with ON DELETE CASCADE",
		},
		{`ALTER TABLE session ALTER "expiresAt" TYPE text`, "session.expiresAt", "text"},
		{`ALTER TABLE jwks DROP COLUMN alg`, "jwks.alg", "no such column"},
		{`ALTER TABLE "rateLimit" ALTER "lastRequest" TYPE integer`, "rateLimit.lastRequest", "integer"},
		{`ALTER TABLE "rateLimit" ALTER "lastRequest" TYPE numeric(20)`, "rateLimit.lastRequest", "numeric(20,0)"},
		{`ALTER TABLE "rateLimit" ALTER "lastRequest" TYPE text`, "rateLimit.lastRequest", "text"},
		{`ALTER TABLE "rateLimit" ALTER "lastRequest" TYPE varchar(20)`, "rateLimit.lastRequest", "character varying(20)"},
		{
			`ALTER TABLE verification RENAME "expiresAt" TO expires_at`, "verification.expiresAt",
			"no such column; there is expires_at",
		},
	} {
		t.Run(test.change, func(t *testing.T) {
			conn := connect(t, url)
			execSQL(t, conn, "BEGIN; "+test.change)
			got := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied)
			if len(got) != 1 || got[0].Table+"."+got[0].Column != test.column || got[0].Found != test.found {
				t.Fatalf("got the problems %v, want one: %s found %s", got, test.column, test.found)
			}
			execSQL(t, conn, got[0].Repair)
			if left := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied); len(left) > 0 {
				t.Errorf("after the repair %s: got the problems %v, want none", got[0].Repair, left)
			}
			execSQL(t, conn, "ROLLBACK")
		})
	}
}

// Postgres has no cast from boolean or timestamptz to bigint.
func TestCheckNamesNoRepairIfPostgresCannotChangeTheType(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for _, typ := range []string{"boolean", "timestamptz"} {
		t.Run(typ, func(t *testing.T) {
			conn := connect(t, url)
			execSQL(t, conn, `BEGIN; ALTER TABLE "rateLimit" ALTER "lastRequest" TYPE `+typ+` USING NULL`)
			got := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied)
			if len(got) != 1 || got[0].Column != "lastRequest" || got[0].Repair != "" {
				t.Errorf("got the problems %v, want one of lastRequest without a repair", got)
			}
			execSQL(t, conn, "ROLLBACK")
		})
	}
}

func TestCheckAcceptsHarmlessDifferences(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for _, change := range []string{
		`ALTER TABLE "user" ADD nickname text NOT NULL DEFAULT 'user'`,
		`ALTER TABLE "user" ADD n bigint GENERATED ALWAYS AS IDENTITY`,
		`ALTER TABLE "user" ADD "userMetadata" jsonb, ADD "appMetadata" jsonb`, // xenon schema up --metadata
		`ALTER TABLE "user" ALTER name TYPE varchar`,
		`ALTER TABLE session ALTER "expiresAt" TYPE timestamp(3)`,
		`ALTER TABLE session ALTER "expiresAt" TYPE timestamptz(0)`,
		`ALTER TABLE account ADD issuer text NOT NULL DEFAULT 'local:credential'`,
		`ALTER TABLE account ADD issuer text`,
		`DROP INDEX account_provider_idx; CREATE UNIQUE INDEX ON account ("accountId", "providerId")`,
		`ALTER TABLE account ALTER "providerId" TYPE varchar`,
		`ALTER TABLE jwks ADD note text NOT NULL`, // Xenon adds no rows there
		`ALTER TABLE "rateLimit" ALTER count TYPE bigint`,
		`CREATE DOMAIN address AS text; ALTER TABLE "user" ALTER email TYPE address`,
		`CREATE SCHEMA other; CREATE TABLE other."user" (id int)`,
	} {
		t.Run(change, func(t *testing.T) {
			conn := connect(t, url)
			execSQL(t, conn, "BEGIN; "+change)
			if got := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied); len(got) > 0 {
				t.Errorf("got the problems %v, want none", got)
			}
			execSQL(t, conn, "ROLLBACK")
		})
	}
}

// For a column without time zone Postgres converts by the time zone of the connection.
func TestCheckRefusesTimestampsOnAConnectionThatIsNotInUTC(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	execSQL(t, conn, `SET TimeZone = 'America/New_York'`)
	if got := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied); len(got) > 0 {
		t.Errorf("columns with a time zone: got the problems %v, want none", got)
	}
	execSQL(t, conn, `ALTER TABLE session ALTER "expiresAt" TYPE timestamp`)
	got := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied)
	if len(got) != 1 || !strings.Contains(got[0].Found, "America/New_York") ||
		!strings.Contains(got[0].Repair, "ALTER ROLE") {
		t.Errorf("a column without a time zone: got the problems %v, want one with America/New_York and ALTER ROLE", got)
	}
}

// Tables of an ORM are rejected, and accepted after the repairs that the check names.
func TestTablesOfAnORMAreAcceptedAfterTheRepairs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file string
		want []string
	}{
		{"prisma", []string{"user.id", "session.id", "account.id", "verification.id", "rateLimit.id"}},
		{"snake_case", []string{
			"user.emailVerified", "user.createdAt", "user.updatedAt",
			"session.expiresAt", "session.createdAt", "session.updatedAt", "session.ipAddress", "session.userAgent",
			"session.userId",
			"account.accountId", "account.providerId", "account.userId", "account.accessToken", "account.refreshToken",
			"account.idToken", "account.accessTokenExpiresAt", "account.refreshTokenExpiresAt", "account.createdAt",
			"account.updatedAt",
			"verification.expiresAt", "verification.createdAt", "verification.updatedAt",
		}},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			url := dbtest.NewEmpty(t)
			conn := connect(t, url)
			text, err := os.ReadFile("testdata/" + test.file + ".sql")
			if err != nil {
				t.Fatal(err)
			}
			execSQL(t, conn, string(text))

			names, err := migrations.Up(t.Context(), url)
			var mismatch *schema.Error
			if !errors.As(err, &mismatch) || len(names) > 0 {
				t.Fatalf("Up: applied %v, got the error %v; want a *schema.Error and no migration applied", names, err)
			}
			var got []string
			var repairs string
			for _, p := range mismatch.Problems {
				got = append(got, p.Table+"."+p.Column)
				repairs += p.Repair + "\n"
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("columns that Up rejects (-want +got):\n%s", diff)
			}
			if _, err := migrations.Status(t.Context(), url); !errors.As(err, &mismatch) {
				t.Errorf("Status: got the error %v, want a *schema.Error", err)
			}
			execSQL(t, conn, repairs)
			if _, err := migrations.Up(t.Context(), url); err != nil {
				t.Errorf("Up after the repairs: got the error %v, want none", err)
			}
			if got := findProblems(t, conn, schema.Public, schema.AllMigrationsApplied); len(got) > 0 {
				t.Errorf("after the repairs: got the problems %v, want none", got)
			}
		})
	}
}
