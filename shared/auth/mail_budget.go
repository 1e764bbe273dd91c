package auth

import (
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/store"
)

// How many mails of one kind may go to one email address. A client has a budget of its own, so that no other client can
// spend the owner's; the ceiling keeps many clients together from flooding an inbox. While the ceiling holds back a
// reset mail, twenty reset mails have left within the hour and the link of the newest one still works; a completed
// reset clears both counts.
var (
	mailLimit   = limit.Rule{Window: time.Hour, Max: 5}  // for one client IP address
	mailCeiling = limit.Rule{Window: time.Hour, Max: 20} // for all
)

// mailCharges are what a mail costs: the client's own count first, then the ceiling. A mail.Nothing has counts of its
// own: it does the same work, and spends nothing that a mail needs.
func (s *Service) mailCharges(r *http.Request, m mail.Message) (client, ceiling store.Charge) {
	kind := string(m.Kind)
	if m.Purpose != "" {
		kind += "." + m.Purpose
	}
	key := "mail:" + kind + ":" + short(m.To)
	client, ceiling = s.charge(mailLimit, key+"|"+s.Limits.IP(r)), s.charge(mailCeiling, key)
	client.Forgettable, ceiling.Forgettable = true, true
	return client, ceiling
}

// mayMail reports whether a mail may leave, and counts it if so. The caller of the request is not told that it may not:
// a mail.Nothing goes in its place.
func (s *Service) mayMail(r *http.Request, db *store.Store, m mail.Message) (bool, error) {
	if !s.Options.RateLimit {
		return true, nil
	}
	client, ceiling := s.mailCharges(r, m)
	if may, err := s.countMail(r, db, client); !may {
		return false, err
	}
	may, err := s.countMail(r, db, ceiling)
	if may || err != nil {
		return may, err
	}
	if err := db.Uncount(r.Context(), client); err != nil {
		return false, fmt.Errorf("uncount mail: %w", err)
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

// resetCounts are the keys of what reset mails to an email address have cost, as far as a completed reset clears it.
func (s *Service) resetCounts(r *http.Request, email string) []string {
	client, ceiling := s.mailCharges(r, mail.Message{Kind: mail.ResetPassword, To: email})
	return []string{client.Key, ceiling.Key}
}
