package session

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const (
	cacheVersion      = "1"
	forgottenCacheAge = time.Minute // of a session that is not to be remembered
)

// payload is what the cache cookie says, in the library's words and order. The signature is over these bytes with
// expiresAt appended, so they must be what JSON.stringify would write (docs/wire.md#cookie-cache).
type payload struct {
	Session   store.Session `json:"session"`
	User      cachedUser    `json:"user"`
	UpdatedAt int64         `json:"updatedAt"` // ms
	Version   string        `json:"version"`
}

// cachedUser is store.User in the order of the library's cookies.
type cachedUser struct {
	Name          *string    `json:"name"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	Image         *string    `json:"image"`
	CreatedAt     store.Time `json:"createdAt"`
	UpdatedAt     store.Time `json:"updatedAt"`
	ID            string     `json:"id"`
}

// sealed is a payload with its signature, as the cookie carries it.
type sealed struct {
	Session   json.RawMessage `json:"session"`
	ExpiresAt int64           `json:"expiresAt"` // ms
	Signature string          `json:"signature"`
}

// MaxImage is the longest image of a user, in characters, that goes into a cookie or a token.
const MaxImage = 2048

// setCache hands out the cache cookie of a caller, if the cache is on. A user with a longer image than MaxImage has
// none.
func (s *Sessions) setCache(w http.ResponseWriter, r *http.Request, secret []byte, c Caller, remember bool) error {
	if s.cache == 0 {
		return nil
	}
	age, maxAge := s.cache, int(s.cache.Seconds())
	if !remember {
		age, maxAge = forgottenCacheAge, sessionLong
	}
	var value string
	if c.User.Image == nil || web.Length(*c.User.Image) <= MaxImage {
		var err error
		if value, err = seal(secret, c, s.Now(), age); err != nil {
			return fmt.Errorf("write cache cookie: %w", err)
		}
	}
	s.addCache(w, r, value, maxAge)
	return nil
}

// readCache is what r's cache cookie says of the caller whose token r carries: nil if there is none to be believed, and
// then whether there was one that is bad. With several tokens the database decides which session is live.
func (s *Sessions) readCache(r *http.Request, secret []byte, tokens []string) (c *Caller, bad bool) {
	if s.cache == 0 || len(tokens) != 1 || asked(r, "disableCookieCache") {
		return nil, false
	}
	for _, value := range s.cacheValues(r) {
		found, ok := unseal(secret, value, s.Now())
		if ok && found.Session.Token == tokens[0] {
			return &found, false
		}
		bad = true
	}
	return nil, bad
}

// seal is the value of a cache cookie that is good for age from now on.
func seal(secret []byte, c Caller, now time.Time, age time.Duration) (string, error) {
	u := c.User
	text, err := web.Marshal(payload{
		c.Session, cachedUser{&u.Name, u.Email, u.EmailVerified, u.Image, u.CreatedAt, u.UpdatedAt, u.ID}, now.UnixMilli(), cacheVersion,
	})
	if err != nil {
		return "", err
	}
	expires := now.Add(age).UnixMilli()
	whole, err := web.Marshal(sealed{text, expires, base64.RawURLEncoding.EncodeToString(cacheMAC(secret, text, expires))})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(whole), nil
}

// unseal reads the value of a cache cookie: not ok unless this server or the library signed it, of the version that is
// ours, and neither it nor the session in it has expired.
func unseal(secret []byte, value string, now time.Time) (c Caller, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return c, false
	}
	var whole sealed
	if json.Unmarshal(text, &whole) != nil || len(whole.Session) == 0 || whole.Session[0] != '{' {
		return c, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(whole.Signature)
	if err != nil || !hmac.Equal(signature, cacheMAC(secret, whole.Session, whole.ExpiresAt)) {
		return c, false
	}
	p := payload{Version: cacheVersion}
	if json.Unmarshal(whole.Session, &p) != nil || p.Version != cacheVersion || !p.complete() {
		return c, false
	}
	if ms := now.UnixMilli(); whole.ExpiresAt < ms || p.Session.ExpiresAt.UnixMilli() < ms {
		return c, false
	}
	u := p.User
	return Caller{p.Session, store.User{
		ID: u.ID, Name: *u.Name, Email: u.Email, EmailVerified: u.EmailVerified, Image: u.Image, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}}, true
}

// cacheMAC signs the text of a payload with expiresAt as its last key. The bytes are taken as they came: a payload written
// anew could differ from what was signed.
func cacheMAC(secret []byte, text []byte, expiresAt int64) []byte {
	return mac(secret, string(text[:len(text)-1])+`,"expiresAt":`+strconv.FormatInt(expiresAt, 10)+"}")
}

// date is what the library takes for a date wherever it stands, so that a person of such a name has no cache cookie there.
var date = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)

// complete reports whether the library would find everything of its type.
func (p *payload) complete() bool {
	for _, t := range []store.Time{
		p.Session.ExpiresAt, p.Session.CreatedAt, p.Session.UpdatedAt, p.User.CreatedAt, p.User.UpdatedAt,
	} {
		if t.IsZero() {
			return false
		}
	}
	for _, text := range []*string{p.User.Name, p.User.Image, p.Session.IPAddress, p.Session.UserAgent} {
		if text != nil && date.MatchString(*text) {
			return false
		}
	}
	return p.Session.ID != "" && p.Session.Token != "" && p.Session.UserID != "" &&
		p.User.ID != "" && p.User.Email != "" && p.User.Name != nil
}

// asked reports whether the query switches an option on: any text does, even "false" (docs/wire.md#session-endpoints).
func asked(r *http.Request, name string) bool {
	values := r.URL.Query()[name]
	return len(values) > 1 || len(values) == 1 && values[0] != ""
}
