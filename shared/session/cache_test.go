package session

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// recordedCookies are cache cookies that Better Auth wrote at the time NowMs. Payload is the caller in them.
type recordedCookies struct {
	Secret  string
	NowMs   int64
	Payload struct {
		Session store.Session
		User    store.User
	}
	Vectors []struct {
		Strategy       string
		DontRememberMe bool
		Value          string
		SetCookie      string
	}
}

func readRecordedCookies(t testing.TB) (v recordedCookies) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "conformance", "vectors", "session_data_cookies.json"))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (v recordedCookies) now() time.Time { return time.UnixMilli(v.NowMs).UTC() }
func (v recordedCookies) caller() Caller {
	return Caller{Session: v.Payload.Session, User: v.Payload.User}
}

// sessions returns Sessions with the cookie cache on, at the time of the recording.
func (v recordedCookies) sessions(origin string) *Sessions {
	cfg := config.API{Origin: origin, CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge}
	return New(cfg, v.secrets, web.Clients{}, v.now)
}

func (v recordedCookies) secrets(context.Context) ([][]byte, error) {
	return [][]byte{[]byte(v.Secret)}, nil
}

// request returns a request with the cookies in others (name=value) and then the session cookie of the recorded caller.
func (v recordedCookies) request(others ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	sessionCookie := sessionTokenCookie + "=" + Sign([]byte(v.Secret), v.Payload.Session.Token)
	r.Header.Set("Cookie", strings.Join(append(others, sessionCookie), "; "))
	return r
}

