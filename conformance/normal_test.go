package conformance

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// epoch stands in every recorded answer for the moment of the exchange, so that dates are told by their distance from it.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Two servers in one conversation are never in the same moment; distances are told in steps of coarse. The life of a
// cookie-cache entry starts with its exchange and is told in steps of fine.
const (
	coarse = 5 * time.Minute
	fine   = time.Minute
)

// names replaces what a server invents (ids, tokens, signatures, times) by names of the same form, the same value always by
// the same name, so that what two servers say can be compared and still validates.
type names struct {
	secret []byte
	now    time.Time // of the exchange
	ours   bool      // these are Xenon's: its JWTs have two claims more (D02), its mailed links one (D77)
	key    func(kid string) (*rsa.PublicKey, error)

	given  map[string]string
	counts map[string]int
	tokens map[string]any // contents of the tokens that the exchange showed, by name
	faults []string       // what a listed difference promises and the answer did not show
}

var (
	aJWT    = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)
	aCache  = regexp.MustCompile(`eyJ[\w-]{200,}`)
	aSigned = regexp.MustCompile(`([A-Za-z0-9]{32}|\btrue)\.([A-Za-z0-9+/]{43}=|(?:[A-Za-z0-9]|%2B|%2F){43}%3D)`)
	aUUID   = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	aDate   = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	aToken  = regexp.MustCompile(`\b([A-Za-z0-9]{32}|[A-Za-z0-9]{24})\b`)
)

var aChunk = regexp.MustCompile(`session_data\.\d+=([\w-]+);`)

// cookies replaces everything invented in Set-Cookie lines. A cache too large for one cookie is named as a whole, and its
// parts by their length.
func (n *names) cookies(lines []string) (named []string) {
	var whole string
	for _, line := range lines {
		if part := aChunk.FindStringSubmatch(line); part != nil {
			whole += part[1]
		}
	}
	if whole != "" {
		whole = n.cache(whole)
	}
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, "=")
		value, attributes, _ := strings.Cut(rest, ";")
		if aChunk.MatchString(line) {
			value = fmt.Sprintf("%s-of-%d", whole, len(value))
		}
		named = append(named, name+"="+n.text(value)+";"+attributes)
	}
	return named
}

// text replaces everything invented in a piece of text.
func (n *names) text(s string) string {
	if !utf8.ValidString(s) { // a header in Latin-1
		s = string(latin1(s))
	}
	s = aJWT.ReplaceAllStringFunc(s, n.jwt)
	s = aCache.ReplaceAllStringFunc(s, n.cache)
	s = aSigned.ReplaceAllStringFunc(s, n.signed)
	s = aUUID.ReplaceAllStringFunc(s, func(id string) string {
		return n.name("id", id, "00000000-0000-4000-8000-%012d")
	})
	s = aDate.ReplaceAllStringFunc(s, n.date)
	return aToken.ReplaceAllStringFunc(s, func(token string) string {
		if strings.HasPrefix(token, "token0") {
			return token
		}
		return n.name("token", token, fmt.Sprintf("token%%0%dd", len(token)-len("token")))
	})
}

func latin1(s string) (all []rune) {
	for _, b := range []byte(s) {
		all = append(all, rune(b))
	}
	return all
}

// name gives a value its name, "%d" being how many of its kind came before it.
func (n *names) name(kind, value, format string) string {
	key := kind + " " + value
	if _, ok := n.given[key]; !ok {
		n.counts[kind]++
		n.given[key] = fmt.Sprintf(format, n.counts[kind])
	}
	return n.given[key]
}

func (n *names) date(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return n.moment(t, coarse).Format("2006-01-02T15:04:05.000Z")
}

func (n *names) moment(t time.Time, step time.Duration) time.Time {
	return epoch.Add(t.Sub(n.now).Round(step))
}

// value replaces everything invented in a piece of decoded JSON.
func (n *names) value(v any) any {
	switch v := v.(type) {
	case string:
		return n.text(v)
	case []any:
		for i := range v {
			v[i] = n.value(v[i])
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = n.member(key, v[key])
		}
	}
	return v
}

// member is value for what stands under key: there are ids and times only their key tells from other text and numbers.
func (n *names) member(key string, v any) any {
	number, isNumber := v.(json.Number)
	text, isText := v.(string)
	at, err := number.Int64()
	switch {
	case isText && key == "kid":
		return n.name("kid", text, "key-%d")
	case isText && key == "n": // the modulus of a key
		return n.name("modulus", text, "modulus-%d")
	case !isNumber || err != nil:
		return n.value(v)
	case key == "iat" || key == "exp" || key == "nbf":
		return n.moment(time.Unix(at, 0), coarse).Unix()
	case key == "expiresAt" || key == "updatedAt":
		return n.moment(time.UnixMilli(at), fine).UnixMilli()
	}
	return v
}

