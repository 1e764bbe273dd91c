package auth

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// selectAccount returns the row id of the account that the request names, or "" if the request names the account in
// Better Auth's account cookie, which Xenon never sets. object is the decoded query or body, and where is "query" or
// "body". A userId is allowed and has no effect, because the session names the user. Every other member is an error.
func selectAccount(where string, object map[string]any) (id string, err error) {
	id, byID := object["accountId"].(string)
	byCookie := object["useAccountCookie"] == true
	_, isString := object["userId"].(string)
	if _, present := object["userId"]; present && !isString || byID == byCookie {
		return "", web.Invalid("[" + where + "] Invalid input")
	}
	selector := "accountId"
	if byCookie {
		selector = "useAccountCookie"
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if name != selector && name != "userId" {
			unknown = append(unknown, `"`+name+`"`)
		}
	}
	switch len(unknown) {
	case 0:
		return id, nil
	case 1:
		return "", web.Invalid("[" + where + "] Unrecognized key: " + unknown[0])
	}
	return "", web.Invalid("[" + where + "] Unrecognized keys: " + strings.Join(unknown, ", "))
}

// selectedProvider returns the provider of the selected account, if the account belongs to the caller.
func (s *Service) selectedProvider(w http.ResponseWriter, r *http.Request, db *store.Store, id string) (string, error) {
	caller, err := s.RequireSensitive(w, r, db)
	switch {
	case errors.Is(err, ErrUnauthorized):
		return "", ErrTokenUnauthorized
	case err != nil:
		return "", err
	case id == "":
		return "", ErrAccountNotFound
	}
	provider, err := db.ProviderOfAccount(r.Context(), caller.User.ID, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", ErrAccountNotFound
	case err != nil:
		return "", fmt.Errorf("find account: %w", err)
	}
	return provider, nil
}

// providerToken answers get-access-token and refresh-token. No provider is configured, so it always returns an error.
func (s *Service) providerToken(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	body, _ := web.Object(r)
	id, err := selectAccount("body", body)
	if err != nil {
		return err
	}
	provider, err := s.selectedProvider(w, r, db, id)
	if err != nil {
		return err
	}
	return errProviderNotSupported(provider)
}
