package twofactor

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type backupCodesReply struct {
	Status      bool     `json:"status"`
	BackupCodes []string `json:"backupCodes"`
}

// generateBackupCodes answers POST /api/auth/two-factor/generate-backup-codes: it replaces the caller's backup codes.
func (s *Service) generateBackupCodes(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in passwordRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireCaller(w, r, db)
	switch {
	case err != nil:
		return err
	case !isEnabled(caller.User):
		return errNotEnabled
	}
	if err := s.ConfirmPassword(r, db, caller, in.Password); err != nil {
		return err
	}
	if err := checkNotImpersonated(caller); err != nil {
		return err
	}
	factor, err := s.twoFactorOf(r.Context(), db, caller)
	switch {
	case err != nil:
		return err
	case factor.ID == "":
		return errNotEnabled
	}
	codes, stored, err := s.newBackupCodes(r.Context())
	if err != nil {
		return err
	}
	if err := db.ReplaceBackupCodes(r.Context(), factor.ID, "", stored); err != nil {
		return fmt.Errorf("replace backup codes: %w", err)
	}
	return web.WriteJSON(w, http.StatusOK, backupCodesReply{true, codes})
}
