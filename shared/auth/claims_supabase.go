package auth

import (
	"encoding/json"
	"strings"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

// supabaseClaims has the claims of Better Auth about a user, and those of Supabase's access tokens that databases and
// APIs read. Its JSON leaves out claims that are nil.
type supabaseClaims struct {
	Name          *string         `json:"name,omitempty"`
	Email         string          `json:"email"`
	EmailVerified bool            `json:"emailVerified"`
	Image         json.RawMessage `json:"image,omitempty"`
	CreatedAt     store.Time      `json:"createdAt"`
	UpdatedAt     store.Time      `json:"updatedAt"`
	store.UserPluginFields
	ID string `json:"id"`

	// Role is the role of Postgres as which PostgREST runs a request. It replaces the role in UserPluginFields, which is
	// app_metadata.role.
	Role         string          `json:"role"`
	AAL          string          `json:"aal"` // the assurance level of the session: one factor
	SessionID    string          `json:"session_id"`
	Phone        string          `json:"phone"`
	IsAnonymous  bool            `json:"is_anonymous"`
	AppMetadata  json.RawMessage `json:"app_metadata,omitempty"`
	UserMetadata json.RawMessage `json:"user_metadata,omitempty"`
}

// claimsOfSupabase returns the claims of a caller with JWT_CLAIMS=supabase, followed by the custom claims. If they are
// larger than limit, it leaves out one after the other until they fit: user_metadata, the image, app_metadata except
// its role, the custom claims, the largest one first, the reason of a ban, the name. leftOut names these claims.
// Metadata that was cut at store.MaxMetadata is not JSON, so it never fits.
func claimsOfSupabase(c *session.Caller, custom customClaims, limit int) (user json.RawMessage, leftOut string) {
	u, name := &c.User, c.User.Name
	claims := supabaseClaims{
		Name: &name, Email: u.Email, EmailVerified: u.EmailVerified, Image: imageClaim(u.Image),
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, UserPluginFields: u.UserPluginFields, ID: u.ID,
		Role: "authenticated", AAL: "aal1", SessionID: c.Session.ID,
		AppMetadata: appMetadata(u, c.Metadata), UserMetadata: userMetadata(u, c.Metadata),
	}
	appRole := c.Metadata.AppRole
	if u.Role.Value != nil {
		text := string(toJSON(*u.Role.Value))
		appRole = &text
	}
	steps := append([]claimStep{
		{"user_metadata", true, func() { claims.UserMetadata = nil }},
		{"image", claims.Image != nil, func() { claims.Image = nil }},
		{"app_metadata", c.Metadata.App != nil || appRole != nil, func() { claims.AppMetadata = onlyRole(appRole) }},
	}, custom.steps()...)
	steps = append(steps,
		claimStep{"banReason", u.BanReason.Value != nil, func() { claims.BanReason = store.PluginField[string]{} }},
		claimStep{"name", true, func() { claims.Name = nil }})
	user, names := leaveOut(steps, func() (json.RawMessage, bool) { return custom.appendTo(toJSON(claims), limit) })
	return user, strings.Join(names, ", ")
}

// imageClaim returns the JSON of an image, or nil if it is longer than session.MaxImageLength.
func imageClaim(image *string) json.RawMessage {
	if image != nil && web.UTF16Length(*image) > session.MaxImageLength {
		return nil
	}
	return toJSON(image)
}

// userMetadata returns the claim user_metadata: the column "userMetadata", or the name and the image under the names
// that Supabase's providers use.
func userMetadata(u *store.User, m *store.Metadata) json.RawMessage {
	if m.User != nil {
		return json.RawMessage(*m.User)
	}
	image := u.Image
	if image != nil && web.UTF16Length(*image) > session.MaxImageLength {
		image = nil
	}
	return toJSON(struct {
		Name     string  `json:"name"`
		FullName string  `json:"full_name"`
		Avatar   *string `json:"avatar_url,omitempty"`
	}{u.Name, u.Name, image})
}

// appMetadata returns the claim app_metadata: the column "appMetadata", with the providers of the user's accounts, if
// there are any, and with the role that the plugin admin has given to the user.
func appMetadata(u *store.User, m *store.Metadata) json.RawMessage {
	members := map[string]json.RawMessage{}
	if m.App != nil && json.Unmarshal([]byte(*m.App), &members) != nil {
		return json.RawMessage(*m.App)
	}
	if len(m.Providers) > 0 {
		providers := supabaseProviders(m.Providers)
		members["provider"], members["providers"] = toJSON(providers[0]), toJSON(providers)
	}
	if u.Role.Value != nil {
		members["role"] = toJSON(*u.Role.Value)
	}
	return toJSON(members)
}

// supabaseProviders replaces Better Auth's name for accounts with a password by Supabase's. The other names of
// providers stay as they are.
func supabaseProviders(ids []string) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		if all[i] = id; id == "credential" {
			all[i] = "email"
		}
	}
	return all
}

// onlyRole returns the claim app_metadata with the member role alone, or nil if there is none. A longer role than
// maxRole bytes is not the name of a role.
func onlyRole(role *string) json.RawMessage {
	const maxRole = 256
	if role == nil || len(*role) > maxRole {
		return nil
	}
	return toJSON(map[string]json.RawMessage{"role": json.RawMessage(*role)})
}

// toJSON returns the JSON of v, or nil if v has a json.RawMessage that is not JSON.
func toJSON(v any) json.RawMessage {
	text, err := stringify.Marshal(v)
	if err != nil {
		return nil
	}
	return text
}
