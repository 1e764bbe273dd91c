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

// selectAccount reads which account account-info, get-access-token and refresh-token are about: the id of its row, or ""
// for the one in an account cookie, which we never set. object is the query or body, where its name. A userId may stand
// beside it and means nothing: the session decides whose account it is. Nothing else may.
func selectAccount(where string, object map[string]any) (id string, err error) {
	id, byID := object["accountId"].(string)
	byCookie := object["useAccountCookie"] == true
	_, textual := object["userId"].(string)
	if _, given := object["userId"]; given && !textual || byID == byCookie {
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

// selectedProvider returns the provider of the selected account, if it is the caller's.
func (s *Service) selectedProvider(w http.ResponseWriter, r *http.Request, id string) (string, error) {
	caller, err := s.sensitive(w, r)
	switch {
	case errors.Is(err, errUnauthorized):
		return "", errTokenUnauthorized
	case err != nil:
		return "", err
	case id == "":
		return "", errAccountNotFound
	}
	provider, err := s.Store.ProviderOfAccount(r.Context(), caller.User.ID, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", errAccountNotFound
	case err != nil:
		return "", fmt.Errorf("find account: %w", err)
	}
	return provider, nil
}

// providerToken answers the two routes that hand out a provider's tokens: no provider is configured, so there are none.
func (s *Service) providerToken(w http.ResponseWriter, r *http.Request) error {
	body, _ := web.Object(r)
	id, err := selectAccount("body", body)
	if err != nil {
		return err
	}
	provider, err := s.selectedProvider(w, r, id)
	if err != nil {
		return err
	}
	return errProviderNotSupported(provider)
}
