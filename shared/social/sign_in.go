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

// The maximum lengths of values from a provider, in UTF-16 code units. A longer name is cut, and a longer image URL is
// left out.
const (
	maxNameLength     = 256
	maxImageURLLength = 32768
)

// providerIdentity is what a provider says about a user who signs in.
type providerIdentity struct {
	profile       oauth.Profile
	tokens        store.ProviderTokens // not yet encrypted; Scope is stored only with a new account
	requestSignUp bool
	callbackURL   string // to which the link in the verification mail redirects
	fromClient    bool   // the client has sent an id token; there was no callback
}

// signInResult is a sign-in that has succeeded.
type signInResult struct {
	user    store.User
	session store.Session
	isNew   bool // the sign-in has created the user
}

// signIn starts a session for the user whom a provider names: the owner of the account at the provider, or else the
// user with the email, or else a new user. Its error is a refusal, store.ErrBanned, or unexpected. If another request
// has changed the user or the account after signIn has read them, it reads them again.
func (s *Service) signIn(
	r *http.Request,
	db *store.Store,
	p *oauth.Provider,
	id providerIdentity,
) (signInResult, error) {
	got, err := s.signInOnce(r, db, p, id)
	if isConcurrentChange(err) {
		got, err = s.signInOnce(r, db, p, id)
	}
	switch {
	case errors.Is(err, store.ErrRejected), errors.Is(err, store.ErrOrphan): // by a trigger that the operator has added
		web.NoteError(r.Context(), err)
		return got, unableToCreateUser
	case errors.Is(err, store.ErrDuplicate), errors.Is(err, store.ErrInvalid):
		return got, unableToCreateUser
	case errors.Is(err, store.ErrChanged):
		return got, unableToUpdateAccount
	}
	if got.user.ID != "" {
		web.NoteUser(r.Context(), got.user.ID)
	}
	return got, err
}

// isConcurrentChange reports whether a write has failed because another request has changed what was read before.
func isConcurrentChange(err error) bool {
	return errors.Is(err, store.ErrDuplicate) || errors.Is(err, store.ErrChanged)
}

func (s *Service) signInOnce(
	r *http.Request,
	db *store.Store,
	p *oauth.Provider,
	id providerIdentity,
) (signInResult, error) {
	account := store.ProviderAccount{ProviderID: p.ID, AccountID: id.profile.Subject}
	email := emailOf(id.profile)
	match, err := db.MatchAccount(r.Context(), account, email)
	switch {
	case errors.Is(err, store.ErrDuplicate):
		return signInResult{}, internalError
	case err != nil:
		return signInResult{}, fmt.Errorf("find account: %w", err)
	case match.AccountRowID == "" && email == "":
		return signInResult{}, emailNotFound
	}
	if match.User.ID != "" {
		web.NoteUser(r.Context(), match.User.ID)
	}
	tokens, err := s.encryptTokens(r.Context(), id.tokens)
	if err != nil {
		return signInResult{}, err
	}
	switch {
	case match.AccountRowID != "":
		return s.signInKnownAccount(r, db, p, id, match, tokens)
	case match.User.ID != "":
		return s.signInByEmail(r, db, p, id, match, account, tokens)
	}
	return s.signUp(r, db, p, id, account, tokens)
}

// signInKnownAccount signs in the owner of a known account.
func (s *Service) signInKnownAccount(
	r *http.Request, db *store.Store, p *oauth.Provider, id providerIdentity, match store.AccountMatch,
	tokens store.ProviderTokens,
) (signInResult, error) {
	stored := &tokens
	tokens.Scope = nil // as in Better Auth, only link-social changes the scopes
	if !s.Options.Social.UpdateAccountOnSignIn {
		stored = nil
	}
	in := s.newProviderSignIn(r, p, match.User, s.changesForKnownAccount(p, id, match.User))
	user, err := db.SignInWithAccount(r.Context(), match.AccountRowID, stored, in)
	if errors.Is(err, store.ErrUnverified) && s.Options.SendVerificationOnSignIn {
		s.sendVerification(r, db, user.Email, id.callbackURL)
	}
	return signInResultOf(user, in.Session, false, err)
}

