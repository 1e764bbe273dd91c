package social

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/placeholder"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The maximum lengths of values from a provider, in characters. A longer name is cut, a longer image is left out.
const (
	maxName  = 256
	maxImage = 32768
)

// identity is what a provider says about a user who signs in.
type identity struct {
	profile       oauth.Profile
	tokens        store.ProviderTokens // not yet encrypted; Scope is of a new account
	requestSignUp bool
	callbackURL   string // of the link that verifies the email
	fromClient    bool   // an id token that the client has sent, without a callback
}

// result is a sign-in that has succeeded.
type result struct {
	user    store.User
	session store.Session
	isNew   bool // the sign-in has created the user
}

// signIn starts a session for the user whom a provider names: the owner of the account at the provider, or else the
// user with the email, or else a new user. Its error is a refusal, store.ErrBanned, or unexpected. If another request
// has created the same user or account at the same time, it looks again.
func (s *Service) signIn(r *http.Request, db *store.Store, p *oauth.Provider, id identity) (result, error) {
	got, err := s.signInOnce(r, db, p, id)
	if errors.Is(err, store.ErrDuplicate) {
		got, err = s.signInOnce(r, db, p, id)
	}
	switch {
	case errors.Is(err, store.ErrDuplicate), errors.Is(err, store.ErrInvalid):
		return got, unableToCreateUser
	case errors.Is(err, store.ErrOrphan): // the user was deleted at the same time
		return got, unableToLinkAccount
	}
	if got.user.ID != "" {
		web.NoteUser(r.Context(), got.user.ID)
	}
	return got, err
}

func (s *Service) signInOnce(r *http.Request, db *store.Store, p *oauth.Provider, id identity) (result, error) {
	account := store.ProviderAccount{ProviderID: p.ID, AccountID: id.profile.Subject}
	email := emailOf(id.profile)
	match, err := db.MatchAccount(r.Context(), account, email)
	switch {
	case errors.Is(err, store.ErrDuplicate):
		return result{}, internalError
	case err != nil:
		return result{}, fmt.Errorf("find account: %w", err)
	case match.Account == "" && email == "":
		return result{}, emailNotFound
	}
	if match.User.ID != "" {
		web.NoteUser(r.Context(), match.User.ID)
	}
	tokens, err := s.encryptTokens(r.Context(), id.tokens)
	if err != nil {
		return result{}, err
	}
	switch {
	case match.Account != "":
		return s.signInKnown(r, db, p, id, match, tokens)
	case match.User.ID != "":
		return s.signInByEmail(r, db, p, id, match, account, tokens)
	}
	return s.signUp(r, db, p, id, account, tokens)
}

// signInKnown signs in the owner of a known account.
func (s *Service) signInKnown(
	r *http.Request, db *store.Store, p *oauth.Provider, id identity, match store.AccountMatch,
	tokens store.ProviderTokens,
) (result, error) {
	stored := &tokens
	tokens.Scope = nil // as in Better Auth, only link-social changes the scopes
	if !s.Options.Social.UpdateAccountOnSignIn {
		stored = nil
	}
	changes := s.changesOfKnown(p, id, match.User)
	verified := match.User.EmailVerified
	if changes.EmailVerified != nil {
		verified = *changes.EmailVerified
	}
	row, refused := s.session(r, p, match.User.ID, verified)
	user, err := db.SignInWithAccount(r.Context(), match.Account, stored, changes, row, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return result{}, unableToUpdateAccount
	}
	if err == nil && refused && s.Options.SendVerificationOnSignIn {
		s.sendVerification(r, db, user.Email, id.callbackURL)
	}
	return finished(user, row, false, err)
}

// changesOfKnown returns what a sign-in changes in the row of a user who has the account.
func (s *Service) changesOfKnown(p *oauth.Provider, id identity, user store.User) store.ProviderProfile {
	profile := id.profile
	email := emailOf(profile)
	same := email == user.Email
	var c store.ProviderProfile
	switch {
	case p.OverrideUserInfo && !id.fromClient && email != "" && !placeholder.Is(email):
		c.Name, c.Image = name(profile), image(profile)
		verified := profile.EmailVerified || same && user.EmailVerified
		c.EmailVerified = &verified
		if !same {
			c.Email = &email
		}
	case profile.EmailVerified && same && !user.EmailVerified:
		c.EmailVerified = &profile.EmailVerified
	case profile.EmailVerified && email != "" && placeholder.Is(user.Email) && !placeholder.Is(email):
		c.Email, c.EmailVerified = &email, &profile.EmailVerified
	}
	return c
}

