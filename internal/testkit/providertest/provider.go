package providertest

import (
	"slices"
	"strings"
	"sync"
)

// provider describes a provider.
type provider struct {
	id        string
	authorize string // host and path, with {tenant} for Microsoft
	exchange  string // host and path of the token endpoint
	profile   string // the profile of an access token's user, "" if the id token is the only source
	issuer    string // of id tokens, "" if there are none
	jwks      string
	discovery string // of an OpenID Connect issuer

	usesBasic bool   // the client authenticates with HTTP Basic
	needsPKCE bool   // an authorization URL must have a code challenge
	algorithm string // of id tokens, RS256 by default

	describe             func(Person) map[string]any // the profile
	claim                func(Person) map[string]any // the claims of an id token
	grant                map[string]any              // members of the token endpoint's answer besides the tokens
	renews               func(*Login) bool           // reports whether the provider gives a refresh token; nil means never
	rotatesRefreshTokens bool                        // a refresh token is valid once, and each use gives a new one
}

var allProviders = sync.OnceValue(func() []provider { return append(builtInProviders(), oidcProviders()...) })

// builtInProviders returns the social providers of Better Auth that Xenon supports. Their profiles and answers have the
// members that the documentation of each provider describes.
func builtInProviders() []provider {
	return []provider{
		{
			id: "google", authorize: "accounts.google.com/o/oauth2/v2/auth", exchange: "oauth2.googleapis.com/token",
			issuer: "https://accounts.google.com", jwks: "www.googleapis.com/oauth2/v3/certs", needsPKCE: true,
			claim: googleClaims, grant: map[string]any{"expires_in": 3599}, renews: hasOfflineAccess,
		},
		{
			id: "github", authorize: "github.com/login/oauth/authorize", exchange: "github.com/login/oauth/access_token",
			profile: "api.github.com/user", needsPKCE: true, describe: githubProfile,
		},
		{
			id: "apple", authorize: "appleid.apple.com/auth/authorize", exchange: "appleid.apple.com/auth/token",
			issuer: "https://appleid.apple.com", jwks: "appleid.apple.com/auth/keys", needsPKCE: true,
			claim: appleClaims, grant: map[string]any{"expires_in": 3600}, renews: alwaysRenews,
		},
		{
			id:        "microsoft",
			authorize: "login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
			exchange:  "login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
			issuer:    "https://login.microsoftonline.com/" + MicrosoftTenant + "/v2.0",
			jwks:      "login.microsoftonline.com/{tenant}/discovery/v2.0/keys", needsPKCE: true,
			claim: microsoftClaims, grant: map[string]any{"expires_in": 4711, "ext_expires_in": 4711},
			renews: hasScope("offline_access"),
		},
		{
			id: "discord", authorize: "discord.com/api/oauth2/authorize", exchange: "discord.com/api/oauth2/token",
			profile: "discord.com/api/users/@me", describe: discordProfile, grant: map[string]any{"expires_in": 604800},
			renews: alwaysRenews,
		},
		{
			id: "facebook", authorize: "www.facebook.com/v24.0/dialog/oauth",
			exchange: "graph.facebook.com/v24.0/oauth/access_token",
			profile:  "graph.facebook.com/me", issuer: "https://www.facebook.com",
			jwks:     "limited.facebook.com/.well-known/oauth/openid/jwks/",
			describe: facebookProfile, claim: facebookClaims, grant: map[string]any{"expires_in": 5183944},
		},
		{
			id: "gitlab", authorize: "gitlab.com/oauth/authorize", exchange: "gitlab.com/oauth/token",
			profile: "gitlab.com/api/v4/user", needsPKCE: true, describe: gitlabProfile,
			grant: map[string]any{"expires_in": 7200, "created_at": 1700000000}, renews: alwaysRenews,
			rotatesRefreshTokens: true,
		},
		{
			id: "linkedin", authorize: "www.linkedin.com/oauth/v2/authorization",
			exchange: "www.linkedin.com/oauth/v2/accessToken", profile: "api.linkedin.com/v2/userinfo",
			issuer: "https://www.linkedin.com/oauth", jwks: "www.linkedin.com/oauth/openid/jwks",
			describe: standardClaims, claim: standardClaims, grant: map[string]any{"expires_in": 5183999},
		},
		{
			id: "twitter", authorize: "x.com/i/oauth2/authorize", exchange: "api.x.com/2/oauth2/token",
			profile: "api.x.com/2/users/me", usesBasic: true, needsPKCE: true, describe: twitterProfile,
			grant: map[string]any{"expires_in": 7200}, renews: hasScope("offline.access"), rotatesRefreshTokens: true,
		},
		{
			id: "slack", authorize: "slack.com/openid/connect/authorize", exchange: "slack.com/api/openid.connect.token",
			profile: "slack.com/api/openid.connect.userInfo", issuer: "https://slack.com",
			jwks: "slack.com/openid/connect/keys", describe: slackProfile, claim: slackProfile,
			grant: map[string]any{"ok": true},
		},
		{
			id: "spotify", authorize: "accounts.spotify.com/authorize", exchange: "accounts.spotify.com/api/token",
			profile: "api.spotify.com/v1/me", needsPKCE: true, describe: spotifyProfile,
			grant: map[string]any{"expires_in": 3600}, renews: alwaysRenews,
		},
		{
			id: "twitch", authorize: "id.twitch.tv/oauth2/authorize", exchange: "id.twitch.tv/oauth2/token",
			issuer: "https://id.twitch.tv/oauth2", jwks: "id.twitch.tv/oauth2/keys", claim: twitchClaims,
			grant: map[string]any{"expires_in": 14124}, renews: alwaysRenews,
		},
		{
			id: "notion", authorize: "api.notion.com/v1/oauth/authorize", exchange: "api.notion.com/v1/oauth/token",
			profile: "api.notion.com/v1/users/me", usesBasic: true, describe: notionProfile,
			grant: map[string]any{"workspace_name": "Analysts", "bot_id": "b3f2"}, renews: alwaysRenews,
			rotatesRefreshTokens: true,
		},
		{
			id: "zoom", authorize: "zoom.us/oauth/authorize", exchange: "zoom.us/oauth/token",
			profile: "api.zoom.us/v2/users/me", needsPKCE: true, describe: zoomProfile,
			grant: map[string]any{"expires_in": 3599}, renews: alwaysRenews,
			rotatesRefreshTokens: true,
		},
		{
			id: "figma", authorize: "www.figma.com/oauth", exchange: "api.figma.com/v1/oauth/token",
			profile: "api.figma.com/v1/me", usesBasic: true, needsPKCE: true, describe: figmaProfile,
			grant: map[string]any{"expires_in": 7776000}, renews: alwaysRenews,
		},
		{
			id: "kakao", authorize: "kauth.kakao.com/oauth/authorize", exchange: "kauth.kakao.com/oauth/token",
			profile: "kapi.kakao.com/v2/user/me", describe: kakaoProfile,
			grant: map[string]any{"expires_in": 21599, "refresh_token_expires_in": 5183999}, renews: alwaysRenews,
		},
	}
}

