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

// listAccounts answers GET /api/auth/list-accounts with the accounts of the caller, without password hashes and tokens.
func (s *Service) listAccounts(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	caller, err := s.RequireCaller(w, r, db)
	if err != nil {
		return err
	}
	accounts, err := db.AccountsOfUser(r.Context(), caller.User.ID)
	if err != nil {
		return fmt.Errorf("list accounts: %w", err)
	}
	replies := make([]accountReply, len(accounts))
	for i, a := range accounts {
		replies[i] = accountReply{a, SplitScopes(a.Scope)}
	}
	return web.WriteJSON(w, http.StatusOK, replies)
}

// SplitScopes splits a comma-separated list of OAuth scopes. For an empty list it returns a slice that is not nil.
func SplitScopes(stored string) []string {
	list := []string{} // not nil, which JSON encodes as null
	for scope := range strings.SplitSeq(stored, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			list = append(list, scope)
		}
	}
	return list
}
