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

// recordedCookies has cache cookies that Better Auth wrote for a caller at a time.
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

func readRecorded(t testing.TB) (v recordedCookies) {
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
func (v recordedCookies) caller() Caller { return Caller{v.Payload.Session, v.Payload.User} }

// sessions has the cookie cache on and no database: using it panics.
func (v recordedCookies) sessions(origin string) *Sessions {
	cfg := config.API{Origin: origin, CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge}
	return New(cfg, func(context.Context) ([]byte, error) { return []byte(v.Secret), nil }, web.Clients{}, v.now)
}

// request returns a request with the caller's session cookie and others.
func (v recordedCookies) request(others ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	own := sessionToken + "=" + Sign([]byte(v.Secret), v.Payload.Session.Token)
	r.Header.Set("Cookie", strings.Join(append(others, own), "; "))
	return r
}

func TestR03_CacheCookiesEqualBetterAuths(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
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
			t.Errorf("not remembered %v: got %s, want %s", c.DontRememberMe, got, c.SetCookie)
		}
		// Better Auth reads the cookie dont_remember before the cache cookie.
		if want := map[bool]int{false: 2, true: 3}[c.DontRememberMe]; len(lines) != want {
			t.Errorf("got %d cookies, want %d: %q", len(lines), want, lines)
		}
	}
}

func TestR03_CacheCookiesOfBetterAuthAreRead(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	for _, c := range v.Vectors {
		got, bad := v.sessions("http://localhost:3000").readCache(
			v.request(sessionData+"="+c.Value), []byte(v.Secret), []string{v.Payload.Session.Token})
		if c.Strategy != "compact" {
			if got != nil || !bad {
				t.Errorf("%s: got %+v, bad %v, want no caller and a bad cookie", c.Strategy, got, bad)
			}
			continue
		}
		if want := v.caller(); bad || cmp.Diff(&want, got) != "" {
			t.Errorf("bad %v, caller (-want +got):\n%s", bad, cmp.Diff(&want, got))
		}
	}
}

func TestR03_CacheHitSetsNoHeader(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	w := httptest.NewRecorder()
	r := v.request(sessionData + "=" + v.Vectors[0].Value)
	got, fromCookie, err := v.sessions("http://localhost:3000").CachedCaller(w, r, nil)
	if want := v.caller(); err != nil || !fromCookie || cmp.Diff(&want, got) != "" || len(w.Header()) > 0 {
		t.Errorf("got %+v, %v, headers %v, want the caller of the cookie and no header", got, err, w.Header())
	}
}