func TestR03_CacheCookiesEqualBetterAuths(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	for _, c := range v.Vectors {
		if c.Strategy != "compact" {
			continue
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", nil)
		err := v.sessions("http://localhost:3000").SetCookies(w, r, v.caller(), !c.DontRememberMe)
		if err != nil {
			t.Fatal(err)
		}
		lines := w.Header()["Set-Cookie"]
		if got := lines[len(lines)-1]; got != c.SetCookie {
			t.Errorf("rememberMe false: %v: got the cache cookie %s, want %s", c.DontRememberMe, got, c.SetCookie)
		}
		// The response sets session_token, dont_remember if rememberMe is false, and the cache cookie.
		if want := map[bool]int{false: 2, true: 3}[c.DontRememberMe]; len(lines) != want {
			t.Errorf("rememberMe false: %v: got %d cookies %q, want %d", c.DontRememberMe, len(lines), lines, want)
		}
	}
}

func TestR03_CacheCookiesOfBetterAuthAreRead(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	for _, c := range v.Vectors {
		got, invalid := v.sessions("http://localhost:3000").readCacheCookie(
			v.request(sessionDataCookie+"="+c.Value), [][]byte{[]byte(v.Secret)}, []string{v.Payload.Session.Token})
		if c.Strategy != "compact" {
			if got != nil || !invalid {
				t.Errorf("cookie of strategy %s: got caller %+v, invalid: %v; want no caller and an invalid cookie",
					c.Strategy, got, invalid)
			}
			continue
		}
		if want := v.caller(); invalid || cmp.Diff(&want, got) != "" {
			t.Errorf("cookie of Better Auth: invalid: %v, caller (-want +got):\n%s", invalid, cmp.Diff(&want, got))
		}
	}
}

func TestR03_CacheHitSetsNoHeader(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	w := httptest.NewRecorder()
	r := v.request(sessionDataCookie + "=" + v.Vectors[0].Value)
	got, fromCookie, err := v.sessions("http://localhost:3000").CachedCaller(w, r, nil)
	if want := v.caller(); err != nil || !fromCookie || cmp.Diff(&want, got) != "" || len(w.Header()) > 0 {
		t.Errorf("CachedCaller: got caller %+v, from the cookie: %v, error %v, headers %v; want the caller of the "+
			"cookie and no header",
			got, fromCookie, err, w.Header())
	}
}

// Each cookie is signed with the right secret, unless its name says otherwise.
func TestInvalidCacheCookiesAreRejected(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	secret, now := []byte(v.Secret), v.now()
	newSignedCookie := func(change func(*cachePayload), secret []byte, expires time.Time) string {
		u, s := v.Payload.User, v.Payload.Session
		cached := cachedUser{&u.Name, u.Email, u.EmailVerified, u.Image, u.CreatedAt, u.UpdatedAt, u.UserPluginFields, u.ID}
		p := cachePayload{s, cached, v.NowMs, cacheCookieVersion}
		change(&p)
		signText, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return signCachePayload(t, secret, string(signText), expires.UnixMilli())
	}
	signText := func(s string) string { return signCachePayload(t, secret, s, v.NowMs+1) }
	same, later := func(*cachePayload) {}, now.Add(time.Minute)
	pointerTo := func(s string) *string { return &s }
	base64URLOf := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	expireSession := func(p *cachePayload) { p.Session.ExpiresAt = store.Time{Time: now.Add(-time.Millisecond)} }
	setNameLikeDate := func(p *cachePayload) { p.User.Name = pointerTo("2026-01-15T12:00:00.000Z") }
	setNameLikeShortDate := func(p *cachePayload) { p.User.Name = pointerTo("2026-01-15T12:00:00Z") }
	setImageLikeDate := func(p *cachePayload) { p.User.Image = pointerTo("2026-01-15T12:00:00.1234567Z") }
	setAgentLikeDate := func(p *cachePayload) { p.Session.UserAgent = pointerTo("2026-01-15T12:00:00.1Z") }

	if _, ok := parseCacheCookie([][]byte{secret}, newSignedCookie(same, secret, now), now); !ok {
		t.Fatal("a cookie in its last millisecond is rejected, want it accepted")
	}
	expireSessionNow := func(p *cachePayload) { p.Session.ExpiresAt = store.Time{Time: now} }
	if _, ok := parseCacheCookie([][]byte{secret}, newSignedCookie(expireSessionNow, secret, later), now); !ok {
		t.Error("a cookie of a session in its last millisecond is rejected, want it accepted")
	}
	for name, bad := range map[string]string{
		"an expiry 1 ms ago":       newSignedCookie(same, secret, now.Add(-time.Millisecond)),
		"another secret":           newSignedCookie(same, []byte(v.Secret+"x"), later),
		"another version":          newSignedCookie(func(p *cachePayload) { p.Version = "2" }, secret, later),
		"an expired session":       newSignedCookie(expireSession, secret, later),
		"a name like a date":       newSignedCookie(setNameLikeDate, secret, later),
		"a short date":             newSignedCookie(setNameLikeShortDate, secret, later),
		"an image like a date":     newSignedCookie(setImageLikeDate, secret, later),
		"a user agent like a date": newSignedCookie(setAgentLikeDate, secret, later),
		"no name":                  newSignedCookie(func(p *cachePayload) { p.User.Name = nil }, secret, later),
		"no session id":            newSignedCookie(func(p *cachePayload) { p.Session.ID = "" }, secret, later),
		"no email":                 newSignedCookie(func(p *cachePayload) { p.User.Email = "" }, secret, later),
		"no dates":                 newSignedCookie(func(p *cachePayload) { p.User.UpdatedAt = store.Time{} }, secret, later),
		"an empty payload":         signText(`{}`),
		"a payload of text":        signText(`{"session":"x","user":[],"updatedAt":"x","version":1}`),
		"a name of a wrong type":   signText(`{"session":{},"user":{"name":7}}`),
		"not base64":               "%%%",
		"standard base64":          "++//",
		"a dot and more text":      v.Vectors[0].Value + ".x",
		"empty object":             base64URLOf(`{}`),
		"null":                     base64URLOf(`null`),
		"null session":             base64URLOf(`{"session":null,"expiresAt":1768478700000,"signature":""}`),
		"array":                    base64URLOf(`[]`),
		"wrong types":              base64URLOf(`{"session":[],"expiresAt":"x","signature":1}`),
		"not UTF-8":                base64URLOf("{\"session\":{\"a\":\"\xff\"},\"expiresAt\":1,\"signature\":\"\"}"),
		"very deep":                base64URLOf(`{"session":` + strings.Repeat(`{"a":`, 100_000)),
		"an expiry too far away":   base64URLOf(`{"session":{},"expiresAt":1e400,"signature":""}`),
		"its first 500 bytes only": v.Vectors[0].Value[:500],
		"one megabyte":             strings.Repeat("A", 1<<20),
	} {
		if c, ok := parseCacheCookie([][]byte{secret}, bad, now); ok {
			t.Errorf("cookie (%s): got caller %+v, want the cookie rejected", name, c)
		}
	}
	c, invalid := v.sessions("http://localhost:3000").readCacheCookie(
		v.request(sessionDataCookie+"="+v.Vectors[0].Value), [][]byte{secret}, []string{"another session's token"})
	if c != nil || !invalid {
		t.Errorf("cookie of another session: got caller %+v, invalid: %v; want no caller and an invalid cookie", c, invalid)
	}
}

func TestCacheCookieIsReadForOneTokenUnlessTheQueryDisablesIt(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	on := v.sessions("http://localhost:3000")
	off := New(config.API{}, on.Secrets, on.Clients, on.Now)
	token := v.Payload.Session.Token
	for _, c := range []struct {
		name     string
		sessions *Sessions
		query    string
		tokens   []string
		want     bool
	}{
		{"cookie cache on", on, "", []string{token}, true},
		{"cookie cache off", off, "", []string{token}, false},
		{"two tokens", on, "", []string{token, "another"}, false},
		{"an option", on, "?disableCookieCache=false", []string{token}, false},
		{"an option without a value", on, "?disableCookieCache=", []string{token}, true},
		{"an option given twice", on, "?disableCookieCache=&disableCookieCache=", []string{token}, false},
	} {
		r := v.request(sessionDataCookie + "=" + v.Vectors[0].Value)
		r.URL.RawQuery = strings.TrimPrefix(c.query, "?")
		got, invalid := c.sessions.readCacheCookie(r, [][]byte{[]byte(v.Secret)}, c.tokens)
		if (got != nil) != c.want || invalid {
			t.Errorf("readCacheCookie, %s: got caller %+v, invalid: %v; want a caller: %v and no invalid cookie",
				c.name, got, invalid, c.want)
		}
	}
}

func TestCacheCookieHasNoLongImage(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	for length, want := range map[int]bool{MaxImageLength: true, MaxImageLength + 1: false} {
		c, image := v.caller(), strings.Repeat("i", length)
		c.User.Image = &image
		w := httptest.NewRecorder()
		err := v.sessions("http://localhost:3000").setCacheCookie(w, v.request(), []byte(v.Secret), c, true)
		line := w.Header().Get("Set-Cookie")
		if got := strings.HasPrefix(line, sessionDataCookie+"="); got != want || err != nil {
			t.Errorf("image of %d characters: got Set-Cookie %q, error %v; want a cache cookie: %v", length, line, err, want)
		}
	}
}

func TestAtMostEightCacheCookiesAreRead(t *testing.T) {
	t.Parallel()
	s := readRecordedCookies(t).sessions("http://localhost:3000")
	r := httptest.NewRequest("GET", "/", nil)
	var pairs []string
	for _, value := range strings.Split(" a b c d e f g h i", " ") { // the first one is empty
		pairs = append(pairs, sessionDataCookie+"="+value)
	}
	r.Header.Set("Cookie", strings.Join(pairs, "; "))
	if diff := cmp.Diff(strings.Split("a b c d e f g h", " "), s.cacheCookieValues(r)); diff != "" {
		t.Errorf("request with ten cache cookies, the first one empty: values (-want +got):\n%s", diff)
	}
}

// signCachePayload returns the value of a cache cookie with the payload text (JSON), signed with secret. It expires at
// expires, in milliseconds since 1970.
func signCachePayload(t *testing.T, secret []byte, text string, expires int64) string {
	t.Helper()
	signature := base64.RawURLEncoding.EncodeToString(cacheCookieMAC(secret, []byte(text), expires))
	whole, err := json.Marshal(signedPayload{json.RawMessage(text), expires, signature})
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(whole)
}

// If one byte of a cookie is changed, the cookie is rejected or still has the same content.
func TestChangedCacheCookiesAreRejected(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	text, err := base64.RawURLEncoding.DecodeString(v.Vectors[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		changed := slices.Clone(text)
		changed[i] ^= 1
		c, ok := parseCacheCookie([][]byte{[]byte(v.Secret)}, base64.RawURLEncoding.EncodeToString(changed), v.now())
		if want := v.caller(); ok && cmp.Diff(want, c) != "" {
			t.Errorf("cookie with byte %d changed is accepted with another content (-want +got):\n%s", i, cmp.Diff(want, c))
		}
	}
}

func TestR25_CacheCookieTooLargeForOneIsNotSet(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	for _, origin := range []string{"http://localhost:3000", "https://learn.example.com"} {
		s := v.sessions(origin)
		size := maxSetCookieLineBytes - len(s.setCookieLine(s.browserCookieName(sessionDataCookie)+".99", "", 300))
		for length, want := range map[int]int{1: 1, size: 1, size + 1: 0, 1 << 20: 0} {
			w := httptest.NewRecorder()
			s.addCacheCookies(w, httptest.NewRequest("GET", "/", nil), strings.Repeat("x", length), 300)
			lines := w.Header()["Set-Cookie"]
			if len(lines) != want || want == 1 && len(lines[0]) > maxSetCookieLineBytes {
				t.Errorf("value of %d bytes: got %d Set-Cookie lines %.80q, want %d of at most %d bytes",
					length, len(lines), lines, want, maxSetCookieLineBytes)
			}
		}
	}
}

// A request can have the parts of a cache cookie in any order.
func TestR25_PartsOfCacheCookieAreJoined(t *testing.T) {
	t.Parallel()
	s := readRecordedCookies(t).sessions("https://learn.example.com")
	var want strings.Builder
	var pairs []string
	for i := range maxCacheCookieParts {
		value := strings.Repeat(strconv.Itoa(i%10), 30)
		want.WriteString(value)
		pairs = append(pairs, fmt.Sprintf("%s.%d=%s", s.browserCookieName(sessionDataCookie), i, value))
	}
	rand.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", strings.Join(pairs, "; "))
	if got := s.cacheCookieValues(r); len(got) != 1 || got[0] != want.String() {
		t.Errorf("cache cookie in %d shuffled parts: got values %q, want one value joined in the order of the numbers",
			maxCacheCookieParts, got)
	}
}

func TestOldPartsOfCacheCookieAreCleared(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	s := v.sessions("http://localhost:3000")
	size := maxSetCookieLineBytes - len(s.setCookieLine(sessionDataCookie+".99", "", 300))
	lineThatClears := func(n string) string {
		return sessionDataCookie + n + "=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
	}
	lineThatSets := func(n, value string) string {
		return sessionDataCookie + n + "=" + value + "; Max-Age=300; Path=/; HttpOnly; SameSite=Lax"
	}
	long := strings.Repeat("x", size)
	for _, c := range []struct {
		name, cookies, value string
		want                 []string
	}{
		{"one cookie replaces one cookie", "better-auth.session_data=old", "new", []string{lineThatSets("", "new")}},
		{
			"one cookie replaces parts", "better-auth.session_data.1=b; better-auth.session_data.0=a", "new",
			[]string{lineThatClears(".1"), lineThatClears(".0"), lineThatSets("", "new")},
		},
		{"too large, clears one cookie", "better-auth.session_data=old", long + "y", []string{lineThatClears("")}},
		{
			"too large, clears parts", "better-auth.session_data.0=a; better-auth.session_data.0=b", long + "y",
			[]string{lineThatClears(".0")},
		},
		{"an empty value clears one cookie", "better-auth.session_data=old", "", []string{lineThatClears("")}},
		{
			"a whole cookie among parts", "better-auth.session_data.0=a; better-auth.session_data=old", "new",
			[]string{lineThatClears(".0"), lineThatSets("", "new")},
		},
		{
			"not a part", "better-auth.session_data.01=a; better-auth.session_data.-1=a; better-auth.session_data.x=a; " +
				"better-auth.session_data.=a; better-auth.session_data.100=a; better-auth.session_data.1e1=a; " +
				"better-auth.session_datax=a; __Secure-better-auth.session_data=a; x",
			"new",
			[]string{lineThatSets("", "new")},
		},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", c.cookies)
		w := httptest.NewRecorder()
		s.addCacheCookies(w, r, c.value, 300)
		if diff := cmp.Diff(c.want, w.Header()["Set-Cookie"]); diff != "" {
			t.Errorf("%s: Set-Cookie lines (-want +got):\n%s", c.name, diff)
		}
	}
}

// Like Better Auth, ClearCookies clears a cache cookie of the request twice.
func TestClearCookiesClearsEveryCacheCookie(t *testing.T) {
	t.Parallel()
	v := readRecordedCookies(t)
	w := httptest.NewRecorder()
	s := v.sessions("http://localhost:3000")
	r := v.request("better-auth.session_data.1=b", "better-auth.session_data=a")
	if err := s.SetCookies(w, r, v.caller(), true); err != nil {
		t.Fatal(err)
	}
	s.ClearCookies(w, r)
	if len(w.Header()) != 1 {
		t.Errorf("Clear after SetCookies: got headers %v, want Set-Cookie only", w.Header())
	}
	var names []string
	for _, line := range w.Header()["Set-Cookie"] {
		name, attributes, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(attributes, "; Max-Age=0;") {
			t.Errorf("Clear: got Set-Cookie %q, want an empty value and Max-Age=0", line)
		}
		names = append(names, strings.TrimPrefix(name, "better-auth."))
	}
	want := []string{"session_token", "session_data", "session_data.1", "session_data", "dont_remember"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names of the cleared cookies (-want +got):\n%s", diff)
	}
}
