package keys

import (
	"bytes"
	"context"
	"time"
)

// Token reuses a token for tokenReuseTime, or for a tenth of its lifetime if that is less. It keeps one token for each
// of at most maxCachedTokens sessions.
const (
	tokenReuseTime  = time.Minute
	maxCachedTokens = 4096
)

// Token returns a token of the session: the last one if it is younger than tokenReuseTime, has the same claims and was
// signed with the current key, else a new one. A signature takes about a millisecond of CPU, and pages ask for a token
// at every poll. A reused token expires at most a minute earlier than a new one would.
func (k *Keys) Token(ctx context.Context, c Claims) (string, error) {
	set, err := k.loadSet(ctx)
	if err != nil {
		return "", err
	}
	now := k.now()
	if last, ok := k.tokens.Get(c.SessionID, now); ok && last.keyID == set.Current.ID && last.claims.equal(c) {
		return last.token, nil
	}
	token, err := k.sign(&set.Current, c, now)
	if err != nil {
		return "", err
	}
	c.User = bytes.Clone(c.User)
	k.tokens.Add(c.SessionID, issuedToken{token, set.Current.ID, c}, now, now.Add(min(tokenReuseTime, k.lifetime/10)))
	return token, nil
}

// issuedToken is a token with its key and its claims.
type issuedToken struct {
	token, keyID string
	claims       Claims
}

func (c Claims) equal(other Claims) bool {
	return c.Subject == other.Subject && c.SessionID == other.SessionID && bytes.Equal(c.User, other.User)
}
