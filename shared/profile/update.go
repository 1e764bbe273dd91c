package profile

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// update answers PUT /api/profile: it changes the fields that are present. With If-Match it changes them only if the
// profile still has the ETag that the client read; without it, the last write wins.
func (s *Service) update(w http.ResponseWriter, r *http.Request, db *store.Store, caller store.TokenHolder) error {
	in, err := s.readFields(w, r)
	if err != nil {
		return err
	}
	p, err := db.UpdateProfile(r.Context(), caller, in, parseIfMatch(r.Header.Values("If-Match")))
	if err != nil {
		return storeError("update profile", err)
	}
	return sendProfile(w, http.StatusOK, p)
}

// parseIfMatch returns the values of UpdatedAt that the client accepts: nil if it accepts any, an empty list if no ETag
// has the form of Xenon's. Weak ETags never match (RFC 9110, section 13.1.1).
func parseIfMatch(headers []string) []time.Time {
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
