package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/store"
)

// databaseWithSchema returns the URL of a database that has Xenon's tables in the schema xenon. Its schema public has
// tables of another application with the same names.
func databaseWithSchema(t *testing.T) string {
	t.Helper()
	url := dbtest.NewEmpty(t)
	if _, err := migrations.UpIn(t.Context(), url, "xenon"); err != nil {
		t.Fatal(err)
	}
	conn := connectTo(t, url)
	for _, name := range schema.TableNames() {
		if _, err := conn.Exec(t.Context(), "CREATE TABLE public."+pgx.Identifier{name}.Sanitize()+" (id int)"); err != nil {
			t.Fatal(err)
		}
	}
	return url
}

// Here the schema public has no tables, so that a statement that does not name the schema xenon fails.
func TestEveryStatementNamesTheSchema(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	if _, err := migrations.UpIn(t.Context(), url, "xenon"); err != nil {
		t.Fatal(err)
	}
	conn := connectTo(t, url)
	db := openStore(t, url, 1).UseSchema("xenon")
	for _, sql := range allStatements(t) {
		if _, err := conn.Prepare(t.Context(), "", db.Complete(sql)); err != nil {
			t.Errorf("prepare a statement that names the schema xenon: %v:\n%s", err, db.Complete(sql))
		}
	}
}

var ctePattern = regexp.MustCompile(`(?:\bWITH\s+|,\s*)(\w+) AS \(`)

// If a CTE had the name of a table, a statement that names the schema would read the table instead of the CTE.
func TestNoCTEHasTheNameOfATable(t *testing.T) {
	t.Parallel()
	for _, sql := range allStatements(t) {
		for _, m := range ctePattern.FindAllStringSubmatch(sql, -1) {
			if slices.Contains(schema.TableNames(), m[1]) {
				t.Errorf("a CTE has the name of the table %s, want another name:\n%s", m[1], sql)
			}
		}
	}
}

func TestQualifyTablesAddsTheSchemaToTablesOnly(t *testing.T) {
	t.Parallel()
	xenon, public := openStore(t, "", 1).UseSchema("xenon"), openStore(t, "", 1).UseSchema("public")
	for in, want := range map[string]string{
		`SELECT id FROM "user"`:                              `SELECT id FROM "xenon"."user"`,
		"DELETE FROM session\n\tUSING a":                     "DELETE FROM \"xenon\".session\n\tUSING a",
		`SELECT 1 FROM a JOIN account x ON true`:             `SELECT 1 FROM a JOIN "xenon".account x ON true`,
		`UPDATE "rateLimit" SET count = 1`:                   `UPDATE "xenon"."rateLimit" SET count = 1`,
		`INSERT INTO verification (id)`:                      `INSERT INTO "xenon".verification (id)`,
		`SELECT null::user_profile, x`:                       `SELECT null::"xenon".user_profile, x`,
		`SELECT EXISTS (SELECT FROM jwks)`:                   `SELECT EXISTS (SELECT FROM "xenon".jwks)`,
		`WHERE a IS DISTINCT FROM session.token`:             `WHERE a IS DISTINCT FROM session.token`,
		`ON CONFLICT (key) DO UPDATE SET count = 1`:          `ON CONFLICT (key) DO UPDATE SET count = 1`,
		`SELECT user FROM sessions, "users"`:                 `SELECT user FROM sessions, "users"`,
		`SELECT * FROM user`:                                 `SELECT * FROM user`, // the name of the role
		`UPDATE rateLimit SET count = 1`:                     `UPDATE rateLimit SET count = 1`,
		`DELETE FROM xenon.session WHERE session."userId"=1`: `DELETE FROM xenon.session WHERE session."userId"=1`,
	} {
		if got := xenon.Complete(in); got != want {
			t.Errorf("schema xenon, statement %s: got %s, want %s", in, got, want)
		}
		if got := public.Complete(in); got != in {
			t.Errorf("schema public: got %s, want the statement unchanged: %s", got, in)
		}
	}
}

