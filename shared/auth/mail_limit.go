package auth

import (
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/store"
)

// The limits of mails of one kind to one email. Each client has its own limit, so that no other client can use up the
// limit of the owner. The total limit protects the inbox against requests from many clients. If the total limit drops a
// reset mail, Xenon has sent twenty reset mails within the hour, and the link of the newest one still works. A
// completed reset deletes both counters.
var (
	mailLimit      = limit.Rule{Window: time.Hour, Max: 5}  // for one client IP address
	mailTotalLimit = limit.Rule{Window: time.Hour, Max: 20} // for all clients together
)

// mailCharges returns the charges for a mail: for the client, and for all clients. A mail.Nothing has its own counters:
// it does the same work, and does not reduce the number of mails that can be sent.
func (s *Service) mailCharges(r *http.Request, m mail.Message) (client, total store.Charge) {
	kind := string(m.Kind)
	if m.Purpose != "" {
		kind += "." + m.Purpose
	}
	key := "mail:" + kind + ":" + keyEmail(m.To)
	client, total = s.charge(mailLimit, key+"|"+s.Limits.IP(r)), s.charge(mailTotalLimit, key)
	client.NotCached, total.NotCached = true, true
	return client, total
}

// mayMail reports whether a mail may be sent, and counts the mail if it may. If it may not, send queues a mail.Nothing
// instead, so that the response does not show it.
func (s *Service) mayMail(r *http.Request, db *store.Store, m mail.Message) (bool, error) {
	if !s.Options.RateLimit {
		return true, nil
	}
	client, total := s.mailCharges(r, m)
	if may, err := s.countMail(r, db, client); !may {
		return false, err
	}
	may, err := s.countMail(r, db, total)
	if may || err != nil {
		return may, err
	}
	if err := db.Uncount(r.Context(), client); err != nil {
		return false, fmt.Errorf("remove mail from the count: %w", err)
	}
	return false, nil
}

func (s *Service) countMail(r *http.Request, db *store.Store, c store.Charge) (bool, error) {
	err := db.Count(r.Context(), c)
	if store.IsLimited(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("count mail: %w", err)
	}
	return true, nil
}

// resetMailCounters returns the keys of the counters of reset mails that a completed reset deletes.
func (s *Service) resetMailCounters(r *http.Request, email string) []string {
	client, total := s.mailCharges(r, mail.Message{Kind: mail.ResetPassword, To: email})
	return []string{client.Key, total.Key}
}
