package config_test

import (
	"fmt"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
)

// providerSettings are the settings that every provider has. <PROVIDER> stands for the prefix of a provider.
var providerSettings = []struct{ name, fallback, meaning string }{
	{
		"CLIENT_ID",
		"none",
		"The id that the provider gave to your app. It switches the provider on. It may be a list, separated by commas: " +
			"the first is used in URLs, and id tokens for any of them are accepted, such as those of your mobile app.",
	},
	{
		"CLIENT_SECRET",
		"none",
		"The secret that belongs to the id. In the cloud a member of the secret `APP_SECRET_ARN`. An id without its " +
			"secret, and a secret without its id, is an error.",
	},
	{"SCOPE", "the provider's own", "Scopes to request besides the provider's own, separated by commas or spaces."},
	{
		"DISABLE_SIGNUP",
		"`off`",
		"`on`: no new user can register with this provider. Users who have an account of it can sign in.",
	},
	{
		"DISABLE_IMPLICIT_SIGNUP", "`off`",
		"`on`: a new user can register only if the page asks for it, with `requestSignUp: true`.",
	},
	{
		"OVERRIDE_USER_INFO", "`off`",
		"`on`: each sign-in copies name, image and email from the provider to the user.",
	},
	{
		"REQUIRE_EMAIL_VERIFICATION", "`off`",
		"`on`: no session before the email is verified, by the provider or with a mailed link.",
	},
}

// providerSetting returns "<PROVIDER>_CLIENT_ID" for GOOGLE_CLIENT_ID and the like. It returns other names unchanged.
func providerSetting(name string) string {
	prefixes := []string{"OIDC"}
	for _, p := range config.BuiltInProviders() {
		prefixes = append(prefixes, strings.ToUpper(p.ID))
	}
	for _, prefix := range prefixes {
		for _, setting := range providerSettings {
			if name == prefix+"_"+setting.name {
				return "<PROVIDER>_" + setting.name
			}
		}
	}
	return name
}

// socialSettingsTable is the second table on social sign-in in docs/configuration.md: the settings that belong to one
// provider or to social sign-in as a whole.
var socialSettingsTable = []setting{
	{
		"APPLE_TEAM_ID",
		"",
		"none",
		"With `APPLE_KEY_ID` and `APPLE_PRIVATE_KEY`: Xenon makes Apple's client secret from the three. Then do not set " +
			"`APPLE_CLIENT_SECRET`.",
	},
	{"APPLE_KEY_ID", "", "none", "The id of the private key."},
	{
		"APPLE_PRIVATE_KEY",
		"",
		"none",
		"The text of the file `AuthKey_….p8`: PEM, PEM with `\\n` for its line breaks, or base64 of the PEM. In the cloud " +
			"a member of the secret `APP_SECRET_ARN`.",
	},
	{
		"GOOGLE_ACCESS_TYPE",
		"",
		"none",
		"`offline`: Google gives a refresh token, at the first consent only unless `GOOGLE_PROMPT` has `consent`.",
	},
	{"GOOGLE_PROMPT", "", "none", "What Google asks each time, such as `select_account` or `consent`."},
	{"GOOGLE_HD", "", "none", "Only accounts of this Google Workspace domain, such as `example.com`."},
	{
		"MICROSOFT_TENANT_ID",
		"common",
		"",
		"Who can sign in: `common`, `organizations`, `consumers`, or the id of one tenant.",
	},
	{"GITLAB_ISSUER", "", "`https://gitlab.com`", "The URL of your own GitLab."},
	{
		"OIDC_PROVIDER_ID",
		"",
		"none",
		"The id of an OpenID Connect provider, such as `keycloak`: part of its redirect URI.",
	},
	{"OIDC_PROVIDER_NAME", "", "`OIDC_PROVIDER_ID`", "The name of the OpenID Connect provider on its button."},
	{
		"OIDC_ISSUER",
		"",
		"none",
		"The issuer of the OpenID Connect provider, exactly as its discovery document writes it: an https URL. Http is " +
			"allowed for `localhost` and `127.0.0.1`.",
	},
	{
		"OIDC_PROVIDERS",
		"",
		"none",
		"More OpenID Connect providers, a JSON list; see [several OIDC providers](#several-oidc-providers).",
	},
	{
		"PROVIDER_OPTIONS",
		"",
		"none",
		"A JSON object with options of providers, for the cloud; see [provider options](#provider-options).",
	},
	{
		"STATE_STRATEGY",
		"database",
		"",
		"Where the state of a sign-in is stored while the user is at the provider: `database`, or `cookie`, encrypted.",
	},
	{"ACCOUNT_LINKING", "on", "", "`off`: a user has one account only; nothing is linked."},
	{"DISABLE_IMPLICIT_LINKING", "off", "", "`on`: accounts are linked by signed-in users only, never by a sign-in."},
	{"ALLOW_DIFFERENT_EMAILS", "off", "", "`on`: a signed-in user may link an account with another email."},
	{
		"ALLOW_UNLINKING_ALL",
		"off",
		"",
		"`on`: users may unlink their last account. They can then sign in again only by a link to reset the password, or " +
			"by a provider with a verified email.",
	},
	{"UPDATE_USER_INFO_ON_LINK", "off", "", "`on`: linking an account copies its name and image to the user."},
	{"UPDATE_ACCOUNT_ON_SIGNIN", "on", "", "`off`: later sign-ins do not store the new tokens."},
	{
		"ENCRYPT_OAUTH_TOKENS",
		"off",
		"",
		"`on`: access and refresh tokens are encrypted in the database, as Better Auth's option does it. " +
			"Both forms are read.",
	},
	{
		"TRUSTED_PROVIDERS",
		"",
		"none",
		"Ids of providers, separated by commas, whose email counts as verified for linking even if the provider does not " +
			"say so. Trust only providers that verify every email.",
	},
	{
		"REQUIRE_LOCAL_EMAIL_VERIFIED",
		"",
		"not offered",
		"Better Auth's option to link accounts to a user with an unverified email. A person could register with your " +
			"email, and would share the account that you later open with a provider. " +
			"`functions/social` and `xenon dev` do not start with it.",
	},
}

