package importer_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

// xenon has the handlers of Xenon's endpoints, with the default password hash.
type xenon struct {
	t   *testing.T
	mux map[string]http.Handler
}

const (
	xenonOrigin = "http://localhost:3000"
	xenonSecret = "a secret of the tests, long enough"
)

// startXenon returns the endpoints of Xenon on this database.
func startXenon(t *testing.T, databaseURL string) *xenon {
	t.Helper()
	env := map[string]string{
		"DATABASE_URL": databaseURL, "BETTER_AUTH_SECRET": xenonSecret,
		"MAIL_FILE": filepath.Join(t.TempDir(), "mail.jsonl"), "CLIENT_IP": "xff:0", "RATE_LIMIT": "off",
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	secretStore := secrets.New(cfg, time.Now)
	db := store.Open(secretStore, 4)
	t.Cleanup(db.Close)
	service := auth.New(cfg, db, secretStore, time.Now)
	return &xenon{t, map[string]http.Handler{
		"/sign-up/email": service.SignupRoutes().Mux(cfg), "/sign-in/email": service.SigninRoutes().Mux(cfg),
		"/change-password": service.PasswordRoutes().Mux(cfg), "/request-password-reset": service.PasswordRoutes().Mux(cfg),
	}}
}

// signIn reports whether Xenon accepts the password.
func (x *xenon) signIn(email, password string) bool {
	x.t.Helper()
	_, ok := x.signInCookies(email, password)
	return ok
}

// signUp creates a user and requests a mail that resets the password.
func (x *xenon) signUp(email, password string) {
	x.t.Helper()
	w := x.post("/sign-up/email", nil, map[string]string{"name": "Signed Up", "email": email, "password": password})
	if w.Code != http.StatusOK {
		x.t.Fatalf("sign-up of %s: got the status %d, want 200", email, w.Code)
	}
	if w := x.post("/request-password-reset", nil, map[string]string{"email": email}); w.Code != http.StatusOK {
		x.t.Fatalf("request of a password reset for %s: got the status %d, want 200", email, w.Code)
	}
}

// signInCookies signs in, and returns the cookies of the answer and whether Xenon accepts the password.
func (x *xenon) signInCookies(email, password string) ([]*http.Cookie, bool) {
	x.t.Helper()
	w := x.post("/sign-in/email", nil, map[string]string{"email": email, "password": password})
	if w.Code >= http.StatusInternalServerError {
		x.t.Fatalf("sign-in of %s: got the status %d, want one below 500", email, w.Code)
	}
	return (&http.Response{Header: w.Header()}).Cookies(), w.Code == http.StatusOK
}

// changePassword signs in with the old password and changes it.
func (x *xenon) changePassword(email, old, password string) {
	x.t.Helper()
	cookies, _ := x.signInCookies(email, old)
	w := x.post("/change-password", cookies, map[string]string{"currentPassword": old, "newPassword": password})
	if w.Code != http.StatusOK {
		x.t.Fatalf("change of the password of %s: got the status %d, want 200", email, w.Code)
	}
}

func (x *xenon) post(path string, cookies []*http.Cookie, body map[string]string) *httptest.ResponseRecorder {
	x.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		x.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(x.t.Context(), http.MethodPost, "/api/auth"+path, strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", xenonOrigin)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	x.mux[path].ServeHTTP(w, r)
	return w
}

// queryColumnTexts returns the values of a query with one column.
func queryColumnTexts(t *testing.T, databaseURL, query string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// urlForRole returns the URL of the same database for another role.
func urlForRole(t *testing.T, databaseURL, role, password string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the database URL is not a URL") // the error itself would show the password
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}
