package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// requireFunc is the type of RequireCaller, requireFreshCaller and RequireSensitiveCaller.
type requireFunc func(http.ResponseWriter, *http.Request, *store.Store) (*session.Caller, error)

func TestR27_SessionsAreFreshForADay(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := store.Open(dbtest.FixedURL(url), 2)
	t.Cleanup(db.Close)
	now := time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC)
	cfg := config.API{Origin: "http://localhost:3000", CookieCache: true, CookieCacheMaxAge: 5 * time.Minute}
	s := &Service{Now: func() time.Time { return now }}
	secrets := func(context.Context) ([][]byte, error) { return [][]byte{[]byte("a secret of the tests")}, nil }
	s.Sessions = session.New(cfg, secrets, web.Clients{}, s.Now)
	row := s.Sessions.NewUnsavedSession(httptest.NewRequest("POST", "/", nil), true)
	if _, err := db.SignUp(t.Context(), store.NewUser{Name: "Ada", Email: "ada@example.com", Hash: "-", At: now},
		&row); err != nil {
		t.Fatal(err)
	}
	call := func(g requireFunc, query string) error {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/"+query, nil)
		r.Header.Set("Authorization", "Bearer "+row.Token)
		_, err := g(httptest.NewRecorder(), r, db)
		return err
	}
	for _, c := range []struct {
		age  time.Duration
		want error
	}{
		{0, nil},
		{24*time.Hour - time.Millisecond, nil},
		{24 * time.Hour, errSessionNotFresh},
		{25 * time.Hour, errSessionNotFresh},
	} {
		now = row.CreatedAt.Add(c.age)
		// Neither the extension of a session nor a query parameter makes it fresh again.
		for _, query := range []string{"", "?disableRefresh=1", "?disableCookieCache="} {
			if err := call(s.requireFreshCaller, query); !errors.Is(err, c.want) {
				t.Errorf("requireFresh, session %v old, query %q: got %v, want %v", c.age, query, err, c.want)
			}
		}
		for name, g := range map[string]requireFunc{
			"RequireCaller": s.RequireCaller, "RequireSensitiveCaller": s.RequireSensitiveCaller,
		} {
			if err := call(g, ""); err != nil {
				t.Errorf("guard %s, session %v old: got %v, want no error", name, c.age, err)
			}
		}
	}
	row.Token = "unknown"
	for name, g := range map[string]requireFunc{
		"RequireCaller": s.RequireCaller, "requireFresh": s.requireFreshCaller, "RequireSensitive": s.RequireSensitiveCaller,
	} {
		if err := call(g, ""); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("guard %s with an unknown token: got %v, want ErrUnauthorized", name, err)
		}
	}
}
