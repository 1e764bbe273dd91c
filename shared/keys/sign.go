package keys

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims is what a caller puts into a token; the rest comes from the settings and the clock.
type Claims struct {
	Subject   string // the user's id
	SessionID string // the id of the session's row; never its token
	User      any    // becomes JSON, an object whose members become claims; nil: none
}

// ownClaims are those that User must not name.
var ownClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid"}

// Sign returns a new RS256 token. Header and claims are the library's, in its order: iat, the user's members, sub, exp,
// iss, aud; after them jti, random, and sid, the session. Most callers want Token.
func (k *Keys) Sign(ctx context.Context, c Claims) (string, error) {
	set, err := k.load(ctx)
	if err != nil {
		return "", err
	}
	user, err := c.user()
	if err != nil {
		return "", err
	}
	return k.sign(&set.Current, c, user, k.now())
}

func (k *Keys) sign(key *Key, c Claims, user []byte, now time.Time) (string, error) {
	if err := checkMembers(user); err != nil {
		return "", err
	}
	text := key.header + "." + base64.RawURLEncoding.EncodeToString(k.payload(c, user, now))
	signature, err := jwt.SigningMethodRS256.Sign(text, key.private)
	if err != nil {
		return "", fmt.Errorf("sign JWT: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// payload is written by hand to keep the library's order and the user's bytes.
func (k *Keys) payload(c Claims, user []byte, now time.Time) []byte {
	var b bytes.Buffer
	b.WriteString(`{"iat":` + strconv.FormatInt(now.Unix(), 10))
	if members := bytes.TrimSuffix(bytes.TrimPrefix(user, []byte("{")), []byte("}")); len(members) > 0 {
		b.WriteByte(',')
		b.Write(members)
	}
	b.WriteString(`,"sub":`)
	b.Write(quote(c.Subject))
	b.WriteString(`,"exp":` + strconv.FormatInt(now.Unix()+int64(k.lifetime/time.Second), 10))
	for _, claim := range [][2]string{{"iss", k.issuer}, {"aud", k.audience}, {"jti", rand.Text()}, {"sid", c.SessionID}} {
		b.WriteString(`,"` + claim[0] + `":`)
		b.Write(quote(claim[1]))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// user returns User as compact JSON, unescaped as JavaScript writes it.
func (c Claims) user() ([]byte, error) {
	if c.Subject == "" || c.SessionID == "" {
		return nil, errors.New("claims need a subject and a session id")
	}
	if c.User == nil {
		return nil, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c.User); err != nil {
		return nil, fmt.Errorf("encode user claims: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// checkMembers refuses the text of a user, nil if there is none, that would not go into a token as it is.
func checkMembers(user []byte) error {
	if user == nil {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(user, &members) != nil || members == nil {
		return errors.New("user claims are not a JSON object")
	}
	for name := range members {
		if slices.Contains(ownClaims, name) {
			return fmt.Errorf("user claims name %q", name)
		}
	}
	return nil
}
