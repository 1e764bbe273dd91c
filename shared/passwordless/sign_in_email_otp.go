package passwordless

import (
	"errors"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// codeSignInReply is the body of the response to a sign-in with a code.
type codeSignInReply struct {
	Token string     `json:"token"`
	User  store.User `json:"user"`
}

// signInEmailOTP answers POST /api/auth/sign-in/email-otp: it signs in with a mailed code. As in Better Auth, an email
// that is not valid, or that no user has while SIGN_UP is off, gets the error of a wrong code.
func (s *Service) signInEmailOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email string  `json:"email"`
		OTP   string  `json:"otp"`
		Name  *string `json:"name" check:"max=256"`
		Image *string `json:"image" check:"max=32768"`
	}
	if err := web.Decode(r, &in, "object", "record"); err != nil {
		return err
	}
	email := strings.ToLower(in.Email)
	if !web.IsEmail(email) {
		return errInvalidCode
	}
	device, err := s.chargeTry(r, db, email)
	if err != nil {
		return err
	}
	fieldsErr := auth.RejectPluginFields(r, s.NewUserFieldsNotAllowed())
	proved := store.EmailSignIn{Email: email, Name: web.OrEmpty(in.Name), Image: in.Image}
	got, challenge, err := s.signIn(w, r, db, &proved, func(proved store.EmailSignIn) (store.EmailSignInResult, error) {
		proved.SignUp = proved.SignUp && fieldsErr == nil // as in Better Auth, the code is used up all the same
		return db.SignInWithCode(r.Context(), signInCode, storableCode(in.OTP), proved)
	})
	switch {
	case errors.Is(err, errRejected):
		return errCreateUserFailed
	case err != nil:
		return codeError(err)
	case got.User.ID == "" && s.Options.SignUp:
		return fieldsErr
	case got.User.ID == "":
		return errInvalidCode
	case challenge != nil:
		return web.WriteJSON(w, http.StatusOK, challenge)
	}
	if device == nil { // an older cookie stays, because it may be for the password of the account
		if err := s.Sessions.SetDevice(w, r, email, ""); err != nil {
			return err
		}
	}
	return web.WriteJSON(w, http.StatusOK, codeSignInReply{proved.Session.Token, got.User})
}
