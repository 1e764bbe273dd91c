package health

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// answerOK answers GET /api/auth/ok, which shows that the process runs. It does not use the database.
func answerOK(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, struct {
		OK bool `json:"ok"`
	}{true})
}
