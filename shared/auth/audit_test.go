package auth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/passwordless"
	"github.com/xenon-auth/xenon/shared/twofactor"
	"github.com/xenon-auth/xenon/shared/web"
)

// captureLog returns a buffer that gets all log records until the test ends. Parallel tests cannot use it, because it
// replaces the default logger.
func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return &log
}

// takeRecords returns the records of a captured log and empties the buffer.
func takeRecords(t *testing.T, log *bytes.Buffer) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("read the log line %q as JSON: %v", line, err)
		}
		all = append(all, m)
	}
	log.Reset()
	return all
}

func TestR52_OneRecordForEveryOutcome(t *testing.T) {
	log := captureLog(t)
	s := newServer(t, setClientIP("xff:1"))
	agent := []string{"X-Forwarded-For", "192.0.2.7", "User-Agent", "Browser/1"}
	first := s.do("POST", signUpPath, signUpBody, agent...)
	user := first.json(t)["user"].(map[string]any)["id"]
	second := s.signInAda()
	account := query[string](s, `SELECT id::text FROM account`)
	signedIn := append([]string{"Cookie", first.cookie(), "Origin", origin}, agent...)
	takeRecords(t, log)
	type outcome struct{ Event, Result, Reason string }
	for _, c := range []struct {
		method, path, body string
		headers            []string
		want               outcome
		user               any
	}{
		{"POST", "sign-up/email", strings.Replace(signUpBody, "ada@", "b@", 1), agent, outcome{"sign-up", "ok", ""}, "new"},
		{
			"POST", "sign-up/email", signUpBody, agent,
			outcome{"sign-up", "refused", "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"},
			nil,
		},
		{"POST", "sign-in/email", signInBody, agent, outcome{"sign-in", "ok", ""}, user},
		{
			"POST", "sign-in/email", strings.Replace(signInBody, "correct", "wrong", 1), agent,
			outcome{"sign-in", "refused", "INVALID_EMAIL_OR_PASSWORD"},
			user,
		},
		{
			"POST", "sign-in/email", strings.Replace(signInBody, "ada", "eve", 1), agent,
			outcome{"sign-in", "refused", "INVALID_EMAIL_OR_PASSWORD"},
			nil,
		},
		{"GET", "token", "", signedIn, outcome{"token", "ok", ""}, user},
		{"GET", "token", "", agent, outcome{"token", "refused", "UNAUTHORIZED"}, nil},
		{
			"POST", "verify-password", `{"password":"wrong horse"}`, signedIn,
			outcome{"password-check", "refused", "INVALID_PASSWORD"},
			user,
		},
		{
			"POST", "request-password-reset", `{"email":"ada@example.com"}`, agent,
			outcome{"password-reset-request", "ok", ""},
			nil,
		},
		{
			"GET", "reset-password/abc?callbackURL=/reset", "", agent,
			outcome{"password-reset-link", "refused", "INVALID_TOKEN"},
			nil,
		},
		{
			"POST", "reset-password", `{"token":"abc","newPassword":"battery staple"}`, agent,
			outcome{"password-reset", "refused", "INVALID_TOKEN"},
			nil,
		},
		{
			"GET", "verify-email?token=abc&callbackURL=/x", "", agent,
			outcome{"email-verification", "refused", "INVALID_TOKEN"},
			nil,
		},
		{
			"POST", "send-verification-email", `{"email":"ada@example.com"}`, signedIn,
			outcome{"email-verification-request", "ok", ""},
			user,
		},
		{
			"POST", "change-email", `{"newEmail":"ada@example.com"}`, signedIn,
			outcome{"email-change", "refused", "Email is the same"},
			user,
		},
		{
			"POST", "sign-out", ``, append([]string{"Cookie", second.cookie(), "Origin", origin}, agent...),
			outcome{"sign-out", "ok", ""},
			user,
		},
		{
			"POST", "sign-in/social", `{"provider":"github"}`, agent,
			outcome{"social-sign-in", "refused", "PROVIDER_NOT_FOUND"},
			nil,
		},
		{"GET", "callback/github", "", agent, outcome{"social-sign-in-return", "refused", "state_not_found"}, nil},
		{
			"POST", "link-social", `{"provider":"github"}`, signedIn,
			outcome{"account-link", "refused", "PROVIDER_NOT_FOUND"},
			user,
		},
		{"POST", "get-access-token", `{"accountId":"x"}`, agent, outcome{"provider-token", "refused", "UNAUTHORIZED"}, nil},
		{"POST", "revoke-session", `{"token":"x"}`, signedIn, outcome{"session-revoke", "ok", ""}, user},
		{"POST", "revoke-other-sessions", `{}`, signedIn, outcome{"session-revoke", "ok", ""}, user},
		{
			"POST", "unlink-account", `{"accountId":"` + account + `"}`, signedIn,
			outcome{"account-unlink", "refused", "FAILED_TO_UNLINK_LAST_ACCOUNT"},
			user,
		},
		{
			"GET", "delete-user/callback?token=abc", "", signedIn,
			outcome{"user-delete-link", "refused", "INVALID_TOKEN"},
			user,
		},
		{
			"POST", "change-password", `{"currentPassword":"correct horse","newPassword":"battery staple"}`, signedIn,
			outcome{"password-change", "ok", ""},
			user,
		},
		{"POST", "sign-out", ``, agent, outcome{"sign-out", "ok", ""}, nil},
		{"POST", "delete-user", `{"password":"battery staple"}`, signedIn, outcome{"user-delete", "ok", ""}, user},
		{"POST", "revoke-sessions", `{}`, signedIn, outcome{"session-revoke", "refused", "UNAUTHORIZED"}, nil},
	} {
		a := s.do(c.method, "/api/auth/"+c.path, c.body, c.headers...)
		got := takeRecords(t, log)
		if len(got) != 1 {
			t.Errorf("%s: got %d audit records, want 1: %v", c.path, len(got), got)
			continue
		}
		m := got[0]
		reason, _ := m["code"].(string)
		if diff := cmp.Diff(c.want, outcome{fmt.Sprint(m["event"]), fmt.Sprint(m["result"]), reason}); diff != "" {
			t.Errorf("%s: event, result and code in the audit record (-want +got):\n%s", c.path, diff)
		}
		if m["ip"] != "192.0.2.7" || m["agent"] != "Browser/1" || m["requestId"] != a.header.Get(web.RequestIDHeader) ||
			m["requestId"] == "" {
			t.Errorf("%s: got audit record %v, want the IP address, the user agent and the id of the request", c.path, m)
		}
		if c.user != "new" && m["userId"] != c.user || c.user == "new" && m["userId"] == nil {
			t.Errorf("%s: got userId %v in the audit record, want %v (\"new\" means any)", c.path, m["userId"], c.user)
		}
		if at, _ := m["time"].(string); !strings.HasSuffix(at, "Z") {
			t.Errorf("%s: got time %q in the audit record, want a time in UTC, which ends in Z", c.path, at)
		}
	}
	s.do("GET", "/api/auth/list-sessions", "", agent...)
	if got := takeRecords(t, log)[0]; got["event"] != nil || got["ip"] != nil {
		t.Errorf("list-sessions, which changes nothing: got log record %v, want no event and no IP address", got)
	}
}

