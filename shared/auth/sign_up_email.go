package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/placeholder"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type signUpRequest struct {
	Name        string  `json:"name" check:"max=256"`
	Email       string  `json:"email" check:"email"`
	Password    string  `json:"password" check:"nonempty"`
	Image       *string `json:"image" check:"max=32768"`
	CallbackURL *string `json:"callbackURL"`
	RememberMe  *bool   `json:"rememberMe"`
}

type signUpReply struct {
	Token *string    `json:"token"`
	User  store.User `json:"user"`
}

// signUpEmail answers POST /api/auth/sign-up/email: it creates a user with a password. It starts a session, unless
// REQUIRE_EMAIL_VERIFICATION is on.
func (s *Service) signUpEmail(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	in, err := s.decodeSignUp(r)
	if err != nil {
		return err
	}
	email := strings.ToLower(in.Email)
	taken, err := db.IsEmailTaken(r.Context(), email)
	if err != nil {
		return fmt.Errorf("find user by email: %w", err)
	}
	if taken && !s.Options.RequireEmailVerification {
		return errUserExists
	}
	hash, err := s.HashNewPassword(r, in.Password)
	if err != nil {
		return err
	}
	remember := in.RememberMe == nil || *in.RememberMe
	row := s.Sessions.NewUnsavedSession(r, remember)
	newUser := store.NewUser{Name: in.Name, Email: email, Image: in.Image, Hash: hash, At: row.CreatedAt.Time}
	if s.Options.RequireEmailVerification {
		return s.signUpUnverified(w, r, db, newUser, taken, web.OrEmpty(in.CallbackURL))
	}
	user, err := db.SignUp(r.Context(), newUser, &row)
	switch {
	case errors.Is(err, store.ErrDuplicate), errors.Is(err, store.ErrInvalid):
		return errCreateUserFailed
	case isRejected(err):
		web.NoteError(r.Context(), err)
		return errCreateUserFailed
	case err != nil:
		return fmt.Errorf("store user: %w", err)
	}
	web.NoteUser(r.Context(), user.ID)
	if err := s.Sessions.SetCookies(w, r, session.Caller{Session: row, User: user}, remember); err != nil {
		return err
	}
	if err := s.Sessions.SetDevice(w, r, user.Email, hash); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, signUpReply{&row.Token, user})
}

// isRejected reports whether a trigger or constraint that the operator has added to "user" rejects the new user. Other
// errors of a trigger, such as a missing table, are faults of the server.
func isRejected(err error) bool {
	return errors.Is(err, store.ErrRejected) || errors.Is(err, store.ErrOrphan)
}

// decodeSignUp returns the body of a sign-up. It makes all checks that need neither Postgres nor a hash.
func (s *Service) decodeSignUp(r *http.Request) (in signUpRequest, err error) {
	if err := web.Decode(r, &in, "object", "record"); err != nil {
		return in, err
	}
	if err := s.Origins.CheckOriginOfLogin(r); err != nil {
		return in, err
	}
	switch {
	case !s.Options.SignUp:
		return in, errSignUpDisabled
	case placeholder.Is(in.Email): // reserved for one user of X, who could then not sign in for the first time
		return in, ErrInvalidEmail
	}
	if err := CheckPasswordLength(in.Password); err != nil {
		return in, err
	}
	return in, RejectPluginFields(r, s.NewUserFieldsNotAllowed())
}

// minSignUpDuration is the minimum time that signUpUnverified takes. A sign-up with a free email waits until Postgres
// has written to disk, and a sign-up with a taken email does not. Without minSignUpDuration a client could measure a
// thousand sign-ups and find out which emails are taken.
const minSignUpDuration = 250 * time.Millisecond

// signUpUnverified signs up a user whose email must be verified before a session starts. Each sign-up with an email
// that is not verified yet gets its own link, and the sign-up whose link is opened gets the account. The response for a
// taken email has a placeholder user, so that a client cannot distinguish it from the response for a free email. In
// both cases signUpUnverified tries to store the rows, queues a mail if the deployment can send mails, and takes at
// least minSignUpDuration.
func (s *Service) signUpUnverified(
	w http.ResponseWriter, r *http.Request, db *store.Store, n store.NewUser, taken bool, callbackURL string,
) error {
	timer := time.NewTimer(minSignUpDuration)
	defer timer.Stop()
	c := mailClaims{Email: n.Email}
	if s.SendsMail() {
		c.ID = newMailLinkID()
	}
	user := placeholderUser(n)
	db.SetNewUserFields(&user)
	id, created, err := db.SignUpUnverified(r.Context(), n, c.linkIdentifier(), n.At.Add(mailTokenLifetime))
	if err == nil && id == "" && !taken { // a concurrent sign-up has stored its user, which a new statement finds
		id, created, err = db.SignUpUnverified(r.Context(), n, c.linkIdentifier(), n.At.Add(mailTokenLifetime))
	}
	switch {
	case errors.Is(err, store.ErrInvalid):
		return errCreateUserFailed
	case errors.Is(err, store.ErrDuplicate), isRejected(err): // a duplicate row of a trigger, since the email is none
		web.NoteError(r.Context(), err)
		return errCreateUserFailed
	case err != nil:
		return fmt.Errorf("store user: %w", err)
	case created:
		user.ID = id
		web.NoteUser(r.Context(), id)
	}
	if s.SendsMail() {
		m := mail.Message{Kind: mail.VerifyEmail, To: n.Email}
		if c.UserID = id; id == "" {
			m.Kind = mail.Nothing
		}
		if err := s.sendEmailLink(r, db, m, c, callbackURL); err != nil {
			web.NoteError(r.Context(), err) // the user exists and can request another link
		}
	}
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
	return web.WriteJSON(w, http.StatusOK, signUpReply{User: user})
}

// placeholderUser returns a user as a sign-up with a free email would have created it, with a random id. Postgres
// generates all other UUIDs, so Xenon uses no UUID library.
func placeholderUser(n store.NewUser) store.User {
	var id [16]byte
	_, _ = rand.Read(id[:])                         // never returns an error
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // UUID version 4, as Postgres generates
	at := store.Time{Time: n.At}
	return store.User{
		ID:   fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
		Name: n.Name, Email: n.Email, Image: n.Image, CreatedAt: at, UpdatedAt: at,
	}
}
