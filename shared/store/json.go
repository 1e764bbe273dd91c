package store

import (
	"strconv"

	"github.com/xenon-auth/xenon/shared/stringify"
)

// AppendJSON appends the JSON that encoding/json writes for x, without reflection.
func (x *Session) AppendJSON(b []byte) []byte {
	b = x.ExpiresAt.appendJSON(append(b, `{"expiresAt":`...))
	b = stringify.AppendString(append(b, `,"token":`...), x.Token)
	b = x.CreatedAt.appendJSON(append(b, `,"createdAt":`...))
	b = x.UpdatedAt.appendJSON(append(b, `,"updatedAt":`...))
	b = appendTextOrNull(append(b, `,"ipAddress":`...), x.IPAddress)
	b = appendTextOrNull(append(b, `,"userAgent":`...), x.UserAgent)
	b = stringify.AppendString(append(b, `,"userId":`...), x.UserID)
	if x.ImpersonatedBy.IsPresent {
		b = appendTextOrNull(append(b, `,"impersonatedBy":`...), x.ImpersonatedBy.Value)
	}
	return append(stringify.AppendString(append(b, `,"id":`...), x.ID), '}')
}

// AppendJSON appends the JSON that encoding/json writes for u, without reflection.
func (u *User) AppendJSON(b []byte) []byte {
	b = stringify.AppendString(append(b, `{"name":`...), u.Name)
	b = stringify.AppendString(append(b, `,"email":`...), u.Email)
	b = strconv.AppendBool(append(b, `,"emailVerified":`...), u.EmailVerified)
	b = appendTextOrNull(append(b, `,"image":`...), u.Image)
	b = u.CreatedAt.appendJSON(append(b, `,"createdAt":`...))
	b = u.UpdatedAt.appendJSON(append(b, `,"updatedAt":`...))
	b = u.appendMembers(b)
	return append(stringify.AppendString(append(b, `,"id":`...), u.ID), '}')
}

// appendMembers appends the fields of the plugins that are on, each after a comma.
func (f *UserPluginFields) appendMembers(b []byte) []byte {
	if f.TwoFactorEnabled.IsPresent {
		b = appendBoolOrNull(append(b, `,"twoFactorEnabled":`...), f.TwoFactorEnabled.Value)
	}
	if f.Role.IsPresent {
		b = appendTextOrNull(append(b, `,"role":`...), f.Role.Value)
	}
	if f.Banned.IsPresent {
		b = appendBoolOrNull(append(b, `,"banned":`...), f.Banned.Value)
	}
	if f.BanReason.IsPresent {
		b = appendTextOrNull(append(b, `,"banReason":`...), f.BanReason.Value)
	}
	switch {
	case !f.BanExpires.IsPresent:
	case f.BanExpires.Value == nil:
		b = append(b, `,"banExpires":null`...)
	default:
		b = f.BanExpires.Value.appendJSON(append(b, `,"banExpires":`...))
	}
	return b
}

func appendTextOrNull(b []byte, text *string) []byte {
	if text == nil {
		return append(b, "null"...)
	}
	return stringify.AppendString(b, *text)
}

func appendBoolOrNull(b []byte, value *bool) []byte {
	if value == nil {
		return append(b, "null"...)
	}
	return strconv.AppendBool(b, *value)
}
