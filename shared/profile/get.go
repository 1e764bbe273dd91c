package profile

import (
	"net/http"
	"strconv"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// get answers GET /api/profile.
func (s *Service) get(w http.ResponseWriter, r *http.Request, db *store.Store, caller store.TokenHolder) error {
	p, err := db.ProfileOf(r.Context(), caller)
	if err != nil {
		return storeError("read profile", err)
	}
	return sendProfile(w, http.StatusOK, p)
}

// replySize is the size for which the buffer of a reply is made. Most profiles are smaller.
const replySize = 512

// sendProfile sends a profile with its ETag, which changes with every update.
func sendProfile(w http.ResponseWriter, status int, p store.Profile) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("ETag", `"`+strconv.FormatInt(p.UpdatedAt.UnixMicro(), 36)+`"`)
	return web.WriteJSONText(w, status, p.AppendJSON(make([]byte, 0, replySize)))
}
