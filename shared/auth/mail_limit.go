package auth

import (
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The limits of mails of one kind to one email. Each client has its own limit, so that no other client can use it up.
// The total limit protects the inbox from requests of many clients. When it drops a reset mail, the last of twenty such
// mails was sent less than an hour ago, so its link is still valid. A completed reset deletes the total counter of
// reset mails and the one of its client.
var (
	mailLimitPerClient    = limit.Rule{Window: time.Hour, Max: 5}  // for the IP address of one client
	mailLimitOfAllClients = limit.Rule{Window: time.Hour, Max: 20} // for all clients together
)

// mailCharges returns the charges for a mail: the one for the client, and the one for all clients together. A
// mail.Nothing has counters of its own, so that it causes the same work but does not use up the limit of other mails.
func (s *Service) mailCharges(r *http.Request, m mail.Message) (client, total store.Charge) {
	kind := string(m.Kind)
	if m.Purpose != "" {
		kind += "." + m.Purpose
	}
	if m.Type != "" {
		kind += "." + m.Type
	}
	key := "mail:" + kind + ":" + emailForLimitKey(m.To)
	client, total = s.newCharge(mailLimitPerClient, key+"|"+s.Limits.IP(r)), s.newCharge(mailLimitOfAllClients, key)
	client.NotCached, total.NotCached = true, true
	return client, total
}

// countMailIfAllowed reports whether the limits allow a mail, and counts the mail if they do. If only the total limit
// rejects the mail, it does not count for the client.
func (s *Service) countMailIfAllowed(r *http.Request, db *store.Store, m mail.Message) (bool, error) {
	if !s.Options.RateLimit {
		return true, nil
	}
	client, total := s.mailCharges(r, m)
	if device := s.deviceOfSignInMail(r, m); device != nil {
		client.Key = total.Key + "|device:" + device.ID
		return s.countMailAgainstLimit(r, db, client)
	}
	if may, err := s.countMailAgainstLimit(r, db, client); !may {
		return false, err
	}
	may, err := s.countMailAgainstLimit(r, db, total)
	if may || err != nil {
		return may, err
	}
	if err := db.UncountCharge(r.Context(), client); err != nil {
		return false, fmt.Errorf("remove mail from the count: %w", err)
	}
	return false, nil
}

// deviceOfSignInMail returns the device cookie of r if m is a mail that signs in and the cookie is for its email. Such
// a client has a counter of its own, so that no other client can keep its user from signing in.
func (s *Service) deviceOfSignInMail(r *http.Request, m mail.Message) *session.Device {
	if m.Kind != mail.MagicLink && m.Kind != mail.EmailOTP {
		return nil
	}
	device, err := s.Sessions.Device(r, m.To)
	if err != nil {
		web.NoteError(r.Context(), err)
		return nil
	}
	return device
}

// countMailAgainstLimit counts a mail against one limit and reports whether the limit allows it.
func (s *Service) countMailAgainstLimit(r *http.Request, db *store.Store, c store.Charge) (bool, error) {
	err := db.CountCharge(r.Context(), c)
	if store.IsRateLimitError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("count mail: %w", err)
	}
	return true, nil
}

// resetMailCounterKeys returns the keys of two counters of reset mails to the email: for r's client and for all clients
// together. A completed reset deletes these counters.
func (s *Service) resetMailCounterKeys(r *http.Request, email string) []string {
	client, total := s.mailCharges(r, mail.Message{Kind: mail.ResetPassword, To: email})
	return []string{client.Key, total.Key}
}
