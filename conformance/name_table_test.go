package conformance

import (
	"bytes"
	"crypto"
	"crypto/hmac"
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

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/jwks"
)

// timeOfRecordings replaces the time of the exchange in every recorded response, so that dates are relative to it.
var timeOfRecordings = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Times in responses are rounded, because two servers hardly ever answer at exactly the same time.
const (
	dateStep  = 5 * time.Minute // for dates, and for the times in JWTs
	cacheStep = time.Minute     // for the times of a cookie-cache entry, whose lifetime starts with its exchange
)

// coordinateLength is the length of a coordinate of a P-256 or Ed25519 key in base64url.
const coordinateLength = 43

// nameTable replaces the values that a server generates (ids, tokens, signatures, times) by names of the same format,
// the same value always by the same name. So the responses of two servers can be compared, and still match the OpenAPI
// document.
type nameTable struct {
	secret  []byte
	now     time.Time // time of the current exchange
	isXenon bool      // the responses are Xenon's: its JWTs have two more claims (D02), its tokens in mails one (D77)
	key     func(kid string) (crypto.PublicKey, error)

	given  map[string]string // names by kind and value
	known  map[string]string // names by value, for values that cannot be found by their format
	counts map[string]int    // the number of the newest name, by kind
	flows  int               // the number of OAuth flows that have begun
	tokens map[string]any    // the contents of the tokens in the exchange, by name
	faults []string          // divergences that the response should show but does not, and errors of key
}

var (
	jwtPattern    = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)
	cachePattern  = regexp.MustCompile(`eyJ[\w-]{200,}`)
	signedPattern = regexp.MustCompile(`([\w-]{32}(?:%3A(?:true)?)?|\btrue)\.` +
		`([A-Za-z0-9+/]{43}=|(?:[A-Za-z0-9]|%2B|%2F){43}%3D)`)
	uuidPattern  = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	datePattern  = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	tokenPattern = regexp.MustCompile(`\b([A-Za-z0-9]{32}|[A-Za-z0-9]{24})\b`)
)

// authorizationPattern matches the authorization URL of a provider.
var authorizationPattern = regexp.MustCompile(`https://[\w./-]+\?[^\s"<>]*\bresponse_type=[^\s"<>]*`)

var chunkCookiePattern = regexp.MustCompile(`session_data\.\d+=([\w-]+);`)

// replaceInCookies replaces the generated values in Set-Cookie lines. Better Auth splits a cache cookie that is too
// large into chunks. The value of each chunk is replaced by the placeholder of the whole value and the length of the
// chunk.
func (n *nameTable) replaceInCookies(lines []string) (named []string) {
	var whole string
	for _, line := range lines {
		if part := chunkCookiePattern.FindStringSubmatch(line); part != nil {
			whole += part[1]
		}
	}
	if whole != "" {
		whole = n.replaceCacheCookie(whole)
	}
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, "=")
		value, attributes, _ := strings.Cut(rest, ";")
		if chunkCookiePattern.MatchString(line) {
			value = fmt.Sprintf("%s-of-%d", whole, len(value))
		}
		named = append(named, name+"="+n.replaceInText(value)+";"+attributes)
	}
	return named
}

// replaceInText replaces the generated values in a text.
func (n *nameTable) replaceInText(s string) string {
	if !utf8.ValidString(s) { // then it is a header in Latin-1
		s = string(decodeLatin1(s))
	}
	s = authorizationPattern.ReplaceAllStringFunc(s, sortParameters)
	s = jwtPattern.ReplaceAllStringFunc(s, n.replaceJWT)
	s = encryptedPattern.ReplaceAllStringFunc(s, n.replaceEncrypted)
	s = cachePattern.ReplaceAllStringFunc(s, n.replaceCacheCookie)
	s = n.replaceTwoFactorValues(s)
	s = signedPattern.ReplaceAllStringFunc(s, n.replaceSigned)
	for value, name := range n.known {
		s = strings.ReplaceAll(s, value, name)
	}
	s = uuidPattern.ReplaceAllStringFunc(s, func(id string) string {
		return n.nameFor("id", id, "00000000-0000-4000-8000-%012d")
	})
	s = datePattern.ReplaceAllStringFunc(s, n.replaceDate)
	return tokenPattern.ReplaceAllStringFunc(s, func(token string) string {
		if strings.HasPrefix(token, "token0") || strings.HasPrefix(token, "state0") || strings.HasPrefix(token, "nonce0") {
			return token
		}
		return n.nameFor("token", token, fmt.Sprintf("token%%0%dd", len(token)-len("token")))
	})
}

