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
	networkPasswordLimit = limit.Rule{Window: time.Hour, Max: 10} // from one network: an IPv4 address or an IPv6 /64
	accountPasswordLimit = limit.Rule{Window: time.Hour, Max: 20} // from all clients without a device cookie together
	devicePasswordLimit  = limit.Rule{Window: time.Hour, Max: 10} // from one client with a valid device cookie
	sessionPasswordLimit = limit.Rule{Window: time.Hour, Max: 10} // in one session
)

// twoFactorMailLimit is the limit of wrong second factors of a user with mailed codes only, whose window begins with
// the first one. It equals the lock of other users.
var twoFactorMailLimit = limit.Rule{Window: 15 * time.Minute, Max: 10}

// accountCounterKey returns the key of the counter of wrong passwords for one account from clients without a valid
// device cookie. email is in lower case. The key does not depend on whether the account exists.
func accountCounterKey(email string) string { return "account:" + emailForLimitKey(email) }

// networkCounterKey returns the key of the counter of wrong passwords for one account from the network of r's client.
func (s *Service) networkCounterKey(r *http.Request, email string) string {
	return accountCounterKey(email) + "|" + s.Limits.IP(r)
}

// chargeSignInAttempt adds the charges of a sign-in attempt to db; the next statement on db counts them. A client with
// a valid device cookie has its own counter, which other clients cannot use up. For other clients the counter of the
// network comes first, so that one network cannot use up the counter of the account.
func (s *Service) chargeSignInAttempt(r *http.Request, db *store.Store, email string, device *session.Device) {
	switch {
	case !s.Options.RateLimit:
	case device != nil:
		db.AddCharges(s.passwordAttemptCharge(devicePasswordLimit, accountCounterKey(email)+"|device:"+device.ID))
	default:
		db.AddCharges(s.passwordAttemptCharge(networkPasswordLimit, s.networkCounterKey(r, email)),
			s.passwordAttemptCharge(accountPasswordLimit, accountCounterKey(email)))
	}
}

// signInCounterKeys returns the keys of the counters of wrong passwords that a completed password reset deletes.
func (s *Service) signInCounterKeys(r *http.Request, email string) []string {
	if !s.Options.RateLimit {
		return nil
	}
	return []string{s.networkCounterKey(r, email), accountCounterKey(email)}
}

// chargeSessionAttempt adds the charge of a password attempt by the signed-in caller to db; the next statement on db
// counts it. Other users cannot use up this counter.
func (s *Service) chargeSessionAttempt(db *store.Store, caller *session.Caller) {
	if s.Options.RateLimit {
		db.AddCharges(s.passwordAttemptCharge(sessionPasswordLimit, "account:"+caller.User.ID+"|session:"+caller.Session.ID))
	}
}

// passwordAttemptCharge returns a Fixed charge, which RefundCharges removes from the count again if the password is
// right.
func (s *Service) passwordAttemptCharge(rule limit.Rule, key string) store.Charge {
	c := s.newCharge(rule, key)
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
		warnUnknownHashFormat(r, userID)
	}
	return ok, nil
}

// refundPasswordAttempt removes the charges of an attempt with the right password. It is for requests that start no
// session, because InsertSession removes the charges too.
func (s *Service) refundPasswordAttempt(r *http.Request, db *store.Store) {
	if err := db.RefundCharges(r.Context()); err != nil {
		web.NoteError(r.Context(), fmt.Errorf("refund attempt: %w", err))
	}
}
