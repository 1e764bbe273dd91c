package social

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// linkRequest is the body of link-social. The order of the members is the order of Better Auth's error messages.
type linkRequest struct {
	CallbackURL *string `json:"callbackURL"`
	Provider    string  `json:"provider" check:"choice"`
	IDToken     *struct {
		Token        string  `json:"token"`
		Nonce        *string `json:"nonce"`
		AccessToken  *string `json:"accessToken"`
		RefreshToken *string `json:"refreshToken"`
	} `json:"idToken"`
	RequestSignUp    *bool               `json:"requestSignUp"`
	Scopes           []string            `json:"scopes"`
	ErrorCallbackURL *string             `json:"errorCallbackURL"`
	DisableRedirect  *bool               `json:"disableRedirect"`
	LoginHint        *string             `json:"loginHint"`
	AdditionalParams authorizationParams `json:"additionalParams"`
	AdditionalData   map[string]any      `json:"additionalData"`
}

type linkReply struct {
	URL      string `json:"url"`
	Status   bool   `json:"status"`
	Redirect bool   `json:"redirect"`
}

// linkSocial answers POST /api/auth/link-social: it begins the link of an account at a provider to the caller, or links
// the account of an id token.
func (s *Service) linkSocial(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in linkRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	provider, err := s.configuredProvider(r.Context(), in.Provider)
	switch {
	case err != nil:
		return err
	case in.IDToken != nil:
		return s.linkIDToken(w, r, db, provider, caller, in)
	}
	keys, err := s.EncryptionKeys(r.Context())
	if err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	return s.startAtProvider(w, r, db, provider, startAtProviderInput{
		state: state{
			CallbackURL: web.OrEmpty(in.CallbackURL), ErrorURL: in.ErrorCallbackURL, RequestSignUp: in.RequestSignUp,
			Link: newStateLink(keys, caller), additional: in.AdditionalData,
		},
		scopes: in.Scopes, loginHint: in.LoginHint, params: in.AdditionalParams, disableRedirect: in.DisableRedirect,
	})
}

// linkAtProvider links the account that a provider has named in a callback to the user who has requested the link. The
// session that requested it must not have ended. The browser needs no session cookie. If another request has ended the
// session or linked the account after link has read them, it reads them again.
func (s *Service) linkAtProvider(
	r *http.Request, db *store.Store, p *oauth.Provider, request stateLink, profile oauth.Profile,
	tokens store.ProviderTokens,
) error {
	keys, err := s.EncryptionKeys(r.Context())
	if err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	token, err := keys.For(linkKeyPurpose).Decrypt(request.EncryptedSessionToken)
	if err != nil {
		return unableToLinkAccount
	}
	web.NoteUser(r.Context(), request.UserID)
	seen := store.ExpectedUser{ID: request.UserID, SessionToken: token}
	err = s.linkOnce(r, db, p, request, seen, profile, tokens)
	if isConcurrentChange(err) {
		err = s.linkOnce(r, db, p, request, seen, profile, tokens)
	}
	if isRejectedLink(r, err) {
		return unableToLinkAccount
	}
	return err
}

func (s *Service) linkOnce(
	r *http.Request, db *store.Store, p *oauth.Provider, request stateLink, seen store.ExpectedUser, profile oauth.Profile,
	tokens store.ProviderTokens,
) error {
	account := store.ProviderAccount{ProviderID: p.ID, AccountID: profile.Subject}
	match, err := db.MatchAccountToLink(r.Context(), seen.SessionToken, account, s.nowInMilliseconds())
	if errors.Is(err, store.ErrDuplicate) {
		return internalError
	}
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	switch {
	case match.UserID == "", match.UserID != request.UserID,
		!s.isEmailTrusted(p, profile), !s.Options.Social.AccountLinking:
		return unableToLinkAccount
	case emailOf(profile) != strings.ToLower(request.Email) && !s.Options.Social.AllowDifferentEmails:
		return emailDoesNotMatch
	case match.AccountRowID != "" && match.OwnerID != request.UserID:
		return linkedToDifferentUser
	}
	if match.AccountRowID != "" {
		scope := mergeScopes(match.Scope, web.OrEmpty(tokens.Scope))
		tokens.Scope = &scope
		if scope == "" {
			tokens.Scope = nil
		}
	}
	return s.storeLink(r, db, seen, match.AccountRowID, account, profile, tokens)
}

