package admin

import (
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// defaultBanReason is the reason of a ban for which the administrator gives none.
const defaultBanReason = "No reason"

// maxBanSeconds is the longest ban with an end: 250 years. Longer ones do not fit into a time.Duration.
const maxBanSeconds = 250 * 365 * 24 * 3600

// banUser answers POST /api/auth/admin/ban-user: it bans a user and ends all their sessions.
func (s *Service) banUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID       string   `json:"userId" check:"coerced"`
		BanReason    *string  `json:"banReason"`
		BanExpiresIn *float64 `json:"banExpiresIn"` // in seconds; 0 means that the ban has no end
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.requireRight(w, r, db, "user", "ban", errBanDenied)
	if err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	if strings.EqualFold(in.UserID, caller.User.ID) {
		return errBanYourself
	}
	reason, seconds := web.OrEmpty(in.BanReason), 0.0
	if reason == "" {
		reason = defaultBanReason
	}
	if in.BanExpiresIn != nil {
		seconds = max(-maxBanSeconds, min(maxBanSeconds, *in.BanExpiresIn))
	}
	user, err := s.users(db).Ban(r.Context(), in.UserID, reason, time.Duration(seconds*1000)*time.Millisecond)
	if err != nil {
		return changeError(r, "ban user", err)
	}
	return web.WriteJSON(w, http.StatusOK, userReply{user})
}
