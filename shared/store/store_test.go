package store_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/store"
)

// openStore returns a Store with at most conns connections to the database at url.
func openStore(t *testing.T, url string, conns int32) *store.Store {
	t.Helper()
	db := store.Open(dbtest.FixedURL(url), conns).UseProfileFields(declaration.Shipped())
	t.Cleanup(db.Close)
	return db
}

// openStoreCountingRoundTrips is like openStore, but wire counts the round trips.
func openStoreCountingRoundTrips(t *testing.T, url string, conns int32, wire *dbtest.CountingDialer) *store.Store {
	t.Helper()
	db := openStore(t, url, conns)
	db.Dial = wire.Dial
	return db
}

// newSession returns a session that begins at the time at and is valid for an hour. It is not stored and has no user.
func newSession(token string, at time.Time) *store.Session {
	ip, agent := "192.0.2.1", "test"
	return &store.Session{
		Token: token, IPAddress: &ip, UserAgent: &agent,
		ExpiresAt: store.Time{Time: at.Add(time.Hour)}, CreatedAt: store.Time{Time: at}, UpdatedAt: store.Time{Time: at},
	}
}

// signUp stores a user with a password account and a session.
func signUp(t *testing.T, db *store.Store, email string) (store.User, store.Session) {
	t.Helper()
	s := newSession("token-of-"+email, testTime)
	u, err := db.SignUp(t.Context(), store.NewUser{Name: "Ada", Email: email, Hash: "the hash", At: testTime}, s)
	if err != nil {
		t.Fatal(err)
	}
	return u, *s
}

// tokenHolder returns the TokenHolder of a JWT for the user and the session.
func tokenHolder(user store.User, s store.Session) store.TokenHolder {
	return store.TokenHolder{UserID: user.ID, SessionID: s.ID, At: testTime}
}

// testTime is the time of these tests.
var testTime = time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC)

func TestSignUpStoresUserAccountAndSession(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	user, made := signUp(t, db, "ada@example.com")
	if !user.CreatedAt.Equal(testTime) || user.Name != "Ada" || user.Email != "ada@example.com" || user.EmailVerified ||
		user.Image != nil {
		t.Errorf("SignUp: got user %+v, want the name and the email of the sign-up, not verified, without an image", user)
	}
	found, credential, err := db.UserWithPassword(t.Context(), "ada@example.com")
	if err != nil || credential.Hash != "the hash" || credential.AccountID == "" {
		t.Errorf("stored credential: got %+v, error %v; want \"the hash\" and the id of an account", credential, err)
	}
	if diff := cmp.Diff(user, found); diff != "" {
		t.Errorf("user (-from SignUp +from UserWithPassword):\n%s", diff)
	}
	row, owner, err := db.SessionWithUser(t.Context(), []string{made.Token}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, row); diff != "" {
		t.Errorf("session (-from SignUp +from SessionWithUser):\n%s", diff)
	}
	if diff := cmp.Diff(user, owner); diff != "" {
		t.Errorf("user (-from SignUp +from SessionWithUser):\n%s", diff)
	}
}