// storeLink stores a link. The argument row is the id of the account's row if the user already has the account; then
// storeLink only stores the tokens. If row is "", it stores a new account.
func (s *Service) storeLink(
	r *http.Request, db *store.Store, seen store.ExpectedUser, row string, account store.ProviderAccount,
	profile oauth.Profile, tokens store.ProviderTokens,
) error {
	tokens, err := s.encryptTokens(r.Context(), tokens)
	if err != nil {
		return err
	}
	in := store.ProviderSignIn{Expected: seen, Profile: s.changesOnLink(profile), At: s.nowInMilliseconds()}
	_, err = linkWithProfile(r, in, func(in store.ProviderSignIn) (store.User, error) {
		if row != "" {
			return db.SignInWithAccount(r.Context(), row, &tokens, in)
		}
		return db.LinkAccount(r.Context(), account, tokens, in)
	})
	if err != nil {
		return fmt.Errorf("link account: %w", err)
	}
	return nil
}

// linkWithProfile calls link. If a constraint or trigger of the operator rejects the changes of the user's name and
// image, it calls link again without them, because the link does not depend on them, as in Better Auth.
func linkWithProfile(
	r *http.Request, in store.ProviderSignIn, link func(store.ProviderSignIn) (store.User, error),
) (store.User, error) {
	user, err := link(in)
	reason := store.RejectionReason(err)
	if reason == "" || in.Profile == (store.ProviderProfile{}) {
		return user, err
	}
	in.Profile = store.ProviderProfile{}
	if user, err = link(in); err == nil {
		web.NoteError(r.Context(), errors.New(reason))
	}
	return user, err
}

// isRejectedLink reports whether a link has failed because of concurrent changes, or because the database rejects it.
// The log record then has the reason.
func isRejectedLink(r *http.Request, err error) bool {
	if reason := store.RejectionReason(err); reason != "" {
		web.NoteError(r.Context(), errors.New(reason))
	}
	return isConcurrentChange(err) || store.IsRejectedByDatabase(err)
}

// linkIDToken links the account of an id token to the caller. If another request has ended the caller's session or
// linked the account after linkIDToken has read them, it reads them again.
func (s *Service) linkIDToken(
	w http.ResponseWriter, r *http.Request, db *store.Store, p *oauth.Provider, caller *session.Caller, in linkRequest,
) error {
	profile, err := s.profileOfIDToken(r, db, p, idToken{
		Token: in.IDToken.Token, Nonce: in.IDToken.Nonce, AccessToken: in.IDToken.AccessToken,
	})
	switch {
	case err != nil:
		return err
	case emailOf(profile) == "":
		return errUserEmailNotFound
	}
	tokens := store.ProviderTokens{
		AccessToken: in.IDToken.AccessToken, RefreshToken: in.IDToken.RefreshToken, IDToken: &in.IDToken.Token,
	}
	err = s.linkIDTokenOnce(r, db, p, caller, profile, tokens)
	if isConcurrentChange(err) {
		if caller, err = s.RequireSensitiveCaller(w, r, db); err != nil {
			return err
		}
		err = s.linkIDTokenOnce(r, db, p, caller, profile, tokens)
	}
	switch {
	case isRejectedLink(r, err):
		return errLinkingFailed
	case err != nil:
		return err
	}
	return web.WriteJSON(w, http.StatusOK, linkReply{Status: true})
}

func (s *Service) linkIDTokenOnce(
	r *http.Request, db *store.Store, p *oauth.Provider, caller *session.Caller, profile oauth.Profile,
	tokens store.ProviderTokens,
) error {
	account := store.ProviderAccount{ProviderID: p.ID, AccountID: profile.Subject}
	match, err := db.MatchAccount(r.Context(), account, "")
	if err != nil && !errors.Is(err, store.ErrDuplicate) {
		return fmt.Errorf("find account: %w", err)
	}
	mine := match.AccountRowID != "" && match.User.ID == caller.User.ID
	switch {
	case errors.Is(err, store.ErrDuplicate), match.AccountRowID != "" && !mine:
		return errAccountAlreadyLinked
	case mine:
	case !s.isEmailTrusted(p, profile), !s.Options.Social.AccountLinking:
		return errLinkingNotAllowed
	case emailOf(profile) != caller.User.Email && !s.Options.Social.AllowDifferentEmails:
		return errDifferentEmails
	}
	seen := store.ExpectedUser{
		ID: caller.User.ID, Email: caller.User.Email, EmailVerified: caller.User.EmailVerified,
		SessionToken: caller.Session.Token,
	}
	return s.storeLink(r, db, seen, match.AccountRowID, account, profile, tokens)
}

// mergeScopes returns the scopes of both lists without duplicates, separated by commas.
func mergeScopes(stored, granted string) string {
	scopes := auth.SplitScopes(stored)
	for _, scope := range auth.SplitScopes(granted) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return strings.Join(scopes, ",")
}
