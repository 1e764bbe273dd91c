package keys

import (
	"context"
	"reflect"
	"time"
)

// A token is handed out again for reuseFor, or for a tenth of its life if that is less. One token is kept for each of at
// most maxTokens sessions.
const (
	reuseFor  = time.Minute
	maxTokens = 4096
)

// Token returns a token of the session: the last one while it is young, the user's claims are the same and its key is
// still current, else a new one. A signature costs about a millisecond of a whole core and every poll of a page asks for
// one. A token that is handed out again is at most a minute closer to its end, and is good for the same; callers answer
// alike in both cases. The caller does not change User afterwards.
func (k *Keys) Token(ctx context.Context, c Claims) (string, error) {
	set, err := k.load(ctx)
	if err != nil {
		return "", err
	}
	now := k.now()
	if last, ok := k.tokens.find(c.SessionID, now); ok && last.keyID == set.Current.ID && last.claims.equal(c) {
		return last.token, nil
	}
	user, err := c.user()
	if err != nil {
		return "", err
	}
	token, err := k.sign(&set.Current, c, user, now)
	if err != nil {
		return "", err
	}
	k.tokens.keep(c.SessionID, issued{token, set.Current.ID, c}, now, now.Add(min(reuseFor, k.lifetime/10)))
	return token, nil
}

// issued is a token, and what it was made of.
type issued struct {
	token, keyID string
	claims       Claims
}

func (c Claims) equal(other Claims) bool {
	return c.Subject == other.Subject && c.SessionID == other.SessionID && reflect.DeepEqual(c.User, other.User)
}
