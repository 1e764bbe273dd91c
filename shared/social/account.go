package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// readSelectedAccount returns the account of the caller that the body names.
func (s *Service) readSelectedAccount(
	w http.ResponseWriter,
	r *http.Request,
	db *store.Store,
) (store.StoredAccount, error) {
	body, _ := web.BodyObject(r)
	id, err := accountIDFromRequest("body", body)
	if err != nil {
		return store.StoredAccount{}, err
	}
	return s.accountOfCaller(w, r, db, id)
}

// accountOfCaller returns the caller's account with the given row id.
func (s *Service) accountOfCaller(
	w http.ResponseWriter, r *http.Request, db *store.Store, id string,
) (store.StoredAccount, error) {
	caller, err := s.RequireSensitiveCaller(w, r, db)
	switch {
	case errors.Is(err, auth.ErrUnauthorized):
		return store.StoredAccount{}, errNoSession
	case err != nil:
		return store.StoredAccount{}, err
	case id == "":
		return store.StoredAccount{}, auth.ErrAccountNotFound
	}
	account, err := db.AccountWithTokens(r.Context(), caller.User.ID, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return account, auth.ErrAccountNotFound
	case err != nil:
		return account, fmt.Errorf("find account: %w", err)
	}
	return account, nil
}

// providerOfAccount returns the provider of an account. Its error is notConfigured if the provider is not configured.
func (s *Service) providerOfAccount(
	ctx context.Context, a store.StoredAccount, notConfigured error,
) (*oauth.Provider, error) {
	p, err := s.configuredProvider(ctx, a.ProviderID)
	if errors.Is(err, errProviderNotFound) {
		return nil, notConfigured
	}
	return p, err
}