func TestR52_RateLimitedRequestIsInTheAuditLog(t *testing.T) {
	log := captureLog(t)
	s := newServer(t, enableRateLimits, setClientIP("remote"))
	s.exec(`INSERT INTO "rateLimit" (key, count, "lastRequest") SELECT '192.0.2.1|' || p, 100, $1
		FROM unnest(ARRAY['/sign-in/email', '/list-sessions']) p`, s.now.UnixMilli())
	s.signInAda()
	s.do("GET", "/api/auth/list-sessions", "")
	for i, want := range []string{"sign-in", "rate-limit"} {
		got := takeRecords(t, bytes.NewBufferString(strings.SplitAfter(log.String(), "\n")[i]))[0]
		if got["event"] != want || got["result"] != "refused" || got["status"] != 429.0 ||
			got["code"] != "Too many requests. Please try again later." {
			t.Errorf("rate-limited request: got record %v, want event %s, refused, status 429 and the message as code",
				got, want)
		}
	}
}

func TestR53_NothingSecretIsLogged(t *testing.T) {
	log := captureLog(t)
	s := newServer(t, enableRateLimits, func(env map[string]string) { env["COOKIE_CACHE"] = "compact" })
	s.svc.Mail = &mailbox{}
	secrets := map[string]string{
		"password": "correct horse", "wrong password": "wrong horse", "new password": "battery staple",
		"secret": "a secret of the tests", "database": s.url, "url token": "url-token-of-the-test",
	}
	first := s.signUpAda()
	second := s.signInAda()
	s.do("POST", signInPath, strings.Replace(signInBody, "correct", "wrong", 1))
	jwt := s.do("GET", tokenPath, "", "Cookie", first.cookie()).json(t)["token"].(string)
	headers := []string{"Cookie", first.cookie(), "Origin", origin}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "get-session", ""},
		{"GET", "list-sessions", ""},
		{"POST", "request-password-reset", `{"email":"ada@example.com"}`},
		{"GET", "reset-password/url-token-of-the-test?callbackURL=/x", ""},
		{"POST", "reset-password", `{"token":"url-token-of-the-test","newPassword":"battery staple"}`},
		{"GET", "verify-email?token=url-token-of-the-test", ""},
		{"GET", "verify-email?callbackURL=/x&token=" + jwt, ""},
		{"GET", "delete-user/callback?token=url-token-of-the-test", ""},
		{"POST", "change-password", `{"currentPassword":"wrong horse","newPassword":"battery staple"}`},
		{"POST", "change-password", `{"currentPassword":"correct horse","newPassword":"battery staple"}`},
		{"POST", "revoke-session", `{"token":"` + second.json(t)["token"].(string) + `"}`},
		{"POST", "sign-out", ""},
		{"GET", "get-session", ""},
	} {
		s.do(c.method, "/api/auth/"+c.path, c.body, headers...)
	}
	s.exec(`ALTER TABLE "user" RENAME TO people`) // so that Postgres returns errors, which are logged
	for _, c := range []struct{ method, path, body string }{
		{"POST", "sign-in/email", signInBody}, {"GET", "get-session", ""}, {"POST", "sign-up/email", signUpBody},
	} {
		s.now = s.now.Add(time.Hour)
		s.doAllowing500(c.method, "/api/auth/"+c.path, c.body, headers...)
	}
	for _, a := range []answer{first, second} {
		token := a.json(t)["token"].(string)
		secrets["token "+token[:3]] = token
		for _, line := range a.header["Set-Cookie"] {
			value, _, _ := strings.Cut(line[strings.IndexByte(line, '=')+1:], ";")
			secrets["cookie "+line[:30]] = value
		}
	}
	secrets["jwt"] = jwt
	key, err := os.ReadFile(s.cfg.SigningKeysFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(key), `"`) {
		if len(line) > 60 {
			secrets["key "+line[:4]] = line
		}
	}
	text := log.String()
	if strings.Count(text, "\n") < 15 {
		t.Fatalf("requests with secrets: got %d log records, want at least 15, one for each request",
			strings.Count(text, "\n"))
	}
	for name, secret := range secrets {
		if len(secret) < 8 {
			t.Errorf("the secret %s of the test is %q, want at least 8 characters, so that it is not found by chance",
				name, secret)
		}
		if strings.Contains(text, secret) {
			t.Errorf("the log contains the secret %q, want it nowhere", name)
		}
	}
	if strings.Contains(text, "ada@example.com") {
		t.Error("the log contains the email of a user, want it nowhere")
	}
}

