package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
)

// The second factors in the field twoFactorMethods, as in Better Auth.
const (
	TwoFactorByApp  = "totp" // a code of an authenticator app
	TwoFactorByMail = "otp"  // a mailed code
)

// ProvedUser is a user who has proved the first factor of a sign-in.
type ProvedUser struct {
	store.User
	ByPassword bool
	Remember   bool
	// Session is the session that the sign-in has already stored, or nil. No response has its token yet.
	Session *store.Session
	// SupabaseSession is the id of the session of Supabase that the sign-in uses, or "".
	SupabaseSession string
}

// TwoFactorChallenge is the body of the response to a sign-in that waits for the second factor, as in Better Auth.
type TwoFactorChallenge struct {
	TwoFactorRedirect bool     `json:"twoFactorRedirect"`
	TwoFactorMethods  []string `json:"twoFactorMethods"`
}

// twoFactorPage is the path of the site's page that asks for the second factor.
const twoFactorPage = "/two-factor/"

// TwoFactorURL returns the redirect target of a sign-in in which the browser follows redirects: the page that asks for
// the second factor. Its query has the methods of c, and in next the path of target if that is on the site.
func (s *Service) TwoFactorURL(c TwoFactorChallenge, target string) string {
	query := "?methods=" + strings.Join(c.TwoFactorMethods, ",")
	origin, path := s.Options.SiteOrigin(), s.Options.OnSite(target)
	if rest, ok := strings.CutPrefix(path, origin); ok && strings.HasPrefix(rest, "/") {
		path = rest
	}
	if strings.HasPrefix(path, "/") {
		query = "?next=" + redirect.EncodeURIComponent(path) + "&" + query[1:]
	}
	return s.Options.Page(twoFactorPage) + query
}

// SignInOrChallenge finishes a sign-in whose first factor was right. Every way to sign in uses this function. If the
// user does not need a second factor, or the browser is a trusted device of the user, it calls start, which stores the
// session if p has none and sets its cookies. Otherwise it ends the session of p, starts a challenge and sets its
// cookies. A handler then answers with the challenge, or redirects to TwoFactorURL. It returns store.ErrBanned if the
// user is banned.
func (s *Service) SignInOrChallenge(
	w http.ResponseWriter, r *http.Request, db *store.Store, p ProvedUser, start func() error,
) (*TwoFactorChallenge, error) {
	if !s.NeedsSecondFactor(p.User, p.ByPassword) {
		return nil, start()
	}
	trusted, hasCookie, err := s.renewTrustedDevice(r, db, p.ID)
	switch {
	case err != nil:
		return nil, err
	case trusted == "":
		return s.startChallenge(w, r, db, p, hasCookie)
	}
	if err := start(); err != nil {
		return nil, err
	}
	return nil, s.Sessions.SetTrustedDevice(w, r, p.ID, trusted)
}

// NeedsSecondFactor reports whether a sign-in of the user needs a second factor, unless the browser is a trusted
// device. With TWO_FACTOR_FOR=password that is so only for a sign-in with a password, as in Better Auth.
func (s *Service) NeedsSecondFactor(user store.User, byPassword bool) bool {
	enabled := user.TwoFactorEnabled.Value
	return s.Options.Plugins.TwoFactor && enabled != nil && *enabled && (byPassword || s.Options.TwoFactorForAll)
}

// renewTrustedDevice returns the new identifier of the browser if it is a trusted device of the user, else "".
// hasCookie reports whether r has the cookie of a trusted device.
func (s *Service) renewTrustedDevice(
	r *http.Request, db *store.Store, userID string,
) (next string, hasCookie bool, err error) {
	old, hasCookie, err := s.Sessions.TrustedDevice(r, userID)
	if err != nil || old == "" {
		return "", hasCookie, err
	}
	now := s.Now().Truncate(time.Millisecond)
	next = session.NewTrustedDevice()
	err = db.RenewTrustedDevice(r.Context(), userID, old, next, now.Add(session.TrustDeviceLifetime), now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", hasCookie, nil
	case err != nil:
		return "", hasCookie, fmt.Errorf("renew trusted device: %w", err)
	}
	return next, hasCookie, nil
}

// startChallenge stores a challenge and sets its cookies. If clearTrust is true, it clears the cookie of a trusted
// device.
func (s *Service) startChallenge(
	w http.ResponseWriter, r *http.Request, db *store.Store, p ProvedUser, clearTrust bool,
) (*TwoFactorChallenge, error) {
	now := s.Now().Truncate(time.Millisecond)
	c := store.NewChallenge{
		Identifier: session.NewChallenge(), UserID: p.ID, At: now, EndsAt: now.Add(session.ChallengeLifetime),
		SupabaseSession: p.SupabaseSession,
	}
	if p.Session != nil {
		c.EndedSession = p.Session.Token
	}
	hasApp, err := db.InsertChallenge(r.Context(), c)
	if err != nil {
		return nil, fmt.Errorf("start challenge: %w", err)
	}
	challenge := &TwoFactorChallenge{TwoFactorRedirect: true, TwoFactorMethods: []string{}}
	if hasApp {
		challenge.TwoFactorMethods = append(challenge.TwoFactorMethods, TwoFactorByApp)
	}
	if s.SendsMail() {
		challenge.TwoFactorMethods = append(challenge.TwoFactorMethods, TwoFactorByMail)
	}
	return challenge, s.Sessions.SetChallenge(w, r, c.Identifier, p.Remember, clearTrust)
}

// ConfirmPassword checks the password of the caller. A caller without a password gets the same error as for a wrong
// one.
func (s *Service) ConfirmPassword(r *http.Request, db *store.Store, caller *session.Caller, secret string) error {
	_, err := s.confirmPassword(r, db, caller, secret)
	if errors.Is(err, errNoPasswordAccount) {
		return errInvalidPassword
	}
	return err
}

// TwoFactorMailCharge is the charge of a wrong second factor of a user without a row in the table "twoFactor", who has
// mailed codes only. Better Auth has no limit for such a user beside that of the challenge.
func (s *Service) TwoFactorMailCharge(userID string) store.Charge {
	return s.passwordAttemptCharge(twoFactorMailLimit, "two-factor:"+userID)
}
