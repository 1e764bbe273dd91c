package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The limiter sends errTooManyRequests with the header X-Retry-After.
var errTooManyRequests = web.NewError(http.StatusTooManyRequests, "", limit.TooManyMessage)

func (s *Service) charge(rule limit.Rule, key string) store.Charge {
	return store.Charge{Key: key, Window: rule.Window, Max: rule.Max, At: s.Now()}
}

// callbackPath is the path of the callbacks of all providers.
const callbackPath = "/callback/{provider}"

// withLimit counts the requests of a path by the client's IP address. As in Better Auth, each provider has its own
// callback path. All providers that are not configured have one counter, so that clients cannot fill the table.
func (s *Service) withLimit(path string, h limit.Handler) web.Handler {
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

// keyEmail returns an email in the form that keys contain: the email itself, or its hash if it has more than 320 bytes.
// No real email is longer.
func keyEmail(email string) string {
	if len(email) <= 320 {
		return email
	}
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}