func decodeLatin1(s string) (all []rune) {
	for _, b := range []byte(s) {
		all = append(all, rune(b))
	}
	return all
}

// nameFor returns the name of a value of a kind. It makes the name of a new value from format and the next number of
// the kind.
func (n *nameTable) nameFor(kind, value, format string) string {
	key := kind + " " + value
	if _, ok := n.given[key]; !ok {
		n.counts[kind]++
		n.given[key] = fmt.Sprintf(format, n.counts[kind])
	}
	return n.given[key]
}

func (n *nameTable) replaceDate(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return n.roundTime(t, dateStep).Format("2006-01-02T15:04:05.000Z")
}

// roundTime returns the time as if the exchange were at epoch, rounded to step.
func (n *nameTable) roundTime(t time.Time, step time.Duration) time.Time {
	return timeOfRecordings.Add(t.Sub(n.now).Round(step))
}

// replaceInValue replaces the generated values in decoded JSON.
func (n *nameTable) replaceInValue(v any) any {
	switch v := v.(type) {
	case string:
		return n.replaceInText(v)
	case []any:
		for i := range v {
			v[i] = n.replaceInValue(v[i])
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = n.replaceInMember(key, v[key])
		}
	}
	return v
}

// replaceInMember replaces the generated value of a member of an object. Some ids and times can be recognised only by
// the name of the member.
func (n *nameTable) replaceInMember(key string, v any) any {
	number, isNumber := v.(json.Number)
	text, isText := v.(string)
	at, err := number.Int64()
	switch {
	case isText && (key == "code" || key == "token") && mailedCodePattern.MatchString(text):
		return n.nameFor("code", text, "%06d")
	case isText && key == "kid":
		return n.nameFor("kid", text, "key-%d")
	case isText && (key == "codeVerifier" || key == "code_verifier"):
		return n.nameFor("verifier", text, "verifier%0120d")
	case isText && key == "n": // the modulus of a key
		return n.nameFor("modulus", text, "modulus-%d")
	case isText && (key == "x" || key == "y") && len(text) == coordinateLength:
		return n.nameFor("coordinate", text, "coordinate-%d")
	case !isNumber || err != nil:
		return n.replaceInValue(v)
	case key == "iat" || key == "exp" || key == "nbf":
		return n.roundTime(time.Unix(at, 0), dateStep).Unix()
	case key == "expiresAt" || key == "updatedAt":
		return n.roundTime(time.UnixMilli(at), cacheStep).UnixMilli()
	}
	return v
}

// replaceInJSON replaces the generated values in encoded JSON.
func (n *nameTable) replaceInJSON(text []byte) (json.RawMessage, error) {
	v, err := decodeJSON(text)
	if err != nil {
		return nil, err
	}
	sortByCreation(v)
	return encodeJSON(n.replaceInValue(v)), nil
}

// sortByCreation sorts a list of sessions or accounts by creation. Better Auth lists them without ORDER BY, in the
// order in which Postgres reads them from disk.
func sortByCreation(v any) {
	list, _ := v.([]any)
	key := func(row any) string {
		m, _ := row.(map[string]any)
		return fmt.Sprint(m["createdAt"], " ", m["providerId"])
	}
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(key(a), key(b)) })
}

func decodeJSON(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("there is text after the JSON value")
	}
	return v, nil
}

// encodeJSON writes JSON in the form that is compared: with sorted keys and without HTML escaping. It is not
// stringify.Marshal, because the recorded answers have U+2028 and U+2029 escaped.
func encodeJSON(v any) json.RawMessage {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // cannot happen: v was decoded from JSON
	}
	return bytes.TrimSpace(out.Bytes())
}

