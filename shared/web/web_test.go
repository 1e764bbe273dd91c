package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// sendRequest sends one request and returns the status and body of the response.
func sendRequest(t *testing.T, h http.Handler, method, path, contentType, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestDecodeAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	routes := web.Routes{"POST /x": func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Name     string  `json:"name"`
			Email    string  `json:"email" check:"email"`
			Password string  `json:"password" check:"nonempty"`
			Image    *string `json:"image"`
			Remember *bool   `json:"rememberMe"`
		}
		if err := web.ReadBody(w, r, true); err != nil {
			return err
		}
		if err := web.Decode(r, &in, "object", "record"); err != nil {
			return err
		}
		return web.WriteJSON(w, 200, in)
	}}.Mux(config.API{})
	const json, form = "application/json", "application/x-www-form-urlencoded"
	const typeOf = `{"message":"[body.%s] Invalid input: expected %s, received %s","code":"VALIDATION_ERROR"}`
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		want                    string
	}{
		{
			"valid", json, `{"name":"a","email":"a@b.co","password":"p"}`, 200,
			`{"name":"a","email":"a@b.co","password":"p","image":null,"rememberMe":null}`,
		},
		{
			"charset", "Application/JSON; charset=utf-8", `{"name":"a","email":"a@b.co","password":"p"}`, 200,
			`{"name":"a","email":"a@b.co","password":"p","image":null,"rememberMe":null}`,
		},
		{
			"byte order mark", json, "\uFEFF" + `{"name":"a","email":"a@b.co","password":"p"}`, 200,
			`{"name":"a","email":"a@b.co","password":"p","image":null,"rememberMe":null}`,
		},
		{
			"last duplicate wins", json, `{"name":"a","name":"b","email":"a@b.co","password":"p"}`, 200,
			`{"name":"b","email":"a@b.co","password":"p","image":null,"rememberMe":null}`,
		},
		{
			"form", form, `name=a&email=a%40b.co&password=p`, 200,
			`{"name":"a","email":"a@b.co","password":"p","image":null,"rememberMe":null}`,
		},
		{
			"form has only text", form, `name=a&email=a%40b.co&password=p&rememberMe=true`, 400,
			fmt.Sprintf(typeOf, "rememberMe", "boolean", "string"),
		},
		{"not JSON", json, `{"name":`, 400, `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`},
		{
			"wrong media type", "text/plain", `{}`, 415,
			`{"message":"Content-Type \"text/plain\" is not allowed. Allowed types: application/x-www-form-urlencoded, ` +
				`application/json","code":"UNSUPPORTED_MEDIA_TYPE"}`,
		},
		{
			"too large", json, `"` + strings.Repeat("x", 2<<20) + `"`, 413,
			`{"message":"Request body is larger than 1 MiB","code":"PAYLOAD_TOO_LARGE"}`,
		},
		{
			"array for text", json, `{"name":["a"],"email":"a@b.co","password":"p"}`, 400,
			fmt.Sprintf(typeOf, "name", "string", "array"),
		},
		{
			"null for optional", json, `{"name":"a","email":"a@b.co","password":"p","image":null}`, 400,
			fmt.Sprintf(typeOf, "image", "string", "null"),
		},
		{
			"number for text", json, `{"name":1,"email":"a@b.co","password":"p"}`, 400,
			fmt.Sprintf(typeOf, "name", "string", "number"),
		},
		{
			"object for boolean", json, `{"name":"a","email":"a@b.co","password":"p","rememberMe":{}}`, 400,
			fmt.Sprintf(typeOf, "rememberMe", "boolean", "object"),
		},
		{
			"all missing", json, `{}`, 400,
			`{"message":"[body.name] Invalid input: expected string, received undefined; [body.email] Invalid input: ` +
				`expected string, received undefined; [body.password] Invalid input: expected string, received undefined",` +
				`"code":"VALIDATION_ERROR"}`,
		},
		{
			"invalid email, empty password", json, `{"name":"","email":"a＠b.co","password":""}`, 400,
			`{"message":"[body.email] Invalid email address; [body.password] Too small: expected string to have >=1 ` +
				`characters","code":"VALIDATION_ERROR"}`,
		},
		{
			"no content type", "", `{"name":"a"}`, 400,
			`{"message":"[body] Invalid input: expected object, received undefined; [body] Invalid input: expected record, ` +
				`received undefined","code":"VALIDATION_ERROR"}`,
		},
		{
			"text as body", json, `"x"`, 400,
			`{"message":"[body] Invalid input: expected object, received string; [body] Invalid input: expected record, ` +
				`received string","code":"VALIDATION_ERROR"}`,
		},
		{
			"empty", json, ``, 400,
			`{"message":"[body] Invalid input: expected object, received undefined; [body] Invalid input: expected record, ` +
				`received undefined","code":"VALIDATION_ERROR"}`,
		},
	} {
		status, body := sendRequest(t, routes, "POST", "/x", c.contentType, c.body)
		if status != c.status || body != c.want {
			t.Errorf("body, %s: got %d %s\nwant %d %s", c.name, status, body, c.status, c.want)
		}
	}
}

