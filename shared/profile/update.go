package profile

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// update answers PUT /api/profile: it changes the fields that are present. With If-Match it changes nothing unless the
// profile is still the one that was read; without, the last write wins.
func (s *Service) update(w http.ResponseWriter, r *http.Request, userID string) error {
	in, err := fields(w, r)
	if err != nil {
		return err
	}
	match := ifMatch(r.Header.Values("If-Match"))
	p, err := s.Store.UpdateProfile(r.Context(), userID, in, match)
	switch {
	case errors.Is(err, store.ErrNotFound) && match != nil:
		return s.missed(r, userID)
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case err != nil:
		return fmt.Errorf("update profile: %w", err)
	}
	return answer(w, http.StatusOK, p)
}

// missed says why a conditional update found nothing to change.
func (s *Service) missed(r *http.Request, userID string) error {
	_, err := s.Store.ProfileOf(r.Context(), userID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case err != nil:
		return fmt.Errorf("read profile: %w", err)
	}
	return errChanged
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