func TestR54_LogLinesCannotBeForged(t *testing.T) {
	log := captureLog(t)
	s := newServer(t)
	const forged = "x\"}\r\n{\"msg\":\"forged\"}\x1b[2J\u009b31m\u202e\x00\xff\u2028"
	// A header cannot contain the characters that this removes.
	agent := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(forged)
	body, err := json.Marshal(map[string]any{
		"email": forged + "@example.com", "password": forged, "name": forged,
		"callbackURL": forged, "token": forged,
	})
	if err != nil {
		t.Fatal(err)
	}
	requests := 0
	for _, c := range []struct{ method, path string }{
		{"POST", signInPath},
		{"POST", signUpPath},
		{"POST", "/api/auth/reset-password"},
		{"GET", "/api/auth/reset-password/%22%7D%0A%7B%1B?callbackURL=%0A%1B"},
		{"GET", "/api/auth/verify-email?token=%22%7D%0A%7B%1B%C2%9B&callbackURL=/%0A"},
		{"GET", "/api/auth/%0A%1B"},
	} {
		s.do(c.method, c.path, string(body), "User-Agent", agent+strings.Repeat("ä", 500),
			"Content-Type", "application/json",
			"X-Request-Id", forged)
		requests++
	}
	raw := log.String()
	for _, r := range raw {
		if r != '\n' && r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x2028 {
			t.Fatalf("the log contains the character %q, want no control characters", r)
		}
	}
	got := takeRecords(t, log)
	if len(got) != requests {
		t.Errorf("got %d log records for %d requests, want one for each", len(got), requests)
	}
	for _, m := range got {
		if m["msg"] != "request" || len(fmt.Sprint(m["agent"])) > 3*200 {
			t.Errorf(`got log record %v, want msg "request" and an agent of at most 200 characters`, m)
		}
	}
}

