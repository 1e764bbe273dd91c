package auth

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type accountReply struct {
	store.Account
	Scopes []string `json:"scopes"`
}

// listAccounts answers GET /api/auth/list-accounts: the ways in which the caller can sign in, without their secrets.
func (s *Service) listAccounts(w http.ResponseWriter, r *http.Request) error {
	caller, err := s.signedIn(w, r)
	if err != nil {
		return err
	}
	accounts, err := s.Store.AccountsOfUser(r.Context(), caller.User.ID)
	if err != nil {
		return fmt.Errorf("list accounts: %w", err)
	}
	replies := make([]accountReply, len(accounts))
	for i, a := range accounts {
		replies[i] = accountReply{a, scopes(a.Scope)}
	}
	return web.JSON(w, http.StatusOK, replies)
}

// scopes takes a stored list apart.
func scopes(stored string) []string {
	list := []string{} // an array in JSON even when it is empty
	for scope := range strings.SplitSeq(stored, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			list = append(list, scope)
		}
	}
	return list
}