// Cache cookies that are rejected. Each is signed with the right secret, unless its name says otherwise.
func TestInvalidCacheCookiesAreRejected(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	secret, now := []byte(v.Secret), v.now()
	good := func(change func(*cachePayload), secret []byte, expires time.Time) string {
		u, s := v.Payload.User, v.Payload.Session
		cached := cachedUser{&u.Name, u.Email, u.EmailVerified, u.Image, u.CreatedAt, u.UpdatedAt, u.ID}
		p := cachePayload{s, cached, v.NowMs, cacheVersion}
		change(&p)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return signText(t, secret, string(text), expires.UnixMilli())
	}
	text := func(s string) string { return signText(t, secret, s, v.NowMs+1) }
	same, later := func(*cachePayload) {}, now.Add(time.Minute)
	value := func(s string) *string { return &s }
	encoded := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	expire := func(p *cachePayload) { p.Session.ExpiresAt = store.Time{Time: now.Add(-time.Millisecond)} }
	nameLikeDate := func(p *cachePayload) { p.User.Name = value("2026-01-15T12:00:00.000Z") }
	imageLikeDate := func(p *cachePayload) { p.User.Image = value("2026-01-15T12:00:00.1234567Z") }
	agentLikeDate := func(p *cachePayload) { p.Session.UserAgent = value("2026-01-15T12:00:00.1Z") }

	if _, ok := parseCache(secret, good(same, secret, now), now); !ok {
		t.Fatal("a cookie in its last millisecond is refused, want it accepted")
	}
	expireNow := func(p *cachePayload) { p.Session.ExpiresAt = store.Time{Time: now} }
	if _, ok := parseCache(secret, good(expireNow, secret, later), now); !ok {
		t.Error("a cookie of a session in its last millisecond is refused, want it accepted")
	}
	for name, bad := range map[string]string{
		"a millisecond late":      good(same, secret, now.Add(-time.Millisecond)),
		"another secret":          good(same, []byte(v.Secret+"x"), later),
		"another version":         good(func(p *cachePayload) { p.Version = "2" }, secret, later),
		"the session has expired": good(expire, secret, later),
		"a name like a date":      good(nameLikeDate, secret, later),
		"a short date":            good(func(p *cachePayload) { p.User.Name = value("2026-01-15T12:00:00Z") }, secret, later),
		"an image like a date":    good(imageLikeDate, secret, later),
		"a client like a date":    good(agentLikeDate, secret, later),
		"no name":                 good(func(p *cachePayload) { p.User.Name = nil }, secret, later),
		"no session id":           good(func(p *cachePayload) { p.Session.ID = "" }, secret, later),
		"no e-mail":               good(func(p *cachePayload) { p.User.Email = "" }, secret, later),
		"no dates":                good(func(p *cachePayload) { p.User.UpdatedAt = store.Time{} }, secret, later),
		"an empty payload":        text(`{}`),
		"a payload of text":       text(`{"session":"x","user":[],"updatedAt":"x","version":1}`),
		"a name of a wrong type":  text(`{"session":{},"user":{"name":7}}`),
		"not base64":              "%%%",
		"standard base64":         "++//",
		"with a dot":              v.Vectors[0].Value + ".x",
		"empty object":            encoded(`{}`),
		"null":                    encoded(`null`),
		"null session":            encoded(`{"session":null,"expiresAt":1768478700000,"signature":""}`),
		"array":                   encoded(`[]`),
		"wrong types":             encoded(`{"session":[],"expiresAt":"x","signature":1}`),
		"not UTF-8":               encoded("{\"session\":{\"a\":\"\xff\"},\"expiresAt\":1,\"signature\":\"\"}"),
		"very deep":               encoded(`{"session":` + strings.Repeat(`{"a":`, 100_000)),
		"an expiry too far away":  encoded(`{"session":{},"expiresAt":1e400,"signature":""}`),
		"cut short":               v.Vectors[0].Value[:500],
		"one megabyte":            strings.Repeat("A", 1<<20),
	} {
		if c, ok := parseCache(secret, bad, now); ok {
			t.Errorf("%s: got %+v, want none", name, c)
		}
	}
	c, invalid := v.sessions("http://localhost:3000").readCache(
		v.request(sessionData+"="+v.Vectors[0].Value), secret, []string{"another session's token"})
	if c != nil || !invalid {
		t.Errorf("cookie of another session: got %+v, invalid %v, want no caller and an invalid cookie", c, invalid)
	}
}

func TestCacheCookieIsReadForOneTokenUnlessTheQueryDisablesIt(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	on := v.sessions("http://localhost:3000")
	off := New(config.API{}, on.Secret, on.Clients, on.Now)
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
		r := v.request(sessionData + "=" + v.Vectors[0].Value)
		r.URL.RawQuery = strings.TrimPrefix(c.query, "?")
		got, invalid := c.sessions.readCache(r, []byte(v.Secret), c.tokens)
		if (got != nil) != c.want || invalid {
			t.Errorf("%s: got %+v, invalid %v, want a caller: %v", c.name, got, invalid, c.want)
		}
	}
}

func TestCacheCookieHasNoLongImage(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	for length, want := range map[int]bool{MaxImage: true, MaxImage + 1: false} {
		c, image := v.caller(), strings.Repeat("i", length)
		c.User.Image = &image
		w := httptest.NewRecorder()
		err := v.sessions("http://localhost:3000").setCache(w, v.request(), []byte(v.Secret), c, true)
		line := w.Header().Get("Set-Cookie")
		if got := strings.HasPrefix(line, sessionData+"="); got != want || err != nil {
			t.Errorf("an image of %d characters: got %q, %v, want a cookie: %v", length, line, err, want)
		}
	}
}

