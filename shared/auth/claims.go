package auth

import (
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

// maxUserClaims is the largest size in bytes of the user in a JWT, as JSON. It keeps a token below 6 KiB: API Gateway
// accepts 10,240 bytes of request line and headers.
const maxUserClaims = 3800

// claims returns the claims of a caller's JWT.
func claims(c *session.Caller) keys.Claims {
	return keys.Claims{Subject: c.User.ID, SessionID: c.Session.ID, User: userClaims(c.User)}
}

// userClaims returns the user in a JWT, without an image longer than session.MaxImage. A user that a TypeScript server
// or an import has stored can still be too large. Then userClaims leaves out the image, and if that is not enough, the
// name.
func userClaims(u store.User) any {
	const maxEscape = 6 // JSON encodes one byte as six bytes at most
	image := ""
	if u.Image != nil {
		image = *u.Image
	}
	isShort := web.Length(image) <= session.MaxImage
	if isShort && maxEscape*(len(u.Name)+len(u.Email)+len(image)) < maxUserClaims/2 {
		return u
	}
	without := shortUser{
		ID: u.ID, Name: &u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	switch {
	case isShort && fitsInToken(u):
		return u
	case !fitsInToken(without):
		without.Name = nil
	}
	return without
}

func fitsInToken(user any) bool {
	text, err := stringify.Marshal(user)
	return err == nil && len(text) <= maxUserClaims
}

// shortUser is store.User without its image, and without the name if that is nil.
type shortUser struct {
	ID            string     `json:"id"`
	Name          *string    `json:"name,omitempty"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	CreatedAt     store.Time `json:"createdAt"`
	UpdatedAt     store.Time `json:"updatedAt"`
}