// changesForKnownAccount returns what a sign-in changes in the row of a user who has the account.
func (s *Service) changesForKnownAccount(
	p *oauth.Provider, id providerIdentity, user store.User,
) store.ProviderProfile {
	profile := id.profile
	email := emailOf(profile)
	same := email == user.Email
	var c store.ProviderProfile
	switch {
	case p.OverrideUserInfo && !id.fromClient && email != "" && !placeholder.Is(email):
		c.Name, c.Image = nameOf(profile), imageOf(profile)
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

// signInByEmail links the account to the user who has its email, and signs this user in, if the linking rules allow it.
func (s *Service) signInByEmail(
	r *http.Request, db *store.Store, p *oauth.Provider, id providerIdentity, match store.AccountMatch,
	account store.ProviderAccount, tokens store.ProviderTokens,
) (signInResult, error) {
	options := s.Options.Social
	if !s.isEmailTrusted(p, id.profile) || !match.User.EmailVerified || !options.AccountLinking ||
		options.DisableImplicitLinking {
		return signInResult{}, accountNotLinked
	}
	in := s.newProviderSignIn(r, p, match.User, s.changesOnLink(id.profile))
	user, err := linkWithProfile(r, in, func(in store.ProviderSignIn) (store.User, error) {
		return db.LinkAccount(r.Context(), account, tokens, in)
	})
	return signInResultOf(user, in.Session, false, err)
}

// isEmailTrusted reports whether the email of a profile counts as verified when its account is linked: the provider
// says that the email is verified, or the provider is in TRUSTED_PROVIDERS.
func (s *Service) isEmailTrusted(p *oauth.Provider, profile oauth.Profile) bool {
	return profile.EmailVerified || slices.Contains(s.Options.Social.TrustedProviders, p.ID)
}

// changesOnLink returns what the link of an account changes in the row of its user.
func (s *Service) changesOnLink(profile oauth.Profile) store.ProviderProfile {
	if !s.Options.Social.UpdateUserInfoOnLink {
		return store.ProviderProfile{}
	}
	return store.ProviderProfile{Name: nameOf(profile), Image: imageOf(profile)}
}

// signUp creates a user who owns the account at the provider.
func (s *Service) signUp(
	r *http.Request, db *store.Store, p *oauth.Provider, id providerIdentity, account store.ProviderAccount,
	tokens store.ProviderTokens,
) (signInResult, error) {
	if !s.Options.SignUp || p.DisableSignUp || p.DisableImplicitSignUp && !id.requestSignUp {
		return signInResult{}, signUpDisabled
	}
	email := emailOf(id.profile)
	if placeholder.Is(email) && p.ID != "twitter" { // the email is reserved, for a user of X for example
		return signInResult{}, emailNotFound
	}
	in := s.newProviderSignIn(r, p, store.User{}, store.ProviderProfile{
		Name: nameOf(id.profile), Image: imageOf(id.profile), Email: &email, EmailVerified: &id.profile.EmailVerified,
	})
	user, err := db.SignUpWithAccount(r.Context(), account, tokens, in)
	if errors.Is(err, store.ErrUnverified) {
		s.sendVerification(r, db, user.Email, id.callbackURL)
	}
	return signInResultOf(user, in.Session, true, err)
}

// newProviderSignIn returns the data of a sign-in with a new session. The argument user is the user as it was read, or
// the zero value for a new user.
func (s *Service) newProviderSignIn(
	r *http.Request, p *oauth.Provider, user store.User, profile store.ProviderProfile,
) store.ProviderSignIn {
	session := s.Sessions.NewUnsavedSession(r, true)
	return store.ProviderSignIn{
		Expected: store.ExpectedUser{ID: user.ID, Email: user.Email, EmailVerified: user.EmailVerified},
		Profile:  profile, Session: &session, NeedsVerifiedEmail: p.RequireEmailVerification, At: s.nowInMilliseconds(),
	}
}

// signInResultOf returns the result of a sign-in from the user and the error that its SQL statement returned.
func signInResultOf(user store.User, session *store.Session, isNew bool, err error) (signInResult, error) {
	switch {
	case errors.Is(err, store.ErrUnverified):
		return signInResult{user: user}, emailNotVerified
	case err != nil:
		return signInResult{user: user}, err
	}
	return signInResult{user, *session, isNew}, nil
}

// sendVerification mails a link that verifies an email, unless Xenon sends no mail or the email is a placeholder. It
// only logs an error, because the response does not depend on the mail.
func (s *Service) sendVerification(r *http.Request, db *store.Store, email, callbackURL string) {
	if !s.SendsMail() || placeholder.Is(email) {
		return
	}
	if err := s.SendVerification(r, db, email, callbackURL); err != nil {
		web.NoteError(r.Context(), err)
	}
}

// emailOf returns the email of a profile in lower case, or "" if there is none. It also returns "" for an email with a
// non-ASCII letter whose lower case is an ASCII letter (U+212A becomes k): the email in lower case would be that of
// another mailbox.
func emailOf(p oauth.Profile) string {
	becomesASCII := func(r rune) bool { return r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII }
	if strings.ContainsFunc(p.Email, becomesASCII) {
		return ""
	}
	return strings.ToLower(p.Email)
}

// nameOf returns the name of a profile, cut to the length maxNameLength, or nil if it is empty: Apple sends the name at
// the first sign-in only.
func nameOf(p oauth.Profile) *string {
	if web.OrEmpty(p.Name) == "" {
		return nil
	}
	length := 0
	for i, r := range *p.Name {
		if length += utf16.RuneLen(r); length > maxNameLength {
			cut := (*p.Name)[:i]
			return &cut
		}
	}
	return p.Name
}

// imageOf returns the URL of the picture of a profile, or nil if there is none or it is too long.
func imageOf(p oauth.Profile) *string {
	if p.Image == nil || web.UTF16Length(*p.Image) > maxImageURLLength {
		return nil
	}
	return p.Image
}
