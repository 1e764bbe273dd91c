package auth

import (
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// How many wrong passwords of one account are answered in an hour, which begins with the first. Attempts are counted
// before the password is compared and given back when it was right. 20 an hour are 500 a day at most.
var (
	networkLimit = limit.Rule{Window: time.Hour, Max: 10} // from one network: an IPv4 address or an IPv6 /64
	accountLimit = limit.Rule{Window: time.Hour, Max: 20} // from all devices that the account does not know
	deviceLimit  = limit.Rule{Window: time.Hour, Max: 10} // from one device that it knows
	sessionLimit = limit.Rule{Window: time.Hour, Max: 10} // in one session
)

// attemptCounter is the key of the attempts at an account (lower case email) from unknown devices. It is the same
// whether the account exists or not.
func attemptCounter(email string) string { return "account:" + short(email) }

// networkCounter is the key of those from the network that sent r.
func (s *Service) networkCounter(r *http.Request, email string) string {
	return attemptCounter(email) + "|" + s.Limits.IP(r)
}

// countSignIn counts an attempt to sign in with the next statement. A device that the account knows has a counter of
// its own, which strangers cannot use up. For the others the network comes first, so that one network cannot use up the
// account's.
func (s *Service) countSignIn(r *http.Request, email string, device *session.Device) *http.Request {
	switch {
	case !s.Options.RateLimit:
		return r
	case device != nil:
		return s.countAttempt(r, s.charge(deviceLimit, attemptCounter(email)+"|device:"+device.ID))
	}
	return s.countAttempt(r,
		s.charge(networkLimit, s.networkCounter(r, email)), s.charge(accountLimit, attemptCounter(email)))
}

// signInCounters are the keys that a completed reset from r clears.
func (s *Service) signInCounters(r *http.Request, email string) []string {
	if !s.Options.RateLimit {
		return nil
	}
	return []string{s.networkCounter(r, email), attemptCounter(email)}
}

// countInSession counts an attempt of a signed-in user. Attacks from outside do not reach this counter.
func (s *Service) countInSession(r *http.Request, caller *session.Caller) *http.Request {
	if !s.Options.RateLimit {
		return r
	}
	return s.countAttempt(r, s.charge(sessionLimit, "account:"+caller.User.ID+"|session:"+caller.Session.ID))
}

func (s *Service) countAttempt(r *http.Request, charges ...store.Charge) *http.Request {
	for i := range charges {
		charges[i].Fixed = true
	}
	return r.WithContext(store.WithCharge(r.Context(), charges...))
}

// comparePassword reports whether secret is the password of hash, which is "" where there is none. It is the only place
// that compares passwords; the attempt has been counted with the look-up of hash, or is counted now.
func (s *Service) comparePassword(r *http.Request, userID, hash, secret string) (bool, error) {
	if err := s.Store.Settle(r.Context()); err != nil {
		return false, fmt.Errorf("count attempt: %w", err)
	}
	ok, err := s.Hasher.Verify(r.Context(), hash, secret)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	if !ok && hash != "" && !password.Known(hash) {
		warnUnknownHash(r, userID)
	}
	return ok, nil
}

// refundAttempt gives back an attempt with the right password that opens no session.
func (s *Service) refundAttempt(r *http.Request) {
	if err := s.Store.Refund(r.Context()); err != nil {
		web.NoteError(r.Context(), fmt.Errorf("refund attempt: %w", err))
	}
}
