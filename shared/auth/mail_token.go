package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// mailTokenLifetime is how long a mailed link that verifies or changes an email is valid.
const mailTokenLifetime = time.Hour

// newMailLinkID returns a random ID for mailClaims.
func newMailLinkID() string { return random.String(resetTokenAlphabet, resetTokenLength) }

// linkIdentifier returns the identifier of the row that the table verification has for the link, or "" if it has none.
func (c mailClaims) linkIdentifier() string {
	switch {
	case c.ID == "":
		return ""
	case c.UpdateTo != "":
		return store.ChangeEmailLinkPrefix + c.ID
	}
	return store.VerifyEmailLinkPrefix + c.ID
}

// Better Auth's request types of an email change (docs/wire.md#change-of-email).
const (
	confirmChangeRequest = "change-email-confirmation" // of the link that the old email gets, to confirm the change
	verifyChangeRequest  = "change-email-verification" // of the link that the new email gets, to prove ownership
)

// mailClaims are the claims in the token of a mailed link that verifies or changes an email. They have Better Auth's
// form, so that a TypeScript server with the same secret can redeem the link. Only Xenon sets the ID. It identifies a
// row of the table verification; deleting the row makes the link invalid.
type mailClaims struct {
	Email       string `json:"email"`                 // the current email in lower case
	UpdateTo    string `json:"updateTo,omitempty"`    // for a change: the new email in lower case
	RequestType string `json:"requestType,omitempty"` // for a change: one of those above, or "" (old versions)
	UserID      string `json:"userId,omitempty"`
	jwt.RegisteredClaims
}

var errMailTokenExpired = errors.New("the token has expired")

// signMailToken returns a signed token with the claims, valid for mailTokenLifetime. As in Better Auth the algorithm is
// HS256 with the secret, and the header has only "alg".
func (s *Service) signMailToken(ctx context.Context, c mailClaims) (string, error) {
	secrets, err := s.Sessions.Secrets(ctx)
	if err != nil {
		return "", fmt.Errorf("read secret of mail tokens: %w", err)
	}
	now := s.Now()
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(mailTokenLifetime))
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	token.Header = map[string]any{"alg": token.Method.Alg()}
	signed, err := token.SignedString(secrets[0])
	if err != nil {
		return "", fmt.Errorf("sign mail token: %w", err)
	}
	return signed, nil
}

// parseMailToken returns the claims of a token, errInvalidToken or errTokenExpired. The algorithm must be HS256, and
// the times are checked without tolerance. As in Better Auth, exp may be missing. A token without an email is invalid;
// Better Auth answers it with 500. A token without an ID is invalid unless SHARED_DATABASE is on, because TypeScript
// servers issue such tokens.
func (s *Service) parseMailToken(ctx context.Context, text string) (c mailClaims, err error) {
	secrets, err := s.Sessions.Secrets(ctx)
	if err != nil {
		return c, fmt.Errorf("read secret of mail tokens: %w", err)
	}
	var keys jwt.VerificationKeySet
	for _, secret := range secrets {
		keys.Keys = append(keys.Keys, secret)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())
	members := jwt.MapClaims{}
	token, err := parser.ParseWithClaims(text, members, func(*jwt.Token) (any, error) { return keys, nil })
	if err != nil || token.Header["crit"] != nil {
		return c, errInvalidToken
	}
	if err := c.checkAndSetClaims(members, s.Now()); errors.Is(err, errMailTokenExpired) {
		return c, errTokenExpired
	} else if err != nil || c.ID == "" && !s.Options.SharedDatabase {
		return c, errInvalidToken
	}
	return c, nil
}

// checkAndSetClaims checks the members of a token as Better Auth does, first the times, and stores them in c.
func (c *mailClaims) checkAndSetClaims(members map[string]any, now time.Time) error {
	seconds := float64(now.Unix())
	for _, name := range []string{"iat", "nbf", "exp"} {
		value, present := members[name]
		number, ok := value.(float64)
		switch {
		case !present:
		case !ok:
			return fmt.Errorf("%s is not a number", name)
		case name == "nbf" && number > seconds:
			return errors.New("the token is not valid yet")
		case name == "exp" && number <= seconds:
			return errMailTokenExpired
		}
	}
	for name, field := range map[string]*string{
		"email": &c.Email, "updateTo": &c.UpdateTo, "requestType": &c.RequestType, "userId": &c.UserID,
		"jti": &c.ID,
	} {
		if value, present := members[name]; present {
			text, ok := value.(string)
			if !ok {
				return fmt.Errorf("%s is not a string", name)
			}
			*field = text
		}
	}
	if !web.IsEmail(c.Email) {
		return errors.New("email is not valid")
	}
	return nil
}

// Better Auth's alphabets and lengths of one-time tokens (docs/wire.md#objects). A token that resets a password has 142
// random bits, one that deletes a user has 165.
const (
	resetTokenAlphabet    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	resetTokenLength      = 24
	deletionTokenAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	deletionTokenLength   = 32
)
