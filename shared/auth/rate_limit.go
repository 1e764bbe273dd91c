package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// mailLimit bounds what strangers can have mailed to one email.
var mailLimit = limit.Rule{Window: time.Hour, Max: 5}

// errTooManyRequests goes with the header X-Retry-After.
var errTooManyRequests = web.NewError(http.StatusTooManyRequests, "", limit.TooMany)

func (s *Service) charge(rule limit.Rule, key string) store.Charge {
	return store.Charge{Key: key, Window: rule.Window, Max: rule.Max, At: s.Now()}
}

// limited counts the requests of a path by the client's IP address.
func (s *Service) limited(path string, h web.Handler) web.Handler {
	l := *s.Limits
	l.Now = s.Now
	return l.Handle(path, errTooManyRequests, h)
}

// mayMail reports whether one more mail may go to an address (lower case), and counts it. Nobody is told that it may not:
// a mail.Nothing goes in its place, so that a stranger can neither flood an inbox nor lock its owner out.
func (s *Service) mayMail(ctx context.Context, email string) (bool, error) {
	if !s.Options.RateLimit {
		return true, nil
	}
	err := s.Store.Take(ctx, s.charge(mailLimit, "mail:"+short(email)))
	if errors.As(err, new(*store.LimitedError)) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("count mail: %w", err)
	}
	return true, nil
}

// short is an e-mail address as it can be part of a key: what is longer than any real one by its hash.
func short(email string) string {
	if len(email) <= 320 {
		return email
	}
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}
