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
)

// Claims has the claims that the caller chooses. Keys adds those from the settings and the clock, and a random jti.
type Claims struct {
	Subject   string // the user's id
	SessionID string // the id of the session's row, never its token

	// User is a JSON object, whose members become claims; nil: none.
	User json.RawMessage
}

// reservedClaims lists the claims that User must not contain.
var reservedClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid"}

// Sign returns a new token. Its header and claims are those of Better Auth, in Better Auth's order: iat, the members of
// User, sub, exp, iss, aud. It adds jti, which is random, and sid, the session's id. Requests call Token, which signs
// less often.
func (k *Keys) Sign(ctx context.Context, c Claims) (string, error) {
	set, err := k.loadSet(ctx)
	if err != nil {
		return "", err
	}
	return k.sign(&set.Current, c, k.now())
}

func (k *Keys) sign(key *Key, c Claims, now time.Time) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	text := key.header + "." + base64.RawURLEncoding.EncodeToString(k.encodePayload(c, now))
	token, err := key.sign(text)
	if err != nil {
		return "", fmt.Errorf("sign JWT: %w", err)
	}
	return token, nil
}

// encodePayload writes the JSON itself, because encoding/json changes the order of the claims and the bytes of the
// user, and both must equal Better Auth's.
func (k *Keys) encodePayload(c Claims, now time.Time) []byte {
	var b bytes.Buffer
	b.WriteString(`{"iat":` + strconv.FormatInt(now.Unix(), 10))
	var user bytes.Buffer
	_ = json.Compact(&user, c.User) // an error is not possible, because check has parsed the text
	if members := bytes.TrimSuffix(bytes.TrimPrefix(user.Bytes(), []byte("{")), []byte("}")); len(members) > 0 {
		b.WriteByte(',')
		b.Write(members)
	}
	b.WriteString(`,"sub":`)
	b.Write(encodeJSONString(c.Subject))
	b.WriteString(`,"exp":` + strconv.FormatInt(now.Unix()+int64(k.lifetime/time.Second), 10))
	b.WriteString(`,"iss":`)
	b.Write(encodeJSONString(k.issuer))
	b.WriteString(`,"aud":` + k.audience)
	b.WriteString(`,"jti":"` + rand.Text() + `","sid":`)
	b.Write(encodeJSONString(c.SessionID))
	b.WriteByte('}')
	return b.Bytes()
}

// check returns an error if c lacks a subject or a session id, or if User is not a JSON object or has a reserved claim.
func (c Claims) check() error {
	if c.Subject == "" || c.SessionID == "" {
		return errors.New("claims need a subject and a session id")
	}
	if c.User == nil {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(c.User, &members) != nil || members == nil {
		return errors.New("user claims are not a JSON object")
	}
	for name := range members {
		if slices.Contains(reservedClaims, name) {
			return fmt.Errorf("the user claims contain the reserved claim %q", name)
		}
	}
	return nil
}
