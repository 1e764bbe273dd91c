package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// mailTokenLife is how long a link in a mail about an address works.
const mailTokenLife = time.Hour

// newLinkID draws the ID of a link's claims.
func newLinkID() string { return oneTimeToken(resetAlphabet, resetLength) }

// row is the identifier of the row of verification that a link stands for, "" if there is none.
func (c mailClaims) row() string {
	switch {
	case c.ID == "":
		return ""
	case c.UpdateTo != "":
		return store.ChangeEmailLink + c.ID
	}
	return store.VerifyEmailLink + c.ID
}

// What a change-e-mail token asks for (contract: change e-mail).
const (
	confirmChange = "change-email-confirmation" // to the old address: may we ask the new one?
	verifyChange  = "change-email-verification" // to the new address: is it yours?
)

// mailClaims is what a link in a mail about an email address says, in Better Auth's form, so that a TypeScript server
// that shares the secret can redeem it. Its ID, which Better Auth does not have, names the row of verification without
// which the link is worthless here: whatever deletes the row revokes the link.
type mailClaims struct {
	Email       string `json:"email"`                 // lower case; of a change, the address that the user still has
	UpdateTo    string `json:"updateTo,omitempty"`    // of a change, the address to come, lower case
	RequestType string `json:"requestType,omitempty"` // of a change, confirmChange or verifyChange; the library once sent none
	UserID      string `json:"userId,omitempty"`
	jwt.RegisteredClaims
}

var errTokenExpiredClaim = errors.New("the token has expired")

// mailToken signs claims as the library does: HS256 with the secret, and no other member in the header.
func (s *Service) mailToken(ctx context.Context, c mailClaims) (string, error) {
	secret, err := s.Sessions.Secret(ctx)
	if err != nil {
		return "", fmt.Errorf("read mail secret: %w", err)
	}
	now := s.Now()
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(mailTokenLife))
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	token.Header = map[string]any{"alg": token.Method.Alg()}
	signed, err := token.SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign mail token: %w", err)
	}
	return signed, nil
}

// openMailToken returns what a token says, errInvalidToken or errTokenExpired. Only HS256 counts and no clock is
// forgiven; exp may be missing, as the library has it. A signed token that names no address is invalid; the library
// faults there. So is one without an ID, unless a TypeScript server, which makes such tokens, shares the database.
func (s *Service) openMailToken(ctx context.Context, text string) (c mailClaims, err error) {
	secret, err := s.Sessions.Secret(ctx)
	if err != nil {
		return c, fmt.Errorf("read mail secret: %w", err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())
	members := jwt.MapClaims{}
	token, err := parser.ParseWithClaims(text, members, func(*jwt.Token) (any, error) { return secret, nil })
	if err != nil || token.Header["crit"] != nil {
		return c, errInvalidToken
	}
	if err := c.fill(members, s.Now()); errors.Is(err, errTokenExpiredClaim) {
		return c, errTokenExpired
	} else if err != nil || c.ID == "" && !s.Options.SharedDatabase {
		return c, errInvalidToken
	}
	return c, nil
}

// fill checks the claims in the order in which the library does, types included.
func (c *mailClaims) fill(members map[string]any, now time.Time) error {
	seconds := float64(now.Unix())
	for _, name := range []string{"iat", "nbf", "exp"} {
		value, present := members[name]
		number, ok := value.(float64)
		switch {
		case !present:
		case !ok:
			return fmt.Errorf("%s is no number", name)
		case name == "nbf" && number > seconds:
			return errors.New("the token is not valid yet")
		case name == "exp" && number <= seconds:
			return errTokenExpiredClaim
		}
	}
	for name, field := range map[string]*string{
		"email": &c.Email, "updateTo": &c.UpdateTo, "requestType": &c.RequestType, "userId": &c.UserID,
		"jti": &c.ID,
	} {
		if value, present := members[name]; present {
			text, ok := value.(string)
			if !ok {
				return fmt.Errorf("%s is no text", name)
			}
			*field = text
		}
	}
	if !web.IsEmail(c.Email) {
		return errors.New("email is no address")
	}
	return nil
}

// The alphabets of one-time tokens, and how long they are (contract: objects): 142 and 165 bits.
const (
	resetAlphabet  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	resetLength    = 24
	deleteAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	deleteLength   = 32
)

// oneTimeToken draws length letters of alphabet, each without bias.
func oneTimeToken(alphabet string, length int) string {
	fair := 256 - 256%len(alphabet) // a byte from here on would favour the first letters
	out := make([]byte, 0, length)
	buf := make([]byte, 2*length)
	for len(out) < length {
		_, _ = rand.Read(buf) // never fails: crypto/rand ends the process instead
		for _, b := range buf {
			if int(b) < fair && len(out) < length {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}
