package admin

import (
	"cmp"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// defaultBanReason is the reason of a ban for which the administrator gives none.
const defaultBanReason = "No reason"

// BanReason returns the reason that is stored for a ban with the given reason, which may be empty.
func BanReason(given string) string { return cmp.Or(given, defaultBanReason) }

// maxBanSeconds limits the time from now to the end of a ban, in both directions: 1,900 years, so that the end has a
// year of four digits.
const maxBanSeconds = 60_000_000_000

// banUser answers POST /api/auth/admin/ban-user: it bans a user and ends all their sessions.
func (s *Service) banUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID       string   `json:"userId" check:"coerced"`
		BanReason    *string  `json:"banReason" check:"max=1000"` // maxTextLength
		BanExpiresIn *float64 `json:"banExpiresIn"`               // in seconds; 0 means that the ban has no end
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	ends, err := s.banEnd(in.BanExpiresIn)
	if err != nil {
		return err
	}
	caller, err := s.requireRight(w, r, db, "user", "ban", errBanDenied)
	if err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	if isCaller(caller, in.UserID) {
		return errBanYourself
	}
	user, err := s.users(db).Ban(r.Context(), in.UserID, BanReason(web.OrEmpty(in.BanReason)), ends)
	if err != nil {
		return changeError(r, "ban user", err)
	}
	return web.WriteJSON(w, http.StatusOK, userReply{user})
}

// banEnd returns the end of a ban that begins now, or the zero time if it has none. It computes the end as JavaScript
// does, in milliseconds.
func (s *Service) banEnd(seconds *float64) (time.Time, error) {
	switch {
	case seconds == nil || *seconds == 0:
		return time.Time{}, nil
	case *seconds > maxBanSeconds:
		return time.Time{}, web.ValidationError("[body.banExpiresIn] Too big: expected number to be <=60000000000")
	case *seconds < -maxBanSeconds:
		return time.Time{}, web.ValidationError("[body.banExpiresIn] Too small: expected number to be >=-60000000000")
	}
	return time.UnixMilli(int64(float64(s.Now().UnixMilli()) + *seconds*1000)).UTC(), nil
}
