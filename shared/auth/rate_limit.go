package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// limit is how many requests may come with less than window between one and the next.
type limit struct {
	window time.Duration
	max    int
}

// What we count besides the library: a password may be guessed from many addresses, and anybody may have mails sent.
var (
	accountLimit = limit{time.Minute, 10}
	mailLimit    = limit{time.Hour, 5}
)

// noTrustedIP is the address of everybody whose address is not known.
const noTrustedIP = "no-trusted-ip"

// errTooManyRequests goes with the header X-Retry-After.
var errTooManyRequests = web.NewError(http.StatusTooManyRequests, "", "Too many requests. Please try again later.")

// limitOf is the library's limit of a path below basePath for each client address (contract: rate limits).
func limitOf(path string) limit {
	for _, prefix := range []string{"/sign-in", "/sign-up", "/change-password", "/change-email"} {
		if strings.HasPrefix(path, prefix) {
			return limit{10 * time.Second, 3}
		}
	}
	if path == "/request-password-reset" || path == "/send-verification-email" {
		return limit{time.Minute, 3}
	}
	return limit{10 * time.Second, 100}
}

func (s *Service) charge(l limit, key string) store.Charge {
	return store.Charge{Key: key, Window: l.window, Max: l.max, At: s.Now()}
}

// limited counts the requests of a path, by client address, before anything is hashed or changed: with the first statement
// that the handler runs. A request that fails without one is counted on its own, so that refusing costs the caller a turn; one
// that succeeds without one is not, there is nothing to protect.
func (s *Service) limited(path string, h web.Handler) web.Handler {
	if !s.Options.RateLimit {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		clean := w.Header().Clone()
		address := cmp.Or(web.ClientIP(s.Options.ClientIP, r), noTrustedIP)
		err := s.count(w, r, h, s.charge(limitOf(path), address+"|"+path))
		var refused *store.LimitedError
		if !errors.As(err, &refused) {
			return err
		}
		clear(w.Header()) // no cookie and no caching rule of the handler's goes with the answer
		maps.Copy(w.Header(), clean)
		seconds := (refused.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("X-Retry-After", strconv.Itoa(int(seconds)))
		return errTooManyRequests
	}
}

// count runs h with a charge, which is settled afterwards if h failed before it could be.
func (s *Service) count(w http.ResponseWriter, r *http.Request, h web.Handler, c store.Charge) error {
	if err := s.Store.Refused(c); err != nil {
		return err
	}
	ctx := store.WithCharge(r.Context(), c)
	failure := h(w, r.WithContext(ctx))
	if failure == nil {
		return nil
	}
	err := s.Store.Settle(ctx)
	if errors.As(err, new(*store.LimitedError)) {
		return err
	}
	if err != nil {
		web.NoteError(ctx, fmt.Errorf("count request: %w", err))
	}
	return failure
}

// countSignIn counts a sign-in by the address of the account, besides the client's.
func (s *Service) countSignIn(r *http.Request, email string) *http.Request {
	if !s.Options.RateLimit {
		return r
	}
	return r.WithContext(store.WithCharge(r.Context(), s.charge(accountLimit, "account:"+short(email)+"|/sign-in/email")))
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
