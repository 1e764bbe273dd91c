package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/store"
)

// open returns a Store on the database at url, of at most conns connections.
func open(t *testing.T, url string, conns int32) *store.Store {
	t.Helper()
	db := store.Open(dbtest.FixedURL(url), conns)
	t.Cleanup(db.Close)
	return db
}

// openCounted is open with a wire that counts the round trips.
func openCounted(t *testing.T, url string, conns int32, wire *dbtest.Wire) *store.Store {
	t.Helper()
	db := open(t, url, conns)
	db.Dial = wire.Dial
	return db
}

// countingURLs is a store.URLSource that returns its URLs one after the other, and the last one from then on.
type countingURLs struct {
	urls           []string
	asked, refused int
}

func (c *countingURLs) DatabaseURL(context.Context) (string, error) {
	c.asked++
	return c.urls[min(c.asked, len(c.urls))-1], nil
}

func (c *countingURLs) Invalidate() { c.refused++ }

func session(token string, at time.Time) *store.Session {
	ip, agent := "192.0.2.1", "test"
	return &store.Session{
		Token: token, IPAddress: &ip, UserAgent: &agent,
		ExpiresAt: store.Time{Time: at.Add(time.Hour)}, CreatedAt: store.Time{Time: at}, UpdatedAt: store.Time{Time: at},
	}
}

func signUp(t *testing.T, db *store.Store, email string) (store.User, store.Session) {
	t.Helper()
	s := session("token-of-"+email, now)
	u, err := db.SignUp(t.Context(), store.NewUser{Name: "Ada", Email: email, Hash: "the hash", At: now}, s)
	if err != nil {
		t.Fatal(err)
	}
	return u, *s
}

// holder returns the user and session of a JWT.
func holder(user store.User, s store.Session) store.TokenHolder {
	return store.TokenHolder{UserID: user.ID, SessionID: s.ID, At: now}
}

var now = time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC)

func TestSignUpStoresUserAccountAndSession(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.New(t), 1)
	user, made := signUp(t, db, "ada@example.com")
	if !user.CreatedAt.Equal(now) || user.Name != "Ada" || user.Email != "ada@example.com" || user.EmailVerified ||
		user.Image != nil {
		t.Errorf("got user %+v", user)
	}
	found, credential, err := db.UserWithPassword(t.Context(), "ada@example.com")
	if err != nil || credential.Hash != "the hash" || credential.AccountID == "" {
		t.Errorf("got credential %+v, %v", credential, err)
	}
	if diff := cmp.Diff(user, found); diff != "" {
		t.Errorf("user (-stored +found):\n%s", diff)
	}
	row, owner, err := db.SessionWithUser(t.Context(), []string{made.Token}, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, row); diff != "" {
		t.Errorf("session (-stored +found):\n%s", diff)
	}
	if diff := cmp.Diff(user, owner); diff != "" {
		t.Errorf("its user (-stored +found):\n%s", diff)
	}
}

func TestErrorsCallersCanTellApart(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.New(t), 2)
	signUp(t, db, "ada@example.com")
	newUser := func(name, email string) error {
		n := store.NewUser{Name: name, Email: email, Hash: "h", At: now}
		_, err := db.SignUp(t.Context(), n, session(name+email, now))
		return err
	}
	_, _, noUser := db.UserWithPassword(t.Context(), "nobody@example.com")
	_, _, noSession := db.SessionWithUser(t.Context(), []string{"no such token"}, now)
	_, _, badText := db.SessionWithUser(t.Context(), []string{"nul \x00 and half \xff a rune"}, now)
	unknown := store.TokenHolder{UserID: "00000000-0000-4000-8000-000000000000", At: now}
	_, noOwner := db.CreateProfile(t.Context(), unknown, nil)
	for _, c := range []struct {
		name      string
		got, want error
	}{
		{"email taken", newUser("Bob", "ada@example.com"), store.ErrDuplicate},
		{"NUL in a name", newUser("\x00", "b@example.com"), store.ErrInvalid},
		{"email too long for the index", newUser("Bob", long()+"@example.com"), store.ErrInvalid},
		{"no such user", noUser, store.ErrNotFound},
		{"no such session", noSession, store.ErrNotFound},
		{"a token that Postgres cannot hold", badText, store.ErrNotFound},
		{"profile of an unknown user", noOwner, store.ErrOrphan},
		{"extend an ended session", db.ExtendSession(t.Context(), "no such token", now, now), store.ErrNotFound},
		{"delete an ended session", db.DeleteSession(t.Context(), "no such token"), nil},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
	if taken, err := db.EmailTaken(t.Context(), "b@example.com"); taken || err != nil {
		t.Errorf("a refused sign-up stored its user: %v, %v", taken, err)
	}
}

// long returns text that is too large for an index, because it cannot be compressed.
func long() string {
	var b strings.Builder
	for range 500 {
		b.WriteString(rand.Text())
	}
	return b.String()
}