// signInByEmail links the account to the user with its email and signs them in, if the linking rules allow it.
func (s *Service) signInByEmail(
	r *http.Request, db *store.Store, p *oauth.Provider, id identity, match store.AccountMatch,
	account store.ProviderAccount, tokens store.ProviderTokens,
) (result, error) {
	options := s.Options.Social
	if !s.isTrusted(p, id.profile) || !match.User.EmailVerified || !options.AccountLinking ||
		options.DisableImplicitLinking {
		return result{}, accountNotLinked
	}
	row, refused := s.session(r, p, match.User.ID, match.User.EmailVerified)
	user, err := db.LinkAccount(r.Context(), match.User.ID, account, tokens, s.changesOnLink(id.profile), row, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return result{}, unableToLinkAccount
	}
	if err == nil && refused && s.Options.SendVerificationOnSignIn {
		s.sendVerification(r, db, user.Email, id.callbackURL)
	}
	return finished(user, row, false, err)
}

// isTrusted reports whether the email of the provider counts: the provider says that it is verified, or the provider is
// in TRUSTED_PROVIDERS.
func (s *Service) isTrusted(p *oauth.Provider, profile oauth.Profile) bool {
	return profile.EmailVerified || slices.Contains(s.Options.Social.TrustedProviders, p.ID)
}

// changesOnLink returns what the link of an account changes in the row of its user.
func (s *Service) changesOnLink(profile oauth.Profile) store.ProviderProfile {
	if !s.Options.Social.UpdateUserInfoOnLink {
		return store.ProviderProfile{}
	}
	return store.ProviderProfile{Name: name(profile), Image: image(profile)}
}

// signUp creates a user with the account.
func (s *Service) signUp(
	r *http.Request, db *store.Store, p *oauth.Provider, id identity, account store.ProviderAccount,
	tokens store.ProviderTokens,
) (result, error) {
	if !s.Options.SignUp || p.DisableSignUp || p.DisableImplicitSignUp && !id.requestSignUp {
		return result{}, signUpDisabled
	}
	email := emailOf(id.profile)
	if placeholder.Is(email) && p.ID != "twitter" { // it would keep a user of X from signing in for the first time
		return result{}, emailNotFound
	}
	row, refused := s.session(r, p, "", id.profile.EmailVerified)
	user, err := db.SignUpWithAccount(r.Context(), account, tokens, store.ProviderProfile{
		Name: name(id.profile), Image: image(id.profile), Email: &email, EmailVerified: &id.profile.EmailVerified,
	}, row, s.now())
	if err == nil && refused {
		s.sendVerification(r, db, user.Email, id.callbackURL)
	}
	return finished(user, row, true, err)
}

// session returns a new session for a user, or nil if the provider needs a verified email and the email is not.
func (s *Service) session(r *http.Request, p *oauth.Provider, userID string, verified bool) (*store.Session, bool) {
	if p.RequireEmailVerification && !verified {
		return nil, true
	}
	row := s.Sessions.Prepare(r, true)
	row.UserID = userID
	return &row, false
}

// finished returns the result of a statement of a sign-in.
func finished(user store.User, row *store.Session, isNew bool, err error) (result, error) {
	switch {
	case err != nil:
		return result{user: user}, err
	case row == nil:
		return result{user: user}, emailNotVerified
	}
	return result{user, *row, isNew}, nil
}

// sendVerification mails a link that verifies an email. The response does not depend on it.
func (s *Service) sendVerification(r *http.Request, db *store.Store, email, callbackURL string) {
	if !s.SendsMail() || placeholder.Is(email) {
		return
	}
	if err := s.SendVerification(r, db, email, callbackURL); err != nil {
		web.NoteError(r.Context(), err)
	}
}

// emailOf returns the email of a profile in lower case, "" if there is none. It ignores an email with a letter beyond
// ASCII that has an ASCII letter as its lower case: that is another mailbox than the one with the ASCII letter.
func emailOf(p oauth.Profile) string {
	becomesASCII := func(r rune) bool { return r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII }
	if strings.ContainsFunc(p.Email, becomesASCII) {
		return ""
	}
	return strings.ToLower(p.Email)
}

// name returns the name of a profile, cut to maxName characters.
func name(p oauth.Profile) *string {
	if p.Name == nil {
		return nil
	}
	length := 0
	for i, r := range *p.Name {
		if length += utf16.RuneLen(r); length > maxName {
			cut := (*p.Name)[:i]
			return &cut
		}
	}
	return p.Name
}

// image returns the URL of the picture of a profile, or nil if it is too long.
func image(p oauth.Profile) *string {
	if p.Image == nil || web.Length(*p.Image) > maxImage {
		return nil
	}
	return p.Image
}
