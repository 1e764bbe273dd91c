package passwordless

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/placeholder"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Better Auth's defaults: six digits, valid for five minutes.
const (
	codeAlphabet = "0123456789"
	codeLength   = 6
	codeLifetime = 5 * time.Minute
)

// The types of codes. A code of one type is not valid for another.
const (
	signInCode            = "sign-in"
	emailVerificationCode = "email-verification"
	forgetPasswordCode    = "forget-password"
	changeEmailCode       = "change-email" // only mailed if the plugin allows changes of the email; Xenon does not
)

// successReply is the body of a response that says only that the request has succeeded.
type successReply struct {
	Success bool `json:"success"`
}

func replySuccess(w http.ResponseWriter) error {
	return web.WriteJSON(w, http.StatusOK, successReply{true})
}

// lowerValidEmail returns an email in lower case, or an error if it is not an email.
func lowerValidEmail(email string) (string, error) {
	lower := strings.ToLower(email)
	if !web.IsEmail(lower) {
		return "", auth.ErrInvalidEmail
	}
	return lower, nil
}

// sendCode stores a new code and mails it, to the email (lower case) of a user. toAnyone also mails it to an email that
// no user has. In every other case the work is the same and no mail is delivered. A code that may not be mailed is not
// stored, so that an earlier one stays the newest.
func (s *Service) sendCode(r *http.Request, db *store.Store, codeType, email string, toAnyone bool) error {
	if err := db.FlushCharges(r.Context()); err != nil {
		return fmt.Errorf("count request: %w", err)
	}
	code := random.String(codeAlphabet, codeLength)
	m := mail.Message{Kind: mail.EmailOTP, Type: codeType, To: email, Token: code, URL: s.Options.SiteURL}
	if !s.CountMail(r, db, m) {
		m.Kind = mail.Nothing
		s.SendMail(r, m)
		return nil
	}
	now := s.Now().Truncate(time.Millisecond)
	hasUser, err := db.InsertCode(r.Context(), codeType, email, code, now.Add(codeLifetime), now)
	if err != nil {
		return fmt.Errorf("store code: %w", err)
	}
	if !hasUser && !toAnyone || placeholder.Is(email) {
		m.Kind = mail.Nothing
	}
	s.SendMail(r, m)
	return nil
}

// chargeTry adds the charges of a try of a code. A client that has signed in to the account before has a device cookie,
// which chargeTry returns, and its own limit. Browsers send the cookie with sign-ins only.
func (s *Service) chargeTry(r *http.Request, db *store.Store, email string) (*session.Device, error) {
	device, err := s.Sessions.Device(r, email)
	if err != nil {
		return nil, err
	}
	s.ChargeCodeAttempt(r, db, email, device)
	return device, nil
}

// storableCode returns a code as Postgres can compare it: no code has a NUL, which Postgres rejects, or U+FFFD.
func storableCode(code string) string { return strings.ReplaceAll(code, "\x00", "\uFFFD") }
