package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
)

// codeCounterKey returns the key of the counter of wrong mailed codes for one email (lower case), of all types
// together.
func codeCounterKey(email string) string { return "code:" + emailForLimitKey(email) }

// ChargeCodeAttempt adds the charges of a try of a mailed code to db, with the limits of wrong passwords. Without them
// a client with many IP addresses could ask for a new code after each three wrong tries. The counters are not those of
// passwords, so wrong passwords do not stop a sign-in with a code. A client with a valid device cookie has its own.
func (s *Service) ChargeCodeAttempt(r *http.Request, db *store.Store, email string, device *session.Device) {
	key := codeCounterKey(email)
	switch {
	case !s.Options.RateLimit:
	case device != nil:
		db.AddCharges(s.passwordAttemptCharge(devicePasswordLimit, key+"|device:"+device.ID))
	default:
		db.AddCharges(s.passwordAttemptCharge(networkPasswordLimit, key+"|"+s.Limits.IP(r)),
			s.passwordAttemptCharge(accountPasswordLimit, key))
	}
}

// RefundCodeAttempt removes the charges of a try with the right code.
func (s *Service) RefundCodeAttempt(r *http.Request, db *store.Store) { s.refundPasswordAttempt(r, db) }

// ResetCounterKeys returns the keys of the counters that a completed password reset deletes: of wrong passwords, wrong
// codes and reset mails.
func (s *Service) ResetCounterKeys(r *http.Request, email string) []string {
	keys := append(s.signInCounterKeys(r, email), s.resetMailCounterKeys(r, email)...)
	if s.Options.RateLimit {
		keys = append(keys, codeCounterKey(email)+"|"+s.Limits.IP(r), codeCounterKey(email))
	}
	return keys
}
