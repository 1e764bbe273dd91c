package oauth

import (
	"time"

	"golang.org/x/oauth2"
)

// maxIDTokenAge is the maximum age of an id token of the providers with such a limit.
const maxIDTokenAge = time.Hour

// The ways in which a client authenticates at a token endpoint.
const (
	authInParams = oauth2.AuthStyleInParams
	authInHeader = oauth2.AuthStyleInHeader
)

func newEndpoint(authURL, tokenURL string, style oauth2.AuthStyle) oauth2.Endpoint {
	return oauth2.Endpoint{AuthURL: authURL, TokenURL: tokenURL, AuthStyle: style}
}

// builtInSpecs returns the providers whose endpoints are known, with the values that Better Auth uses.
func builtInSpecs() map[string]providerSpec {
	return map[string]providerSpec{
		"google": {
			endpoint: newEndpoint(
				"https://accounts.google.com/o/oauth2/v2/auth",
				"https://oauth2.googleapis.com/token",
				authInParams,
			),
			scopes:    []string{"email", "profile", "openid"},
			pkce:      true,
			loginHint: true,
			params:    map[string]string{"include_granted_scopes": "true"},
			idToken: &idTokenRules{
				jwks:    "https://www.googleapis.com/oauth2/v3/certs",
				issuers: []string{"https://accounts.google.com", "accounts.google.com"},
				maxAge:  maxIDTokenAge, signIn: true, allows: allowsHostedDomain,
			},
			load:     loadIDTokenClaims,
			describe: profileFromClaims,
		},
		"github": {
			endpoint: newEndpoint(
				"https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token", authInParams),
			scopes:     []string{"read:user", "user:email"},
			pkce:       true,
			loginHint:  true,
			profileURL: "https://api.github.com/user",
			load:       loadProfile, describe: profileFromGitHub, complete: addGitHubEmail,
		},
		"apple": {
			endpoint: newEndpoint(
				"https://appleid.apple.com/auth/authorize", "https://appleid.apple.com/auth/token", authInParams),
			scopes: []string{"email", "name"},
			pkce:   true,
			params: map[string]string{"response_mode": "form_post"},
			// Apple sends the name of the user only with an id token in the front channel.
			fixedParams: map[string]string{"response_type": "code id_token"},
			idToken: &idTokenRules{
				jwks:    "https://appleid.apple.com/auth/keys",
				issuers: []string{"https://appleid.apple.com"},
				maxAge:  maxIDTokenAge, signIn: true, needsKeyID: true, hashedNonce: true,
			},
			load: loadAppleClaims, describe: profileFromClaims,
		},
		"microsoft": {
			endpoint: newEndpoint("https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
				"https://login.microsoftonline.com/common/oauth2/v2.0/token", authInParams),
			scopes:        []string{"openid", "profile", "email", "User.Read", "offline_access"},
			pkce:          true,
			loginHint:     true,
			refreshScopes: true,
			idToken: &idTokenRules{
				jwks:   "https://login.microsoftonline.com/common/discovery/v2.0/keys",
				maxAge: maxIDTokenAge, signIn: true, needsKeyID: true, allows: allowsTenant,
			},
			load: loadIDTokenClaims, describe: profileFromMicrosoft, complete: addMicrosoftPhoto,
		},
		"discord": {
			endpoint: newEndpoint(
				"https://discord.com/api/oauth2/authorize", "https://discord.com/api/oauth2/token", authInParams),
			scopes:             []string{"identify", "email"},
			requestScopesFirst: true,
			params:             map[string]string{"prompt": "none"},
			profileURL:         "https://discord.com/api/users/@me",
			load:               loadProfile, describe: profileFromDiscord,
		},
		"facebook": {
			endpoint: newEndpoint("https://www.facebook.com/v24.0/dialog/oauth",
				"https://graph.facebook.com/v24.0/oauth/access_token", authInParams),
			scopes:    []string{"email", "public_profile"},
			loginHint: true,
			idToken: &idTokenRules{
				jwks:    "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
				issuers: []string{"https://www.facebook.com"},
				signIn:  true,
			},
			profileURL: "https://graph.facebook.com/me?fields=id,name,email,picture",
			load:       loadFacebookProfile, describe: profileFromFacebook,
		},
		"gitlab": {
			endpoint:   newEndpoint("https://gitlab.com/oauth/authorize", "https://gitlab.com/oauth/token", authInParams),
			scopes:     []string{"read_user"},
			pkce:       true,
			loginHint:  true,
			profileURL: "https://gitlab.com/api/v4/user",
			load:       loadProfile, describe: profileFromGitLab,
		},
		"linkedin": {
			endpoint: newEndpoint("https://www.linkedin.com/oauth/v2/authorization",
				"https://www.linkedin.com/oauth/v2/accessToken", authInParams),
			scopes:     []string{"profile", "email", "openid"},
			loginHint:  true,
			profileURL: "https://api.linkedin.com/v2/userinfo",
			load:       loadProfile, describe: profileFromClaims,
		},
		"twitter": {
			endpoint:   newEndpoint("https://x.com/i/oauth2/authorize", "https://api.x.com/2/oauth2/token", authInHeader),
			scopes:     []string{"users.read", "tweet.read", "offline.access", "users.email"},
			pkce:       true,
			profileURL: "https://api.x.com/2/users/me?user.fields=profile_image_url",
			load:       loadProfile, describe: profileFromTwitter, complete: addTwitterEmail,
		},
		"slack": {
			endpoint: newEndpoint(
				"https://slack.com/openid/connect/authorize", "https://slack.com/api/openid.connect.token", authInParams),
			scopes:             []string{"openid", "profile", "email"},
			requestScopesFirst: true,
			profileURL:         "https://slack.com/api/openid.connect.userInfo",
			load:               loadProfile, describe: profileFromSlack,
		},
		"spotify": {
			endpoint: newEndpoint(
				"https://accounts.spotify.com/authorize",
				"https://accounts.spotify.com/api/token",
				authInParams,
			),
			scopes:     []string{"user-read-email"},
			pkce:       true,
			profileURL: "https://api.spotify.com/v1/me",
			load:       loadProfile,
			describe:   profileFromSpotify,
		},
		"twitch": {
			endpoint: newEndpoint("https://id.twitch.tv/oauth2/authorize", "https://id.twitch.tv/oauth2/token", authInParams),
			scopes:   []string{"user:read:email", "openid"},
			params: map[string]string{
				"claims": `{"id_token":{"email":null,"email_verified":null,"preferred_username":null,"picture":null}}`,
			},
			idToken: &idTokenRules{
				jwks:    "https://id.twitch.tv/oauth2/keys",
				issuers: []string{"https://id.twitch.tv/oauth2"},
			},
			load: loadIDTokenClaims, describe: profileFromTwitch,
		},
		"notion": {
			endpoint: newEndpoint(
				"https://api.notion.com/v1/oauth/authorize",
				"https://api.notion.com/v1/oauth/token",
				authInHeader,
			),
			refresh:       authInParams,
			loginHint:     true,
			fixedParams:   map[string]string{"owner": "user"},
			profileURL:    "https://api.notion.com/v1/users/me",
			profileHeader: map[string]string{"Notion-Version": "2022-06-28"},
			load:          loadNotionUser,
			describe:      profileFromNotion,
		},
		"zoom": {
			endpoint:   newEndpoint("https://zoom.us/oauth/authorize", "https://zoom.us/oauth/token", authInParams),
			pkce:       true,
			noScopes:   true,
			profileURL: "https://api.zoom.us/v2/users/me",
			load:       loadProfile, describe: profileFromZoom,
		},
		"figma": {
			endpoint:   newEndpoint("https://www.figma.com/oauth", "https://api.figma.com/v1/oauth/token", authInHeader),
			scopes:     []string{"current_user:read"},
			pkce:       true,
			profileURL: "https://api.figma.com/v1/me",
			load:       loadProfile, describe: profileFromFigma,
		},
		"kakao": {
			endpoint: newEndpoint(
				"https://kauth.kakao.com/oauth/authorize", "https://kauth.kakao.com/oauth/token", authInParams),
			scopes:     []string{"account_email", "profile_image", "profile_nickname"},
			loginHint:  true,
			profileURL: "https://kapi.kakao.com/v2/user/me",
			load:       loadProfile, describe: profileFromKakao,
		},
	}
}
