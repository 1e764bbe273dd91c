package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// errTooManyRequests is Better Auth's error for a rate limit. The limiter adds the header X-Retry-After.
var errTooManyRequests = web.NewError(http.StatusTooManyRequests, "", limit.TooManyRequestsMessage)

// newCharge returns a charge that counts this request with the rule, under the key.
func (s *Service) newCharge(rule limit.Rule, key string) store.Charge {
	return store.Charge{Key: key, Window: rule.Window, Max: rule.Max, At: s.Now()}
}

// callbackPath is the path, below BasePath, of the OAuth callbacks of all providers.
const callbackPath = "/callback/{provider}"

// withPathLimit makes h count the requests to a path by the IP address of the client. As in Better Auth, each
// configured provider has its own callback path. The paths of all other names have one counter together, so that
// clients cannot fill the table rateLimit with names that they make up.
func (s *Service) withPathLimit(path string, h limit.Handler) web.Handler {
	l := *s.Limits
	l.Now = s.Now
	shared := l.Handle(path, errTooManyRequests, h)
	if path != callbackPath {
		return shared
	}
	callbacks := map[string]web.Handler{}
	for _, p := range s.Options.Social.Providers {
		callbacks[p.ID] = l.Handle("/callback/"+p.ID, errTooManyRequests, h)
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if handle, ok := callbacks[r.PathValue("provider")]; ok {
			return handle(w, r)
		}
		return shared(w, r)
	}
}

// emailForLimitKey returns an email as rate limit keys contain it: the email itself, or its hash if it has more than
// 320 bytes. No real email is longer.
func emailForLimitKey(email string) string {
	if len(email) <= 320 {
		return email
	}
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}
