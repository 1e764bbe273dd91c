package conformance

import (
	"bufio"
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// answer is the part of a response that must be the same for Xenon and Better Auth, with names in place of generated
// values.
type answer struct {
	Status           int               `json:"status,omitempty"`
	Headers          map[string]string `json:"headers,omitempty"`
	Cookies          []string          `json:"cookies,omitempty"` // the Set-Cookie lines, in order
	Body             json.RawMessage   `json:"body,omitempty"`
	Text             string            `json:"text,omitempty"`   // a body that is not JSON
	Mails            []json.RawMessage `json:"mails,omitempty"`  // sent during the request
	ProviderRequests []json.RawMessage `json:"asked,omitempty"`  // sent by the server to providers during the request
	Rows             json.RawMessage   `json:"rows,omitempty"`   // the result of a step's query
	Tokens           map[string]any    `json:"tokens,omitempty"` // the contents of the tokens, by name
}

// ignoredHeaders are not compared. Set-Cookie is compared as answer.Cookies, and the body instead of Content-Length.
// The other headers come from Go's or Node's HTTP server.
var ignoredHeaders = []string{"Connection", "Content-Length", "Date", "Keep-Alive", "Set-Cookie", "Transfer-Encoding"}

// player plays one scenario against one server.
type player struct {
	server
	t        *testing.T
	domain   string // "@" and the email domain of the scenario's users
	client   *http.Client
	db       func() (*pgx.Conn, error) // opens the connection at the first call; a third of the scenarios have no SQL
	names    *nameTable
	browsers map[string]*browser
	saved    map[string]string // values of placeholders, by name

	providers *providertest.Server
	logins    []*playerLogin // the logins at providers
	read      int64          // how many bytes of the outbox have been read
}

func newPlayer(t *testing.T, s server, in scenario) *player {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	key := func(kid string) (crypto.PublicKey, error) { return s.publishedKey(t.Context(), kid) }
	return &player{
		server: s, t: t, domain: "@" + in.domain(),
		client: &http.Client{Transport: transport, CheckRedirect: doNotFollowRedirects},
		db:     sync.OnceValues(func() (*pgx.Conn, error) { return openConnection(t, s.database) }),
		names: &nameTable{
			secret: []byte(s.secret), isXenon: s.isXenon, key: key, given: map[string]string{}, counts: map[string]int{},
			known: map[string]string{},
		},
		providers: sharedProviderServer(t),
		saved:     map[string]string{"mail.cancel": "none"}, browsers: map[string]*browser{},
	}
}

func doNotFollowRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// doStep does one step. It returns nil when there is nothing to compare.
func (p *player) doStep(s step) (*answer, error) {
	p.names.now, p.names.tokens, p.names.faults = time.Now(), map[string]any{}, nil
	switch {
	case s.Do != "":
		return p.sendRequest(s)
	case s.SQL != "":
		return nil, p.execSQL(p.fillPlaceholders(s.SQL))
	case s.Query != "":
		return p.querySQL(p.fillPlaceholders(s.Query))
	case s.Forge != nil:
		return nil, p.forgeToken(*s.Forge)
	case s.Visit != nil:
		return nil, p.visitProvider(*s.Visit)
	case s.Forget != "":
		delete(p.browsers, s.Forget)
	case s.App != nil:
		return nil, p.computeCodes(s.App)
	}
	for name, value := range s.Sign {
		signature := base64.StdEncoding.EncodeToString(p.names.mac(p.fillPlaceholders(value)))
		p.saved[name] = url.QueryEscape(p.fillPlaceholders(value) + "." + signature)
	}
	return nil, nil
}

func (p *player) execSQL(sql string) error {
	db, err := p.db()
	if err != nil {
		return err
	}
	_, err = db.Exec(p.t.Context(), sql)
	return err
}

func (p *player) querySQL(sql string) (*answer, error) {
	db, err := p.db()
	if err != nil {
		return nil, err
	}
	var rows string
	err = db.QueryRow(p.t.Context(), "SELECT coalesce(json_agg(r), '[]')::text FROM ("+sql+") r").Scan(&rows)
	if err != nil {
		return nil, err
	}
	text, err := p.names.replaceInJSON([]byte(rows))
	return &answer{Rows: text}, err
}

// sendRequest sends a request and handles the response.
func (p *player) sendRequest(s step) (*answer, error) {
	r, err := p.newRequest(s)
	if err != nil {
		return nil, err
	}
	response, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if v, err := decodeJSON(body); err == nil && bytes.HasPrefix(body, []byte("[")) {
		sortByCreation(v) // because a step may save an id by its position in the list
		body = encodeJSON(v)
	}
	if s.As != "" {
		p.browserNamed(s.As).applySetCookies(response.Header["Set-Cookie"])
	}
	mails, err := p.newMails()
	if err != nil {
		return nil, err
	}
	if err := p.saveValues(s.Save, response.Header, body); err != nil {
		return nil, err
	}
	return p.comparableAnswer(response, body, mails)
}

func (p *player) newRequest(s step) (*http.Request, error) {
	method, path, _ := strings.Cut(p.fillPlaceholders(s.Do), " ")
	path = strings.TrimPrefix(path, p.origin)
	var body io.Reader
	if text, hasBody := p.requestBody(s); hasBody {
		body = strings.NewReader(text)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.address+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "conformance")
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if b := p.browserNamed(s.As); len(b.cookies) > 0 {
		r.Header.Set("Cookie", b.String())
	}
	if s.As != "" && method != http.MethodGet {
		r.Header.Set("Origin", p.origin)
	}
	for name, value := range s.Headers {
		r.Header.Del(name)
		if value != nil {
			r.Header.Set(name, p.fillPlaceholders(*value))
		}
	}
	return r, nil
}

// requestBody returns the body of the request of a step, if the step has one.
func (p *player) requestBody(s step) (text string, hasBody bool) {
	switch {
	case s.Text != nil:
		return p.fillPlaceholders(*s.Text), true
	case s.Body != nil:
		return p.fillPlaceholders(string(s.Body)), true
	}
	return "", false
}

// comparableAnswer makes a response comparable. It removes the headers and the cookie that only Xenon sends, and
// reports missing ones.
func (p *player) comparableAnswer(response *http.Response, body []byte, mails []json.RawMessage) (*answer, error) {
	a := &answer{Status: response.StatusCode, Headers: map[string]string{}}
	p.names.nameURLParameters(response.Header.Get("Location") + " " + string(body))
	if p.isXenon {
		p.removeDeviceCookie(response)
		p.removeXenonHeaders(response.Header)
	}
	a.Cookies = p.names.replaceInCookies(response.Header["Set-Cookie"])
	for _, name := range slices.Sorted(maps.Keys(response.Header)) {
		if !slices.Contains(ignoredHeaders, name) {
			a.Headers[name] = p.names.replaceInText(strings.Join(response.Header[name], ", "))
		}
	}
	if wait, err := strconv.Atoi(a.Headers["X-Retry-After"]); err == nil {
		a.Headers["X-Retry-After"] = roundWaitToRateLimitWindow(wait)
	}
	var err error
	switch {
	case len(body) == 0:
	case response.Header.Get("Content-Type") == "application/json":
		a.Body, err = p.names.replaceInJSON(body)
	default:
		a.Text = p.names.replaceInText(string(body))
	}
	for _, mail := range mails {
		text, err := p.names.replaceInJSON(mail)
		if err != nil {
			return nil, err
		}
		a.Mails = append(a.Mails, text)
	}
	a.ProviderRequests = p.providerRequests()
	a.Tokens = p.names.tokens
	return a, err
}

// roundWaitToRateLimitWindow rounds a wait up to the window of the rate limit, if it is at most two seconds shorter
// (two minutes for the window of an hour). On a slow machine the remaining wait is shorter than the window.
func roundWaitToRateLimitWindow(wait int) string {
	for window, slack := range map[int]int{10: 2, 60: 2, 3600: 120} {
		if window-slack <= wait && wait <= window {
			wait = window
		}
	}
	return strconv.Itoa(wait)
}

// removeXenonHeaders checks and removes the headers of D12 and D17, which every response of Xenon has. The JWKS has
// no Vary (D17), because any origin may read it (D60).
func (p *player) removeXenonHeaders(h http.Header) {
	if h.Get("X-Request-Id") == "" {
		p.names.faults = append(p.names.faults, "docs/divergences.md lists D12, but the response has no X-Request-Id")
	}
	if h.Get("Vary") != "Origin" && h.Get("Access-Control-Allow-Origin") != "*" {
		p.names.faults = append(p.names.faults, "docs/divergences.md lists D17, but Vary of the response is not Origin")
	}
	h.Del("X-Request-Id")
	h.Del("Vary")
}

// deviceCookiePattern matches the Set-Cookie line of the device cookie (D65).
var deviceCookiePattern = regexp.MustCompile(
	`^(__Secure-)?better-auth\.device=\d+(\.[\w-]+){3}; Max-Age=31536000; Path=/api/auth/sign-in; ` +
		`HttpOnly(; Secure)?; SameSite=Lax$`)

// removeDeviceCookie checks and removes the device cookie (D65). It is the last cookie of the response to a sign-in
// with a password or a mailed code, to a sign-up that starts a session, and to a successful
// change-password or reset-password.
func (p *player) removeDeviceCookie(response *http.Response) {
	lines := response.Header["Set-Cookie"]
	others := slices.DeleteFunc(slices.Clone(lines), deviceCookiePattern.MatchString)
	signedIn := slices.ContainsFunc(others, func(line string) bool { return strings.Contains(line, "session_token=") })
	want := 0
	switch _, path, _ := strings.Cut(response.Request.URL.Path, "/api/auth"); path {
	case "/sign-in/email", "/sign-up/email":
		if response.StatusCode == http.StatusOK && signedIn {
			want = 1
		}
	case "/sign-in/email-otp": // only a browser that has none gets one
		if signedIn && !strings.Contains(response.Request.Header.Get("Cookie"), "better-auth.device=") {
			want = 1
		}
	case "/change-password", "/reset-password", "/email-otp/reset-password":
		if response.StatusCode == http.StatusOK {
			want = 1
		}
	}
	if len(lines)-len(others) != want || want == 1 && !deviceCookiePattern.MatchString(lines[len(lines)-1]) {
		p.names.faults = append(p.names.faults,
			fmt.Sprintf("docs/divergences.md lists D65: got the cookies %q, want %d device cookies, at the end", lines, want))
	}
	response.Header["Set-Cookie"] = others
}

// newMails returns the mails that were sent to users of this scenario since the last call.
func (p *player) newMails() (all []json.RawMessage, err error) {
	f, err := os.Open(p.mails)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(p.read, io.SeekStart); err != nil {
		return nil, err
	}
	for lines := bufio.NewReader(f); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		p.read += int64(len(line))
		var mail map[string]string
		if err := json.Unmarshal(line, &mail); err != nil {
			return nil, err
		}
		if strings.HasSuffix(mail["to"], p.domain) {
			switch mail["kind"] {
			case "email-change-notice", "email-changed":
				// Only Xenon sends these mails (D76). If their tokens got names, the names of later tokens would differ.
				if mail["token"] != "" {
					p.saved["mail.cancel"] = mail["token"]
					mail["url"] = strings.Replace(mail["url"], mail["token"], "cancel", 1)
					mail["token"] = "cancel"
				}
			case "email-otp":
				p.saved["mail.token"] = mail["token"]
				mail["token"] = strings.Repeat("0", len(mail["token"])) // six digits, which are random
				delete(mail, "url")                                     // Xenon's mails have the URL of the site
			default:
				p.saved["mail.url"], p.saved["mail.token"] = mail["url"], mail["token"]
			}
			delete(mail, "at") // the time at which the mail was written to the outbox
			all = append(all, encodeJSON(mail))
		}
	}
}

