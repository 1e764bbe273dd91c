package migrations_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

// ada is the user of these tests. Nothing with the word secret may be in an event.
const (
	ada       = "00000000-0000-4000-8000-0000000000ad"
	insertAda = `INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
		VALUES ('` + ada + `', 'Ada', 'ada@example.com', false, '2026-01-02 03:04:05Z', '2026-01-02 03:04:05Z')`
	insertSession = `INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress",
			"userAgent")
		VALUES ('00000000-0000-4000-a000-000000000001', 'secret', '` + ada + `', '2026-01-09 03:04:05Z',
			'2026-01-02 03:04:05Z', '2026-01-02 03:04:05Z', '192.0.2.1', 'Mozilla/5.0')`
	insertAccount = `INSERT INTO account (id, "userId", "providerId", "accountId", password, "accessToken", "refreshToken",
			"idToken", "updatedAt")
		VALUES ('00000000-0000-4000-a000-000000000002', '` + ada + `', 'credential', '` + ada + `', 'secret', 'secret',
			'secret', 'secret', now())`
)

// newEventsDatabase returns the URL of a database with the triggers, and a connection to it.
func newEventsDatabase(t *testing.T) (string, *pgx.Conn) {
	t.Helper()
	url := dbtest.New(t)
	if changed, err := migrations.SwitchEvents(t.Context(), url, schema.Public, true); !changed || err != nil {
		t.Fatalf("SwitchEvents: got %t and the error %v, want true", changed, err)
	}
	return url, connect(t, url)
}

// takeEvents returns type and data of all rows of user_event, in their order, and deletes them.
func takeEvents(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	events := queryTexts(t, conn, `SELECT concat_ws(' ', type, user_id, data) FROM user_event ORDER BY sequence`)
	execSQL(t, conn, "DELETE FROM user_event")
	return events
}

// takeTypes returns the types of all rows of user_event, in their order, and deletes them.
func takeTypes(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	types := strings.Join(queryTexts(t, conn, `SELECT type FROM user_event ORDER BY sequence`), " ")
	execSQL(t, conn, "DELETE FROM user_event")
	return types
}

func TestEventTriggersAreMadeAndDroppedOnRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	for _, name := range []string{schema.Public, "xenon"} {
		if has, err := migrations.HasEvents(t.Context(), url, name); has || err != nil {
			t.Errorf("HasEvents of %s before any migration: got %t and the error %v, want false", name, has, err)
		}
		if _, err := migrations.UpIn(t.Context(), url, name); err != nil {
			t.Fatal(err)
		}
		conn := connect(t, url)
		execSQL(t, conn, "SET search_path = "+name)
		for _, step := range []struct{ on, changed bool }{
			{false, false}, {true, true}, {true, false}, {false, true}, {false, false}, {true, true},
		} {
			changed, err := migrations.SwitchEvents(t.Context(), url, name, step.on)
			if changed != step.changed || err != nil {
				t.Errorf("SwitchEvents(%t) in %s: got %t and the error %v, want %t", step.on, name, changed, err, step.changed)
			}
			if has, err := migrations.HasEvents(t.Context(), url, name); has != step.on || err != nil {
				t.Errorf("HasEvents of %s after SwitchEvents(%t): got %t and the error %v", name, step.on, has, err)
			}
			before := queryValue[int](t, conn, "SELECT count(*) FROM user_event")
			newUser(t, conn)
			wrote := queryValue[int](t, conn, "SELECT count(*) FROM user_event") > before
			if wrote != step.on {
				t.Errorf("an event was written in %s after SwitchEvents(%t): got %t", name, step.on, wrote)
			}
		}
		if again, err := migrations.UpIn(t.Context(), url, name); len(again) > 0 || err != nil {
			t.Errorf("UpIn in %s after SwitchEvents: got %v and the error %v, want no pending file", name, again, err)
		}
	}
}

