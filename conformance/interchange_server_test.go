//go:build node

package conformance

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

// runningServer is a running Xenon or Better Auth: its name, URL, public origin, and the file to which it writes mails.
type runningServer struct{ name, url, origin, outbox string }

// interchange is Xenon and Better Auth on one database, with one secret and one public origin, as during a migration
// from one to the other.
type interchange struct {
	xenon, betterAuth runningServer
	origin            string
	database          string
}

// newInterchange starts Xenon and Better Auth with the same settings, in addition to the defaults of these tests.
func newInterchange(t *testing.T, settings ...string) interchange {
	t.Helper()
	secret := "BETTER_AUTH_SECRET=" + rand.Text() + rand.Text()
	return newInterchangeOn(t, dbtest.New(t), append([]string{secret}, settings...)...)
}

// newInterchangeOn is like newInterchange, with an existing database. The settings have to contain the secret.
func newInterchangeOn(t *testing.T, database string, settings ...string) interchange {
	t.Helper()
	dir := t.TempDir()
	env := append([]string{
		"DATABASE_URL=" + database, "PASSWORD_HASH=scrypt", "SHARED_DATABASE=on", "RATE_LIMIT=off", "CHEAP_HASHES=repeated",
	}, settings...)
	ours, theirs := filepath.Join(dir, "xenon.jsonl"), filepath.Join(dir, "better_auth.jsonl")
	x := xenontest.StartWithEnv(t, append(env, "MAIL_FILE="+ours)...)
	l := startBetterAuth(t, append(env, "MAIL_FILE="+theirs, "BETTER_AUTH_URL="+x.Origin)...)
	return interchange{
		xenon:      runningServer{"Xenon", x.Origin, x.Origin, ours},
		betterAuth: runningServer{"Better Auth", l, x.Origin, theirs},
		origin:     x.Origin, database: database,
	}
}

