package openapi

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

// TestR05_XenonsOwnRoutesMatchTheDocument checks responses that are not in the recordings against the document: the
// responses of the profile API, /health, cancel-email-change, list-audit-events, sign-in/supabase, the JWKS and the two
// paths below /.well-known, and those to a body that is too large or to too many requests.
func TestR05_XenonsOwnRoutesMatchTheDocument(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	x := xenontest.Start(t, "RATE_LIMIT=off", "MAIL_FILE="+t.TempDir()+"/mail.jsonl")
	bearer := ""
	sendAndCheck := func(do, body string, want int, headers ...string) answer {
		t.Helper()
		got := sendRequest(t, x.URL, do, body, bearer, headers...)
		if got.Status != want {
			t.Errorf("%s %.99s: got %d %s, want %d", do, body, got.Status, got.Body, want)
		}
		e := exchange{Do: do, Answer: &got}
		if body != "" {
			e.Sent = json.RawMessage(body)
		}
		if err := checkExchange(doc, e); err != nil {
			t.Errorf("%s %.99s: %v", do, body, err)
		}
		return got
	}
	bodyOf := func(a answer) (fields struct {
		Token string
		User  struct{ ID string }
	},
	) {
		if err := json.Unmarshal(a.Body, &fields); err != nil {
			t.Fatal(err)
		}
		return fields
	}

	sendAndCheck("GET /health", "", 200)
	sendAndCheck("GET /api/auth/jwks", "", 200)
	sendAndCheck("GET /.well-known/jwks.json", "", 200)
	sendAndCheck("GET /.well-known/openid-configuration", "", 200)
	sendAndCheck("POST /api/auth/sign-in/email", `{"email":"`+strings.Repeat("x", 1<<20)+`"}`, 413)
	sendAndCheck("POST /api/auth/cancel-email-change", `{"token":"x"}`, 400)
	sendAndCheck("GET /api/profile", "", 401)
	signUp := `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	bearer = bodyOf(sendAndCheck("POST /api/auth/sign-up/email", signUp, 200)).Token
	bearer = bodyOf(sendAndCheck("GET /api/auth/token", "", 200)).Token
	sendAndCheck("GET /api/profile", "", 404)
	sendAndCheck("PUT /api/profile", `{}`, 404)
	sendAndCheck("POST /api/profile", `{"time_per_week":-1}`, 400)
	sendAndCheck("POST /api/profile", `{`, 400)
	created := sendAndCheck("POST /api/profile", `{"learning_mode":"code_first","time_per_week":5}`, 201)
	sendAndCheck("POST /api/profile", `{}`, 409)
	sendAndCheck("GET /api/profile", "", 200)
	sendAndCheck(
		"PUT /api/profile",
		`{"learning_mode":null,"age_range":"35_plus"}`,
		200,
		"If-Match",
		created.Headers["Etag"],
	)
	sendAndCheck("PUT /api/profile", `{}`, 412, "If-Match", created.Headers["Etag"])
	sendAndCheck("PUT /api/profile", `{}`, 415, "Content-Type", "text/plain")
	sendAndCheck("PUT /api/profile", `{"preferred_language":"`+strings.Repeat("x", 1<<20)+`"}`, 413)
	bearer = "x"
	sendAndCheck("GET /api/profile", "", 401)

	x = xenontest.Start(t, "RATE_LIMIT=off", "MAIL_FILE="+t.TempDir()+"/mail.jsonl",
		"MAGIC_LINK=on", "MAGIC_LINK_CONFIRM=on")
	bearer = ""
	sendAndCheck("GET /api/auth/magic-link/verify?token=x&callbackURL=/dash", "", 302)
	sendAndCheck("POST /api/auth/magic-link/verify", `{"token":"x"}`, 400)
	sendAndCheck("POST /api/auth/magic-link/verify", `{}`, 400)

	x = xenontest.Start(t, "RATE_LIMIT=off", "MAIL_FILE="+t.TempDir()+"/mail.jsonl", "ADMIN=on")
	const events = "GET /api/auth/admin/list-audit-events?userId="
	bearer = ""
	user := bodyOf(sendAndCheck("POST /api/auth/sign-up/email", signUp, 200))
	sendAndCheck(events+user.User.ID, "", 401)
	bearer = user.Token
	sendAndCheck(events+user.User.ID, "", 403)
	dbtest.Exec(t, x.Database, `UPDATE "user" SET role = 'admin'`)
	sendAndCheck(events+user.User.ID+"&limit=1", "", 200)
	sendAndCheck(events+user.User.ID+"&limit=0", "", 400)
	bearer = ""

	x = xenontest.Start(t, "RATE_LIMIT=off", "MAIL_FILE="+t.TempDir()+"/mail.jsonl", "SUPABASE_BRIDGE=on")
	sendAndCheck("POST /api/auth/sign-in/supabase", `{"refreshToken":"nvqqcysrgban"}`, 404) // before an import
	dbtest.Exec(t, x.Database, `INSERT INTO "supabaseBridge" ("lastPassAt") VALUES (now())`)
	sendAndCheck("POST /api/auth/sign-in/supabase", `{"refreshToken":"nvqqcysrgban"}`, 401)
	sendAndCheck("POST /api/auth/sign-in/supabase", `{}`, 400)
	sendAndCheck("POST /api/auth/sign-in/supabase", `{}`, 403, "Origin", "https://evil.example")
	bearer = bodyOf(sendAndCheck("POST /api/auth/sign-up/email", signUp, 200)).Token
	sendAndCheck("POST /api/auth/sign-in/supabase", `{"refreshToken":"nvqqcysrgban"}`, 200)
	bearer = ""

	x = xenontest.Start(t, "MAIL_FILE="+t.TempDir()+"/mail.jsonl",
		`RATE_LIMIT_RULES={"/api/profile": {"window": 60, "max": 1}, "/health": {"window": 1, "max": 1}}`)
	sendAndCheck("GET /api/profile", "", 401)
	sendAndCheck("GET /api/profile", "", 429)
	sendAndCheck("GET /health", "", 200)
	sendAndCheck("GET /health", "", 200)
	sendAndCheck("GET /health", "", 429)
}

// sendRequest sends one request to a server and returns the response as an answer. do is the method and path, headers
// has names and values.
func sendRequest(t *testing.T, url, do, body, bearer string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(do, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := answer{Status: response.StatusCode, Headers: map[string]string{}}
	for name := range response.Header {
		got.Headers[name] = response.Header.Get(name)
	}
	if len(text) > 0 {
		got.Body = text
	}
	return got
}