// json is value for encoded JSON.
func (n *names) json(text []byte) (json.RawMessage, error) {
	v, err := decode(text)
	if err != nil {
		return nil, err
	}
	byCreation(v)
	return encode(n.value(v)), nil
}

// byCreation puts a list of sessions or accounts in the order they were made. The library leaves the order to Postgres,
// which gives them as they lie on disk.
func byCreation(v any) {
	list, _ := v.([]any)
	key := func(row any) string {
		m, _ := row.(map[string]any)
		return fmt.Sprint(m["createdAt"], " ", m["providerId"])
	}
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(key(a), key(b)) })
}

func decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("there is more after the JSON")
	}
	return v, nil
}

// encode writes JSON in the one form that is compared: keys in order, nothing escaped that need not be.
func encode(v any) json.RawMessage {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // it was JSON before
	}
	return bytes.TrimSpace(out.Bytes())
}

// jwt names a JWT by what it says, because a server may say the same twice, and notes what that is.
func (n *names) jwt(s string) string {
	part := strings.Split(s, ".")
	header, err1 := decodeBase64(part[0])
	claims, err2 := decodeBase64(part[1])
	if err1 != nil || err2 != nil {
		return s
	}
	said := map[string]any{"header": header, "claims": claims}
	h, _ := header.(map[string]any)
	c, _ := claims.(map[string]any)
	said["signed"] = n.verifies(h, part[0]+"."+part[1], part[2])
	switch {
	case n.ours && h["alg"] == "RS256":
		n.takeOurClaims(c)
	case n.ours && c["email"] != nil: // a mailed link names its row, which is D77; one that the test forged has none
		delete(c, "jti")
	}
	return n.token("jwt", n.value(said))
}

// verifies reports whether a signature is the server's: by the secret it shares, or by the keys it publishes.
func (n *names) verifies(header map[string]any, text, signature string) bool {
	given, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	if header["alg"] == "HS256" {
		return hmac.Equal(given, n.mac(text))
	}
	kid, _ := header["kid"].(string)
	if header["alg"] != "RS256" || kid == "" {
		return false
	}
	key, err := n.key(kid)
	if err != nil {
		n.faults = append(n.faults, err.Error())
		return false
	}
	sum := sha256.Sum256([]byte(text))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], given) == nil
}

// takeOurClaims is D02: the claims by which a token names itself and its session, on Xenon only.
func (n *names) takeOurClaims(claims map[string]any) {
	for _, name := range []string{"jti", "sid"} {
		if _, ok := claims[name].(string); !ok {
			n.faults = append(n.faults, "D02 is listed, and the JWT has no "+name)
		}
		delete(claims, name)
	}
}

// cache names a cookie-cache cookie by what it says.
func (n *names) cache(s string) string {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return s
	}
	var outer struct {
		Session   json.RawMessage `json:"session"`
		ExpiresAt json.Number     `json:"expiresAt"`
		Signature string          `json:"signature"`
	}
	if json.Unmarshal(text, &outer) != nil || len(outer.Session) < 2 {
		return s
	}
	signed := fmt.Sprintf(`%s,"expiresAt":%s}`, bytes.TrimSuffix(outer.Session, []byte("}")), outer.ExpiresAt)
	v, err := decode(outer.Session)
	if err != nil {
		return s
	}
	return n.token("cache", map[string]any{
		"session":   n.value(v),
		"expiresAt": n.member("expiresAt", outer.ExpiresAt),
		"signed":    outer.Signature == base64.RawURLEncoding.EncodeToString(n.mac(signed)),
	})
}

// token names a token whose contents were made comparable, and notes them for the record of the exchange.
func (n *names) token(kind string, said any) string {
	name := n.name(kind, string(encode(said)), kind+"-%d")
	n.tokens[name] = said
	return name
}

// signed names a signed value and tells whether the signature is good, and whether it was written as in a cookie or plain.
func (n *names) signed(s string) string {
	value, signature, _ := strings.Cut(s, ".")
	plain, err := url.PathUnescape(signature)
	if err != nil || plain != base64.StdEncoding.EncodeToString(n.mac(value)) {
		return s
	}
	end := "="
	if plain != signature {
		end = "%3D"
	}
	return n.text(value) + ".signature" + end
}

func (n *names) mac(text string) []byte {
	h := hmac.New(sha256.New, n.secret)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func decodeBase64(part string) (any, error) {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil, err
	}
	return decode(text)
}
