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

	"github.com/xenon-auth/xenon/shared/stringify"
)

// Claims has the claims that the caller chooses. Keys adds those from the settings and the clock, and a random jti.
type Claims struct {
	Subject   string // the user's id
	SessionID string // the id of the session's row, never its token
	User      any    // encodes as a JSON object, whose members become claims; nil: none
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
	user, err := c.encodeUser()
	if err != nil {
		return "", err
	}
	return k.sign(&set.Current, c, user, k.now())
}

func (k *Keys) sign(key *Key, c Claims, user []byte, now time.Time) (string, error) {
	if err := checkUserClaims(user); err != nil {
		return "", err
	}
	text := key.header + "." + base64.RawURLEncoding.EncodeToString(k.encodePayload(c, user, now))
	token, err := key.sign(text)
	if err != nil {
		return "", fmt.Errorf("sign JWT: %w", err)
	}
	return token, nil
}

// encodePayload writes the JSON itself, because encoding/json changes the order of the claims and the bytes of the
// user, and both must equal Better Auth's.
func (k *Keys) encodePayload(c Claims, user []byte, now time.Time) []byte {
	var b bytes.Buffer
	b.WriteString(`{"iat":` + strconv.FormatInt(now.Unix(), 10))
	if members := bytes.TrimSuffix(bytes.TrimPrefix(user, []byte("{")), []byte("}")); len(members) > 0 {
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

// encodeUser returns User as compact JSON without HTML escaping, as JSON.stringify writes it, or nil if User is nil. It
// returns an error if c lacks a subject or a session id.
func (c Claims) encodeUser() ([]byte, error) {
	if c.Subject == "" || c.SessionID == "" {
		return nil, errors.New("claims need a subject and a session id")
	}
	if c.User == nil {
		return nil, nil
	}
	text, err := stringify.Marshal(c.User)
	if err != nil {
		return nil, fmt.Errorf("encode user claims: %w", err)
	}
	return text, nil
}

// checkUserClaims returns an error if user, the JSON of Claims.User, is not an object or has a reserved claim. It
// accepts nil.
func checkUserClaims(user []byte) error {
	if user == nil {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(user, &members) != nil || members == nil {
		return errors.New("user claims are not a JSON object")
	}
	for name := range members {
		if slices.Contains(reservedClaims, name) {
			return fmt.Errorf("the user claims contain the reserved claim %q", name)
		}
	}
	return nil
}
