package auth

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
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

// claimsOfCaller returns the claims of the JWT that the caller gets; userJSON is the JSON of the caller's user. The log
// record of the request names the claims that are left out because the JWT would be too large.
func (s *Service) claimsOfCaller(ctx context.Context, c *session.Caller, userJSON []byte) keys.Claims {
	names := len(s.Options.JWTIssuer) + len(s.Options.JWTAudience)
	limit := min(maxUserClaimsBytes, maxPayloadBytes-names)
	var user json.RawMessage
	leftOut := ""
	if c.Metadata != nil {
		user, leftOut = claimsOfSupabase(c, s.customClaims(c), limit)
	} else {
		user, leftOut = userClaims(&c.User, userJSON, s.customClaims(c), limit)
	}
	if leftOut != "" {
		web.NoteClaimsLeftOut(ctx, leftOut)
	}
	return keys.Claims{Subject: c.User.ID, SessionID: c.Session.ID, User: user}
}

// userClaims returns the claims about a user, whose JSON is text, followed by the custom claims. It leaves out an image
// that is longer than session.MaxImageLength. If the claims are still larger than limit, it leaves out one after the
// other until they fit: a shorter image, the custom claims, the largest one first, the reason of a ban, the name, the
// role. leftOut names these claims.
func userClaims(u *store.User, text []byte, custom customClaims, limit int) (user json.RawMessage, leftOut string) {
	isShort := u.Image == nil || web.UTF16Length(*u.Image) <= session.MaxImageLength
	if isShort {
		if all, fits := custom.appendTo(text, limit); fits {
			return all, ""
		}
	}
	return claimsWithoutImage(u, custom, isShort, limit)
}

// claimsWithoutImage is userClaims without the image. hadShortImage reports whether the user may have a short one.
func claimsWithoutImage(
	u *store.User, custom customClaims, hadShortImage bool, limit int,
) (all json.RawMessage, leftOut string) {
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
	all, left := leaveOut(steps, func() (json.RawMessage, bool) { return custom.appendTo(toJSON(user), limit) })
	return all, strings.Join(append(names, left...), ", ")
}

// claimStep leaves out a claim, if the user has it.
type claimStep struct {
	name   string
	exists bool
	remove func()
}

// leaveOut takes the steps until the claims that encode returns fit, or no step is left. It returns these claims, and
// the names of those that are left out.
func leaveOut(
	steps []claimStep, encode func() (all json.RawMessage, fits bool),
) (all json.RawMessage, names []string) {
	all, fits := encode()
	for _, step := range steps {
		if fits {
			break
		}
		if step.exists {
			step.remove()
			names = append(names, step.name)
			all, fits = encode()
		}
	}
	return all, names
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
