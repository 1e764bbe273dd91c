package oauth

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// authorizationCases has the authorization URL of every provider: the endpoint, the scopes with the configured scope
// conf and the requested scope req, and the other parameters besides response_type, client_id, state, redirect_uri and
// the challenge.
var authorizationCases = map[string]struct {
	url, scope string
	pkce       bool
	params     map[string]string
}{
	"google": {
		"https://accounts.google.com/o/oauth2/v2/auth", "email profile openid conf req", true,
		map[string]string{"include_granted_scopes": "true", "login_hint": "ada@example.com"},
	},
	"github": {
		"https://github.com/login/oauth/authorize", "read:user user:email conf req", true,
		map[string]string{"login_hint": "ada@example.com"},
	},
	"apple": {
		"https://appleid.apple.com/auth/authorize", "email name conf req", true,
		map[string]string{"response_type": "code id_token", "response_mode": "form_post"},
	},
	"microsoft": {
		"https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
		"openid profile email User.Read offline_access conf req", true,
		map[string]string{"login_hint": "ada@example.com"},
	},
	"discord": {
		"https://discord.com/api/oauth2/authorize", "identify email req conf", false, map[string]string{"prompt": "none"},
	},
	"facebook": {
		"https://www.facebook.com/v24.0/dialog/oauth", "email public_profile conf req", false,
		map[string]string{"login_hint": "ada@example.com"},
	},
	"gitlab": {
		"https://gitlab.com/oauth/authorize", "read_user conf req", true, map[string]string{"login_hint": "ada@example.com"},
	},
	"linkedin": {
		"https://www.linkedin.com/oauth/v2/authorization", "profile email openid conf req", false,
		map[string]string{"login_hint": "ada@example.com"},
	},
	"twitter": {
		"https://x.com/i/oauth2/authorize", "users.read tweet.read offline.access users.email conf req", true, nil,
	},
	"slack":   {"https://slack.com/openid/connect/authorize", "openid profile email req conf", false, nil},
	"spotify": {"https://accounts.spotify.com/authorize", "user-read-email conf req", true, nil},
	"twitch": {
		"https://id.twitch.tv/oauth2/authorize", "user:read:email openid conf req", false,
		map[string]string{
			"claims": `{"id_token":{"email":null,"email_verified":null,"preferred_username":null,"picture":null}}`,
		},
	},
	"notion": {
		"https://api.notion.com/v1/oauth/authorize", "conf req", false,
		map[string]string{"owner": "user", "login_hint": "ada@example.com"},
	},
	"zoom":  {"https://zoom.us/oauth/authorize", "", true, nil},
	"figma": {"https://www.figma.com/oauth", "current_user:read conf req", true, nil},
	"kakao": {
		"https://kauth.kakao.com/oauth/authorize", "account_email profile_image profile_nickname conf req", false,
		map[string]string{"login_hint": "ada@example.com"},
	},
}

func TestAuthorizationURLOfEveryProvider(t *testing.T) {
	t.Parallel()
	if len(authorizationCases) != len(builtInSpecs()) {
		t.Fatalf("the test has %d of %d providers, want all", len(authorizationCases), len(builtInSpecs()))
	}
	for id, want := range authorizationCases {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			p := newFakeProviders(t).newProvider(config.Provider{ID: id, Scopes: []string{"conf"}})
			got, err := p.AuthorizationURL(t.Context(), Authorization{
				State: "st", Verifier: goodVerifier, Nonce: "not sent", Scopes: []string{"req"}, LoginHint: "ada@example.com",
			})
			if err != nil {
				t.Fatal(err)
			}
			base, query := splitURL(t, got)
			expected := url.Values{
				"response_type": {"code"}, "client_id": {clientID}, "state": {"st"},
				"redirect_uri": {siteOrigin + "/api/auth/callback/" + id},
			}
			if want.scope != "" {
				expected.Set("scope", want.scope)
			}
			if want.pkce {
				expected.Set("code_challenge", pkceChallengeOf(goodVerifier))
				expected.Set("code_challenge_method", "S256")
			}
			for name, value := range want.params {
				expected.Set(name, value)
			}
			if base != want.url {
				t.Errorf("the endpoint is %s, want %s", base, want.url)
			}
			if diff := cmp.Diff(expected, query); diff != "" {
				t.Errorf("parameters of the authorization URL (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuthorizationURLWithSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		c     config.Provider
		extra map[string]string
		base  string
		want  map[string]string // "": absent or empty
	}{
		{
			"google's access type, prompt and domain",
			config.Provider{ID: "google", AccessType: "offline", Prompt: "consent", HostedDomain: "example.com"},
			nil,
			"https://accounts.google.com/o/oauth2/v2/auth",
			map[string]string{"access_type": "offline", "prompt": "consent", "hd": "example.com"},
		},
		{
			"additional parameters replace settings and defaults",
			config.Provider{ID: "google", Prompt: "consent"},
			map[string]string{"prompt": "none", "include_granted_scopes": "false", "x": "a b"},
			"https://accounts.google.com/o/oauth2/v2/auth",
			map[string]string{"prompt": "none", "include_granted_scopes": "false", "x": "a b"},
		},
		{
			"additional parameters do not replace reserved ones",
			config.Provider{ID: "google"},
			map[string]string{
				"state": "x", "client_id": "x", "redirect_uri": "x", "response_type": "x", "code_challenge": "x",
				"code_challenge_method": "plain", "nonce": "x", "scope": "x",
			},
			"https://accounts.google.com/o/oauth2/v2/auth",
			map[string]string{
				"state": "st", "client_id": clientID, "redirect_uri": siteOrigin + "/api/auth/callback/google",
				"response_type": "code", "code_challenge_method": "S256", "nonce": "", "scope": "email profile openid",
			},
		},
		{
			"the owner of Notion is fixed",
			config.Provider{ID: "notion"},
			map[string]string{"owner": "workspace"},
			"https://api.notion.com/v1/oauth/authorize",
			map[string]string{"owner": "user", "scope": ""},
		},
		{
			"a tenant of Microsoft",
			config.Provider{ID: "microsoft", TenantID: "t-1"},
			nil,
			"https://login.microsoftonline.com/t-1/oauth2/v2.0/authorize", nil,
		},
		{
			"a server of GitLab",
			config.Provider{ID: "gitlab", Issuer: "https://git.example/sub/"},
			nil,
			"https://git.example/sub/oauth/authorize", nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := newFakeProviders(t).newProvider(test.c).AuthorizationURL(t.Context(),
				Authorization{State: "st", Verifier: goodVerifier, Extra: test.extra})
			if err != nil {
				t.Fatal(err)
			}
			base, query := splitURL(t, got)
			if base != test.base {
				t.Errorf("the endpoint is %s, want %s", base, test.base)
			}
			for name, want := range test.want {
				if query.Get(name) != want || len(query[name]) > 1 {
					t.Errorf("the parameter %s is %q, want %q", name, query[name], want)
				}
			}
		})
	}
}

func TestAuthorizationURLNeedsStateAndVerifier(t *testing.T) {
	t.Parallel()
	p := newFakeProviders(t).newProvider(config.Provider{ID: "google"})
	for _, a := range []Authorization{{Verifier: goodVerifier}, {State: "st"}} {
		if got, err := p.AuthorizationURL(t.Context(), a); err == nil {
			t.Errorf("AuthorizationURL(%+v) = %s, want an error", a, got)
		}
	}
}

func splitURL(t *testing.T, text string) (base string, query url.Values) {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	base, _, _ = strings.Cut(text, "?")
	return base, u.Query()
}
