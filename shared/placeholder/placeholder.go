// Package placeholder recognizes placeholder emails. The column "user".email cannot be NULL, so a user without a usable
// email gets an email to which no mail can be delivered: its domain ends in .invalid (RFC 2606).
package placeholder

import "strings"

// Domains of placeholder emails. Each kind of placeholder has its own subdomain.
const (
	// ImportDomain is used by the import from Supabase: <id of the user>@<kind>.supabase-migration.invalid.
	ImportDomain = "supabase-migration.invalid"
	// ProviderDomain is used by a sign-in with a provider that returns no email: <subject>@<provider
	// id>.placeholder.invalid. Better Auth does the same for twitter.
	ProviderDomain = "placeholder.invalid"
)

// Is reports whether an email is a placeholder. An email of Apple's relay (privaterelay.appleid.com) is not a
// placeholder: it receives mail.
func Is(email string) bool {
	domain := strings.ToLower(email[strings.LastIndexByte(email, '@')+1:])
	return strings.HasSuffix(domain, "."+ImportDomain) || strings.HasSuffix(domain, "."+ProviderDomain)
}
