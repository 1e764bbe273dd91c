//go:build docker

package samlocal

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// step is one request of smoke.json. In the values of its headers, {{token}} is the value that an earlier step saved
// under the name token, {{cookies}} the browser's cookies, and {{origin}} the server's origin.
type step struct {
	Note    string            `json:"note"`
	As      string            `json:"as"` // the browser, which stores cookies
	Do      string            `json:"do"` // "GET /health"
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	Text    string            `json:"text"`    // the body as text, instead of Body
	Save    string            `json:"save"`    // the member of the response to save, under its own name
	Differs string            `json:"differs"` // why SAM's response differs: a key of the map differences; "": it does not
}

func (s step) name() string { return strings.TrimSpace(s.Do + " " + s.Note) }

// answer is the part of a response that is compared, with generated values replaced by their kind, and the time until
// the response.
type answer struct {
	Status  int
	Headers map[string]string
	Cookies []string
	Body    string
	took    time.Duration
}

// conversation is the state of the requests to one server.
type conversation struct {
	address, origin string
	cookies         map[string][]string // by browser: "name=value"
	saved           map[string]string
}

// readSteps reads smoke.json.
func readSteps(t *testing.T) (all []step) {
	t.Helper()
	text, err := os.ReadFile("smoke.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// sendAll sends the requests of smoke.json to a server, and returns the responses.
func sendAll(t *testing.T, address, origin string) (answers []answer) {
	t.Helper()
	c := &conversation{
		address: address, origin: origin, cookies: map[string][]string{}, saved: map[string]string{"origin": origin},
	}
	for _, s := range readSteps(t) {
		answers = append(answers, c.send(t, s))
	}
	return answers
}

func (c *conversation) send(t *testing.T, s step) answer {
	t.Helper()
	method, target, _ := strings.Cut(s.Do, " ")
	body := cmp.Or(s.Text, string(s.Body))
	request, err := http.NewRequestWithContext(t.Context(), method, c.address+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "smoke/1")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Origin", c.origin)
	}
	cookies := strings.Join(c.cookies[s.As], "; ")
	if cookies != "" {
		request.Header.Set("Cookie", cookies)
	}
	for name, value := range s.Headers {
		value = strings.ReplaceAll(value, "{{cookies}}", cookies)
		for saved, what := range c.saved {
			value = strings.ReplaceAll(value, "{{"+saved+"}}", what)
		}
		request.Header.Del(name)
		request.Header[name] = []string{value}
	}
	sent := time.Now()
	response, err := sharedClient.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", s.name(), err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: %v", s.name(), err)
	}
	took := time.Since(sent)
	c.saveValues(s, response, text)
	return c.comparableAnswer(response, text, took)
}

var sharedClient = &http.Client{
	Timeout:       2 * time.Minute,
	Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// saveValues saves a member of the response, and stores its cookies as a browser does.
func (c *conversation) saveValues(s step, response *http.Response, text []byte) {
	if s.Save != "" {
		var members map[string]any
		_ = json.Unmarshal(text, &members) // if the member is missing, the step that uses it fails
		c.saved[s.Save], _ = members[s.Save].(string)
	}
	if s.As == "" {
		return
	}
	for _, cookie := range response.Cookies() {
		c.cookies[s.As] = slices.DeleteFunc(c.cookies[s.As], func(old string) bool {
			return strings.HasPrefix(old, cookie.Name+"=")
		})
		if cookie.MaxAge >= 0 {
			c.cookies[s.As] = append(c.cookies[s.As], cookie.Name+"="+cookie.Value)
		}
	}
}

// ignoredHeaders are not compared. The HTTP server sets Connection, Content-Length, Date and Server, not Xenon's
// handlers; Go's client has checked Content-Length against the body. Set-Cookie is compared as answer.Cookies.
var ignoredHeaders = []string{"Connection", "Content-Length", "Date", "Server", "Set-Cookie"}

// comparableAnswer returns the part of a response that is compared.
func (c *conversation) comparableAnswer(response *http.Response, text []byte, took time.Duration) answer {
	a := answer{
		Status:  response.StatusCode,
		Headers: map[string]string{},
		Body:    c.replaceValues(string(bytes.TrimSpace(text))),
		took:    took,
	}
	for _, name := range slices.Sorted(maps.Keys(response.Header)) {
		value := c.replaceValues(strings.Join(response.Header[name], " | "))
		switch {
		case slices.Contains(ignoredHeaders, name):
			continue
		case name == "X-Request-Id", name == "Etag":
			value = "<generated>"
		}
		a.Headers[name] = value
	}
	for _, cookie := range response.Header["Set-Cookie"] {
		a.Cookies = append(a.Cookies, c.replaceValues(cookie))
	}
	return a
}

var (
	jwtPattern      = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)
	generatedValues = []struct {
		form *regexp.Regexp
		name string
	}{
		{regexp.MustCompile(`"(n|kid)":"[\w-]+"`), `"$1":"<key>"`},
		{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "<uuid>"},
		{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "<date>"},
		{regexp.MustCompile(`([A-Za-z0-9]{32}|\btrue)\.([A-Za-z0-9+/]{43}=|([A-Za-z0-9]|%2B|%2F){43}%3D)`), "<signed>"},
		{regexp.MustCompile(`\b[A-Za-z0-9]{32}\b`), "<token>"},
	}
)

// replaceValues replaces the generated values in a text by their kind.
func (c *conversation) replaceValues(text string) string {
	text = jwtPattern.ReplaceAllStringFunc(text, replaceJWT)
	text = strings.ReplaceAll(text, c.origin, "<origin>")
	for _, kind := range generatedValues {
		text = kind.form.ReplaceAllString(text, kind.name)
	}
	return text
}

// replaceJWT replaces a JWT by a text with the names of its claims.
func replaceJWT(token string) string {
	var members map[string]any
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	_ = json.Unmarshal(payload, &members) // an invalid token has no claims
	return "<jwt " + strings.Join(slices.Sorted(maps.Keys(members)), " ") + ">"
}
