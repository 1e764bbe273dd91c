package social

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// callbackParameters are the parameters with which a provider redirects back, in Better Auth's order.
type callbackParameters struct {
	Code             *string `json:"code"`
	Error            *string `json:"error"`
	DeviceID         *string `json:"device_id"`
	ErrorDescription *string `json:"error_description"`
	State            *string `json:"state"`
	User             *string `json:"user"`
	Iss              *string `json:"iss"`
}

// callback answers GET /api/auth/callback/{provider}, to which a provider redirects the browser: it finishes a sign-in
// or a link and redirects to the site, with an error code in the query if there is an error.
func (s *Service) callback(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in callbackParameters
	if err := web.DecodeQuery(r, &in); err != nil {
		return err
	}
	st, err := s.redeemState(w, r, db, web.OrEmpty(in.State))
	if err == nil && web.OrEmpty(in.Error) != "" {
		return s.redirectError(w, r, st, *in.Error, web.OrEmpty(in.ErrorDescription))
	}
	target := st.CallbackURL
	if err == nil {
		target, err = s.finishCallback(w, r, db, st, in)
	}
	var refused refusal
	switch {
	case errors.Is(err, store.ErrBanned):
		return s.redirectError(w, r, st, auth.ErrBanned.Code, auth.ErrBanned.Message)
	case errors.As(err, &refused):
		if refused == internalError {
			st.ErrorURL = nil // as in Better Auth
		}
		return s.redirectError(w, r, st, strings.ReplaceAll(string(refused), " ", "_"), "")
	case err != nil:
		return s.redirectServerFailure(w, r, st, err)
	}
	return redirect.To(w, redirect.EncodeLocation(s.Options.OnSite(target)))
}

// The codes of a redirect after a failure of the server.
const (
	serverErrorCode = "internal_server_error"
	unavailableCode = "temporarily_unavailable" // RFC 6749, section 4.1.2.1
)

// redirectServerFailure redirects to the error page after a failure of the server or the database, because the browser
// of a user cannot show an error as JSON. If a rate limit has rejected the request, it returns err instead.
func (s *Service) redirectServerFailure(w http.ResponseWriter, r *http.Request, st state, err error) error {
	if store.IsRateLimitError(err) {
		return err
	}
	web.NoteFailure(r.Context(), err)
	if web.IsUnavailable(err) {
		return s.redirectError(w, r, st, unavailableCode, "")
	}
	return s.redirectError(w, r, st, serverErrorCode, "")
}