func TestRoutesMatchExactly(t *testing.T) {
	t.Parallel()
	text := func(s string) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.WriteString(w, s+r.PathValue("token"))
			return err
		}
	}
	mux := web.Routes{
		"GET /api/auth/ok":                     text("ok"),
		"GET /api/auth/reset-password/{token}": text("token "),
	}.Mux(config.API{})
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/api/auth/ok", 200, "ok"},
		{"GET", "/api/auth/ok?x=1", 200, "ok"},
		{"GET", "/api/auth/reset-password/abc", 200, "token abc"},
		{"HEAD", "/api/auth/ok", 404, ""},
		{"POST", "/api/auth/ok", 404, ""},
		{"OPTIONS", "/api/auth/ok", 404, ""},
		{"GET", "/api/auth/ok/", 404, ""},
		{"GET", "/api//auth/ok", 404, ""},
		{"GET", "/api/auth/../auth/ok", 404, ""},
		{"GET", "/api/auth/%6fk", 404, ""},
		{"GET", "/api/auth/OK", 404, ""},
		{"GET", "/api/auth/reset-password/", 404, ""},
		{"GET", "/api/auth/reset-password/a/b", 404, ""},
		{"GET", "/", 404, ""},
	} {
		status, body := sendRequest(t, mux, c.method, c.path, "", "")
		if status != c.status || body != c.body {
			t.Errorf("%s %s: got %d %q, want %d %q", c.method, c.path, status, body, c.status, c.body)
		}
	}
}

// handleAndReadLog sends one request to h and returns the response and the log records. Parallel tests cannot use it,
// because it replaces the default logger.
func handleAndReadLog(t *testing.T, h web.Handler) (*httptest.ResponseRecorder, []map[string]any) {
	t.Helper()
	var buf bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&buf, nil)))
	defer slog.SetDefault(old)
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/x", nil)
	r = r.WithContext(web.WithRequestID(r.Context(), "gateway-id"))
	web.Routes{"GET /x": h}.Mux(config.API{}).ServeHTTP(w, r)
	var records []map[string]any
	for line := range strings.Lines(buf.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		records = append(records, m)
	}
	return w, records
}

func TestR49_PanicIsA500WithAnIDLoggedOnce(t *testing.T) {
	var missing *http.Request
	w, records := handleAndReadLog(t, func(http.ResponseWriter, *http.Request) error { _ = missing.URL.Path; return nil })
	if w.Code != 500 || w.Body.Len() != 0 || w.Header().Get(web.RequestIDHeader) != "gateway-id" {
		t.Errorf("panic: got %d %q, request id %q, want 500 without a body and the id of API Gateway",
			w.Code, w.Body, w.Header().Get(web.RequestIDHeader))
	}
	if len(records) != 1 ||
		records[0]["error"] != "panic: runtime error: invalid memory address or nil pointer dereference" ||
		records[0]["requestId"] != "gateway-id" || records[0]["stack"] == nil {
		t.Errorf("panic: got log records %v, want one with the error, the request id and the stack", records)
	}
}

