package keys

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"
)

// A token is handed out again for reuseFor, or for a tenth of its life if that is less. The cache keeps one token for
// each of at most maxTokens sessions.
const (
	reuseFor  = time.Minute
	maxTokens = 4096
)

// Token returns a token of the session: the last one while it is young, the user's claims are the same and its key is
// still current, else a new one. A signature costs about a millisecond of a whole core and every poll of a page asks for
// one. A token that is handed out again is at most a minute closer to its end, and is good for the same; callers answer
// alike in both cases.
func (k *Keys) Token(ctx context.Context, c Claims) (string, error) {
	set, err := k.load(ctx)
	if err != nil {
		return "", err
	}
	user, err := c.user()
	if err != nil {
		return "", err
	}
	now := k.now()
	if token, ok := k.tokens.find(c, user, set.Current.ID, now); ok {
		return token, nil
	}
	token, err := k.sign(&set.Current, c, user, now)
	if err != nil {
		return "", err
	}
	k.tokens.keep(c, cachedToken{
		token: token, subject: c.Subject, user: user, keyID: set.Current.ID,
		from: now, until: now.Add(min(reuseFor, k.lifetime/10)),
	})
	return token, nil
}

// tokenCache holds the last token by session id.
type tokenCache struct {
	mu     sync.Mutex
	tokens map[string]cachedToken
}

type cachedToken struct {
	token, subject, keyID string
	user                  []byte
	from, until           time.Time
}

func (c *tokenCache) find(claims Claims, user []byte, keyID string, now time.Time) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.tokens[claims.SessionID]
	if !ok || t.subject != claims.Subject || t.keyID != keyID || !bytes.Equal(t.user, user) ||
		now.Before(t.from) || !now.Before(t.until) {
		return "", false
	}
	return t.token, true
}

// keep makes room by forgetting what is over, and everything when nothing is: a forgotten token only costs a signature.
func (c *tokenCache) keep(claims Claims, t cachedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tokens) >= maxTokens {
		maps.DeleteFunc(c.tokens, func(_ string, old cachedToken) bool { return !t.from.Before(old.until) })
	}
	if len(c.tokens) >= maxTokens || c.tokens == nil {
		c.tokens = map[string]cachedToken{}
	}
	c.tokens[claims.SessionID] = t
}
