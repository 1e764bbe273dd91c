package store_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// A read with one transient error is repeated and succeeds. A write that fails returns an Unavailable error and changes
// nothing.
func TestTransientErrorsAreHiddenFromReadsAndReportedByWrites(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	writes := 0
	for _, e := range dbtest.TransientErrors() {
		for _, phase := range []dbtest.Phase{dbtest.AtConnect, dbtest.AtStatement} {
			name := fmt.Sprintf("%s %s %q %s", e.Severity, e.Code, e.Message, phase)
			read := func(times int) error {
				db := openStore(t, p.URL(), 1)
				p.SetError(e, phase, 1, times)
				err := db.CheckReady(t.Context())
				if p.ClearError() == 0 {
					t.Errorf("%s: the proxy of the test sent no error, want at least one", name)
				}
				return err
			}
			if err := read(1); err != nil {
				t.Errorf("%s: read whose first attempt fails: got %v, want no error", name, err)
			}
			if err := read(-1); !isUnavailable(err) {
				t.Errorf("%s: read whose every attempt fails: got %v, want an Unavailable error", name, err)
			}
			writes++
			db := openStore(t, p.URL(), 1)
			at := newSession(fmt.Sprint(writes), testTime)
			user := store.NewUser{Name: "Ada", Email: fmt.Sprintf("%d@example.com", writes), Hash: "h", At: testTime}
			p.SetError(e, phase, 1, 1)
			_, err := db.SignUp(t.Context(), user, at)
			p.ClearError()
			taken, _ := db.IsEmailTaken(t.Context(), user.Email)
			if err != nil && !isUnavailable(err) || taken != (err == nil) {
				t.Errorf("%s: sign-up: got %v, user stored: %t; want a stored user or an Unavailable error, not both",
					name, err, taken)
			}
		}
	}
}

// An error at connect is not a result of the statement, even if its SQLSTATE is one that statements cause.
func TestErrorsAtConnectAreUnavailable(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	for _, code := range []string{"22023", "23505", "42501", "42704", "54000", "3D000", "55000"} {
		p.SetError(dbtest.ServerError{Severity: "FATAL", Code: code, Message: "refused"}, dbtest.AtConnect, 1, -1)
		db := openStore(t, p.URL(), 1)
		if _, _, err := db.UserWithPassword(t.Context(), "ada@example.com"); !isUnavailable(err) {
			t.Errorf("SQLSTATE %s at connect: got %v, want an Unavailable error", code, err)
		}
		p.ClearError()
	}
}

// The SQLSTATE 0A000 means that a prepared statement is no longer valid only if it comes from the routine of Postgres
// that checks cached plans. The error of this test has another routine.
func TestUnsupportedStatementIsNotRepeated(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	db := openStore(t, p.URL(), 1)
	unsupported := dbtest.ServerError{Severity: "ERROR", Code: "0A000", Message: "not supported"}
	p.SetError(unsupported, dbtest.AtStatement, 1, 1)
	if _, err := db.IsEmailTaken(t.Context(), "ada@example.com"); err == nil || isUnavailable(err) {
		t.Errorf("read with the error 0A000: got %v, want this error and not an Unavailable one", err)
	}
	if sent, seen := p.ClearError(), p.RequestCount(dbtest.AtStatement); sent != 1 || seen != 1 {
		t.Errorf("the proxy got the statement %d times and sent %d errors, want 1 and 1", seen, sent)
	}
}

func TestRowThatCannotBeReadIsNotAMissingRow(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	user, _ := signUp(t, db, "ada@example.com")
	for _, sql := range []string{
		`ALTER TABLE "user" ALTER COLUMN name DROP NOT NULL`, `UPDATE "user" SET name = NULL`,
	} {
		if err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	_, err := db.UserByID(t.Context(), user.ID)
	if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
		t.Errorf("UserByID of a row with a NULL name: got %v, want the error of pgx, not ErrNotFound or ErrInvalid", err)
	}
}

