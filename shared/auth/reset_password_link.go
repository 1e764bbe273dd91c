package auth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// resetPasswordLink answers GET /api/auth/reset-password/{token}, the mailed link. It redirects to the page with the
// form for a new password, which gets the token or an error in its query. It does not use up the token.
func (s *Service) resetPasswordLink(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		CallbackURL string `json:"callbackURL"`
	}
	if err := s.decodeMailLinkQuery(r, &in); err != nil {
		return err
	}
	if in.CallbackURL == "" {
		web.NoteCode(r.Context(), errInvalidResetToken.Code)
		return redirect.To(w, redirect.SetParameter(s.Options.Origin, BasePath+"/error", "error", errInvalidResetToken.Code))
	}
	target, token := s.Options.OnSite(in.CallbackURL), r.PathValue("token")
	_, _, err := db.UserOfLink(r.Context(), resetLinkIdentifier(token), s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		web.NoteCode(r.Context(), errInvalidResetToken.Code)
		return redirect.To(w, redirect.SetParameter(s.Options.Origin, target, "error", errInvalidResetToken.Code))
	case err != nil:
		return fmt.Errorf("find reset token: %w", err)
	}
	return redirect.To(w, redirect.SetParameter(s.Options.Origin, target, "token", token))
}
