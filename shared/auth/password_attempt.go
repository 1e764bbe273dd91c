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

// chargeSignIn makes the next statement on db count an attempt to sign in. A device that the account knows has a
// counter of its own, which strangers cannot use up. For other devices the counter of the network comes first, so that
// one network cannot use up the counter of the account.
func (s *Service) chargeSignIn(r *http.Request, db *store.Store, email string, device *session.Device) {
	switch {
	case !s.Options.RateLimit:
	case device != nil:
		db.AddCharges(s.attemptCharge(deviceLimit, attemptCounter(email)+"|device:"+device.ID))
	default:
		db.AddCharges(s.attemptCharge(networkLimit, s.networkCounter(r, email)),
			s.attemptCharge(accountLimit, attemptCounter(email)))
	}
}

// signInCounters are the keys that a completed reset from r clears.
func (s *Service) signInCounters(r *http.Request, email string) []string {
	if !s.Options.RateLimit {
		return nil
	}
	return []string{s.networkCounter(r, email), attemptCounter(email)}
}

// chargeInSession makes the next statement on db count an attempt of a signed-in user. Other users cannot use up this
// counter.
func (s *Service) chargeInSession(db *store.Store, caller *session.Caller) {
	if s.Options.RateLimit {
		db.AddCharges(s.attemptCharge(sessionLimit, "account:"+caller.User.ID+"|session:"+caller.Session.ID))
	}
}

// attemptCharge returns a charge whose window begins with the first attempt. It is given back if the password is right.
func (s *Service) attemptCharge(rule limit.Rule, key string) store.Charge {
	c := s.charge(rule, key)
	c.Fixed = true
	return c
}

// comparePassword reports whether secret is the password of hash, which is "" where there is none. It is the only place
// that compares passwords; the attempt has been counted with the look-up of hash, or is counted now.
func (s *Service) comparePassword(r *http.Request, db *store.Store, userID, hash, secret string) (bool, error) {
	if err := db.FlushCharges(r.Context()); err != nil {
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
func (s *Service) refundAttempt(r *http.Request, db *store.Store) {
	if err := db.Refund(r.Context()); err != nil {
		web.NoteError(r.Context(), fmt.Errorf("refund attempt: %w", err))
	}
}