// If an error rolls back a charge, the repeated read counts it. So an attacker cannot use errors to try passwords
// without being counted.
func TestRepeatedReadIsCounted(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	db := openStore(t, p.URL(), 1)
	c := store.Charge{Key: "key", Window: 60e9, Max: 3, At: testTime}
	for range 3 {
		p.SetError(
			dbtest.ServerError{Severity: "ERROR", Code: "40P01", Message: "deadlock detected"},
			dbtest.AtStatement,
			1,
			1,
		)
		_, _, err := db.WithCharges(c).UserWithPassword(t.Context(), "ada@example.com")
		if sent := p.ClearError(); sent != 1 || !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("read with a charge: got %v after %d errors of the proxy, want ErrNotFound after 1", err, sent)
		}
	}
	var limited *store.RateLimitError
	if err := db.CountCharge(t.Context(), c); !errors.As(err, &limited) {
		t.Errorf("fourth charge of a limit of three: got %v, want a *RateLimitError", err)
	}
}

// If the first attempt to connect fails, no charge was sent. So the second attempt sends the charge.
func TestChargeCountsAfterARejectedConnection(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	c := store.Charge{Key: "key", Window: time.Minute, Max: 1, At: testTime}
	starting := dbtest.ServerError{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"}
	p.SetError(starting, dbtest.AtConnect, 1, 1)
	_, _, err := openStore(t, p.URL(), 1).WithCharges(c).UserWithPassword(t.Context(), "ada@example.com")
	if sent := p.ClearError(); sent != 1 || !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("read whose first connection is rejected: got %v after %d errors, want ErrNotFound after 1", err, sent)
	}
	if err := openStore(t, p.URL(), 1).CountCharge(t.Context(), c); !errors.As(err, new(*store.RateLimitError)) {
		t.Errorf("second charge of a limit of one: got %v, want a *RateLimitError", err)
	}
}

func TestWriteIsRepeatedAfterARejectedConnection(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	user, _ := signUp(t, openStore(t, p.URL(), 1), "ada@example.com")
	starting := dbtest.ServerError{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"}
	for name, write := range map[string]func(db *store.Store) error{
		"that returns a row": func(db *store.Store) error {
			s := newSession("new", testTime)
			s.UserID = user.ID
			_, err := db.InsertSession(t.Context(), *s)
			return err
		},
		"without a result": func(db *store.Store) error { return db.Exec(t.Context(), `DELETE FROM verification`) },
	} {
		p.SetError(starting, dbtest.AtConnect, 1, 1)
		err := write(openStore(t, p.URL(), 1))
		if sent := p.ClearError(); sent != 1 || err != nil {
			t.Errorf("write %s, whose first connection is rejected: got %v after %d errors, want no error after 1",
				name, err, sent)
		}
	}
}

// Postgres may have run a write before it ended the connection, so the Store does not repeat the write.
func TestWriteIsNotRepeatedAfterItWasSent(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	user, _ := signUp(t, openStore(t, p.URL(), 1), "ada@example.com")
	shutdown := dbtest.ServerError{Severity: "FATAL", Code: "57P01", Message: "terminating connection"}
	for name, write := range map[string]func(db *store.Store) error{
		"that returns a row": func(db *store.Store) error {
			s := newSession("new", testTime)
			s.UserID = user.ID
			_, err := db.InsertSession(t.Context(), *s)
			return err
		},
		"without a result": func(db *store.Store) error { return db.Exec(t.Context(), `DELETE FROM verification`) },
	} {
		p.SetError(shutdown, dbtest.AtStatement, 1, 1)
		err := write(openStore(t, p.URL(), 1))
		if sent, seen := p.ClearError(), p.RequestCount(dbtest.AtStatement); !isUnavailable(err) || sent != 1 || seen != 1 {
			t.Errorf("write %s, whose connection the server ends: got %v after %d statements, want an Unavailable error after 1",
				name, err, seen)
		}
	}
}

// Postgres may have counted a charge before it ended the connection. So the repeated read does not send the charge
// again.
func TestChargeIsNotSentAgainAfterTheServerEndedTheConnection(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	db := openStore(t, p.URL(), 1)
	c := store.Charge{Key: "key", Window: time.Minute, Max: 1, At: testTime}
	shutdown := dbtest.ServerError{Severity: "FATAL", Code: "57P01", Message: "terminating connection"}
	p.SetError(shutdown, dbtest.AtStatement, 1, 1)
	_, _, err := db.WithCharges(c).UserWithPassword(t.Context(), "ada@example.com")
	if sent := p.ClearError(); sent != 1 || !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("read whose connection the server ends: got %v after %d errors, want ErrNotFound after 1",
			err, sent)
	}
	if err := db.CountCharge(t.Context(), c); err != nil {
		t.Errorf("another charge of a limit of one: got %v, want no error, because the first one was not sent again", err)
	}
}

