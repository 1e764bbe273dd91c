package auth

import (
	"context"
	"strings"

	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

// A JWT has at most 6 KiB, because API Gateway accepts only 10,240 bytes of request line and headers.
//
// maxUserClaimsBytes is the maximum size of the claims that this package chooses, in bytes of JSON. maxPayloadBytes is
// the maximum size of these claims, the issuer and the audience together, in a JWT of 6 KiB with an RSA signature.
const (
	maxUserClaimsBytes = 3800
	maxPayloadBytes    = 4060
)

// claimsOfCaller returns the claims of the JWT that the caller gets. The log record of the request names the claims
// that are left out because the JWT would be too large.
func (s *Service) claimsOfCaller(ctx context.Context, c *session.Caller) keys.Claims {
	names := len(s.Options.JWTIssuer) + len(s.Options.JWTAudience)
	limit := min(maxUserClaimsBytes, maxPayloadBytes-names)
	user, leftOut := any(nil), ""
	if c.Metadata != nil {
		user, leftOut = claimsOfSupabase(c, s.customClaims(c), limit)
	} else {
		user, leftOut = userClaims(c.User, s.customClaims(c), limit)
	}
	if leftOut != "" {
		web.NoteClaimsLeftOut(ctx, leftOut)
	}
	return keys.Claims{Subject: c.User.ID, SessionID: c.Session.ID, User: user}
}

// userClaims returns the claims about a user, followed by the custom claims. It leaves out an image that is longer than
// session.MaxImageLength. If the claims are still larger than limit, it leaves out one after the other until they fit:
// a shorter image, the custom claims, the largest one first, the reason of a ban, the name, the role. leftOut names
// these claims.
func userClaims(u store.User, custom customClaims, limit int) (user any, leftOut string) {
	const maxJSONBytesPerByte = 6 // one byte takes at most six bytes in JSON
	image := ""
	if u.Image != nil {
		image = *u.Image
	}
	isShort := web.UTF16Length(image) <= session.MaxImageLength
	isSmall := len(custom) == 0 &&
		maxJSONBytesPerByte*(len(u.Name)+len(u.Email)+len(image)+u.TextLength()) < limit-maxUserClaimsBytes/2
	if isShort && isSmall {
		return u, ""
	}
	if all := custom.after(u); isShort && fitsInJWT(all, limit) {
		return all, ""
	}
	return claimsWithoutImage(u, custom, isShort, limit)
}

// claimsWithoutImage is userClaims without the image. hadShortImage reports whether the user may have a short one.
func claimsWithoutImage(u store.User, custom customClaims, hadShortImage bool, limit int) (all any, leftOut string) {
	user := userWithoutImage{
		Name: &u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, UserPluginFields: u.UserPluginFields, ID: u.ID,
	}
	var names []string
	if hadShortImage {
		names = append(names, "image")
	}
	steps := append(custom.steps(),
		claimStep{"banReason", user.BanReason.Value != nil, func() { user.BanReason = store.PluginField[string]{} }},
		claimStep{"name", true, func() { user.Name = nil }},
		claimStep{"role", user.Role.Value != nil, func() { user.Role = store.PluginField[string]{} }})
	names = append(names, leaveOut(steps, func() bool { return fitsInJWT(custom.after(user), limit) })...)
	return custom.after(user), strings.Join(names, ", ")
}

// claimStep leaves out a claim, if the user has it.
type claimStep struct {
	name   string
	exists bool
	remove func()
}

// leaveOut takes the steps until the claims fit, and returns the names of the claims that are left out.
func leaveOut(steps []claimStep, fit func() bool) (names []string) {
	for _, step := range steps {
		if fit() {
			break
		}
		if step.exists {
			step.remove()
			names = append(names, step.name)
		}
	}
	return names
}

// fitsInJWT reports whether the JSON of user has at most limit bytes.
func fitsInJWT(user any, limit int) bool {
	text, err := stringify.Marshal(user)
	return err == nil && len(text) <= limit
}

// userWithoutImage has the fields of store.User except the image. Its JSON has no name if Name is nil.
type userWithoutImage struct {
	Name          *string    `json:"name,omitempty"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	CreatedAt     store.Time `json:"createdAt"`
	UpdatedAt     store.Time `json:"updatedAt"`
	store.UserPluginFields
	ID string `json:"id"`
}
