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

// The limits of wrong passwords for one account. Their windows of one hour begin with the first wrong password. An
// attempt is counted before the password is compared, and removed from the count again if the password is right. 20
// wrong passwords an hour are 480 a day.
var (
	networkLimit = limit.Rule{Window: time.Hour, Max: 10} // from one network: an IPv4 address or an IPv6 /64
	accountLimit = limit.Rule{Window: time.Hour, Max: 20} // from all clients without a valid device cookie together
	deviceLimit  = limit.Rule{Window: time.Hour, Max: 10} // from one client with a valid device cookie
	sessionLimit = limit.Rule{Window: time.Hour, Max: 10} // in one session
)

// accountCounterKey returns the key of the counter of wrong passwords for one account from clients without a valid
// device cookie. email is in lower case. The key does not depend on whether the account exists.
func accountCounterKey(email string) string { return "account:" + emailInKey(email) }

// networkCounterKey returns the key of the counter of wrong passwords for one account from the network of r's client.
func (s *Service) networkCounterKey(r *http.Request, email string) string {
	return accountCounterKey(email) + "|" + s.Limits.IP(r)
}

// chargeSignIn adds the charges of a sign-in attempt to db; the next statement on db counts them. A client with a valid
// device cookie has its own counter, which other clients cannot use up. For other clients the counter of the network
// comes first, so that one network cannot use up the counter of the account.
func (s *Service) chargeSignIn(r *http.Request, db *store.Store, email string, device *session.Device) {
	switch {
	case !s.Options.RateLimit:
	case device != nil:
		db.AddCharges(s.attemptCharge(deviceLimit, accountCounterKey(email)+"|device:"+device.ID))
	default:
		db.AddCharges(s.attemptCharge(networkLimit, s.networkCounterKey(r, email)),
			s.attemptCharge(accountLimit, accountCounterKey(email)))
	}
}

// signInCounterKeys returns the keys of the counters of wrong passwords that a completed password reset deletes.
func (s *Service) signInCounterKeys(r *http.Request, email string) []string {
	if !s.Options.RateLimit {
		return nil
	}
	return []string{s.networkCounterKey(r, email), accountCounterKey(email)}
}

// chargeInSession adds the charge of a password attempt by the signed-in caller to db; the next statement on db counts
// it. Other users cannot use up this counter.
func (s *Service) chargeInSession(db *store.Store, caller *session.Caller) {
	if s.Options.RateLimit {
		db.AddCharges(s.attemptCharge(sessionLimit, "account:"+caller.User.ID+"|session:"+caller.Session.ID))
	}
}

// attemptCharge returns a Fixed charge, which Refund removes from the count again if the password is right.
func (s *Service) attemptCharge(rule limit.Rule, key string) store.Charge {
	c := s.charge(rule, key)
	c.Fixed = true
	return c
}

// comparePassword reports whether secret is the password with the given hash. hash is "" if the user has no password.
// Every comparison of a password uses this function, which first counts the attempt, unless the statement that read
// hash has counted it.
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

// refundAttempt removes the charges of an attempt with the right password. It is for requests that start no session,
// because InsertSession removes the charges too.
func (s *Service) refundAttempt(r *http.Request, db *store.Store) {
	if err := db.Refund(r.Context()); err != nil {
		web.NoteError(r.Context(), fmt.Errorf("refund attempt: %w", err))
	}
}
