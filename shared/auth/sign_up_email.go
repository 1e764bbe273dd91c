package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/password"
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
		Name        string  `json:"name"`
		Email       string  `json:"email" is:"email"`
		Password    string  `json:"password" is:"nonempty"`
		Image       *string `json:"image"`
		CallbackURL *string `json:"callbackURL"`
		RememberMe  *bool   `json:"rememberMe"`
	}
	if err := web.Decode(r, &in, "object", "record"); err != nil {
		return err
	}
	if err := s.Origins.CheckLogin(r); err != nil {
		return err
	}
	if err := passwordLength(in.Password); err != nil {
		return err
	}
	address := strings.ToLower(in.Email)
	taken, err := s.Store.EmailTaken(r.Context(), address)
	if err != nil {
		return fmt.Errorf("look for the address: %w", err)
	}
	if taken {
		return errUserExists
	}
	hash, err := s.Hasher.Hash(r.Context(), in.Password)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	remember := in.RememberMe == nil || *in.RememberMe
	row := s.Sessions.Prepare(r, remember)
	user, err := s.Store.SignUp(r.Context(), store.NewUser{
		Name: in.Name, Email: address, Image: in.Image, Hash: hash, At: row.CreatedAt.Time,
	}, &row)
	switch {
	case errors.Is(err, store.ErrDuplicate), errors.Is(err, store.ErrInvalid):
		return errCreateUser
	case err != nil:
		return fmt.Errorf("store user: %w", err)
	}
	web.NoteUser(r.Context(), user.ID)
	if err := s.Sessions.SetCookies(w, r, row.Token, remember); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, signUpReply{&row.Token, user})
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