// oidcProviders returns three issuers of OpenID Connect, with URLs like those of the products after which they are
// named: with a path, with a slash at the end, and with a path. The third signs with ES256.
func oidcProviders() []provider {
	issuer := func(id, url, algorithm string) provider {
		base := strings.TrimPrefix(strings.TrimSuffix(url, "/"), "https://")
		return provider{
			id: id, authorize: base + "/authorize", exchange: base + "/token", profile: base + "/userinfo", issuer: url,
			jwks: base + "/keys", discovery: base + "/.well-known/openid-configuration", needsPKCE: true, algorithm: algorithm,
			describe: standardClaims, claim: standardClaims, grant: map[string]any{"expires_in": 300}, renews: alwaysRenews,
		}
	}
	return []provider{
		issuer("keycloak", "https://keycloak.example/realms/acme", "RS256"),
		issuer("auth0", "https://acme.auth0.example/", "RS256"),
		issuer("okta", "https://acme.okta.example/oauth2/default", "ES256"),
	}
}

// Issuer returns the issuer URL of a provider.
func Issuer(id string) string { return findProvider(id).issuer }

// IDs returns the ids of all providers, the issuers of OpenID Connect at the end.
func IDs() (ids []string) {
	for _, p := range allProviders() {
		ids = append(ids, p.id)
	}
	return ids
}

// findProvider returns the provider with an id. It panics if there is none.
func findProvider(id string) provider {
	i := slices.IndexFunc(allProviders(), func(p provider) bool { return p.id == id })
	if i < 0 {
		panic("providertest knows no provider " + id)
	}
	return allProviders()[i]
}

// allProviderHosts returns the hosts of all providers, sorted.
var allProviderHosts = sync.OnceValue(func() (all []string) {
	for _, p := range allProviders() {
		for _, place := range []string{p.authorize, p.exchange, p.profile, p.jwks, p.discovery} {
			if host, _, _ := strings.Cut(place, "/"); host != "" {
				all = append(all, host)
			}
		}
	}
	all = append(all, "graph.microsoft.com")
	slices.Sort(all)
	return slices.Compact(all)
})

// alwaysRenews is the value of renews for providers that always give a refresh token.
func alwaysRenews(*Login) bool { return true }

func hasOfflineAccess(l *Login) bool { return l.AccessType == "offline" }

func hasScope(name string) func(*Login) bool {
	return func(l *Login) bool { return slices.Contains(strings.Fields(l.Scope), name) }
}
