package providertest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/endpoints"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// clientEndpoints has the endpoints of every built-in provider, from x/oauth2 where it has the same URLs.
var clientEndpoints = map[string]struct {
	endpoint   oauth2.Endpoint
	profileURL string // "" if the profile is in the id token
	subject    string // where the profile has the user's id: a member, or a path of members such as data.id
}{
	"google": {
		oauth2.Endpoint{
			AuthURL: "https://accounts.google.com/o/oauth2/v2/auth", TokenURL: "https://oauth2.googleapis.com/token",
		}, "", "sub",
	},
	"github":    {endpoints.GitHub, "https://api.github.com/user", "id"},
	"apple":     {endpoints.Apple, "", "sub"},
	"microsoft": {endpoints.AzureAD("common"), "", "oid"},
	"discord": {
		oauth2.Endpoint{
			AuthURL: "https://discord.com/api/oauth2/authorize", TokenURL: "https://discord.com/api/oauth2/token",
		}, "https://discord.com/api/users/@me", "id",
	},
	"facebook": {
		oauth2.Endpoint{
			AuthURL:  "https://www.facebook.com/v24.0/dialog/oauth",
			TokenURL: "https://graph.facebook.com/v24.0/oauth/access_token",
		}, "https://graph.facebook.com/me?fields=id,name,email", "id",
	},
	"gitlab":   {endpoints.GitLab, "https://gitlab.com/api/v4/user", "id"},
	"linkedin": {endpoints.LinkedIn, "https://api.linkedin.com/v2/userinfo", "sub"},
	"twitter": {
		oauth2.Endpoint{
			AuthURL: "https://x.com/i/oauth2/authorize", TokenURL: "https://api.x.com/2/oauth2/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		}, "https://api.x.com/2/users/me", "data.id",
	},
	"slack": {
		oauth2.Endpoint{
			AuthURL:  "https://slack.com/openid/connect/authorize",
			TokenURL: "https://slack.com/api/openid.connect.token",
		}, "https://slack.com/api/openid.connect.userInfo", "https://slack.com/user_id",
	},
	"spotify": {endpoints.Spotify, "https://api.spotify.com/v1/me", "id"},
	"twitch":  {endpoints.Twitch, "", "sub"},
	"notion": {
		oauth2.Endpoint{
			AuthURL: "https://api.notion.com/v1/oauth/authorize", TokenURL: "https://api.notion.com/v1/oauth/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		}, "https://api.notion.com/v1/users/me", "bot.owner.user.id",
	},
	"zoom": {endpoints.Zoom, "https://api.zoom.us/v2/users/me", "id"},
	"figma": {
		oauth2.Endpoint{
			AuthURL: "https://www.figma.com/oauth", TokenURL: "https://api.figma.com/v1/oauth/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		}, "https://api.figma.com/v1/me", "id",
	},
	"kakao": {endpoints.KaKao, "https://kapi.kakao.com/v2/user/me", "id"},
}

// subject is the provider's id of a user. It has more digits than a float64 can represent exactly.
const subject = "90071992547409931234"

// signInFlow is a client of a provider.
type signInFlow struct {
	*oauth2.Config
	server   *providertest.Server
	provider string
	verifier string
	context  context.Context
}

func newFlow(t *testing.T, s *providertest.Server, provider string) *signInFlow {
	t.Helper()
	f := &signInFlow{
		Config: &oauth2.Config{
			ClientID: providertest.ClientID(provider), ClientSecret: providertest.ClientSecret(provider),
			Endpoint: clientEndpoints[provider].endpoint, RedirectURL: "http://localhost:3000/api/auth/callback/" + provider,
			Scopes: []string{"openid", "email", "offline_access", "offline.access"},
		},
		server: s, provider: provider,
	}
	if f.Endpoint.AuthStyle == oauth2.AuthStyleAutoDetect {
		f.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	client := &http.Client{Transport: s.Transport()}
	f.context = context.WithValue(t.Context(), oauth2.HTTPClient, client)
	switch provider {
	case "google", "github", "apple", "microsoft", "gitlab", "twitter", "spotify", "zoom", "figma":
		f.verifier = oauth2.GenerateVerifier()
	}
	return f
}

// authorize opens the authorization URL as a user, and returns the login.
func (f *signInFlow) authorize(
	t *testing.T, v providertest.Visit, options ...oauth2.AuthCodeOption,
) *providertest.Login {
	t.Helper()
	if f.verifier != "" {
		options = append(options, oauth2.S256ChallengeOption(f.verifier))
	}
	if f.provider == "apple" {
		options = append(options, oauth2.SetAuthURLParam("response_type", "code id_token"),
			oauth2.SetAuthURLParam("response_mode", "form_post"))
	}
	l, err := f.server.Authorize(f.AuthCodeURL("a state", options...), v)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// exchange redeems a code.
func (f *signInFlow) exchange(code string) (*oauth2.Token, error) {
	var options []oauth2.AuthCodeOption
	if f.verifier != "" {
		options = append(options, oauth2.VerifierOption(f.verifier))
	}
	return f.Exchange(f.context, code, options...)
}

func visitOfAda() providertest.Visit {
	return providertest.Visit{Person: providertest.Person{
		Subject: subject, Name: "Ada Lovelace", Email: "ada@example.com", Verified: true,
	}}
}

// The client of x/oauth2 gets tokens from every built-in provider, and with them the user's id with all its digits.
func TestEveryProviderAuthorizesAClient(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	for _, provider := range providertest.IDs() {
		client, ok := clientEndpoints[provider]
		if !ok {
			continue // an issuer of OpenID Connect; TestIssuersAreDiscovered tests these
		}
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			f := newFlow(t, s, provider)
			l := f.authorize(t, visitOfAda(), oauth2.AccessTypeOffline)
			token, err := f.exchange(l.Code)
			if err != nil {
				t.Fatal(err)
			}
			var text []byte
			if client.profileURL == "" {
				idToken, _ := token.Extra("id_token").(string)
				text, err = decodePayload(idToken)
			} else {
				text, err = f.readProfile(token, client.profileURL)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := lookUp(t, text, client.subject); got != subject {
				t.Errorf("the id of the user: got %s, want %s, in the profile %s", got, subject, text)
			}
			f.checkRefresh(t, token)
			if _, err := f.exchange(l.Code); err == nil {
				t.Error("the second exchange of a code succeeded, want an error")
			}
		})
	}
}

// readProfile reads a profile.
func (f *signInFlow) readProfile(token *oauth2.Token, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(f.context, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Notion-Version", "2022-06-28")
	response, err := f.Client(f.context, token).Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var text json.RawMessage
	return text, json.NewDecoder(response.Body).Decode(&text)
}

// lookUp returns the value of a JSON object at a path of members such as data.id, without the quotes of a string. A
// path with a slash is the name of one member.
func lookUp(t *testing.T, text []byte, path string) string {
	t.Helper()
	parts := strings.Split(path, ".")
	if strings.Contains(path, "/") {
		parts = []string{path}
	}
	for _, part := range parts {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		text = members[part]
	}
	return strings.Trim(string(text), `"`)
}

// checkRefresh checks that the provider either gives no refresh token, or accepts the one that it gave.
func (f *signInFlow) checkRefresh(t *testing.T, token *oauth2.Token) {
	t.Helper()
	switch f.provider {
	case "github", "facebook", "linkedin", "slack":
		if token.RefreshToken != "" {
			t.Errorf("the tokens of %s: got a refresh token, want none, because this provider gives none", f.provider)
		}
		return
	case "notion": // for a refresh token, Notion takes the client's secret from the body
		f.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		defer func() { f.Endpoint.AuthStyle = oauth2.AuthStyleInHeader }()
	}
	again, err := f.TokenSource(f.context, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		t.Fatalf("refresh the access token: got the error %v, want none", err)
	}
	if again.AccessToken == token.AccessToken {
		t.Error("refresh the access token: got the same one, want a new one")
	}
}

// The token endpoint refuses a wrong client, redirect URI, code verifier and code.
func TestTokenEndpointChecksTheRequest(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	for name, test := range map[string]struct {
		provider string
		change   func(*signInFlow)
		reason   string
	}{
		"another secret":            {"google", func(f *signInFlow) { f.ClientSecret = "wrong" }, "a wrong client secret"},
		"another client":            {"google", func(f *signInFlow) { f.ClientID = "other" }, "no client"},
		"another redirect URI":      {"google", func(f *signInFlow) { f.RedirectURL += "x" }, "another redirect_uri"},
		"another verifier":          {"google", func(f *signInFlow) { f.verifier += "x" }, "a wrong code_verifier"},
		"no verifier":               {"google", func(f *signInFlow) { f.verifier = "" }, "a wrong code_verifier"},
		"a verifier too many":       {"discord", func(f *signInFlow) { f.verifier = "x" }, "without a code_challenge"},
		"another provider":          {"google", func(f *signInFlow) { f.useProvider("discord") }, "an unknown code"},
		"Basic instead of the body": {"google", func(f *signInFlow) { f.useBasic(true) }, "in the body"},
		"the body instead of Basic": {"twitter", func(f *signInFlow) { f.useBasic(false) }, "with HTTP Basic"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFlow(t, s, test.provider)
			l := f.authorize(t, visitOfAda())
			test.change(f)
			if _, err := f.exchange(l.Code); err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("exchange the code: got the error %v, want %q in it", err, test.reason)
			}
		})
	}
}

func (f *signInFlow) useProvider(provider string) {
	f.ClientID, f.ClientSecret = providertest.ClientID(provider), providertest.ClientSecret(provider)
	f.Endpoint = clientEndpoints[provider].endpoint
	f.Endpoint.AuthStyle = oauth2.AuthStyleInParams
}

func (f *signInFlow) useBasic(on bool) {
	f.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	if on {
		f.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
}

// Authorize returns an error for a URL for which the provider would show an error to the user.
func TestAuthorizeChecksTheURL(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	param := oauth2.SetAuthURLParam
	for reason, options := range map[string][]oauth2.AuthCodeOption{
		"a wrong client_id":     {param("client_id", "other")},
		"a wrong response_type": {param("response_type", "token")},
		"a redirect_uri":        {param("redirect_uri", "https://elsewhere.example/api/auth/callback/github")},
		"no code_challenge":     {param("code_challenge_method", "plain")},
		"no state":              {param("state", "")},
	} {
		f := newFlow(t, s, "google")
		options = append([]oauth2.AuthCodeOption{oauth2.S256ChallengeOption(f.verifier)}, options...)
		if _, err := s.Authorize(
			f.AuthCodeURL("s", options...),
			visitOfAda(),
		); err == nil ||
			!strings.Contains(err.Error(), reason) {
			t.Errorf("Authorize with a wrong URL: got the error %v, want %q in it", err, reason)
		}
	}
	for _, url := range []string{"https://example.com/authorize", "http://discord.com/api/oauth2/authorize"} {
		if _, err := s.Authorize(url, visitOfAda()); err == nil {
			t.Errorf("Authorize with the URL %s: got no error, want one", url)
		}
	}
}
