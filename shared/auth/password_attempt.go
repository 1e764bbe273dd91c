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

// The limits of wrong passwords for one account in one hour. The hour begins with the first wrong password. An attempt
// is counted before the password is compared; if the password is right, the count is reduced again. 20 an hour are 480
// a day.
var (
	networkLimit = limit.Rule{Window: time.Hour, Max: 10} // from one network: an IPv4 address or an IPv6 /64
	accountLimit = limit.Rule{Window: time.Hour, Max: 20} // from all devices that the account does not know
	deviceLimit  = limit.Rule{Window: time.Hour, Max: 10} // from one device that the account knows
	sessionLimit = limit.Rule{Window: time.Hour, Max: 10} // for one session
)

// attemptCounter returns the key of the counter of wrong passwords for one account from unknown devices. email is in
// lower case. The key does not depend on whether the account exists.
func attemptCounter(email string) string { return "account:" + keyEmail(email) }

// networkCounter returns the key of the counter of wrong passwords for one account from the network of r.
func (s *Service) networkCounter(r *http.Request, email string) string {
	return attemptCounter(email) + "|" + s.Limits.IP(r)
}

// chargeSignIn adds the charges of a sign-in attempt to db; the next statement on db counts them. A device that the
// account knows has its own counter, which other clients cannot use up. For other devices the counter of the network
// comes first, so that one network cannot use up the counter of the account.
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

// signInCounters returns the keys of the counters that a completed reset from r deletes.
func (s *Service) signInCounters(r *http.Request, email string) []string {
	if !s.Options.RateLimit {
		return nil
	}
	return []string{s.networkCounter(r, email), attemptCounter(email)}
}

// chargeInSession adds the charge of an attempt of a signed-in user to db; the next statement on db counts it. Other
// users cannot use up this counter.
func (s *Service) chargeInSession(db *store.Store, caller *session.Caller) {
	if s.Options.RateLimit {
		db.AddCharges(s.attemptCharge(sessionLimit, "account:"+caller.User.ID+"|session:"+caller.Session.ID))
	}
}

// attemptCharge returns a charge whose window begins with the first attempt. If the password is right, Refund removes
// the charge.
func (s *Service) attemptCharge(rule limit.Rule, key string) store.Charge {
	c := s.charge(rule, key)
	c.Fixed = true
	return c
}

// comparePassword reports whether secret matches hash, which is "" if the user has no password. All comparisons of
// passwords use this function. It counts the attempt, unless the statement that read hash has counted it.
func (s *Service) comparePassword(r *http.Request, db *store.Store, userID, hash, secret string) (bool, error) {
	if err := db.FlushCharges(r.Context()); err != nil {
		return false, fmt.Errorf("count attempt: %w", err)
	}
	ok, err := s.Hasher.Verify(r.Context(), hash, secret)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	if !ok && hash != "" && !password.IsSupported(hash) {
		warnUnknownHash(r, userID)
	}
	return ok, nil
}

// refundAttempt removes the charges of an attempt whose password was right, for a request that starts no session.
func (s *Service) refundAttempt(r *http.Request, db *store.Store) {
	if err := db.Refund(r.Context()); err != nil {
		web.NoteError(r.Context(), fmt.Errorf("refund attempt: %w", err))
	}
}