// socialSection returns the section on social sign-in of docs/configuration.md.
func socialSection() string {
	var text strings.Builder
	text.WriteString(`
## Social sign-in

[Sign in with …](social-sign-in.md) explains each provider. Every provider has the following settings. ` +
		"`<PROVIDER>`" + `
is the id of the provider in capital letters:
`)
	for i, p := range config.BuiltInProviders() {
		if i > 0 {
			text.WriteString(",")
		}
		if i%8 == 0 {
			text.WriteString("\n")
		} else {
			text.WriteString(" ")
		}
		fmt.Fprintf(&text, "`%s`", strings.ToUpper(p.ID))
	}
	text.WriteString(", or `OIDC`.\n\n| variable | default | meaning |\n|---|---|---|\n")
	for _, s := range providerSettings {
		fmt.Fprintf(&text, "| `<PROVIDER>_%s` | %s | %s |\n", s.name, s.fallback, s.meaning)
	}
	text.WriteString("\nThe other settings belong to one provider or to social sign-in as a whole:\n\n" +
		"| variable | default | meaning |\n|---|---|---|\n")
	writeSettings(&text, socialSettingsTable)
	text.WriteString(severalProvidersSection)
	return text.String()
}

const severalProvidersSection = `
### Several OIDC providers

` + "`OIDC_PROVIDERS`" + ` is a JSON list. Its keys have the names of Better Auth's generic OAuth plugin:

` + "```json" + `
[
  {"providerId": "okta", "name": "Okta", "issuer": "https://example.okta.com", "clientId": "0oa…",
   "clientSecret": "…", "scopes": ["groups"], "disableSignUp": true}
]
` + "```" + `

` + "`providerId`, `issuer` and `clientId` are required. `disableImplicitSignUp`, `overrideUserInfo` and" + `
` + "`requireEmailVerification`" + ` are possible, too. With ` + "`APP_SECRET_ARN`" + ` the secret must be a member
of the app secret instead. Its name is made from the id: ` +
	"`OKTA_CLIENT_SECRET`, or `MY_IDP_CLIENT_SECRET` of `my-idp`" + `.

### Provider options

The environment of a Lambda function has at most 4 KB, so the template has no parameter for each option of each
provider. ` + "`PROVIDER_OPTIONS`" + ` sets any of ` + "`<PROVIDER>_SCOPE`, `<PROVIDER>_DISABLE_SIGNUP`," + `
` + "`<PROVIDER>_DISABLE_IMPLICIT_SIGNUP`, `<PROVIDER>_OVERRIDE_USER_INFO`," + `
` + "`<PROVIDER>_REQUIRE_EMAIL_VERIFICATION`," + `
` + "`GOOGLE_ACCESS_TYPE`, `GOOGLE_PROMPT`, `GOOGLE_HD`, `GITLAB_ISSUER` and `MICROSOFT_TENANT_ID`" + `:

` + "```json" + `
{"GOOGLE_PROMPT": "select_account", "GITHUB_DISABLE_SIGNUP": "on"}
` + "```" + `
`