func TestReplaceHashKeepsAChangedPassword(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.New(t), 1)
	signUp(t, db, "ada@example.com")
	_, credential, err := db.UserWithPassword(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, hash, want string }{
		{"not the hash", "a late rehash", "the hash"},
		{"the hash", "rehashed", "rehashed"},
	} {
		if err := db.ReplaceHash(t.Context(), credential.AccountID, c.old, c.hash, now); err != nil {
			t.Fatal(err)
		}
		if _, got, _ := db.UserWithPassword(t.Context(), "ada@example.com"); got.Hash != c.want {
			t.Errorf("got %q, want %q", got.Hash, c.want)
		}
	}
}

func TestUpdateProfileKeepsOtherFields(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.New(t), 1)
	user, s := signUp(t, db, "ada@example.com")
	made, err := db.CreateProfile(t.Context(), holder(user, s), map[string]any{"age_range": "25_34", "time_per_week": 5})
	if err != nil {
		t.Fatal(err)
	}
	if made.PreferredLanguage != "en" || *made.TimePerWeek != 5 || *made.AgeRange != "25_34" {
		t.Errorf("got %+v", made)
	}
	changes := map[string]any{"age_range": nil, "learning_mode": "visual"}
	changed, err := db.UpdateProfile(t.Context(), holder(user, s), changes, []time.Time{made.UpdatedAt})
	if err != nil {
		t.Fatal(err)
	}
	if changed.AgeRange != nil || *changed.LearningMode != "visual" || *changed.TimePerWeek != 5 ||
		!changed.UpdatedAt.After(made.UpdatedAt) {
		t.Errorf("got %+v", changed)
	}
	_, err = db.UpdateProfile(t.Context(), holder(user, s), nil, []time.Time{made.UpdatedAt})
	if !errors.Is(err, store.ErrChanged) {
		t.Errorf("an update of an old state: got %v", err)
	}
	if _, err := db.CreateProfile(t.Context(), holder(user, s), nil); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("a second profile: got %v", err)
	}
}

func TestConcurrentProfileUpdatesWithOneVersionHaveOneWinner(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.New(t), 5)
	user, s := signUp(t, db, "ada@example.com")
	made, err := db.CreateProfile(t.Context(), holder(user, s), nil)
	if err != nil {
		t.Fatal(err)
	}
	const writers = 20
	won := make(chan bool, writers)
	for i := range writers {
		go func() {
			fields := map[string]any{"time_per_week": i}
			_, err := db.UpdateProfile(t.Context(), holder(user, s), fields, []time.Time{made.UpdatedAt})
			won <- err == nil
		}()
	}
	wins := 0
	for range writers {
		if <-won {
			wins++
		}
	}
	if wins != 1 {
		t.Errorf("got %d successful updates of one version, want 1", wins)
	}
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	wire := &dbtest.Wire{}
	db := openCounted(t, dbtest.New(t), 1, wire)
	if wire.Dials() != 0 {
		t.Fatal("Open has dialled")
	}
	user, s := signUp(t, db, "ada@example.com") // connects
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"SessionWithUser", func() error {
			_, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, now)
			return err
		}},
		{"UserWithPassword", func() error { _, _, err := db.UserWithPassword(t.Context(), user.Email); return err }},
		{"SignUp", func() error {
			_, err := db.SignUp(t.Context(), store.NewUser{Email: "b@example.com", At: now}, session("b", now))
			return err
		}},
		{"InsertSession", func() error {
			n := session("c", now)
			n.UserID = user.ID
			_, err := db.InsertSession(t.Context(), *n)
			return err
		}},
		{"CreateProfile", func() error { _, err := db.CreateProfile(t.Context(), holder(user, s), nil); return err }},
		{"UpdateProfile", func() error { _, err := db.UpdateProfile(t.Context(), holder(user, s), nil, nil); return err }},
		{"ProfileOf", func() error { _, err := db.ProfileOf(t.Context(), holder(user, s)); return err }},
		{"BetterAuthKeys", func() error { _, err := db.BetterAuthKeys(t.Context(), now); return err }},
		{"Ready", func() error { return db.Ready(t.Context()) }},
		{"DeleteSession", func() error { return db.DeleteSession(t.Context(), "c") }},
	} {
		before := wire.Trips()
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := wire.Trips() - before; got != 1 {
			t.Errorf("%s: got %d round trips, want 1", c.name, got)
		}
	}
	if wire.Dials() != 1 {
		t.Errorf("got %d connections, want 1", wire.Dials())
	}
}

func TestR44_StatementsWorkThroughPgbouncer(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.Pgbouncer(t, dbtest.New(t)), 5)
	user, s := signUp(t, db, "ada@example.com")
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			n := session(fmt.Sprint("token", i), now)
			n.UserID = user.ID
			if _, err := db.InsertSession(t.Context(), *n); err != nil {
				t.Error(err)
			}
			if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, now); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if _, err := db.CreateProfile(t.Context(), holder(user, s), nil); err != nil {
		t.Error(err)
	}
	if err := db.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestR45_NextStatementWorksAfterTheServerClosedAllSockets(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	db := open(t, proxy.URL(), 3)
	_, s := signUp(t, db, "ada@example.com")
	var group sync.WaitGroup
	for range 3 { // fill the pool
		group.Go(func() { _, _, _ = db.SessionWithUser(t.Context(), []string{s.Token}, now) })
	}
	group.Wait()
	for range 5 {
		proxy.Cut()
		if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, now); err != nil {
			t.Errorf("a read right after the cut: %v", err)
		}
	}
}

