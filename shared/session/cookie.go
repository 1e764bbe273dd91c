package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// Cookie names of the library, without the prefix that https adds.
const (
	sessionToken = "better-auth.session_token" //nolint:gosec // G101: the name of a cookie
	sessionData  = "better-auth.session_data"
	dontRemember = "better-auth.dont_remember"

	securePrefix = "__Secure-"
)

// sessionLong is the age of a cookie that goes when the browser is closed.
const sessionLong = -1

// signatureLength is that of 32 bytes in padded base64; any other length is refused.
const signatureLength = 44

// Sign appends the library's signature to value: "." and the padded standard base64 of HMAC-SHA-256 over it.
func Sign(secret []byte, value string) string {
	return value + "." + base64.StdEncoding.EncodeToString(mac(secret, value))
}

// Verify returns the value of a signed text, and whether its signature is right. Constant time in the signature.
func Verify(secret []byte, signed string) (string, bool) {
	dot := strings.LastIndexByte(signed, '.')
	if dot <= 0 {
		return "", false
	}
	value, signature := signed[:dot], signed[dot+1:]
	if len(signature) != signatureLength || signature[signatureLength-1] != '=' {
		return "", false
	}
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(got, mac(secret, value)) {
		return "", false
	}
	return value, true
}

func mac(secret []byte, value string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(value))
	return h.Sum(nil)
}

// newToken is a session token: 32 letters and digits, about 190 bits, each drawn without bias.
func newToken() string {
	const fair = 256 - 256%len(tokenAlphabet) // a byte from here on would favour the first letters
	out := make([]byte, 0, tokenLength)
	var buf [2 * tokenLength]byte
	for len(out) < tokenLength {
		_, _ = rand.Read(buf[:]) // never fails: crypto/rand ends the process instead
		for _, b := range buf {
			if int(b) < fair && len(out) < tokenLength {
				out = append(out, tokenAlphabet[int(b)%len(tokenAlphabet)])
			}
		}
	}
	return string(out)
}

// token is the session token that r carries with a right signature: a usable bearer token counts before the cookie.
func (s *Sessions) token(r *http.Request, secret []byte) string {
	if t := bearer(r, secret); t != "" {
		return t
	}
	t, _ := s.signedCookie(r, sessionToken, secret)
	return t
}

// bearer reads "Authorization: Bearer …": the signed form, or the bare session token. Anything else is ignored.
func bearer(r *http.Request, secret []byte) string {
	const scheme = "bearer "
	h := r.Header.Get("Authorization")
	if len(h) < len(scheme) || !strings.EqualFold(h[:len(scheme)], scheme) {
		return ""
	}
	t := strings.TrimSpace(h[len(scheme):])
	if !strings.Contains(t, ".") {
		return t
	}
	value, _ := Verify(secret, decode(t))
	return value
}

func (s *Sessions) signedCookie(r *http.Request, name string, secret []byte) (string, bool) {
	raw, ok := s.cookie(r, name)
	if !ok {
		return "", false
	}
	return Verify(secret, raw)
}

// cookie is the first cookie of a name as the library reads it: quotes stripped, percent-decoded when that works.
// net/http's own parser drops cookies whose bytes it does not like, which would sign people out here and not there.
func (s *Sessions) cookie(r *http.Request, name string) (string, bool) {
	name = s.name(name)
	for _, header := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(header, ";") {
			k, v, ok := strings.Cut(pair, "=")
			if !ok || strings.TrimSpace(k) != name {
				continue
			}
			v = strings.TrimSpace(v)
			if strings.HasPrefix(v, `"`) {
				v = v[1:max(1, len(v)-1)]
			}
			return decode(v), true
		}
	}
	return "", false
}

func decode(v string) string {
	if strings.Contains(v, "%") {
		if d, err := url.PathUnescape(v); err == nil {
			return d
		}
	}
	return v
}

// forgotten reports whether the person asked not to be remembered.
func (s *Sessions) forgotten(r *http.Request, secret []byte) bool {
	_, ok := s.signedCookie(r, dontRemember, secret)
	return ok
}

// setCookie sets the session cookie, and the header through which bearer clients get the same token.
func (s *Sessions) setCookie(w http.ResponseWriter, secret []byte, token string, remember bool) {
	age := int(life.Seconds())
	if !remember {
		age = sessionLong
	}
	signed := Sign(secret, token)
	s.addCookie(w, sessionToken, signed, age)
	web.Expose(w.Header(), "set-auth-token", signed)
}

// Clear tells the browser to forget the session, in the library's order, chunks of the cache cookie included.
func (s *Sessions) Clear(w http.ResponseWriter, r *http.Request) {
	s.dropSet(w, sessionToken, sessionData, dontRemember)
	s.addCookie(w, sessionToken, "", 0)
	s.addCookie(w, sessionData, "", 0)
	for _, name := range s.chunks(r) {
		s.addRaw(w, name, "", 0)
	}
	s.addCookie(w, dontRemember, "", 0)
}

// dropStray clears cache cookies that a server with the cookie cache on has left behind; nothing here reads them.
func (s *Sessions) dropStray(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.cookie(r, sessionData); ok {
		s.addCookie(w, sessionData, "", 0)
	}
	for _, name := range s.chunks(r) {
		s.addRaw(w, name, "", 0)
	}
}

// chunks are the names of the numbered parts of a large cache cookie that r carries.
func (s *Sessions) chunks(r *http.Request) []string {
	var names []string
	for _, c := range r.Cookies() {
		number, ok := strings.CutPrefix(c.Name, s.name(sessionData)+".")
		if _, err := strconv.ParseUint(number, 10, 8); ok && err == nil {
			names = append(names, c.Name)
		}
	}
	return names
}

func (s *Sessions) name(cookie string) string {
	if s.secure {
		return securePrefix + cookie
	}
	return cookie
}

// dropSet removes lines set earlier in the same answer, so that a cookie is never handed out and cleared at once.
func (s *Sessions) dropSet(w http.ResponseWriter, cookies ...string) {
	lines := w.Header()["Set-Cookie"]
	kept := lines[:0]
	for _, line := range lines {
		drop := false
		for _, c := range cookies {
			drop = drop || strings.HasPrefix(line, s.name(c)+"=") || strings.HasPrefix(line, s.name(c)+".")
		}
		if !drop {
			kept = append(kept, line)
		}
	}
	w.Header()["Set-Cookie"] = kept
	if len(kept) == 0 {
		w.Header().Del("Set-Cookie")
	}
}

func (s *Sessions) addCookie(w http.ResponseWriter, cookie, value string, maxAge int) {
	s.addRaw(w, s.name(cookie), value, maxAge)
}

// addRaw writes a Set-Cookie line with the library's attributes in the library's order (contract: cookies).
func (s *Sessions) addRaw(w http.ResponseWriter, name, value string, maxAge int) {
	var b strings.Builder
	b.WriteString(name + "=" + encodeURIComponent(value))
	if maxAge != sessionLong {
		b.WriteString("; Max-Age=" + strconv.Itoa(maxAge))
	}
	b.WriteString("; Path=/; HttpOnly")
	if s.secure {
		b.WriteString("; Secure")
	}
	b.WriteString("; SameSite=Lax")
	w.Header().Add("Set-Cookie", b.String())
}

// encodeURIComponent is JavaScript's, for the characters a signed value can have.
func encodeURIComponent(v string) string {
	return strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D", "%", "%25").Replace(v)
}
