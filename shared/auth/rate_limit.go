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

// withLimit counts the requests of a path by the client's IP address.
func (s *Service) withLimit(path string, h limit.Handler) web.Handler {
	l := *s.Limits
	l.Now = s.Now
	return l.Handle(path, errTooManyRequests, h)
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
