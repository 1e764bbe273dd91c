package session

import (
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
)

// CachedAnswer is the body of a response of get-session from the cache cookie. Better Auth writes the members of such a
// response in another order than those of a response from the database.
type CachedAnswer struct {
	Session struct {
		ID             string                    `json:"id"`
		CreatedAt      store.Time                `json:"createdAt"`
		UpdatedAt      store.Time                `json:"updatedAt"`
		UserID         string                    `json:"userId"`
		ExpiresAt      store.Time                `json:"expiresAt"`
		Token          string                    `json:"token"`
		IPAddress      *string                   `json:"ipAddress"`
		UserAgent      *string                   `json:"userAgent"`
		ImpersonatedBy store.PluginField[string] `json:"impersonatedBy,omitzero"`
	} `json:"session"`
	User struct {
		ID            string     `json:"id"`
		CreatedAt     store.Time `json:"createdAt"`
		UpdatedAt     store.Time `json:"updatedAt"`
		Email         string     `json:"email"`
		EmailVerified bool       `json:"emailVerified"`
		Name          string     `json:"name"`
		Image         *string    `json:"image"`
		store.UserPluginFields
	} `json:"user"`
}

// CachedAnswer returns the response of get-session for a caller from the cache cookie.
func (c *Caller) CachedAnswer() (a CachedAnswer) {
	s, u := &c.Session, &c.User
	a.Session.ID, a.Session.CreatedAt, a.Session.UpdatedAt, a.Session.UserID = s.ID, s.CreatedAt, s.UpdatedAt, s.UserID
	a.Session.ExpiresAt, a.Session.Token, a.Session.IPAddress = s.ExpiresAt, s.Token, s.IPAddress
	a.Session.UserAgent, a.Session.ImpersonatedBy = s.UserAgent, s.ImpersonatedBy
	a.User.ID, a.User.CreatedAt, a.User.UpdatedAt, a.User.Email = u.ID, u.CreatedAt, u.UpdatedAt, u.Email
	a.User.EmailVerified, a.User.Name, a.User.Image = u.EmailVerified, u.Name, u.Image
	a.User.UserPluginFields = u.UserPluginFields
	return a
}

// removeFieldsOfOtherPlugins removes the fields of plugins that are off. A cache cookie has them if a server with other
// settings has written it.
func (c *Caller) removeFieldsOfOtherPlugins(plugins config.Plugins) {
	if !plugins.Admin {
		c.Session.ImpersonatedBy = store.PluginField[string]{}
		c.User.UserPluginFields = store.UserPluginFields{TwoFactorEnabled: c.User.TwoFactorEnabled}
	}
	if !plugins.TwoFactor {
		c.User.TwoFactorEnabled = store.PluginField[bool]{}
	}
}
