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
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// mailing are the requests after which a mail is to go out.
var mailing = []struct{ path, body string }{
	{"/api/auth/request-password-reset", `{"email":"` + email + `"}`},
	{"/api/auth/request-password-reset", `{"email":"nobody@example.com"}`},
	{"/api/auth/send-verification-email", `{"email":"` + email + `"}`},
	{"/api/auth/sign-up/email", `{"name":"Bo","email":"bo@example.com","password":"` + horse + `"}`},
	{"/api/auth/sign-up/email", `{"name":"Bo","email":"` + email + `","password":"` + horse + `"}`},
}

// TestR43_MailQueueDown: a queue that is away, refuses, hangs or says nonsense changes no answer; the record of the request
// says that the mail was not sent, once, and holds neither the address nor the link.
func TestR43_MailQueueDown(t *testing.T) {
	log := &lines{}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(log, nil)))
	defer slog.SetDefault(before)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	answering := func(h http.HandlerFunc) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	s := newSite(t)
	s.member(t)
	for name, endpoint := range map[string]string{
		"away":        closed.URL,
		"a fault":     answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }),
		"not allowed": answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }),
		"throttled":   answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }),
		"cut off":     answering(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"hanging":     answering(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }),
	} {
		e := s.cold(t, 2, time.Now, "MAIL=queue", "REQUIRE_EMAIL_VERIFICATION=on", "MAIL_QUEUE_URL=https://sqs.eu-central-1.amazonaws.com/1/mails",
			"AWS_ENDPOINT_URL_SQS="+endpoint, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
		log.take()
		for _, c := range mailing {
			w := e.within(t, 500*time.Millisecond, "POST", c.path, c.body)
			if w.Code != http.StatusOK {
				t.Errorf("%s, %s: got %d %s", name, c.path, w.Code, w.Body)
			}
			text := log.take()
			if strings.Count(text, "\n") != 1 || !strings.Contains(text, `"error":"send mail: `) || strings.Contains(text, "@") || strings.Contains(text, "http://localhost") {
				t.Errorf("%s, %s: the log says %s", name, c.path, text)
			}
		}
	}
}

// TestR43_OutboxOnAFullDisk: the same for a laptop's outbox. Linux has a device that is always full.
func TestR43_OutboxOnAFullDisk(t *testing.T) {
	s := newSite(t, "MAIL_FILE=/dev/full", "REQUIRE_EMAIL_VERIFICATION=on")
	s.cold(t, 1, time.Now, "REQUIRE_EMAIL_VERIFICATION=off").member(t)
	for _, c := range mailing {
		if w := s.do("POST", c.path, c.body, nil); w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", c.path, w.Code, w.Body)
		}
	}
}

// within asks with a deadline, as a function has one.
func (e *environment) within(t *testing.T, limit time.Duration, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	e.mux.ServeHTTP(w, r)
	return w
}