// startBetterAuth starts Better Auth with these environment variables, each as NAME=value, and returns its URL.
func startBetterAuth(t *testing.T, env ...string) string {
	t.Helper()
	settings := map[string]string{}
	for _, setting := range env {
		name, value, _ := strings.Cut(setting, "=")
		settings[name] = value
	}
	url, err := startBetterAuthServer(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// controlSample is the part of the tests that make test also runs with Better Auth as both servers: one in four.
const controlSample = 4

// forEachPair runs a test for the pairs (Better Auth, Xenon), (Xenon, Better Auth) and (Better Auth, Better Auth). The
// last pair checks the test itself: only a sample of the tests runs it, all with XENON_WHOLE=1.
func (ix interchange) forEachPair(t *testing.T, run func(t *testing.T, first, second runningServer)) {
	t.Helper()
	pairs := [][2]runningServer{{ix.betterAuth, ix.xenon}, {ix.xenon, ix.betterAuth}}
	if sample.RunsAllCases() || sample.NewRandom(t).IntN(controlSample) == 0 {
		pairs = append(pairs, [2]runningServer{ix.betterAuth, ix.betterAuth})
	}
	for _, pair := range pairs {
		t.Run(pair[0].name+" to "+pair[1].name, func(t *testing.T) {
			t.Parallel()
			run(t, pair[0], pair[1])
		})
	}
}

// queryValue reads one value from the shared database, "" if there is no row.
func (ix interchange) queryValue(t *testing.T, sql string, args ...any) string {
	t.Helper()
	rows, err := connect(t, ix.database).Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var value string
	if rows.Next() {
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return value
}

func (ix interchange) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := connect(t, ix.database).Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// visitor is a browser that sends the same cookies to both servers, as if they were one site.
type visitor struct {
	t      *testing.T
	origin string
	jar    map[string]string
	bearer string
}

func (ix interchange) newVisitor(t *testing.T) *visitor {
	t.Helper()
	return &visitor{t: t, origin: ix.origin, jar: map[string]string{}}
}

// reply is the response of a server to a request.
type reply struct {
	request string // for failure texts
	status  int
	header  http.Header
	text    string
	body    jsonObject
}

// jsonObject is a JSON object: the body of a request or of a response.
type jsonObject map[string]any

// objectMember returns the value of a member if it is an object, and otherwise an empty object.
func (o jsonObject) objectMember(name string) jsonObject {
	inner, _ := o[name].(map[string]any)
	return inner
}

// textMember returns the value of a member if it is a string, and otherwise "".
func (o jsonObject) textMember(name string) string {
	s, _ := o[name].(string)
	return s
}

func (b *visitor) get(s runningServer, path string) reply {
	return b.send(s, http.MethodGet, path, nil)
}

func (b *visitor) post(s runningServer, path string, body jsonObject) reply {
	return b.send(s, http.MethodPost, path, body)
}

// send sends a request to s and stores the cookies of the response. A path that does not begin with /api/ is relative
// to /api/auth.
func (b *visitor) send(s runningServer, method, path string, body jsonObject) reply {
	b.t.Helper()
	if !strings.HasPrefix(path, "/api/") {
		path = "/api/auth" + path
	}
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, s.url+path, payload)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Origin", b.origin)
	r.Header.Set("User-Agent", "interchange")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	var cookies []string
	for name, value := range b.jar {
		cookies = append(cookies, name+"="+value)
	}
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	response, err := http.DefaultTransport.RoundTrip(r) // RoundTrip does not follow redirects
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.storeCookies(response.Header["Set-Cookie"])
	a := reply{
		request: method + " " + path + " at " + s.name,
		status:  response.StatusCode, header: response.Header, text: string(text),
	}
	_ = json.Unmarshal(text, &a.body) // body stays nil for null, a list or an empty response
	return a
}

func (b *visitor) storeCookies(lines []string) {
	for _, line := range lines {
		pair, attributes, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(attributes, " Max-Age=0") {
			delete(b.jar, name)
		} else {
			b.jar[name] = value
		}
	}
}

// sessionIDsAt returns the ids of the user and the session in the response of s to get-session. They are "" without a
// session.
func (b *visitor) sessionIDsAt(s runningServer) (user, session string) {
	b.t.Helper()
	a := b.get(s, "/get-session")
	if a.status != http.StatusOK {
		b.t.Fatalf("get-session at %s: got %d %s, want 200", s.name, a.status, a.text)
	}
	return a.body.objectMember("user").textMember("id"), a.body.objectMember("session").textMember("id")
}

// checkStatus fails the test unless a has the status. It returns a.
func (b *visitor) checkStatus(a reply, status int) reply {
	b.t.Helper()
	if a.status != status {
		b.t.Fatalf("%s: got the status %d, the body %s and the location %v, want the status %d",
			a.request, a.status, a.text, a.header["Location"], status)
	}
	return a
}

const testPassword = "pässwörd-€-😀 ﬁancé"

func newEmail() string { return "ada-" + strings.ToLower(rand.Text()) + "@example.com" }

// register signs a new user up at s, and returns their email and id.
func (b *visitor) register(s runningServer) (email, id string) {
	b.t.Helper()
	email = newEmail()
	in := jsonObject{"name": `Ada <"&'\>` + "\u2028 ✓", "email": email, "password": testPassword}
	a := b.checkStatus(b.post(s, "/sign-up/email", in), http.StatusOK)
	return email, a.body.objectMember("user").textMember("id")
}

// newestMailLink returns the link, without the origin, and the token of the newest mail of a kind that s sent to an
// email.
func (b *visitor) newestMailLink(s runningServer, kind, to string) (url, token string) {
	b.t.Helper()
	url, token = b.newestMail(s, kind, to)
	path, isOurs := strings.CutPrefix(url, b.origin)
	if !isOurs || token == "" {
		b.t.Fatalf("the newest mail of the kind %s from %s to %s: got the link %q and the token %q, want a token and a link "+
			"to %s", kind, s.name, to, url, token, b.origin)
	}
	return path, token
}

// newestMail returns the URL and the token of the newest mail of a kind that s sent to an email, "" if there is none.
func (b *visitor) newestMail(s runningServer, kind, to string) (url, token string) {
	b.t.Helper()
	text, err := os.ReadFile(s.outbox)
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var m struct{ Kind, To, URL, Token string }
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			b.t.Fatal(err)
		}
		if m.Kind == kind && m.To == to {
			url, token = m.URL, m.Token
		}
	}
	return url, token
}
