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

type signInReply struct {
	Redirect bool       `json:"redirect"`
	Token    string     `json:"token"`
	URL      *string    `json:"url,omitempty"`
	User     store.User `json:"user"`
}

// signInEmail answers POST /api/auth/sign-in/email. That somebody is banned or not verified is told to those who know the
// password.
func (s *Service) signInEmail(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email       string  `json:"email"`
		Password    string  `json:"password"`
		CallbackURL *string `json:"callbackURL"`
		RememberMe  *bool   `json:"rememberMe"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := s.Origins.CheckLogin(r); err != nil {
		return err
	}
	switch {
	case !web.IsEmail(in.Email):
		return errInvalidEmail
	case password.Length(in.Password) > password.MaxLength:
		return errPasswordTooLong
	}
	r = s.countSignIn(r, strings.ToLower(in.Email))
	user, err := s.authenticate(r, strings.ToLower(in.Email), in.Password)
	if err != nil {
		return err
	}
	if s.Options.RequireEmailVerification && !user.EmailVerified {
		return s.refuseUnverified(r, user, optional(in.CallbackURL))
	}
	row, err := s.Sessions.Start(w, r, user, in.RememberMe == nil || *in.RememberMe)
	switch {
	case errors.Is(err, store.ErrBanned):
		return errBanned
	case err != nil:
		return err
	}
	reply := signInReply{Token: row.Token, URL: in.CallbackURL, User: user}
	if in.CallbackURL != nil && *in.CallbackURL != "" {
		reply.Redirect = true
		w.Header().Set("Location", *in.CallbackURL)
	}
	return web.JSON(w, http.StatusOK, reply)
}

// refuseUnverified answers somebody who knows the password but has not confirmed the address, and mails the link again
// where the deployment wants that.
func (s *Service) refuseUnverified(r *http.Request, user store.User, callbackURL string) error {
	if s.Mail != nil && s.Options.SendVerificationOnSignIn {
		if err := s.sendVerification(r.Context(), user, callbackURL); err != nil {
			return err
		}
	}
	return errEmailNotVerified
}

// authenticate returns the user whom address and password name. An unknown address, a person without a password and a
// wrong password are one answer and cost the same. A right password stored in another format than new ones is hashed anew
// afterwards; if that fails the sign-in still holds.
func (s *Service) authenticate(r *http.Request, address, secret string) (store.User, error) {
	user, credential, err := s.Store.UserWithPassword(r.Context(), address)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return user, fmt.Errorf("find user: %w", err)
	}
	if err != nil || credential.Hash == "" {
		if err := s.Hasher.Burn(r.Context(), secret); err != nil {
			return user, fmt.Errorf("hash password: %w", err)
		}
		return user, errInvalidEmailOrPassword
	}
	web.NoteUser(r.Context(), user.ID)
	ok, err := s.Hasher.Verify(r.Context(), credential.Hash, secret)
	if err != nil {
		return user, fmt.Errorf("verify password: %w", err)
	}
	if !ok {
		if !password.Known(credential.Hash) {
			unknownHash(r, user.ID)
		}
		return user, errInvalidEmailOrPassword
	}
	if !s.Hasher.Current(credential.Hash) {
		s.rehash(r, credential, secret)
	}
	return user, nil
}

func (s *Service) rehash(r *http.Request, old store.Credential, secret string) {
	hash, err := s.Hasher.Hash(r.Context(), secret)
	if err == nil {
		err = s.Store.ReplaceHash(r.Context(), old.AccountID, old.Hash, hash, s.Now())
	}
	if err != nil {
		web.NoteError(r.Context(), fmt.Errorf("replace password hash: %w", err))
	}
}