// callEveryMethod calls every method of the Store whose first argument is a context, with arguments of the right types.
// It passes the name and the error of each to report.
func callEveryMethod(t *testing.T, db *store.Store, report func(method string, err error)) {
	t.Helper()
	called := 0
	methods := reflect.TypeOf(db)
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		if m.Type.NumIn() < 2 || m.Type.In(1) != reflect.TypeFor[context.Context]() || m.Name == "Exec" {
			continue
		}
		args := []reflect.Value{reflect.ValueOf(db), reflect.ValueOf(t.Context())}
		for n := 2; n < m.Type.NumIn(); n++ {
			args = append(args, argumentForType(m.Type.In(n)))
		}
		var err error
		if m.Type.IsVariadic() {
			args = args[:len(args)-1]
		}
		for _, out := range m.Func.Call(args) {
			if e, ok := out.Interface().(error); ok {
				err = e
			}
		}
		called++
		report(m.Name, err)
	}
	if called < 25 {
		t.Fatalf("callEveryMethod called %d methods, want at least 25", called)
	}
}

// argumentForType returns an argument of a type for callEveryMethod: a string is an id that no row has, a time is now,
// and a function returns zero values.
func argumentForType(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(testTime))
	case of == reflect.TypeFor[time.Duration]():
		v.SetInt(int64(time.Minute))
	case of.Kind() == reflect.String:
		v.SetString("00000000-0000-4000-8000-000000000000")
	case of.Kind() == reflect.Int:
		v.SetInt(1)
	case of.Kind() == reflect.Func:
		v.Set(reflect.MakeFunc(of, func([]reflect.Value) (results []reflect.Value) {
			for i := range of.NumOut() {
				results = append(results, reflect.Zero(of.Out(i)))
			}
			return results
		}))
	case of.Kind() == reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
		v.Elem().Set(argumentForType(of.Elem()))
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			if of.Field(i).IsExported() {
				v.Field(i).Set(argumentForType(of.Field(i).Type))
			}
		}
	}
	return v
}

// isSchemaMismatch reports whether err is an error of Postgres that a table, a column, a type or a privilege is
// missing.
func isSchemaMismatch(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && strings.HasPrefix(pg.Code, "42")
}

func TestEveryMethodUsesTheTablesInSchema(t *testing.T) {
	t.Parallel()
	for name, through := range map[string]func(testing.TB, string) string{
		"direct": func(_ testing.TB, url string) string { return url }, "pgbouncer": dbtest.StartPgbouncer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := databaseWithSchema(t)
			db := openStore(t, through(t, url), 2).UseSchema("xenon")
			for range 20 { // more than prepareBeforeUse, so that statements are prepared
				callEveryMethod(t, db, func(method string, err error) {
					if isSchemaMismatch(err) {
						t.Errorf("method %s with SCHEMA=xenon: got %v, want no error about a missing table or column", method, err)
					}
				})
			}
			user, made := signUp(t, db, "ada@example.com")
			if _, found, err := db.SessionWithUser(t.Context(), []string{made.Token}, testTime); err != nil || found != user {
				t.Errorf("user of the session: got %+v, error %v; want the user who signed up", found, err)
			}
			if err := db.CheckReady(t.Context()); err != nil {
				t.Errorf("ready: %v", err)
			}
			var users int
			err := connectTo(t, url).QueryRow(t.Context(), `SELECT count(*) FROM public."user"`).Scan(&users)
			if err != nil || users != 0 {
				t.Errorf("table user of the other application: got %d rows, error %v; want 0", users, err)
			}
		})
	}
}

// Without SCHEMA the same calls use the tables of the other application.
func TestMethodsFailOnTablesOfAnotherApplication(t *testing.T) {
	t.Parallel()
	db := openStore(t, databaseWithSchema(t), 2)
	failed := 0
	callEveryMethod(t, db, func(_ string, err error) {
		if isSchemaMismatch(err) || errors.As(err, new(*schema.Error)) {
			failed++
		}
	})
	if failed < 25 {
		t.Errorf("%d methods failed on the tables of another application, want at least 25", failed)
	}
}

