package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

const signUpBody = `{"name":"Ada","email":"` + userEmail + `","password":"` + userPassword + `"}`

// mailRequests are requests to endpoints that send mails, for existing and for unknown emails.
var mailRequests = []struct{ path, body string }{
	{"/api/auth/request-password-reset", `{"email":"` + userEmail + `"}`},
	{"/api/auth/request-password-reset", `{"email":"nobody@example.com"}`},
	{"/api/auth/send-verification-email", `{"email":"` + userEmail + `"}`},
	{"/api/auth/sign-up/email", `{"name":"Bo","email":"bo@example.com","password":"` + userPassword + `"}`},
	{"/api/auth/sign-up/email", `{"name":"Bo","email":"` + userEmail + `","password":"` + userPassword + `"}`},
}

// A mail queue that is down, rejects requests, does not answer or answers with an error does not change any response.
// The log line of the request has the error "send mail", and contains neither the email nor the link.
func TestR43_FailingMailQueueChangesNoResponse(t *testing.T) {
	log := &syncbuf.Buffer{}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(log, nil)))
	defer slog.SetDefault(before)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	newServer := func(h http.HandlerFunc) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	s := newTestServer(t)
	s.newUser(t)
	for name, endpoint := range map[string]string{
		"down":        closed.URL,
		"an error":    newServer(handlerWithStatus(http.StatusInternalServerError)),
		"not allowed": newServer(handlerWithStatus(http.StatusForbidden)),
		"throttled":   newServer(handlerWithStatus(http.StatusTooManyRequests)),
		"cut off":     newServer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"hanging": newServer(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}),
	} {
		e := s.newEnvironment(t, 2, time.Now, "MAIL=queue", "REQUIRE_EMAIL_VERIFICATION=on",
			"MAIL_QUEUE_URL=https://sqs.eu-central-1.amazonaws.com/1/mails", "AWS_ENDPOINT_URL_SQS="+endpoint,
			"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
		log.Take()
		limit := 20 * time.Second
		if name == "hanging" { // a request waits for this queue until its own deadline
			limit = 2 * time.Second
		}
		for _, c := range mailRequests {
			w := e.sendWithDeadline(t, limit, "POST", c.path, c.body)
			if w.Code != http.StatusOK {
				t.Errorf("mail queue with the fault %q, POST %s: got %d %s, want 200", name, c.path, w.Code, w.Body)
			}
			text := log.Take()
			reported := strings.Count(text, "\n") == 1 && strings.Contains(text, `"error":"send mail: `)
			if !reported || strings.Contains(text, "@") || strings.Contains(text, "http://localhost") {
				t.Errorf("mail queue with the fault %q, POST %s: got the log %s, want one line with \"send mail\" and without "+
					"email and URL", name, c.path, text)
			}
		}
	}
}

// handlerWithStatus returns a handler that answers with a status.
func handlerWithStatus(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// An outbox that cannot be written does not change any response. /dev/full is a device that is always full.
func TestR43_FullOutboxChangesNoResponse(t *testing.T) {
	s := newTestServer(t, "MAIL_FILE=/dev/full", "REQUIRE_EMAIL_VERIFICATION=on")
	s.newEnvironment(t, 1, time.Now, "REQUIRE_EMAIL_VERIFICATION=off").newUser(t)
	for _, c := range mailRequests {
		if w := s.do("POST", c.path, c.body, nil); w.Code != http.StatusOK {
			t.Errorf("POST %s with a full outbox: got %d %s, want 200", c.path, w.Code, w.Body)
		}
	}
}

// sendWithDeadline sends a request whose context ends after limit, as the context of a Lambda function does.
func (e *environment) sendWithDeadline(
	t *testing.T, limit time.Duration, method, target, body string,
) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	e.mux.ServeHTTP(w, r)
	return w
}

// While Secrets Manager is down, a new function answers 503 within its deadline to requests that need a secret. A
// request that needs none succeeds.
func TestR43_RequestsThatNeedASecretGet503WithoutSecretsManager(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := newTestServer(t)
	const arn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:"
	for name, endpoint := range map[string]string{
		"no listener": "http://127.0.0.1:1", "no response": "http://" + listener.Addr().String(),
	} {
		e := s.newEnvironment(
			t,
			1,
			time.Now,
			"APP_SECRET_ARN="+arn+"app",
			"MAIL=none",
			"DATABASE_URL=",
			"BETTER_AUTH_SECRET=",
			"SIGNING_KEYS_ARN="+arn+"keys",
			"AWS_ENDPOINT_URL_SECRETS_MANAGER="+endpoint,
			"AWS_REGION=eu-central-1",
			"AWS_ACCESS_KEY_ID=x",
			"AWS_SECRET_ACCESS_KEY=x",
		)
		for route, want := range map[string]int{
			"POST /api/auth/sign-in/email": 503, "POST /api/auth/sign-up/email": 503, "GET /api/auth/jwks": 503,
			"GET /health": 503, "GET /api/auth/ok": 200, "GET /api/auth/get-session": 503,
		} {
			method, path, _ := strings.Cut(route, " ")
			w := e.sendWithDeadline(t, time.Second, method, path, signUpBody)
			if w.Code != want || want == 503 && path != "/health" && w.Header().Get("Retry-After") == "" {
				t.Errorf("Secrets Manager with %s, %s: got %d %s and the headers %v, want %d, and Retry-After with a 503 except "+
					"that of /health", name, route, w.Code, w.Body, w.Header(), want)
			}
		}
	}
}