// replaceJWT replaces a JWT by a name, and records its content. JWTs with equal content have the same name.
func (n *nameTable) replaceJWT(s string) string {
	part := strings.Split(s, ".")
	header, err1 := decodeBase64JSON(part[0])
	claims, err2 := decodeBase64JSON(part[1])
	if err1 != nil || err2 != nil {
		return s
	}
	content := map[string]any{"header": header, "claims": claims}
	h, _ := header.(map[string]any)
	c, _ := claims.(map[string]any)
	content["signed"] = n.isValidSignature(h, part[0]+"."+part[1], part[2])
	kid, _ := h["kid"].(string)
	switch {
	case providertest.PublicKey(kid) != nil: // an id token of a provider
	case n.isXenon && isTokenAlgorithm(h["alg"]):
		n.removeXenonClaims(c)
	case n.isXenon && c["email"] != nil: // D77: a token that Xenon mails has the id of its row; a forged one has no jti
		delete(c, "jti")
	}
	return n.nameForToken("jwt", n.replaceInValue(content))
}

// isValidSignature reports whether a signature is valid: for the server's secret (HS256), for the key of an emulated
// provider, or for a key that the server publishes.
func (n *nameTable) isValidSignature(header map[string]any, text, signature string) bool {
	given, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	if header["alg"] == "HS256" {
		return hmac.Equal(given, n.mac(text))
	}
	kid, _ := header["kid"].(string)
	if key := providertest.PublicKey(kid); key != nil {
		alg, _ := header["alg"].(string)
		method := jwt.GetSigningMethod(alg)
		return method != nil && alg != "none" && method.Verify(text, given, key) == nil
	}
	if !isTokenAlgorithm(header["alg"]) || kid == "" {
		return false
	}
	key, err := n.key(kid)
	if err != nil {
		n.faults = append(n.faults, err.Error())
		return false
	}
	alg := jwks.Algorithm(key)
	return header["alg"] == alg && jwt.GetSigningMethod(alg).Verify(text, given, key) == nil
}

// isTokenAlgorithm reports whether alg is an algorithm of JWTs for sessions. Tokens in mails have HS256.
func isTokenAlgorithm(alg any) bool {
	name, _ := alg.(string)
	return slices.Contains(jwks.Algorithms, name)
}

// removeXenonClaims checks that the claims of D02 exist, and removes them: the ids of the token and of its session,
// which only Xenon's JWTs have.
func (n *nameTable) removeXenonClaims(claims map[string]any) {
	for _, name := range []string{"jti", "sid"} {
		if _, ok := claims[name].(string); !ok {
			n.faults = append(n.faults, "docs/divergences.md lists D02, but the JWT has no "+name)
		}
		delete(claims, name)
	}
}

// replaceCacheCookie replaces a cookie-cache cookie by a name that depends on its content.
func (n *nameTable) replaceCacheCookie(s string) string {
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
	v, err := decodeJSON(outer.Session)
	if err != nil {
		return s
	}
	return n.nameForToken("cache", map[string]any{
		"session":   n.replaceInValue(v),
		"expiresAt": n.replaceInMember("expiresAt", outer.ExpiresAt),
		"signed":    outer.Signature == base64.RawURLEncoding.EncodeToString(n.mac(signed)),
	})
}

// nameForToken returns the name of a token, and records content under the name. content is the content of the token
// with names in place of generated values, so that tokens with equal contents get the same name.
func (n *nameTable) nameForToken(kind string, content any) string {
	name := n.nameFor(kind, string(encodeJSON(content)), kind+"-%d")
	n.tokens[name] = content
	return name
}

// replaceSigned replaces a signed value if its signature is valid. The result shows whether the signature was
// URL-encoded.
func (n *nameTable) replaceSigned(s string) string {
	value, signature, _ := strings.Cut(s, ".")
	plain, err := url.PathUnescape(signature)
	if err != nil || plain != base64.StdEncoding.EncodeToString(n.mac(strings.Replace(value, "%3A", ":", 1))) {
		return s
	}
	end := "="
	if plain != signature {
		end = "%3D"
	}
	return n.replaceInText(value) + ".signature" + end
}

// mac returns the HMAC-SHA256 of a text with the server's secret.
func (n *nameTable) mac(text string) []byte {
	h := hmac.New(sha256.New, n.secret)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func decodeBase64JSON(part string) (any, error) {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil, err
	}
	return decodeJSON(text)
}
