package config

// Social holds the settings of social sign-in.
type Social struct {
	Providers []Provider // in the order of BuiltInProviders, then the OIDC providers

	AccountLinking         bool     // a user can have accounts of several providers; on by default
	AllowDifferentEmails   bool     // link-social accepts an account with another email
	DisableImplicitLinking bool     // a sign-in never links an account to a user that exists
	UpdateUserInfoOnLink   bool     // linking an account copies its name and image to the user
	UpdateAccountOnSignIn  bool     // a later sign-in stores the new tokens; on by default
	EncryptOAuthTokens     bool     // access and refresh tokens are encrypted in the database
	TrustedProviders       []string // ids of providers whose emails count as verified when an account is linked
}

// Provider holds the settings of one provider.
type Provider struct {
	ID           string   // such as "google"; of an OIDC provider OIDC_PROVIDER_ID
	Name         string   // shown on the site, such as "Google"
	Prefix       string   // of the names of its settings, such as "GOOGLE"; empty: made from ID
	ClientIDs    []string // the first is used in URLs; all are accepted audiences of id tokens
	ClientSecret Secret   // empty if it is in the app secret, or if Apple's is made from PrivateKey
	Scopes       []string // in addition to the provider's defaults

	DisableSignUp            bool // new users cannot register with this provider
	DisableImplicitSignUp    bool // new users register only with requestSignUp
	OverrideUserInfo         bool // each sign-in copies name, image and email to the user
	RequireEmailVerification bool // no session before the email in the row of the user is verified

	OIDC   bool   // a generic OIDC provider, whose endpoints are found by discovery
	Issuer string // of an OIDC provider, or of a self-managed GitLab

	AccessType, Prompt, HostedDomain string // of Google: parameters access_type, prompt and hd
	TenantID                         string // of Microsoft; "common" by default

	TeamID, KeyID string // of Apple, with PrivateKey: the client secret is made from them
	PrivateKey    Secret // PKCS #8 in PEM; empty if it is in the app secret
}
