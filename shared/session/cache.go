package session

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

const (
	cacheCookieVersion   = "1"
	unrememberedCacheAge = time.Minute // for a session with rememberMe false
)

// cachePayload is the content of the cache cookie, with the names and the order of Better Auth's JSON. The signature
// covers this JSON with expiresAt appended, so its bytes must be those that JSON.stringify would write
// (docs/wire.md#cookie-cache).
type cachePayload struct {
	Session   store.Session `json:"session"`
	User      cachedUser    `json:"user"`
	UpdatedAt int64         `json:"updatedAt"` // milliseconds since 1970
	Version   string        `json:"version"`
}

// cachedUser has the fields of store.User in the order of Better Auth's cache cookie.
type cachedUser struct {
	Name          *string    `json:"name"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	Image         *string    `json:"image"`
	CreatedAt     store.Time `json:"createdAt"`
	UpdatedAt     store.Time `json:"updatedAt"`
	store.UserPluginFields
	ID string `json:"id"`
}

// signedPayload is the value of the cache cookie before it is encoded in base64url. Session is the JSON of a
// cachePayload.
type signedPayload struct {
	Session   json.RawMessage `json:"session"`
	ExpiresAt int64           `json:"expiresAt"` // milliseconds since 1970
	Signature string          `json:"signature"`
}

// MaxImageLength is the maximum length of a user's image, in characters, in a cache cookie or a JWT.
const MaxImageLength = 2048

// setCacheCookie sets the cache cookie for c if the cookie cache is on. If the user's image is longer than
// MaxImageLength, it clears the cache cookies of r instead.
func (s *Sessions) setCacheCookie(
	w http.ResponseWriter, r *http.Request, secret []byte, c Caller, remember bool,
) error {
	if s.cache == 0 {
		return nil
	}
	age, maxAge := s.cache, int(s.cache.Seconds())
	if !remember {
		age, maxAge = unrememberedCacheAge, untilBrowserCloses
	}
	var value string
	if c.User.Image == nil || web.UTF16Length(*c.User.Image) <= MaxImageLength {
		var err error
		if value, err = formatCacheCookie(secret, c, s.Now(), age); err != nil {
			return fmt.Errorf("write cache cookie: %w", err)
		}
	}
	s.addCacheCookies(w, r, value, maxAge)
	return nil
}

// readCacheCookie returns the caller in the cache cookie of r, or nil if r has no valid one for its token. Then invalid
// reports whether r has an invalid one. With several tokens it returns nil, because only the database knows which
// session is live.
func (s *Sessions) readCacheCookie(r *http.Request, secrets [][]byte, tokens []string) (c *Caller, invalid bool) {
	if s.cache == 0 || len(tokens) != 1 || isQueryOptionSet(r, "disableCookieCache") {
		return nil, false
	}
	for _, value := range s.cacheCookieValues(r) {
		found, ok := parseCacheCookie(secrets, value, s.Now())
		if ok && found.Session.Token == tokens[0] {
			found.removeFieldsOfOtherPlugins(s.plugins)
			return &found, false
		}
		invalid = true
	}
	return nil, invalid
}

// formatCacheCookie returns the value of a cache cookie for c that is valid from now until now plus age.
func formatCacheCookie(secret []byte, c Caller, now time.Time, age time.Duration) (string, error) {
	u := c.User
	text, err := stringify.Marshal(cachePayload{
		Session: c.Session,
		User: cachedUser{
			&u.Name, u.Email, u.EmailVerified, u.Image, u.CreatedAt, u.UpdatedAt, u.UserPluginFields, u.ID,
		},
		UpdatedAt: now.UnixMilli(),
		Version:   cacheCookieVersion,
	})
	if err != nil {
		return "", err
	}
	expires := now.Add(age).UnixMilli()
	signature := base64.RawURLEncoding.EncodeToString(cacheCookieMAC(secret, text, expires))
	whole, err := stringify.Marshal(signedPayload{text, expires, signature})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(whole), nil
}

// parseCacheCookie reads the value of a cache cookie. ok is true if Xenon or Better Auth signed the value with one of
// the secrets, the value has cacheCookieVersion, and neither the cookie nor its session has expired.
func parseCacheCookie(secrets [][]byte, value string, now time.Time) (c Caller, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return c, false
	}
	var whole signedPayload
	if json.Unmarshal(text, &whole) != nil || len(whole.Session) == 0 || whole.Session[0] != '{' {
		return c, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(whole.Signature)
	if err != nil || !slices.ContainsFunc(secrets, func(secret []byte) bool {
		return hmac.Equal(signature, cacheCookieMAC(secret, whole.Session, whole.ExpiresAt))
	}) {
		return c, false
	}
	p := cachePayload{Version: cacheCookieVersion}
	if json.Unmarshal(whole.Session, &p) != nil || p.Version != cacheCookieVersion || !p.isAcceptedByBetterAuth() {
		return c, false
	}
	if ms := now.UnixMilli(); whole.ExpiresAt < ms || p.Session.ExpiresAt.UnixMilli() < ms {
		return c, false
	}
	u := p.User
	return Caller{Session: p.Session, User: store.User{
		ID: u.ID, Name: *u.Name, Email: u.Email, EmailVerified: u.EmailVerified, Image: u.Image,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, UserPluginFields: u.UserPluginFields,
	}}, true
}

// cacheCookieMAC returns the MAC of text, the JSON of a cachePayload, with expiresAt added as the last member. It adds
// the member to the text itself: decoding and encoding the JSON could change the bytes that were signed.
func cacheCookieMAC(secret []byte, text []byte, expiresAt int64) []byte {
	return hmacSHA256(secret, string(text[:len(text)-1])+`,"expiresAt":`+strconv.FormatInt(expiresAt, 10)+"}")
}

// betterAuthDatePattern matches text that Better Auth parses as a date, even in a field that is not a date. So Better
// Auth rejects a cache cookie with such text in one of these fields, such as the name of the user.
var betterAuthDatePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
})

// isAcceptedByBetterAuth reports whether the required fields have values and Better Auth would parse no text as a date.
func (p *cachePayload) isAcceptedByBetterAuth() bool {
	for _, t := range []store.Time{
		p.Session.ExpiresAt, p.Session.CreatedAt, p.Session.UpdatedAt, p.User.CreatedAt, p.User.UpdatedAt,
	} {
		if t.IsZero() {
			return false
		}
	}
	for _, text := range []*string{
		p.User.Name, p.User.Image, p.User.Role.Value, p.User.BanReason.Value,
		p.Session.IPAddress, p.Session.UserAgent, p.Session.ImpersonatedBy.Value,
	} {
		if text != nil && betterAuthDatePattern().MatchString(*text) {
			return false
		}
	}
	return p.Session.ID != "" && p.Session.Token != "" && p.Session.UserID != "" &&
		p.User.ID != "" && p.User.Email != "" && p.User.Name != nil
}

// isQueryOptionSet reports whether the query of r sets an option such as disableRefresh. Every value that is not empty
// sets it, even "false", and so does a repeated parameter (docs/wire.md#session-endpoints).
func isQueryOptionSet(r *http.Request, name string) bool {
	values := r.URL.Query()[name]
	return len(values) > 1 || len(values) == 1 && values[0] != ""
}