// dropTimeZonesOfColumns changes the time columns of Better Auth's tables to timestamp without time zone, as Prisma and
// Drizzle create them, except the column with the name except. It sets the time zone of new connections to New York.
func dropTimeZonesOfColumns(t *testing.T, databaseURL, except string) {
	t.Helper()
	conn := connectTo(t, databaseURL)
	if _, err := conn.Exec(t.Context(), "SET TimeZone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	for _, table := range schema.Tables {
		for _, c := range table.Columns {
			if c.Type != schema.Time || table.Name == "user_profile" || c.Name == except {
				continue
			}
			sql := "ALTER TABLE " + pgx.Identifier{table.Name}.Sanitize() +
				" ALTER COLUMN " + pgx.Identifier{c.Name}.Sanitize() + " TYPE timestamp(3)"
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the URL of the test database cannot be parsed")
	}
	database := pgx.Identifier{strings.TrimPrefix(u.Path, "/")}.Sanitize()
	sql := "ALTER DATABASE " + database + " SET TimeZone = 'America/New_York'"
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// Columns without a time zone contain UTC, whatever the time zones of the server and of this process are. The column
// "banExpires" has a time zone if Xenon's migration added it, and none if Better Auth's admin plugin had it before, for
// instance by Prisma.
func TestTimestampsWithoutTimeZoneAreUTC(t *testing.T) {
	t.Parallel()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	withoutPooler := func(_ testing.TB, url string) string { return url }
	for name, c := range map[string]struct {
		through func(testing.TB, string) string
		except  string
	}{
		"direct":                               {withoutPooler, ""},
		"pgbouncer":                            {dbtest.StartPgbouncer, ""},
		"direct, banExpires with time zone":    {withoutPooler, "banExpires"},
		"pgbouncer, banExpires with time zone": {dbtest.StartPgbouncer, "banExpires"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := dbtest.New(t)
			dropTimeZonesOfColumns(t, databaseURL, c.except)
			conn := connectTo(t, databaseURL)
			db := openStore(t, c.through(t, databaseURL), 1)
			if err := db.CheckReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			user, made := signUp(t, db, "ada@example.com")
			_, bannedSession := signUp(t, db, "bob@example.com")
			for range usesUntilPrepared { // first unprepared, then prepared
				callTimeMethods(t, db, user, made, testTime.In(newYork))
				checkBanForAnHour(t, conn, db, bannedSession, testTime.In(newYork))
				if t.Failed() {
					return
				}
			}
			var at string
			err := conn.QueryRow(t.Context(), `SELECT "createdAt"::text FROM "user"`).Scan(&at)
			if err != nil || at != "2026-01-15 12:00:00.123" {
				t.Errorf("createdAt as text: got %s, error %v; want 2026-01-15 12:00:00.123, which is UTC", at, err)
			}
		})
	}
}

// callTimeMethods calls the methods that store, read or compare times, with `at` as the current time, and checks their
// results.
func callTimeMethods(t *testing.T, db *store.Store, user store.User, made store.Session, at time.Time) {
	t.Helper()
	ctx := t.Context()
	row, who, err := db.SessionWithUser(ctx, []string{made.Token}, at)
	if diff := cmp.Diff(made, row); err != nil || diff != "" || who != user {
		t.Errorf("session of the user: error %v (-stored +found):\n%s\nits user: %+v, want %+v", err, diff, who, user)
	}
	second := newSession("second", at)
	second.UserID = user.ID
	if second.ID, err = db.InsertSession(ctx, *second); err != nil {
		t.Error(err)
	}
	row, _, err = db.SessionWithUser(ctx, []string{second.Token}, at)
	if diff := cmp.Diff(*second, row); err != nil || diff != "" {
		t.Errorf("another session of the same user: error %v (-stored +found):\n%s", err, diff)
	}
	if err := db.DeleteSession(ctx, second.Token); err != nil {
		t.Error(err)
	}
	for distance, want := range map[time.Duration]int{59 * time.Minute: 1, 61 * time.Minute: 0} {
		if list, err := db.SessionsOfUser(ctx, user.ID, at.Add(distance)); err != nil || len(list) != want {
			t.Errorf("after %v: got %d live sessions, error %v; want %d", distance, len(list), err, want)
		}
	}
	if _, err := db.InsertPasswordResetLink(ctx, "reset:x", user.Email, at.Add(time.Hour), at); err != nil {
		t.Error(err)
	}
	for _, distance := range []time.Duration{59 * time.Minute, 61 * time.Minute} {
		want := distance < time.Hour
		if _, _, err := db.UserOfLink(ctx, "reset:x", at.Add(distance)); (err == nil) != want {
			t.Errorf("after %v: got %v, want a valid link: %v", distance, err, want)
		}
	}
}

// checkBanForAnHour bans the user of a session until an hour after at, and checks when the ban ends for a lookup, and
// for a new session, which clears it.
func checkBanForAnHour(t *testing.T, conn *pgx.Conn, db *store.Store, made store.Session, at time.Time) {
	t.Helper()
	_, err := conn.Exec(t.Context(), `UPDATE "user" SET banned = true, "banExpires" = $1 WHERE id = $2::uuid`,
		at.Add(time.Hour).UTC(), made.UserID)
	if err != nil {
		t.Fatal(err)
	}
	for _, distance := range []time.Duration{59 * time.Minute, 61 * time.Minute} {
		isOver := distance > time.Hour
		if _, _, err := db.SessionWithUser(t.Context(), []string{made.Token}, at.Add(distance)); (err == nil) != isOver {
			t.Errorf("session %v after the ban: got %v, want it found: %t", distance, err, isOver)
		}
		next := newSession("after the ban", at.Add(distance))
		next.UserID = made.UserID
		if _, err := db.InsertSession(t.Context(), *next); (err == nil) != isOver {
			t.Errorf("new session %v after the ban: got %v, want it stored: %t", distance, err, isOver)
		}
	}
	if err := db.DeleteSession(t.Context(), "after the ban"); err != nil {
		t.Error(err)
	}
	var isBanned bool
	err = conn.QueryRow(t.Context(), `SELECT banned FROM "user" WHERE id = $1::uuid`, made.UserID).Scan(&isBanned)
	if err != nil || isBanned {
		t.Errorf("banned after a session that started when the ban was over: got %t, error %v; want false", isBanned, err)
	}
}

// urlForRequestRole creates a role with the privileges that `xenon schema up --role` grants, and returns the URL with
// this role.
func urlForRequestRole(t *testing.T, databaseURL, name string) string {
	t.Helper()
	conn := connectTo(t, databaseURL)
	role := "xenon_role_" + strings.ToLower(rand.Text())
	if _, err := conn.Exec(t.Context(), "CREATE ROLE "+role+" LOGIN PASSWORD 'of a test'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Errorf("drop the role of the test: %v", err)
		}
	})
	if err := migrations.Grant(t.Context(), databaseURL, name, role); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the URL of the test database cannot be parsed")
	}
	u.User = url.UserPassword(role, "of a test")
	return u.String()
}

