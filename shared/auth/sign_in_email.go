package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type signInRequest struct {
	Email       string  `json:"email"`
	Password    string  `json:"password"`
	CallbackURL *string `json:"callbackURL"`
	RememberMe  *bool   `json:"rememberMe"`
}

type signInReply struct {
	Redirect bool       `json:"redirect"`
	Token    string     `json:"token"`
	URL      *string    `json:"url,omitempty"`
	User     store.User `json:"user"`
}

// signInEmail answers POST /api/auth/sign-in/email: it checks the email and the password and starts a session, or asks
// for the second factor of the user. Only a client that knows the password learns that the user is banned, has a second
// factor, or that the email is not verified.
func (s *Service) signInEmail(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	in, err := s.decodeSignIn(r)
	if err != nil {
		return err
	}
	email := strings.ToLower(in.Email)
	device, err := s.Sessions.Device(r, email)
	if err != nil {
		return err
	}
	s.chargeSignInAttempt(r, db, email, device)
	user, hash, err := s.authenticate(r, db, email, in.Password, device)
	if err != nil {
		return err
	}
	if s.Options.RequireEmailVerification && !user.EmailVerified {
		s.refundPasswordAttempt(r, db)
		return s.rejectUnverifiedUser(r, db, user, web.OrEmpty(in.CallbackURL))
	}
	remember, row := in.RememberMe == nil || *in.RememberMe, store.Session{}
	proved := ProvedUser{User: user, ByPassword: true, Remember: remember}
	challenge, err := s.SignInOrChallenge(w, r, db, proved, func() (err error) {
		row, err = s.Sessions.Start(w, r, db, user, hash, remember)
		if errors.Is(err, store.ErrChanged) { // another sign-in may have replaced the hash of the same password
			if user, hash, err = s.authenticate(r, db, email, in.Password, device); err == nil {
				row, err = s.Sessions.Start(w, r, db, user, hash, remember)
			}
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrChanged) || errors.Is(err, errInvalidEmailOrPassword):
		return errInvalidEmailOrPassword
	case errors.Is(err, store.ErrBanned):
		return ErrBanned
	case err != nil:
		return changeError(r, "sign in", err) // the end of a ban changes the user
	}
	if err := s.Sessions.SetDevice(w, r, user.Email, hash); err != nil {
		return err
	}
	return answerSignIn(w, in.CallbackURL, row.Token, user, challenge)
}

// answerSignIn writes the response of a sign-in with a password: the session, or the challenge if it is not nil.
func answerSignIn(
	w http.ResponseWriter, callbackURL *string, token string, user store.User, challenge *TwoFactorChallenge,
) error {
	reply := signInReply{Token: token, URL: callbackURL, User: user}
	if callbackURL != nil && *callbackURL != "" {
		reply.Redirect = true
		w.Header().Set("Location", redirect.EncodeLocation(*callbackURL))
	}
	if challenge != nil {
		return web.WriteJSON(w, http.StatusOK, challenge)
	}
	return web.WriteJSON(w, http.StatusOK, reply)
}

// decodeSignIn returns the body of a sign-in. It makes all checks that need neither Postgres nor a hash.
func (s *Service) decodeSignIn(r *http.Request) (in signInRequest, err error) {
	if err := web.Decode(r, &in); err != nil {
		return in, err
	}
	if err := s.Origins.CheckOriginOfLogin(r); err != nil {
		return in, err
	}
	switch {
	case !web.IsEmail(in.Email):
		return in, ErrInvalidEmail
	case password.UTF16Length(in.Password) > password.MaxLength:
		return in, errPasswordTooLong
	}
	return in, nil
}

// rejectUnverifiedUser returns the error for a user whose email is not verified. If SEND_VERIFICATION_ON_SIGN_IN is on,
// it first mails a new verification link.
func (s *Service) rejectUnverifiedUser(r *http.Request, db *store.Store, user store.User, callbackURL string) error {
	if s.SendsMail() && s.Options.SendVerificationOnSignIn {
		if err := s.SendVerification(r, db, user.Email, callbackURL); err != nil {
			return err
		}
	}
	return ErrEmailNotVerified
}

// authenticate checks a password, and returns the user and the hash that is stored afterwards. An unknown email, a user
// without a password and a wrong password get the same error after the same work. If the stored hash has another format
// than new hashes, authenticate replaces it; an error there does not fail the sign-in. A device cookie that is older
// than the password counts as none.
func (s *Service) authenticate(
	r *http.Request, db *store.Store, email, secret string, device *session.Device,
) (user store.User, hash string, err error) {
	user, credential, err := db.UserWithPassword(r.Context(), email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return user, "", fmt.Errorf("find user: %w", err)
	}
	if user.ID != "" {
		web.NoteUser(r.Context(), user.ID)
	}
	if device != nil && !device.IsForHash(credential.Hash) {
		s.chargeSignInAttempt(r, db, email, nil)
	}
	ok, err := s.comparePassword(r, db, user.ID, credential.Hash, secret)
	switch {
	case err != nil:
		return user, "", err
	case !ok:
		return user, "", errInvalidEmailOrPassword
	case s.Hasher.IsCurrent(credential.Hash):
		return user, credential.Hash, nil
	}
	return user, s.rehashPassword(r, db, credential, secret), nil
}

// rehashPassword replaces the stored hash by one in the format of new hashes. It returns the hash that is stored
// afterwards.
func (s *Service) rehashPassword(r *http.Request, db *store.Store, old store.PasswordAccount, secret string) string {
	hash, err := s.Hasher.Hash(r.Context(), secret)
	if err == nil {
		err = db.ReplaceHash(r.Context(), old.AccountID, old.Hash, hash, s.Now())
	}
	if err != nil {
		web.NoteError(r.Context(), fmt.Errorf("replace password hash: %w", err))
		return old.Hash
	}
	return hash
}
