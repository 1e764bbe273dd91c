package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type signUpReply struct {
	Token *string    `json:"token"`
	User  store.User `json:"user"`
}

// signUpEmail answers POST /api/auth/sign-up/email.
func (s *Service) signUpEmail(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name        string  `json:"name" is:"max=256"`
		Email       string  `json:"email" is:"email"`
		Password    string  `json:"password" is:"nonempty"`
		Image       *string `json:"image" is:"max=32768"`
		CallbackURL *string `json:"callbackURL"`
		RememberMe  *bool   `json:"rememberMe"`
	}
	if err := web.Decode(r, &in, "object", "record"); err != nil {
		return err
	}
	if err := s.Origins.CheckLogin(r); err != nil {
		return err
	}
	if !s.Options.SignUp {
		return errSignUpDisabled
	}
	if err := passwordLength(in.Password); err != nil {
		return err
	}
	address := strings.ToLower(in.Email)
	taken, err := s.Store.EmailTaken(r.Context(), address)
	if err != nil {
		return fmt.Errorf("look for the address: %w", err)
	}
	if taken && !s.Options.RequireEmailVerification {
		return errUserExists
	}
	hash, err := s.hashNew(r, in.Password)
	if err != nil {
		return err
	}
	remember := in.RememberMe == nil || *in.RememberMe
	row := s.Sessions.Prepare(r, remember)
	person := store.NewUser{Name: in.Name, Email: address, Image: in.Image, Hash: hash, At: row.CreatedAt.Time}
	if s.Options.RequireEmailVerification {
		return s.signUpUnverified(w, r, person, taken, optional(in.CallbackURL))
	}
	user, err := s.Store.SignUp(r.Context(), person, &row)
	switch {
	case errors.Is(err, store.ErrDuplicate), errors.Is(err, store.ErrInvalid):
		return errCreateUser
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
	return web.JSON(w, http.StatusOK, signUpReply{&row.Token, user})
}

// signUpFloor is the least time between the hash and the answer of a sign-up that is to be verified: a row that is stored is
// committed to disk, and one that is not is not. Without it a thousand tries told a taken address from a free one.
const signUpFloor = 250 * time.Millisecond

// signUpUnverified is a sign-up that opens no session before the address is confirmed. Each sign-up with an address
// that no user has verified gets a link of its own, and the one whose link is opened gets the account. A taken address
// gets the answer of a free one, about a user who is invented, and costs the same: the hash was computed, the rows are
// tried, a mail is queued, and signUpFloor covers the rest.
func (s *Service) signUpUnverified(
	w http.ResponseWriter, r *http.Request, n store.NewUser, taken bool, callbackURL string,
) error {
	floor := time.NewTimer(signUpFloor)
	defer floor.Stop()
	c := mailClaims{Email: n.Email}
	if s.Mail != nil {
		c.ID = newLinkID()
	}
	user := invent(n)
	id, made, err := s.Store.SignUpUnverified(r.Context(), n, c.row(), n.At.Add(mailTokenLife))
	if err == nil && id == "" && !taken { // another sign-up was faster by so little that its user could not be seen
		id, made, err = s.Store.SignUpUnverified(r.Context(), n, c.row(), n.At.Add(mailTokenLife))
	}
	switch {
	case errors.Is(err, store.ErrInvalid):
		return errCreateUser
	case err != nil:
		return fmt.Errorf("store user: %w", err)
	case made:
		user.ID = id
		web.NoteUser(r.Context(), id)
	}
	if s.Mail != nil {
		m := mail.Message{Kind: mail.VerifyEmail, To: n.Email}
		if c.UserID = id; id == "" {
			m.Kind = mail.Nothing
		}
		if err := s.sendEmailLink(r, m, c, callbackURL); err != nil {
			web.NoteError(r.Context(), err) // the user is there; a new link can be asked for
		}
	}
	select {
	case <-floor.C:
	case <-r.Context().Done():
	}
	return web.JSON(w, http.StatusOK, signUpReply{User: user})
}

// invent is the user that a sign-up would have made, had the address been free: with every field that a real one has.
func invent(n store.NewUser) store.User {
	var id [16]byte
	_, _ = rand.Read(id[:])                         // never fails: crypto/rand ends the process instead
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, as Postgres makes them
	at := store.Time{Time: n.At}
	return store.User{
		ID:   fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
		Name: n.Name, Email: n.Email, Image: n.Image, CreatedAt: at, UpdatedAt: at,
	}
}

// passwordLength holds the limits of new passwords.
func passwordLength(p string) error {
	switch n := password.Length(p); {
	case n < password.MinLength:
		return errPasswordTooShort
	case n > password.MaxLength:
		return errPasswordTooLong
	}
	return nil
}