// A trigger that an operator has dropped or disabled is made again.
func TestSwitchEventsMakesMissingTriggersAgain(t *testing.T) {
	t.Parallel()
	url, conn := newEventsDatabase(t)
	for _, change := range []string{
		`DROP TRIGGER user_event ON "user"`, `ALTER TABLE session DISABLE TRIGGER user_event`,
	} {
		execSQL(t, conn, change)
		if has, err := migrations.HasEvents(t.Context(), url, schema.Public); has || err != nil {
			t.Errorf("HasEvents after %s: got %t and the error %v, want false", change, has, err)
		}
		if changed, err := migrations.SwitchEvents(t.Context(), url, schema.Public, true); !changed || err != nil {
			t.Errorf("SwitchEvents after %s: got %t and the error %v, want true", change, changed, err)
		}
		if has, err := migrations.HasEvents(t.Context(), url, schema.Public); !has || err != nil {
			t.Errorf("HasEvents after %s and SwitchEvents: got %t and the error %v, want true", change, has, err)
		}
	}
}

// Each statement writes these events. A statement that changes nothing which an event shows writes none.
func TestChangesWriteEvents(t *testing.T) {
	t.Parallel()
	_, conn := newEventsDatabase(t)
	for _, step := range []struct{ sql, want string }{
		{insertAda, "user.created"},
		{insertAccount, "account.linked"},
		{insertSession, "session.created"},
		{`UPDATE session SET "expiresAt" = now(), "updatedAt" = now(), token = 'secret2'`, ""},
		{`UPDATE "user" SET "updatedAt" = now()`, ""},
		{`UPDATE "user" SET name = name, "updatedAt" = now()`, ""},
		{`UPDATE account SET "accessToken" = 'secret3', scope = 'x', "updatedAt" = now()`, ""},
		{`UPDATE account SET password = 'secret', "updatedAt" = now()`, ""},
		{`UPDATE account SET password = 'another secret'`, "password.changed"},
		{`UPDATE account SET password = NULL`, "password.changed"},
		{`UPDATE "user" SET name = 'Ada L.'`, "user.updated"},
		{`UPDATE "user" SET "emailVerified" = true`, "user.updated email.verified"},
		{`UPDATE "user" SET email = 'ada@example.org'`, "user.updated email.verified"},
		{`UPDATE "user" SET email = 'ada@example.net', "emailVerified" = false`, "user.updated"},
		{`UPDATE "user" SET banned = true, "banReason" = 'spam'`, "user.updated user.banned"},
		{`UPDATE "user" SET "banReason" = 'abuse'`, "user.updated"},
		{`UPDATE "user" SET banned = false, "banReason" = NULL`, "user.updated user.unbanned"},
		{`UPDATE "user" SET banned = NULL`, "user.updated"},
		{`DELETE FROM session`, "session.deleted"},
		{`DELETE FROM account`, "account.unlinked"},
		{`UPDATE "user" SET image = 'x', role = 'admin', "twoFactorEnabled" = true`, "user.updated"},
		{`DELETE FROM "user"`, "user.deleted"},
	} {
		execSQL(t, conn, step.sql)
		if got := takeTypes(t, conn); got != step.want {
			t.Errorf("events of %s: got %q, want %q", step.sql, got, step.want)
		}
	}
}