func TestStoreReturnsDistinctErrors(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 2)
	signUp(t, db, "ada@example.com")
	errorOfSignUp := func(name, email string) error {
		n := store.NewUser{Name: name, Email: email, Hash: "h", At: testTime}
		_, err := db.SignUp(t.Context(), n, newSession(name+email, testTime))
		return err
	}
	_, _, noUserID := db.UserWithPassword(t.Context(), "nobody@example.com")
	_, _, noSession := db.SessionWithUser(t.Context(), []string{"no such token"}, testTime)
	_, _, badText := db.SessionWithUser(t.Context(), []string{"nul \x00 and half \xff a rune"}, testTime)
	unknown := store.TokenHolder{UserID: "00000000-0000-4000-8000-000000000000", At: testTime}
	_, noOwner := db.CreateProfile(t.Context(), unknown, nil)
	for _, c := range []struct {
		name      string
		got, want error
	}{
		{"email taken", errorOfSignUp("Bob", "ada@example.com"), store.ErrDuplicate},
		{"NUL in a name", errorOfSignUp("\x00", "b@example.com"), store.ErrInvalid},
		{"email too long for the index", errorOfSignUp("Bob", textTooLargeForIndex()+"@example.com"), store.ErrInvalid},
		{"no such user", noUserID, store.ErrNotFound},
		{"no such session", noSession, store.ErrNotFound},
		{"a token that Postgres cannot store", badText, store.ErrNotFound},
		{"profile of an unknown user", noOwner, store.ErrOrphan},
		{"extend an ended session", db.ExtendSession(t.Context(), "no such token", testTime, testTime), store.ErrNotFound},
		{"delete an ended session", db.DeleteSession(t.Context(), "no such token"), nil},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
	if taken, err := db.IsEmailTaken(t.Context(), "b@example.com"); taken || err != nil {
		t.Errorf("IsEmailTaken after a sign-up that failed: got %v, error %v; want false", taken, err)
	}
}

// textTooLargeForIndex returns a text that is too large for an index. It is random, so that Postgres cannot compress
// it.
func textTooLargeForIndex() string {
	var b strings.Builder
	for range 500 {
		b.WriteString(rand.Text())
	}
	return b.String()
}

func TestReplaceHashKeepsAChangedPassword(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	signUp(t, db, "ada@example.com")
	_, credential, err := db.UserWithPassword(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, hash, want string }{
		{"not the hash", "a late rehash", "the hash"},
		{"the hash", "rehashed", "rehashed"},
	} {
		if err := db.ReplaceHash(t.Context(), credential.AccountID, c.old, c.hash, testTime); err != nil {
			t.Fatal(err)
		}
		if _, got, _ := db.UserWithPassword(t.Context(), "ada@example.com"); got.Hash != c.want {
			t.Errorf("ReplaceHash of %q by %q: got the stored hash %q, want %q", c.old, c.hash, got.Hash, c.want)
		}
	}
}

func TestFrequentMethodsTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	wire := &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, dbtest.New(t), 1, wire)
	if wire.DialCount() != 0 {
		t.Fatal("Open connected to the database, want no connection before the first statement")
	}
	user, s := signUp(t, db, "ada@example.com") // opens the connection, so that its round trips do not count below
	holder := tokenHolder(user, s)
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"SessionWithUser", func() error {
			_, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, testTime)
			return err
		}},
		{"UserWithPassword", func() error { _, _, err := db.UserWithPassword(t.Context(), user.Email); return err }},
		{"SignUp", func() error {
			_, err := db.SignUp(t.Context(), store.NewUser{Email: "b@example.com", At: testTime}, newSession("b", testTime))
			return err
		}},
		{"InsertSession", func() error {
			n := newSession("c", testTime)
			n.UserID = user.ID
			_, err := db.InsertSession(t.Context(), *n)
			return err
		}},
		{"CreateProfile", func() error { _, err := db.CreateProfile(t.Context(), holder, nil); return err }},
		{"UpdateProfile", func() error { _, err := db.UpdateProfile(t.Context(), holder, nil, nil); return err }},
		{"ProfileOf", func() error { _, err := db.ProfileOf(t.Context(), holder); return err }},
		{"BetterAuthKeys", func() error { _, err := db.BetterAuthKeys(t.Context(), testTime); return err }},
		{"CheckReady", func() error { return db.CheckReady(t.Context()) }},
		{"DeleteSession", func() error { return db.DeleteSession(t.Context(), "c") }},
	} {
		before := wire.RoundTrips()
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := wire.RoundTrips() - before; got != 1 {
			t.Errorf("%s: got %d round trips, want 1", c.name, got)
		}
	}
	if wire.DialCount() != 1 {
		t.Errorf("the Store opened %d connections, want 1", wire.DialCount())
	}
}