// TestR43_SecretsManagerDownAtTheStart: whatever is wrong with it, a function that has no secret yet answers 503 where it
// needs one, and never hangs; what needs none is answered.
func TestR43_SecretsManagerDownAtTheStart(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s := newSite(t)
	for name, endpoint := range map[string]string{"nobody listens": "http://127.0.0.1:1", "nobody answers": "http://" + silent.Addr().String()} {
		e := s.cold(t, 1, time.Now, "APP_SECRET_ARN=arn:aws:secretsmanager:eu-central-1:000000000000:secret:app", "MAIL=none", "DATABASE_URL=", "BETTER_AUTH_SECRET=",
			"SIGNING_KEYS_ARN=arn:aws:secretsmanager:eu-central-1:000000000000:secret:keys", "AWS_ENDPOINT_URL_SECRETS_MANAGER="+endpoint,
			"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
		for route, want := range map[string]int{
			"POST /api/auth/sign-in/email": 503, "POST /api/auth/sign-up/email": 503, "GET /api/auth/jwks": 503, "GET /health": 503, "GET /api/auth/ok": 200,
			"GET /api/auth/get-session": 503,
		} {
			method, path, _ := strings.Cut(route, " ")
			w := e.within(t, time.Second, method, path, `{"name":"Ada","email":"`+email+`","password":"`+horse+`"}`)
			if w.Code != want || want == 503 && path != "/health" && w.Header().Get("Retry-After") == "" {
				t.Errorf("%s, %s: got %d %s", name, route, w.Code, w.Body)
			}
		}
	}
}

// TestR43_ClocksApart: functions whose clocks are ten minutes apart serve the same person: the session, its cookie cache, a
// mailed link. Only a JWT that says it was made in the future is refused, until that moment is a minute away.
func TestR43_ClocksApart(t *testing.T) {
	t.Parallel()
	shifted := func(by time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(by) } }
	for _, c := range []struct {
		maker, reader time.Duration
		jwt           int
	}{
		{10 * time.Minute, 0, 401},
		{-10 * time.Minute, 0, 200},
		{0, 10 * time.Minute, 200},
		{0, -10 * time.Minute, 401},
		{50 * time.Second, 0, 200},
	} {
		name := fmt.Sprintf("made by a clock %v off, read by one %v off", c.maker, c.reader)
		s := newSite(t)
		maker, reader := s.cold(t, 2, shifted(c.maker)), s.cold(t, 2, shifted(c.reader))
		w := maker.do("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"`+email+`","password":"`+horse+`"}`, nil)
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
			if w := reader.do("GET", "/api/auth/get-session", "", h); w.Code != 200 || !strings.Contains(w.Body.String(), email) {
				t.Errorf("%s: the session: got %d %s", name, w.Code, w.Body)
			}
		}
		if err := json.Unmarshal(maker.do("GET", "/api/auth/token", "", bearer).Body.Bytes(), &reply); err != nil {
			t.Fatal(err)
		}
		if w := reader.do("POST", "/api/profile", `{}`, http.Header{"Authorization": {"Bearer " + reply.Token}}); w.Code != c.jwt && (c.jwt != 200 || w.Code != 201) {
			t.Errorf("%s: the JWT: got %d %s, want %d", name, w.Code, w.Body, c.jwt)
		}
		if w := maker.do("POST", "/api/auth/request-password-reset", `{"email":"`+email+`"}`, nil); w.Code != 200 {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
		token := s.mailed(t)
		if w := reader.do("POST", "/api/auth/reset-password", `{"newPassword":"another horse","token":"`+token+`"}`, nil); w.Code != 200 {
			t.Errorf("%s: the reset: got %d %s", name, w.Code, w.Body)
		}
	}
}

// mailed is the token of the newest mail in the outbox.
func (s *site) mailed(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.env["MAIL_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	var m struct{ Token string }
	if err := json.Unmarshal([]byte(all[len(all)-1]), &m); err != nil {
		t.Fatal(err)
	}
	return m.Token
}

// TestR43_FullDatabase: a disk without room (Neon: a project at its size limit, the same SQLSTATE) refuses writes with 503 and goes
// on answering reads, and takes writes again when there is room.
func TestR43_FullDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.member(t)
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
	exec(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$;
		CREATE TRIGGER full_disk BEFORE INSERT ON "user" EXECUTE FUNCTION full_disk()`)
	body := `{"name":"Bo","email":"bo@example.com","password":"` + horse + `"}`
	if w := s.do("POST", "/api/auth/sign-up/email", body, nil); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a write: got %d %s", w.Code, w.Body)
	}
	if w := s.getSession(ada); w.Code != http.StatusOK {
		t.Errorf("a read: got %d %s", w.Code, w.Body)
	}
	exec(`DROP TRIGGER full_disk ON "user"`)
	if w := s.do("POST", "/api/auth/sign-up/email", body, nil); w.Code != http.StatusOK {
		t.Errorf("with room again: got %d %s", w.Code, w.Body)
	}
}