// Two functions whose clocks differ by ten minutes accept each other's sessions, cache cookies and links in mails. A
// function rejects only a JWT that was issued more than a minute in the future by its own clock.
func TestR43_ClocksTenMinutesApartRejectOnlyFutureJWTs(t *testing.T) {
	t.Parallel()
	clockAheadBy := func(by time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(by) } }
	for _, c := range []struct {
		maker, reader time.Duration // the offsets of the clocks
		profile       int           // the reader's status for POST /api/profile with the maker's JWT
	}{
		{10 * time.Minute, 0, 401},
		{-10 * time.Minute, 0, 201},
		{0, 10 * time.Minute, 201},
		{0, -10 * time.Minute, 401},
		{50 * time.Second, 0, 201},
	} {
		name := fmt.Sprintf("issued with a clock offset of %v, read with one of %v", c.maker, c.reader)
		s := newTestServer(t)
		maker, reader := s.newEnvironment(t, 2, clockAheadBy(c.maker)), s.newEnvironment(t, 2, clockAheadBy(c.reader))
		w := maker.do("POST", "/api/auth/sign-up/email", signUpBody, nil)
		var reply struct{ Token string }
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
			t.Fatal(err)
		}
		cookies := http.Header{"Origin": {"http://localhost:3000"}}
		for _, cookie := range w.Result().Cookies() {
			cookies.Add("Cookie", cookie.Name+"="+cookie.Value)
		}
		bearer := http.Header{"Authorization": {"Bearer " + reply.Token}}
		for _, h := range []http.Header{cookies, bearer} {
			w := reader.do("GET", "/api/auth/get-session", "", h)
			if w.Code != 200 || !strings.Contains(w.Body.String(), userEmail) {
				t.Errorf("%s: get-session: got %d %s, want 200 with the user's email", name, w.Code, w.Body)
			}
		}
		if err := json.Unmarshal(maker.do("GET", "/api/auth/token", "", bearer).Body.Bytes(), &reply); err != nil {
			t.Fatal(err)
		}
		w = reader.do("POST", "/api/profile", `{}`, http.Header{"Authorization": {"Bearer " + reply.Token}})
		if w.Code != c.profile {
			t.Errorf("%s: POST /api/profile with the JWT: got %d %s, want %d", name, w.Code, w.Body, c.profile)
		}
		if w := maker.do("POST", "/api/auth/request-password-reset", `{"email":"`+userEmail+`"}`, nil); w.Code != 200 {
			t.Errorf("%s: request-password-reset: got %d %s, want 200", name, w.Code, w.Body)
		}
		reset := `{"newPassword":"another horse","token":"` + s.newestMailToken(t) + `"}`
		if w := reader.do("POST", "/api/auth/reset-password", reset, nil); w.Code != 200 {
			t.Errorf("%s: reset-password: got %d %s, want 200", name, w.Code, w.Body)
		}
	}
}

// With a full disk, writes get 503 and reads succeed. When there is space again, writes succeed, too. A trigger
// imitates the full disk: it raises the SQLSTATE of Postgres, which is also Neon's at the size limit of a project.
func TestR43_FullDiskRejectsOnlyWrites(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	ada := s.newUser(t)
	exec := func(sql string) {
		conn, err := pgx.Connect(t.Context(), s.db)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`
		CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END
		$$;
		CREATE TRIGGER full_disk BEFORE INSERT ON "user" EXECUTE FUNCTION full_disk()`)
	body := `{"name":"Bo","email":"bo@example.com","password":"` + userPassword + `"}`
	w := s.do("POST", "/api/auth/sign-up/email", body, nil)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("sign-up with a full disk: got %d %s, want 503 with Retry-After", w.Code, w.Body)
	}
	if w := s.getSession(ada); w.Code != http.StatusOK {
		t.Errorf("get-session with a full disk: got %d %s, want 200", w.Code, w.Body)
	}
	exec(`DROP TRIGGER full_disk ON "user"`)
	if w := s.do("POST", "/api/auth/sign-up/email", body, nil); w.Code != http.StatusOK {
		t.Errorf("sign-up after the disk has space again: got %d %s, want 200", w.Code, w.Body)
	}
}