func TestAtMostEightCacheCookiesAreRead(t *testing.T) {
	t.Parallel()
	s := readRecorded(t).sessions("http://localhost:3000")
	r := httptest.NewRequest("GET", "/", nil)
	var pairs []string
	for _, value := range strings.Split(" a b c d e f g h i", " ") { // the first one is empty
		pairs = append(pairs, sessionData+"="+value)
	}
	r.Header.Set("Cookie", strings.Join(pairs, "; "))
	if diff := cmp.Diff(strings.Split("a b c d e f g h", " "), s.cacheValues(r)); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

// signText returns a cache cookie with the given text.
func signText(t *testing.T, secret []byte, text string, expires int64) string {
	t.Helper()
	signature := base64.RawURLEncoding.EncodeToString(cacheMAC(secret, []byte(text), expires))
	whole, err := json.Marshal(signedPayload{json.RawMessage(text), expires, signature})
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(whole)
}

// A cookie with one changed byte is rejected, or has the same content.
func TestChangedCacheCookiesAreRejected(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	text, err := base64.RawURLEncoding.DecodeString(v.Vectors[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		changed := slices.Clone(text)
		changed[i] ^= 1
		c, ok := parseCache([]byte(v.Secret), base64.RawURLEncoding.EncodeToString(changed), v.now())
		if want := v.caller(); ok && cmp.Diff(want, c) != "" {
			t.Errorf("byte %d: a changed cookie is accepted (-want +got):\n%s", i, cmp.Diff(want, c))
		}
	}
}

func TestR25_CacheCookieTooLargeForOneIsNotSet(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	for _, origin := range []string{"http://localhost:3000", "https://learn.example.com"} {
		s := v.sessions(origin)
		size := maxCookie - len(s.setCookieLine(s.name(sessionData)+".99", "", 300))
		for length, want := range map[int]int{1: 1, size: 1, size + 1: 0, 1 << 20: 0} {
			w := httptest.NewRecorder()
			s.addCache(w, httptest.NewRequest("GET", "/", nil), strings.Repeat("x", length), 300)
			lines := w.Header()["Set-Cookie"]
			if len(lines) != want || want == 1 && len(lines[0]) > maxCookie {
				t.Errorf("%d bytes: got %d cookies, want %d", length, len(lines), want)
			}
		}
	}
}

// The parts of a cache cookie of Better Auth can have any order.
func TestR25_PartsOfCacheCookieAreJoined(t *testing.T) {
	t.Parallel()
	s := readRecorded(t).sessions("https://learn.example.com")
	var want strings.Builder
	var pairs []string
	for i := range maxChunks {
		value := strings.Repeat(strconv.Itoa(i%10), 30)
		want.WriteString(value)
		pairs = append(pairs, fmt.Sprintf("%s.%d=%s", s.name(sessionData), i, value))
	}
	rand.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", strings.Join(pairs, "; "))
	if got := s.cacheValues(r); len(got) != 1 || got[0] != want.String() {
		t.Errorf("got values %q, want the joined parts", got)
	}
}

func TestOldPartsOfCacheCookieAreCleared(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	s := v.sessions("http://localhost:3000")
	size := maxCookie - len(s.setCookieLine(sessionData+".99", "", 300))
	cleared := func(n string) string {
		return sessionData + n + "=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
	}
	set := func(n, value string) string {
		return sessionData + n + "=" + value + "; Max-Age=300; Path=/; HttpOnly; SameSite=Lax"
	}
	long := strings.Repeat("x", size)
	for _, c := range []struct {
		name, cookies, value string
		want                 []string
	}{
		{"one cookie replaces one cookie", "better-auth.session_data=old", "new", []string{set("", "new")}},
		{
			"one cookie replaces parts", "better-auth.session_data.1=b; better-auth.session_data.0=a", "new",
			[]string{cleared(".1"), cleared(".0"), set("", "new")},
		},
		{"too large, clears one cookie", "better-auth.session_data=old", long + "y", []string{cleared("")}},
		{
			"too large, clears parts", "better-auth.session_data.0=a; better-auth.session_data.0=b", long + "y",
			[]string{cleared(".0")},
		},
		{"an empty value clears one cookie", "better-auth.session_data=old", "", []string{cleared("")}},
		{
			"a whole cookie among parts", "better-auth.session_data.0=a; better-auth.session_data=old", "new",
			[]string{cleared(".0"), set("", "new")},
		},
		{
			"not a part", "better-auth.session_data.01=a; better-auth.session_data.-1=a; better-auth.session_data.x=a; " +
				"better-auth.session_data.=a; better-auth.session_data.100=a; better-auth.session_data.1e1=a; " +
				"better-auth.session_datax=a; __Secure-better-auth.session_data=a; x",
			"new",
			[]string{set("", "new")},
		},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", c.cookies)
		w := httptest.NewRecorder()
		s.addCache(w, r, c.value, 300)
		if diff := cmp.Diff(c.want, w.Header()["Set-Cookie"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Better Auth clears a cache cookie of the request twice when it clears everything.
func TestClearClearsEveryCacheCookie(t *testing.T) {
	t.Parallel()
	v := readRecorded(t)
	w := httptest.NewRecorder()
	s := v.sessions("http://localhost:3000")
	r := v.request("better-auth.session_data.1=b", "better-auth.session_data=a")
	if err := s.SetCookies(w, r, v.caller(), true); err != nil {
		t.Fatal(err)
	}
	s.Clear(w, r)
	if len(w.Header()) != 1 {
		t.Errorf("got headers %v, want only cookies", w.Header())
	}
	var names []string
	for _, line := range w.Header()["Set-Cookie"] {
		name, attributes, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(attributes, "; Max-Age=0;") {
			t.Errorf("got Set-Cookie attributes of %q, want Max-Age=0", line)
		}
		names = append(names, strings.TrimPrefix(name, "better-auth."))
	}
	want := []string{"session_token", "session_data", "session_data.1", "session_data", "dont_remember"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
