package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// accountInfo answers GET /api/auth/account-info: what a social provider knows of the caller. None is configured.
func (s *Service) accountInfo(w http.ResponseWriter, r *http.Request) error {
	id, err := selectAccount("query", web.Query(r))
	if err != nil {
		return err
	}
	if _, err := s.selectedProvider(w, r, id); err != nil {
		return err
	}
	return errProviderNotSetUp
}