// errorCodePattern matches the codes that are written to the log. A provider, or an attacker in its place, can send any
// text.
var errorCodePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z_]{1,64}$`)
})

// redirectError redirects to the error page of a sign-in, or to the default one.
func (s *Service) redirectError(w http.ResponseWriter, r *http.Request, st state, code, description string) error {
	if errorCodePattern().MatchString(code) {
		web.NoteCode(r.Context(), code)
	}
	target := s.Options.OnSite(web.OrEmpty(st.ErrorURL))
	if target == "" {
		target = s.Options.Origin + auth.BasePath + "/error"
	}
	target = redirect.AddParameter(s.Options.Origin, target, "error", code)
	if description != "" {
		target = redirect.AddParameter(s.Options.Origin, target, "error_description", description)
	}
	return redirect.To(w, target)
}

// finishCallback exchanges the code, signs in or links, and returns the URL to which the callback redirects.
func (s *Service) finishCallback(
	w http.ResponseWriter, r *http.Request, db *store.Store, st state, in callbackParameters,
) (string, error) {
	if web.OrEmpty(in.Code) == "" {
		return "", codeMissing
	}
	provider, err := s.Providers.Find(r.Context(), r.PathValue("provider"))
	switch {
	case err != nil:
		s.noteDiscoveryError(r.Context(), err)
		return "", providerNotFound
	}
	profile, tokens, err := s.exchangeCode(r.Context(), provider, st, in)
	if err != nil {
		return "", err
	}
	if st.Link != nil {
		return st.CallbackURL, s.linkAtProvider(r, db, provider, *st.Link, profile, tokens)
	}
	got, err := s.signIn(r, db, provider, providerIdentity{
		profile: profile, tokens: tokens, callbackURL: st.CallbackURL,
		requestSignUp: st.RequestSignUp != nil && *st.RequestSignUp,
	})
	if err != nil {
		return "", err
	}
	if got.isNew && web.OrEmpty(st.NewUserURL) != "" {
		st.CallbackURL = *st.NewUserURL
	}
	challenge, err := s.startSession(w, r, db, got)
	if challenge != nil {
		return s.TwoFactorURL(*challenge, st.CallbackURL), err
	}
	return st.CallbackURL, err
}

// startSession sets the cookies of a session that is stored, or asks for the second factor of the user.
func (s *Service) startSession(
	w http.ResponseWriter, r *http.Request, db *store.Store, got signInResult,
) (*auth.TwoFactorChallenge, error) {
	remember, err := s.Sessions.IsRemembered(r)
	if err != nil {
		return nil, err
	}
	proved := auth.ProvedUser{User: got.user, Remember: remember, Session: &got.session}
	return s.SignInOrChallenge(w, r, db, proved, func() error {
		return s.Sessions.RenewCookies(w, r, session.Caller{Session: got.session, User: got.user})
	})
}

// exchangeCode redeems the code and returns the user's profile and tokens.
func (s *Service) exchangeCode(
	ctx context.Context, p *oauth.Provider, st state, in callbackParameters,
) (oauth.Profile, store.ProviderTokens, error) {
	refuse := func(reason refusal, err error) (oauth.Profile, store.ProviderTokens, error) {
		web.NoteError(ctx, err)
		return oauth.Profile{}, store.ProviderTokens{}, reason
	}
	if err := p.CheckIssuer(web.OrEmpty(in.Iss)); err != nil {
		return refuse(issuerMismatch, err)
	}
	if p.SendsNonce() && web.OrEmpty(st.IDTokenNonce) == "" {
		return oauth.Profile{}, store.ProviderTokens{}, nonceBindingMissing
	}
	tokens, err := p.Exchange(ctx, *in.Code, st.CodeVerifier)
	if err != nil {
		return refuse(invalidCode, err)
	}
	profile, err := p.Profile(ctx, tokens, oauth.ProfileInput{
		Nonce: web.OrEmpty(st.IDTokenNonce), AppleUser: web.OrEmpty(in.User),
	})
	if err != nil {
		return refuse(unableToGetUserInfo, err)
	}
	return profile, tokensToStore(tokens), nil
}

// postCallback answers POST /api/auth/callback/{provider}, to which the browser sends the form of a provider
// (response_mode=form_post): it redirects to the GET route with the fields of the form in the query.
func (s *Service) postCallback(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	if err := db.FlushCharges(r.Context()); err != nil { // no other statement counts the request
		return s.redirectServerFailure(w, r, state{}, err)
	}
	var body, query callbackParameters
	if web.HasBody(r) {
		if err := web.Decode(r, &body); err != nil {
			return err
		}
	}
	if err := web.DecodeQuery(r, &query); err != nil {
		return err
	}
	var pairs []string
	for _, p := range []struct {
		name        string
		query, body *string
	}{
		{"code", query.Code, body.Code},
		{"error", query.Error, body.Error},
		{"device_id", query.DeviceID, body.DeviceID},
		{"error_description", query.ErrorDescription, body.ErrorDescription},
		{"state", query.State, body.State},
		{"user", query.User, body.User},
		{"iss", query.Iss, body.Iss},
	} {
		value := p.query
		if value == nil {
			value = p.body
		}
		if value != nil {
			pairs = append(pairs, p.name+"="+redirect.FormEncode(*value))
		}
	}
	target := s.Options.Origin + auth.BasePath + "/callback/" + r.PathValue("provider")
	return redirect.To(w, target+"?"+strings.Join(pairs, "&"))
}
