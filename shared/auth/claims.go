package auth

import (
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

// maxUserClaimsBytes is the maximum size of the user in a JWT, in bytes of JSON. It keeps the JWT below 6 KiB, because
// API Gateway accepts only 10,240 bytes of request line and headers.
const maxUserClaimsBytes = 3800

// claimsOfCaller returns the claims of the JWT that the caller gets.
func claimsOfCaller(c *session.Caller) keys.Claims {
	return keys.Claims{Subject: c.User.ID, SessionID: c.Session.ID, User: userClaims(c.User)}
}

// userClaims returns the claims about a user. It leaves out an image that is longer than session.MaxImageLength. If the
// claims are still larger than maxUserClaimsBytes, it leaves out a shorter image too, and if that is not
// enough, also the name.
func userClaims(u store.User) any {
	const maxJSONBytesPerByte = 6 // one byte takes at most six bytes in JSON
	image := ""
	if u.Image != nil {
		image = *u.Image
	}
	isShort := web.UTF16Length(image) <= session.MaxImageLength
	if isShort && maxJSONBytesPerByte*(len(u.Name)+len(u.Email)+len(image)) < maxUserClaimsBytes/2 {
		return u
	}
	without := userWithoutImage{
		ID: u.ID, Name: &u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	switch {
	case isShort && fitsInJWT(u):
		return u
	case !fitsInJWT(without):
		without.Name = nil
	}
	return without
}

// fitsInJWT reports whether the JSON of user has at most maxUserClaimsBytes bytes.
func fitsInJWT(user any) bool {
	text, err := stringify.Marshal(user)
	return err == nil && len(text) <= maxUserClaimsBytes
}

// userWithoutImage has the fields of store.User except the image. Its JSON has no name if Name is nil.
type userWithoutImage struct {
	ID            string     `json:"id"`
	Name          *string    `json:"name,omitempty"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	CreatedAt     store.Time `json:"createdAt"`
	UpdatedAt     store.Time `json:"updatedAt"`
}