// The check of idle connections finds the closed socket. A write would also be repeated if nothing was sent.
func TestR45_WriteSucceedsAfterAnIdleSocketWasClosed(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	db := open(t, proxy.URL(), 1)
	user, _ := signUp(t, db, "ada@example.com")
	proxy.Cut()
	time.Sleep(1100 * time.Millisecond) // longer than idleCheck
	n := session("after", now)
	n.UserID = user.ID
	if _, err := db.InsertSession(t.Context(), *n); err != nil {
		t.Error(err)
	}
}

func TestDatabaseAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	db := open(t, proxy.URL(), 1)
	_, s := signUp(t, db, "ada@example.com")
	proxy.Refuse()
	if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, now); !unavailable(err) {
		t.Errorf("connection refused: got %v", err)
	}
	proxy.Resume()
	if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, now); err != nil {
		t.Errorf("after Resume: got %v", err)
	}
	proxy.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := db.SessionWithUser(ctx, []string{s.Token}, now); !unavailable(err) {
		t.Errorf("frozen: got %v", err)
	}
	proxy.Resume()
	if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, now); err != nil {
		t.Errorf("after the second Resume: got %v", err)
	}
}

func TestR46_FullPoolIsUnavailableWithinTheTimeout(t *testing.T) {
	t.Parallel()
	address := dbtest.New(t)
	db := open(t, address, 1)
	user, _ := signUp(t, db, "ada@example.com")

	blocker, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close(t.Context())
	if _, err := blocker.Exec(t.Context(), `BEGIN; LOCK TABLE session IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	busy := make(chan error, 1)
	go func() { // uses the only connection of the pool until the lock is released
		n := session("busy", now)
		n.UserID = user.ID
		_, err := db.InsertSession(t.Context(), *n)
		busy <- err
	}()
	waitFor(t, blocker, `SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'session'::regclass`)
	if _, err := db.EmailTaken(t.Context(), "x"); !unavailable(err) {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, err := blocker.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := <-busy; err != nil {
		t.Errorf("the statement that was waiting: %v", err)
	}
	if first, second := db.Waits(), db.Waits(); first != 1 || second != 0 {
		t.Errorf("got %d waits, then %d, want 1, then 0", first, second)
	}
}

func waitFor(t *testing.T, c *pgx.Conn, condition string) {
	t.Helper()
	for ok := false; !ok; time.Sleep(5 * time.Millisecond) {
		if err := c.QueryRow(t.Context(), condition).Scan(&ok); err != nil {
			t.Fatal(err)
		}
	}
}

func unavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

func TestReadSucceedsAfterThePasswordWasRotated(t *testing.T) {
	t.Parallel()
	good := dbtest.New(t)
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("rotated_away", "rotated away") // refused also by a server that accepts any password
	wrong := u.String()
	source := &countingURLs{urls: []string{wrong, good}}
	db := store.Open(source, 1)
	t.Cleanup(db.Close)
	if err := db.Ready(t.Context()); err != nil {
		t.Errorf("a read after the password was rotated: %v", err)
	}
	if source.refused != 1 || source.asked != 2 {
		t.Errorf("got %d calls of DatabaseURL and %d of Invalidate, want 2 and 1", source.asked, source.refused)
	}
}

func TestR47_NotReadyWithoutSchema(t *testing.T) {
	t.Parallel()
	if err := open(t, dbtest.Empty(t), 1).Ready(t.Context()); !errors.As(err, new(*schema.Error)) {
		t.Errorf("an empty database: got %v, want a *schema.Error", err)
	}
}

// Every call runs a statement, but only one in a minute reads the catalog.
func TestReadyChecksTheTablesOnceAMinute(t *testing.T) {
	t.Parallel()
	wire := &dbtest.Wire{}
	db := openCounted(t, dbtest.New(t), 1, wire)
	ready := func(when string, want bool) {
		t.Helper()
		before := wire.Trips()
		err := db.Ready(t.Context())
		if misfit := (*schema.Error)(nil); (err == nil) != want || err != nil && !errors.As(err, &misfit) {
			t.Errorf("%s: got %v, want ready %v", when, err, want)
		}
		if got := wire.Trips() - before; got != 1 {
			t.Errorf("%s: got %d round trips, want 1", when, got)
		}
	}
	if err := db.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(t.Context(), `ALTER TABLE account ADD note text NOT NULL`); err != nil {
		t.Fatal(err)
	}
	ready("within the minute", true)
	db.ForgetReadiness()
	ready("a minute later", false)
	if err := db.Exec(t.Context(), `ALTER TABLE account ALTER note DROP NOT NULL`); err != nil {
		t.Fatal(err)
	}
	ready("repaired within the minute", false)
	db.ForgetReadiness()
	ready("repaired a minute later", true)
}
