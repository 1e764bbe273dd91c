package profile

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// update answers PUT /api/profile: it changes the fields that are present. With If-Match it changes nothing unless the
// profile is still the one that was read; without, the last write wins.
func (s *Service) update(w http.ResponseWriter, r *http.Request, db *store.Store, caller store.TokenHolder) error {
	in, err := fields(w, r)
	if err != nil {
		return err
	}
	p, err := db.UpdateProfile(r.Context(), caller, in, ifMatch(r.Header.Values("If-Match")))
	if err != nil {
		return failure("update profile", err)
	}
	return answer(w, http.StatusOK, p)
}

// ifMatch is the list of states that the client accepts: nil for any, empty for none that we know. Weak tags never match
// (RFC 9110, 13.1.1).
func ifMatch(headers []string) []time.Time {
	if len(headers) == 0 {
		return nil
	}
	accepted := []time.Time{}
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return nil
		}
		inner, ok := strings.CutPrefix(tag, `"`)
		micros, err := strconv.ParseInt(strings.TrimSuffix(inner, `"`), 36, 64)
		if ok && strings.HasSuffix(inner, `"`) && err == nil {
			accepted = append(accepted, time.UnixMicro(micros).UTC())
		}
	}
	return accepted
}
