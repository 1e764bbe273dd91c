package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// accountInfo answers GET /api/auth/account-info, which returns the caller's profile at a social provider. No provider
// is configured, so it always returns an error.
func (s *Service) accountInfo(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	id, err := selectAccount("query", web.Query(r))
	if err != nil {
		return err
	}
	if _, err := s.selectedProvider(w, r, db, id); err != nil {
		return err
	}
	return errProviderNotSetUp
}