// routesWithoutEvent are the routes without an audit event: they only read, or change nothing that concerns security.
var routesWithoutEvent = []string{
	"GET /api/auth/get-session", "POST /api/auth/get-session", "GET /api/auth/list-sessions",
	"POST /api/auth/update-session", "POST /api/auth/admin/has-permission",
	"GET /api/auth/jwks", "POST /api/auth/update-user", "GET /api/auth/list-accounts", "GET /api/auth/account-info",
	"GET /api/auth/social-providers",
	"HEAD /api/auth/jwks", "OPTIONS /api/{proxy+}",
	"GET /.well-known/jwks.json", "HEAD /.well-known/jwks.json", "GET /.well-known/openid-configuration",
	"HEAD /.well-known/openid-configuration", "OPTIONS /.well-known/{proxy+}",
}

func TestR52_EveryChangeIsAnEvent(t *testing.T) {
	log := captureLog(t)
	s := newServer(t, func(env map[string]string) {
		for _, name := range []string{
			"ADMIN", "TWO_FACTOR", "MAGIC_LINK", "MAGIC_LINK_CONFIRM", "EMAIL_OTP",
			"SUPABASE_BRIDGE",
		} {
			env[name] = "on"
		}
	})
	all := web.Routes{}
	for _, served := range []web.Routes{
		s.svc.SignupRoutes(), s.svc.SigninRoutes(), s.svc.SignoutRoutes(), s.svc.SessionRoutes(),
		s.svc.TokenRoutes(), s.svc.JWKSRoutes(), s.svc.PasswordRoutes(), s.svc.EmailRoutes(), s.svc.AccountRoutes(),
		s.social.SocialRoutes(), admin.New(s.svc, auditlog.NewBuffer(slog.DiscardHandler, 1)).AdminRoutes(),
		twofactor.New(s.svc).TwoFactorRoutes(),
		passwordless.New(s.svc).PasswordlessRoutes(),
	} {
		maps.Copy(all, served)
	}
	s.mux = all.Mux(s.cfg)
	for route := range all {
		method, path, _ := strings.Cut(route, " ")
		takeRecords(t, log)
		s.doAllowing500(method, strings.NewReplacer("{token}", "x", "{provider}", "x").Replace(path), "")
		got := takeRecords(t, log)
		if len(got) != 1 {
			t.Fatalf("%s: got %d log records, want 1", route, len(got))
		}
		if event, isOne := got[0]["event"], !slices.Contains(routesWithoutEvent, route); (event != nil) != isOne {
			t.Errorf("%s: got the event %v in the log record, want an event: %v", route, event, isOne)
		}
	}
}
