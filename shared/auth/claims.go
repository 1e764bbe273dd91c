package auth

import (
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// maxUserClaims is the most bytes of JSON that a user takes in a JWT, so that a token is at most 6 KiB: a gateway takes
// 10,240 bytes of request line and headers in all.
const maxUserClaims = 3800

// claims is what a JWT says of a caller.
func claims(c *session.Caller) keys.Claims {
	return keys.Claims{Subject: c.User.ID, SessionID: c.Session.ID, User: userClaims(c.User)}
}

// userClaims is the user in a JWT, without an image that is longer than session.MaxImage. A row of another server or of
// an import can hold still more: then the image is left out whatever its length, and then the name.
func userClaims(u store.User) any {
	const most = 6 // bytes of JSON for a byte of text
	image := ""
	if u.Image != nil {
		image = *u.Image
	}
	short := web.Length(image) <= session.MaxImage
	if short && most*(len(u.Name)+len(u.Email)+len(image)) < maxUserClaims/2 {
		return u
	}
	brief := briefUser{
		ID: u.ID, Name: &u.Name, Email: u.Email, EmailVerified: u.EmailVerified, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	switch {
	case short && fits(u):
		return u
	case !fits(brief):
		brief.Name = nil
	}
	return brief
}

func fits(user any) bool {
	text, err := web.Marshal(user)
	return err == nil && len(text) <= maxUserClaims
}

// briefUser is store.User without its image, and without a name that is nil.
type briefUser struct {
	ID            string     `json:"id"`
	Name          *string    `json:"name,omitempty"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	CreatedAt     store.Time `json:"createdAt"`
	UpdatedAt     store.Time `json:"updatedAt"`
}
