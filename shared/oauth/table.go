package oauth

import (
	"time"

	"golang.org/x/oauth2"
)

// maxTokenAge is the maximum age of an id token of the providers with such a limit.
const maxTokenAge = time.Hour

// The ways in which a client authenticates at a token endpoint.
const (
	authInParams = oauth2.AuthStyleInParams
	authInHeader = oauth2.AuthStyleInHeader
)

func endpoint(authURL, tokenURL string, style oauth2.AuthStyle) oauth2.Endpoint {
	return oauth2.Endpoint{AuthURL: authURL, TokenURL: tokenURL, AuthStyle: style}
}

// builtInSpecs returns the providers whose endpoints are known, with the values that Better Auth uses.
func builtInSpecs() map[string]providerSpec {
	return map[string]providerSpec{
		"google": {
			endpoint: endpoint(
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
				maxAge:  maxTokenAge, signIn: true, allows: allowsHostedDomain,
			},
			load:     loadIDToken,
			describe: describeClaims,
		},
		"github": {
			endpoint: endpoint(
				"https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token", authInParams),
			scopes:     []string{"read:user", "user:email"},
			pkce:       true,
			loginHint:  true,
			profileURL: "https://api.github.com/user",
			load:       loadProfile, describe: describeGitHub, complete: completeGitHub,
		},
		"apple": {
			endpoint: endpoint("https://appleid.apple.com/auth/authorize", "https://appleid.apple.com/auth/token", authInParams),
			scopes:   []string{"email", "name"},
			pkce:     true,
			params:   map[string]string{"response_mode": "form_post"},
			// Apple sends the name of the user only with an id token in the front channel.
			fixedParams: map[string]string{"response_type": "code id_token"},
			idToken: &idTokenRules{
				jwks:    "https://appleid.apple.com/auth/keys",
				issuers: []string{"https://appleid.apple.com"},
				maxAge:  maxTokenAge, signIn: true, needsKeyID: true, hashedNonce: true,
			},
			load: loadApple, describe: describeClaims,
		},
		"microsoft": {
			endpoint: endpoint("https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
				"https://login.microsoftonline.com/common/oauth2/v2.0/token", authInParams),
			scopes:        []string{"openid", "profile", "email", "User.Read", "offline_access"},
			pkce:          true,
			loginHint:     true,
			refreshScopes: true,
			idToken: &idTokenRules{
				jwks:   "https://login.microsoftonline.com/common/discovery/v2.0/keys",
				maxAge: maxTokenAge, signIn: true, needsKeyID: true, allows: allowsTenant,
			},
			load: loadIDToken, describe: describeMicrosoft, complete: completeMicrosoft,
		},
		"discord": {
			endpoint: endpoint(
				"https://discord.com/api/oauth2/authorize", "https://discord.com/api/oauth2/token", authInParams),
			scopes:             []string{"identify", "email"},
			requestScopesFirst: true,
			params:             map[string]string{"prompt": "none"},
			profileURL:         "https://discord.com/api/users/@me",
			load:               loadProfile, describe: describeDiscord,
		},
		"facebook": {
			endpoint: endpoint("https://www.facebook.com/v24.0/dialog/oauth",
				"https://graph.facebook.com/v24.0/oauth/access_token", authInParams),
			scopes:    []string{"email", "public_profile"},
			loginHint: true,
			idToken: &idTokenRules{
				jwks:    "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
				issuers: []string{"https://www.facebook.com"},
				signIn:  true,
			},
			profileURL: "https://graph.facebook.com/me?fields=id,name,email,picture",
			load:       loadFacebook, describe: describeFacebook,
		},
		"gitlab": {
			endpoint:   endpoint("https://gitlab.com/oauth/authorize", "https://gitlab.com/oauth/token", authInParams),
			scopes:     []string{"read_user"},
			pkce:       true,
			loginHint:  true,
			profileURL: "https://gitlab.com/api/v4/user",
			load:       loadProfile, describe: describeGitLab,
		},
		"linkedin": {
			endpoint: endpoint("https://www.linkedin.com/oauth/v2/authorization",
				"https://www.linkedin.com/oauth/v2/accessToken", authInParams),
			scopes:     []string{"profile", "email", "openid"},
			loginHint:  true,
			profileURL: "https://api.linkedin.com/v2/userinfo",
			load:       loadProfile, describe: describeClaims,
		},
		"twitter": {
			endpoint:   endpoint("https://x.com/i/oauth2/authorize", "https://api.x.com/2/oauth2/token", authInHeader),
			scopes:     []string{"users.read", "tweet.read", "offline.access", "users.email"},
			pkce:       true,
			profileURL: "https://api.x.com/2/users/me?user.fields=profile_image_url",
			load:       loadProfile, describe: describeTwitter, complete: completeTwitter,
		},
		"slack": {
			endpoint: endpoint(
				"https://slack.com/openid/connect/authorize", "https://slack.com/api/openid.connect.token", authInParams),
			scopes:             []string{"openid", "profile", "email"},
			requestScopesFirst: true,
			profileURL:         "https://slack.com/api/openid.connect.userInfo",
			load:               loadProfile, describe: describeSlack,
		},
		"spotify": {
			endpoint: endpoint(
				"https://accounts.spotify.com/authorize",
				"https://accounts.spotify.com/api/token",
				authInParams,
			),
			scopes:     []string{"user-read-email"},
			pkce:       true,
			profileURL: "https://api.spotify.com/v1/me",
			load:       loadProfile,
			describe:   describeSpotify,
		},
		"twitch": {
			endpoint: endpoint("https://id.twitch.tv/oauth2/authorize", "https://id.twitch.tv/oauth2/token", authInParams),
			scopes:   []string{"user:read:email", "openid"},
			params: map[string]string{
				"claims": `{"id_token":{"email":null,"email_verified":null,"preferred_username":null,"picture":null}}`,
			},
			idToken: &idTokenRules{
				jwks:    "https://id.twitch.tv/oauth2/keys",
				issuers: []string{"https://id.twitch.tv/oauth2"},
			},
			load: loadIDToken, describe: describeTwitch,
		},
		"notion": {
			endpoint: endpoint(
				"https://api.notion.com/v1/oauth/authorize",
				"https://api.notion.com/v1/oauth/token",
				authInHeader,
			),
			refresh:       authInParams,
			loginHint:     true,
			fixedParams:   map[string]string{"owner": "user"},
			profileURL:    "https://api.notion.com/v1/users/me",
			profileHeader: map[string]string{"Notion-Version": "2022-06-28"},
			load:          loadNotion,
			describe:      describeNotion,
		},
		"zoom": {
			endpoint:   endpoint("https://zoom.us/oauth/authorize", "https://zoom.us/oauth/token", authInParams),
			pkce:       true,
			noScopes:   true,
			profileURL: "https://api.zoom.us/v2/users/me",
			load:       loadProfile, describe: describeZoom,
		},
		"figma": {
			endpoint:   endpoint("https://www.figma.com/oauth", "https://api.figma.com/v1/oauth/token", authInHeader),
			scopes:     []string{"current_user:read"},
			pkce:       true,
			profileURL: "https://api.figma.com/v1/me",
			load:       loadProfile, describe: describeFigma,
		},
		"kakao": {
			endpoint:   endpoint("https://kauth.kakao.com/oauth/authorize", "https://kauth.kakao.com/oauth/token", authInParams),
			scopes:     []string{"account_email", "profile_image", "profile_nickname"},
			loginHint:  true,
			profileURL: "https://kapi.kakao.com/v2/user/me",
			load:       loadProfile, describe: describeKakao,
		},
	}
}
