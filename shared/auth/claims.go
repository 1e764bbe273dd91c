package auth

import (
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

// maxUserClaims is the maximum size of the user in a JWT, in bytes of JSON. It keeps the JWT below 6 KiB, because API
// Gateway accepts only 10,240 bytes of request line and headers.
const maxUserClaims = 3800

// claims returns the claims of the JWT that the caller gets.
func claims(c *session.Caller) keys.Claims {
	return keys.Claims{Subject: c.User.ID, SessionID: c.Session.ID, User: userClaims(c.User)}
}

// userClaims returns the claims about a user. It leaves out an image that is longer than session.MaxImage. If the
// claims are still larger than maxUserClaims, it leaves out a shorter image too, and if that is not enough, also the
// name.
func userClaims(u store.User) any {
	const maxEscape = 6 // one byte takes at most six bytes in JSON
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

// fitsInToken reports whether the JSON of user has at most maxUserClaims bytes.
func fitsInToken(user any) bool {
	text, err := stringify.Marshal(user)
	return err == nil && len(text) <= maxUserClaims
}

// shortUser has the fields of store.User except the image. Its JSON has no name if Name is nil.
type shortUser struct {
	ID            string     `json:"id"`
	Name          *string    `json:"name,omitempty"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	CreatedAt     store.Time `json:"createdAt"`
	UpdatedAt     store.Time `json:"updatedAt"`
}