// The role that `xenon schema up --role` prepares has the privileges that requests need, and no more.
func TestEveryMethodWorksForTheRoleForRequests(t *testing.T) {
	t.Parallel()
	databaseURL := databaseWithSchema(t)
	db := openStore(t, urlForRequestRole(t, databaseURL, "xenon"), 2).UseSchema("xenon")
	for range 20 {
		callEveryMethod(t, db, func(method string, err error) {
			if isSchemaMismatch(err) {
				t.Errorf("method %s as the role for requests: got %v, want no error about privileges", method, err)
			}
		})
	}
	user, made := signUp(t, db, "ada@example.com")
	if _, found, err := db.SessionWithUser(t.Context(), []string{made.Token}, testTime); err != nil || found != user {
		t.Errorf("user of the session: got %+v, error %v; want the user who signed up", found, err)
	}
	if _, err := db.CreateProfile(t.Context(), store.TokenHolder{UserID: user.ID}, nil); err != nil {
		t.Error(err)
	}
	if err := db.DeleteUser(t.Context(), user.ID); err != nil {
		t.Error(err)
	}
	if err := db.CheckReady(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := db.Exec(t.Context(), `CREATE TABLE xenon.mine (id int)`); !isSchemaMismatch(err) {
		t.Errorf("CREATE TABLE as the role for requests: got %v, want permission denied", err)
	}
}