// The connection has another time zone, and another table of the name comes first in its search_path: the triggers
// depend on neither.
func TestEventsShowTheRowWithoutSecrets(t *testing.T) {
	t.Parallel()
	_, conn := newEventsDatabase(t)
	execSQL(t, conn, `CREATE SCHEMA other; CREATE TABLE other.user_event (id int); SET search_path = other, public;
		SET TimeZone = 'America/New_York'`)
	const user = `{"id": "` + ada + `", "name": "%s", "role": null, "email": "ada@example.com", "image": null, ` +
		`"banned": false, "banReason": null, "createdAt": "2026-01-02T03:04:05+00:00", ` +
		`"updatedAt": "2026-01-02T03:04:05+00:00", "banExpires": null, "emailVerified": false, ` +
		`"twoFactorEnabled": false}`
	named := func(name string) string { return strings.Replace(user, "%s", name, 1) }
	for _, insert := range []string{insertAda, insertAccount, insertSession} {
		execSQL(t, conn, insert)
	}
	execSQL(t, conn, `UPDATE public."user" SET name = 'Countess', image = repeat('x', 2049)`)
	execSQL(t, conn, `UPDATE public.account SET password = 'a new secret'`)
	execSQL(t, conn, `SET search_path = public`)
	got := takeEvents(t, conn)
	want := []string{
		`user.created ` + ada + ` {"user": ` + named("Ada") + `, "userId": "` + ada + `"}`,
		`account.linked ` + ada + ` {"userId": "` + ada + `", "account": {"id": "00000000-0000-4000-a000-000000000002", ` +
			`"accountId": "` + ada + `", "providerId": "credential"}}`,
		`session.created ` + ada + ` {"userId": "` + ada + `", "session": {"id": "00000000-0000-4000-a000-000000000001", ` +
			`"createdAt": "2026-01-02T03:04:05+00:00", "expiresAt": "2026-01-09T03:04:05+00:00", "ipAddress": "192.0.2.1", ` +
			`"userAgent": "Mozilla/5.0", "impersonatedBy": null}}`,
		`user.updated ` + ada + ` {"user": ` + named("Countess") + `, "userId": "` + ada + `", "changed": ["name", "image"]}`,
		`password.changed ` + ada + ` {"userId": "` + ada + `", "account": {"id": "00000000-0000-4000-a000-000000000002", ` +
			`"accountId": "` + ada + `", "providerId": "credential"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if text := strings.Join(got, "\n"); strings.Contains(text, "secret") {
		t.Errorf("an event shows a secret:\n%s", text)
	}
}

// Postgres deletes the sessions and accounts of a deleted user. user.deleted stands for all of them, also if the same
// statement deletes them.
func TestDeletionOfAUserIsOneEvent(t *testing.T) {
	t.Parallel()
	_, conn := newEventsDatabase(t)
	for _, sql := range []string{
		`DELETE FROM "user"`,
		`WITH s AS (DELETE FROM session), a AS (DELETE FROM account) DELETE FROM "user"`,
	} {
		for _, insert := range []string{insertAda, insertAccount, insertSession} {
			execSQL(t, conn, insert)
		}
		takeTypes(t, conn)
		execSQL(t, conn, sql)
		if got := takeTypes(t, conn); got != "user.deleted" {
			t.Errorf("events of %s: got %q, want user.deleted only", sql, got)
		}
	}
}

func TestRolledBackChangeWritesNoEvent(t *testing.T) {
	t.Parallel()
	_, conn := newEventsDatabase(t)
	execSQL(t, conn, "BEGIN")
	execSQL(t, conn, insertAda)
	execSQL(t, conn, "ROLLBACK")
	if got := takeTypes(t, conn); got != "" {
		t.Errorf("events after the rollback: got %q, want none", got)
	}
}

// The setting ends with the transaction or the session that has it.
func TestSettingSwitchesEventsOffForATransaction(t *testing.T) {
	t.Parallel()
	_, conn := newEventsDatabase(t)
	for _, step := range []struct{ sql, want string }{
		{"BEGIN; SET LOCAL xenon.events = 'off'", ""},
		{insertAda, ""},
		{insertAccount, ""},
		{insertSession, ""},
		{`UPDATE "user" SET name = 'Ada L.', banned = true`, ""},
		{`UPDATE account SET password = 'x'`, ""},
		{`COMMIT`, ""},
		{`DELETE FROM session`, "session.deleted"},
		{`SET xenon.events = 'off'`, ""},
		{`DELETE FROM "user"`, ""},
		{`RESET xenon.events`, ""},
		{insertAda, "user.created"},
	} {
		execSQL(t, conn, step.sql)
		if got := takeTypes(t, conn); got != step.want {
			t.Errorf("events of %s: got %q, want %q", step.sql, got, step.want)
		}
	}
}

// A Better Auth server can use another role, which knows only Better Auth's tables. It cannot write events itself.
func TestRoleWithoutPrivilegesOnEventsCanChangeUsers(t *testing.T) {
	t.Parallel()
	database, conn := newEventsDatabase(t)
	role := "xenon_role_" + strings.ReplaceAll(newUser(t, conn), "-", "")
	takeTypes(t, conn)
	execSQL(t, conn, "CREATE ROLE "+role+" LOGIN PASSWORD 'of a test'")
	t.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Errorf("drop the role of the test: %v", err)
		}
	})
	execSQL(t, conn, `GRANT SELECT, INSERT, UPDATE, DELETE ON "user", session, account TO `+role)
	execSQL(t, conn, `GRANT CREATE ON SCHEMA public TO `+role)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal("the database URL is not a URL")
	}
	u.User = url.UserPassword(role, "of a test")
	restricted := connect(t, u.String())
	execSQL(t, restricted, insertAda)
	if got := takeTypes(t, conn); got != "user.created" {
		t.Errorf("events of the role: got %q, want user.created", got)
	}
	for _, sql := range []string{
		`INSERT INTO user_event (type, user_id, data) VALUES ('user.created', gen_random_uuid(), '{}')`,
		`SELECT * FROM user_event`,
		`CREATE TABLE mine (id uuid); CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW
			EXECUTE FUNCTION user_event_of_user()`,
	} {
		if _, err := restricted.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: got the error %v, want permission denied", sql, err)
		}
	}
}

// Prisma and Drizzle make timestamps without time zone, which hold UTC.
func TestEventsOfTimestampsWithoutTimeZoneAreInUTC(t *testing.T) {
	t.Parallel()
	_, conn := newEventsDatabase(t)
	execSQL(t, conn, `ALTER TABLE "user" ALTER "createdAt" TYPE timestamp(3), ALTER "banExpires" TYPE timestamp(3);
		SET TimeZone = 'America/New_York'`)
	execSQL(t, conn, `INSERT INTO "user" (name, email, "emailVerified", "createdAt", banned, "banExpires")
		VALUES ('', '', false, '2026-01-02 03:04:05', true, 'infinity')`)
	got := queryValue[string](t, conn, `SELECT concat_ws(' ', data #>> '{user,createdAt}', data #> '{user,banExpires}')
		FROM user_event`)
	if want := "2026-01-02T03:04:05+00:00 null"; got != want {
		t.Errorf("times of the event: got %s, want %s", got, want)
	}
}

// A message of SQS has a limit. The longest values that the columns accept stay far below it.
func TestEventsAreSmall(t *testing.T) {
	t.Parallel()
	_, conn := newEventsDatabase(t)
	execSQL(t, conn, `INSERT INTO "user" (id, name, email, "emailVerified", image, role, "banReason")
		VALUES ('`+ada+`', repeat('n', 1000000), repeat('e', 90000), true, repeat('i', 1000000), repeat('r', 1000000),
			repeat('b', 1000000))`)
	execSQL(t, conn, `INSERT INTO session (token, "userId", "expiresAt", "updatedAt", "ipAddress", "userAgent")
		VALUES ('', '`+ada+`', now(), now(), repeat('i', 1000000), repeat('u', 1000000))`)
	execSQL(t, conn, `INSERT INTO account ("userId", "providerId", "accountId", "updatedAt")
		VALUES ('`+ada+`', repeat('p', 9000), repeat('a', 90000), now())`)
	if got := queryValue[int](t, conn, `SELECT max(length(data::text)) FROM user_event`); got > 8192 {
		t.Errorf("length of the longest event: got %d bytes, want at most 8192", got)
	}
}

// Without a limit, all requests would wait behind SwitchEvents until the other transaction ends.
func TestSwitchEventsDoesNotWaitLongForALock(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	holder := connect(t, url)
	execSQL(t, holder, `BEGIN; LOCK TABLE "user" IN ROW EXCLUSIVE MODE`)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	changed, err := migrations.SwitchEvents(ctx, url, schema.Public, true)
	if changed || err == nil || !strings.Contains(err.Error(), "another session uses one of the tables") {
		t.Errorf("SwitchEvents while another session writes: got %t and the error %v, want an error about the lock",
			changed, err)
	}
	execSQL(t, holder, "ROLLBACK")
	if changed, err := migrations.SwitchEvents(ctx, url, schema.Public, true); !changed || err != nil {
		t.Errorf("SwitchEvents afterwards: got %t and the error %v, want true", changed, err)
	}
	execSQL(t, holder, `BEGIN; LOCK TABLE "user" IN ROW EXCLUSIVE MODE`)
	if changed, err := migrations.SwitchEvents(ctx, url, schema.Public, true); changed || err != nil {
		t.Errorf("SwitchEvents with all triggers, while another session writes: got %t and the error %v, want false",
			changed, err)
	}
}

func TestConcurrentCallsOfSwitchEventsSucceed(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = migrations.SwitchEvents(t.Context(), url, schema.Public, true) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("concurrent SwitchEvents: got the error %v, want none", err)
		}
	}
	if has, err := migrations.HasEvents(t.Context(), url, schema.Public); !has || err != nil {
		t.Errorf("HasEvents: got %t and the error %v, want true", has, err)
	}
}