// saveValues saves parts of the response, as values of placeholders in later steps.
func (p *player) saveValues(wanted map[string]string, header http.Header, body []byte) error {
	for name, where := range wanted {
		if h, ok := strings.CutPrefix(where, "header."); ok {
			p.saved[name] = header.Get(h)
			continue
		}
		v, err := decodeJSON(body)
		if err != nil {
			return fmt.Errorf("save %s from the response: %w: %s", name, err, body)
		}
		for part := range strings.SplitSeq(strings.TrimPrefix(where, "body."), ".") {
			if list, ok := v.([]any); ok {
				if i, err := strconv.Atoi(part); err == nil && i < len(list) {
					v = list[i]
				}
			} else if object, ok := v.(map[string]any); ok {
				v = object[part]
			}
		}
		text, ok := v.(string)
		if !ok {
			return fmt.Errorf("save %s from the response: no string at %s in %s", name, where, body)
		}
		p.saved[name] = text
	}
	return nil
}

var placeholderPattern = regexp.MustCompile(`\{\{([^{}]+)\}\}`)

// fillPlaceholders replaces the placeholders of step by their values.
func (p *player) fillPlaceholders(s string) string {
	return placeholderPattern.ReplaceAllStringFunc(s, func(found string) string {
		name := strings.Trim(found, "{}")
		if v, ok := p.saved[name]; ok {
			return v
		}
		if word := strings.Fields(name); len(word) == 3 && word[0] == "repeat" {
			if n, err := strconv.Atoi(word[2]); err == nil {
				return strings.Repeat(word[1], n)
			}
		}
		if browser, cookie, ok := strings.Cut(name, "."); ok && p.browsers[browser] != nil {
			for _, c := range p.browsers[browser].cookies {
				if strings.HasSuffix(c[0], cookie) {
					return c[1]
				}
			}
		}
		p.t.Errorf("the scenario uses the placeholder %s, but no earlier step gave it a value", found)
		return found
	})
}

// forgeToken creates a JWT and saves it under the name f.Name.
func (p *player) forgeToken(f forgery) error {
	claims := map[string]any{}
	for name, value := range f.Claims {
		claims[name] = value
		if text, ok := value.(string); ok {
			claims[name] = p.fillPlaceholders(text)
			if name == "iat" || name == "exp" || name == "nbf" {
				d, err := time.ParseDuration(text)
				if err != nil {
					return err
				}
				claims[name] = p.names.now.Add(d).Unix()
			}
		}
	}
	header := map[string]any{"alg": "HS256"}
	maps.Copy(header, f.Header)
	text := base64.RawURLEncoding.EncodeToString(encodeJSON(header)) + "." +
		base64.RawURLEncoding.EncodeToString(encodeJSON(claims))
	signer := nameTable{secret: []byte(p.secret)}
	if f.Secret != "" {
		signer.secret = []byte(f.Secret)
	}
	p.saved[f.Name] = text + "." + base64.RawURLEncoding.EncodeToString(signer.mac(text))
	return nil
}

// text returns the response in the form that is recorded and compared.
func (a *answer) text() string {
	if a == nil {
		return ""
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(a); err != nil {
		panic(err) // cannot happen: the answer was built from JSON
	}
	return out.String()
}
