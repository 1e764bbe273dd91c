package twofactor

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// maxTries is how many wrong codes a challenge or a mailed code allows, as in Better Auth.
const maxTries = 5

// attempt is a request with a code: of a signed-in caller, or of a sign-in that waits for the second factor.
type attempt struct {
	caller *session.Caller // nil for a sign-in

	challenge string // its identifier
	state     store.Challenge
}

// isSignIn reports whether the request finishes a sign-in.
func (a attempt) isSignIn() bool { return a.caller == nil }

// user returns the user whose code the request has.
func (a attempt) user() store.User {
	if a.isSignIn() {
		return a.state.User
	}
	return a.caller.User
}

// signedInReply is the body of the response to a right code.
type signedInReply struct {
	Token *string    `json:"token,omitempty"`
	User  store.User `json:"user"`
}

// beginAttempt returns the attempt of a request: that of the caller, or else that of the challenge in the cookie. A
// session wins over a challenge, as in Better Auth.
func (s *Service) beginAttempt(w http.ResponseWriter, r *http.Request, db *store.Store) (a attempt, err error) {
	a.caller, err = s.Sessions.CallerForSensitiveRoute(w, r, db)
	switch {
	case errors.Is(err, session.ErrEnded):
	case err != nil, a.caller != nil:
		return a, err
	}
	a.challenge, err = s.Sessions.Challenge(r)
	switch {
	case err != nil:
		return a, err
	case a.challenge == "":
		return a, errInvalidChallenge
	}
	a.state, err = db.Challenge(r.Context(), a.challenge, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a, errInvalidChallenge
	case err != nil:
		return a, fmt.Errorf("find challenge: %w", err)
	}
	web.NoteUser(r.Context(), a.state.User.ID)
	return a, nil
}

// factor returns the row of the user in "twoFactor". It is the zero value if the user has none.
func (s *Service) factor(r *http.Request, db *store.Store, a attempt) (store.TwoFactor, error) {
	if a.isSignIn() {
		return a.state.Factor, nil
	}
	return s.twoFactorOf(r.Context(), db, a.caller)
}

// checkTries returns an error if the user is locked, or if the challenge of a sign-in allows no further code of the app
// and no further backup code. In the second case the challenge ends. It returns how many wrong codes there were.
func (s *Service) checkTries(
	w http.ResponseWriter, r *http.Request, db *store.Store, a attempt,
) (tries int, err error) {
	if a.state.Factor.IsLocked(s.Now()) {
		return 0, errLocked
	}
	if a.state.Codes.Value == "" {
		return 0, errInvalidChallenge
	}
	tries, err = strconv.Atoi(a.state.Codes.Value)
	if err == nil && tries >= 0 && tries < maxTries {
		return tries, nil
	}
	if err := db.DeleteVerifications(r.Context(), a.challenge, a.state.Codes.Identifier); err != nil {
		return 0, fmt.Errorf("end challenge: %w", err)
	}
	s.Sessions.ClearChallenge(w)
	return 0, errTooManyTries
}

// fail counts a wrong code in the row of try, which gets the value next. It returns wrong, or the reason why the code
// was not counted: gone if another request has changed the row, for example.
func (s *Service) fail(
	r *http.Request, db *store.Store, f store.TwoFactor, try store.Try, next string, wrong, gone error,
) error {
	err := db.FailTwoFactor(r.Context(), f, try, next, s.Now().Truncate(time.Millisecond))
	switch {
	case errors.Is(err, store.ErrLocked):
		return errLocked
	case errors.Is(err, store.ErrChanged):
		return gone
	case err != nil:
		return fmt.Errorf("count wrong code: %w", err)
	}
	return wrong
}

// signInErrors has the errors of a sign-in that depend on the kind of its code.
type signInErrors struct {
	gone error // another request has ended the challenge or changed the row of the try
	used error // the code was used before
	race error // another request has used a backup code
}

// finishSignIn starts the session of a challenge whose code was right, and answers with it. If trustDevice is true, it
// also makes the browser a trusted device.
func (s *Service) finishSignIn(
	w http.ResponseWriter, r *http.Request, db *store.Store, a attempt, in store.TwoFactorSignIn, trustDevice *bool,
	failures signInErrors,
) error {
	remember, err := s.Sessions.IsRemembered(r)
	if err != nil {
		return err
	}
	row := s.Sessions.NewUnsavedSession(r, remember)
	row.UserID = a.state.User.ID
	in.Session = &row
	if trustDevice != nil && *trustDevice {
		in.TrustedDevice = session.NewTrustedDevice()
		in.TrustEndsAt = row.CreatedAt.Add(session.TrustDeviceLifetime)
	}
	if err := s.useCode(r, db, a, in, failures); err != nil {
		return err
	}
	if err := s.Sessions.SetCookies(w, r, session.Caller{Session: row, User: a.state.User}, remember); err != nil {
		return err
	}
	s.Sessions.ClearChallenge(w)
	if in.TrustedDevice != "" {
		if err := s.Sessions.SetTrustedDevice(w, r, row.UserID, in.TrustedDevice); err != nil {
			return err
		}
		s.Sessions.ClearDontRemember(w)
	}
	return web.WriteJSON(w, http.StatusOK, signedInReply{&row.Token, a.state.User})
}

// useCode uses the code of a challenge, and starts the session in, if there is one.
func (s *Service) useCode(
	r *http.Request, db *store.Store, a attempt, in store.TwoFactorSignIn, failures signInErrors,
) error {
	in.Challenge, in.UserID, in.Factor = a.challenge, a.state.User.ID, a.state.Factor
	in.At = s.Now().Truncate(time.Millisecond)
	source, err := db.SignInWithTwoFactor(r.Context(), in)
	if source != "" {
		web.NoteSupabaseSession(r.Context(), web.SupabaseSession{Result: auth.SupabaseBridged, ID: source})
	}
	switch {
	case errors.Is(err, store.ErrLocked):
		return errLocked
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrOrphan):
		return failures.gone
	case store.RejectionReason(err) == "" && errors.Is(err, store.ErrDuplicate):
		return failures.used
	case errors.Is(err, store.ErrChanged):
		return failures.race
	case errors.Is(err, store.ErrBanned):
		return auth.ErrBanned
	case err != nil:
		return changeError(r, "sign in with second factor", err) // the end of a ban changes the user
	}
	return nil
}

// replySignedIn answers a signed-in caller with the own session.
func replySignedIn(w http.ResponseWriter, c session.Caller) error {
	return web.WriteJSON(w, http.StatusOK, signedInReply{&c.Session.Token, c.User})
}