func TestR53_PanicValueIsNotLogged(t *testing.T) {
	_, records := handleAndReadLog(t, func(http.ResponseWriter, *http.Request) error { panic("hunter2") })
	if got := records[0]["error"]; got != "panic: string" {
		t.Errorf("panic with a string: got error %q in the log, want only the type of the value", got)
	}
}

type unavailable struct{ error }

func (unavailable) Unavailable() bool { return true }

func TestErrorsBecomeResponses(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
		log    map[string]any
	}{
		{
			"a web.Error", fmt.Errorf("x: %w", web.NewError(403, "INVALID_ORIGIN", "Invalid origin")), 403,
			`{"message":"Invalid origin","code":"INVALID_ORIGIN"}`,
			map[string]any{"code": "INVALID_ORIGIN"},
		},
		{
			"without code", web.NewError(400, "", "Email is the same"), 400, `{"message":"Email is the same"}`,
			map[string]any{"code": "Email is the same"},
		},
		{"any other", errors.New("find user: surprise"), 500, ``, map[string]any{"error": "find user: surprise"}},
		{
			"unavailable", fmt.Errorf("find user: %w", unavailable{errors.New("refused")}), 503,
			`{"message":"Service temporarily unavailable","code":"SERVICE_UNAVAILABLE"}`,
			map[string]any{"code": "SERVICE_UNAVAILABLE", "error": "find user: refused"},
		},
	} {
		w, records := handleAndReadLog(t, func(http.ResponseWriter, *http.Request) error { return c.err })
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("handler that returns %v: got %d %s, want %d %s", c.err, w.Code, w.Body, c.status, c.body)
		}
		if c.status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: got a 503 without Retry-After, want the header", c.name)
		}
		got := map[string]any{}
		for _, key := range []string{"code", "error"} {
			if v, ok := records[0][key]; ok {
				got[key] = v
			}
		}
		if diff := cmp.Diff(c.log, got); diff != "" {
			t.Errorf("%s: code and error in the log record (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestExposeAddsAndUnexposeRemovesAHeader(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	web.UnexposeHeader(h, "set-auth-token")
	web.ExposeHeader(h, "set-auth-token", "one")
	web.ExposeHeader(h, "set-auth-token", "two")
	web.ExposeHeader(h, "set-auth-jwt", "x")
	if got := h.Get("Access-Control-Expose-Headers"); h.Get("set-auth-token") != "two" ||
		got != "set-auth-jwt, set-auth-token" {
		t.Errorf("Expose twice: got Set-Auth-Token %q, exposed headers %q; want the second value and both headers",
			h.Get("set-auth-token"), got)
	}
	web.UnexposeHeader(h, "set-auth-token")
	if got := h.Get("Access-Control-Expose-Headers"); h.Get("set-auth-token") != "" || got != "set-auth-jwt" {
		t.Errorf("after one header is unexposed: got Set-Auth-Token %q, exposed headers %q, want none and set-auth-jwt",
			h.Get("set-auth-token"), got)
	}
	web.UnexposeHeader(h, "set-auth-jwt")
	if len(h) != 0 {
		t.Errorf("after both headers are unexposed: got headers %v, want none", h)
	}
}

func TestResponsesWithoutBodyHaveTheContentTypeOfJSON(t *testing.T) {
	w, records := handleAndReadLog(t, func(http.ResponseWriter, *http.Request) error {
		return &web.Error{Status: 401, Code: "UNAUTHORIZED", Body: web.NoBody}
	})
	if w.Code != 401 || w.Body.Len() != 0 || w.Header().Get("Content-Type") != "application/json" ||
		records[0]["code"] != "UNAUTHORIZED" {
		t.Errorf("NoBody: got %d %q, content type %q, log record %v; want 401, no body, JSON and the code UNAUTHORIZED",
			w.Code, w.Body, w.Header().Get("Content-Type"), records[0])
	}
}