// The Store recognises a rejected login even if a pooler reports it with the SQLSTATE of another error.
func TestRefusedLoginsCallInvalidate(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.New(t)
	p := dbtest.NewErrorProxy(t, databaseURL)
	for _, e := range []dbtest.ServerError{
		{Severity: "FATAL", Code: "28P01", Message: `password authentication failed for user "ada"`},
		{Severity: "FATAL", Code: "28000", Message: `role "ada" does not exist`},
		{Severity: "ERROR", Code: "XX000", Message: "password authentication failed for user 'ada'"},
		{Severity: "FATAL", Code: "XX000", Message: "Tenant or user not found"},
	} {
		source := &countingURLs{urls: []string{p.URL()}}
		p.SetError(e, dbtest.AtConnect, 1, 1)
		db := store.Open(source, 1)
		if err := db.CheckReady(t.Context()); err != nil || source.invalidated != 1 {
			t.Errorf("login rejected with %q: got error %v and %d calls of Invalidate, want no error and 1",
				e.Message, err, source.invalidated)
		}
		p.ClearError()
		db.Close()
	}
}

// A URL with parameters of other drivers connects to Postgres and to a pooler. Both would reject these parameters.
func TestURLsOfOtherDriversConnect(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.New(t)
	for name, database := range map[string]string{
		"direct": databaseURL, "through a pooler": dbtest.StartPgbouncer(t, databaseURL),
	} {
		u, err := url.Parse(database)
		if err != nil {
			t.Fatal("the URL of the test database cannot be parsed")
		}
		for _, query := range []string{
			"pgbouncer=true&connection_limit=1&pool_timeout=0&connect_timeout=15&schema=public&socket_timeout=5" +
				"&statement_cache_size=0",
			"uselibpqcompat=true&sslmode=disable&keepAlive=true&max=10",
			"sslmode=disable&supa=base-pooler.x&serverVersion=16&charset=utf8",
		} {
			u.RawQuery = query
			if err := openStore(t, u.String(), 1).CheckReady(t.Context()); err != nil {
				t.Errorf("connect %s with ?%s: %v", name, query, err)
			}
		}
	}
}

// The server gets the URL's parameter "options" with its spaces.
func TestSpacesInOptionsReachTheServer(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.New(t)
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the URL of the test database cannot be parsed")
	}
	q := u.RawQuery
	u.RawQuery = "options=-c%20statement_timeout%3D4321%20-c%20search_path%3Dauth"
	if q != "" {
		u.RawQuery = q + "&" + u.RawQuery
	}
	if err := openStore(t, u.String(), 1).Exec(t.Context(), `DO $$ BEGIN
		IF current_setting('statement_timeout') <> '4321ms' OR current_setting('search_path') <> 'auth' THEN
			RAISE EXCEPTION 'got % and %', current_setting('statement_timeout'), current_setting('search_path');
		END IF; END $$`); err != nil {
		t.Error(err)
	}
}
