package social_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// newIDToken returns an id token and an access token, as an app gets them from a provider.
func newIDToken(t *testing.T, provider string, v providertest.Visit) (token, access string) {
	t.Helper()
	login := providers.AuthorizeWithoutBrowser(provider, v)
	token, err := login.MakeIDToken()
	if err != nil {
		t.Fatal(err)
	}
	return token, login.AccessToken
}

// signInWithIDToken signs in with an id token.
func (b *browser) signInWithIDToken(provider, token, more string) answer {
	b.s.t.Helper()
	return b.do("POST", "/api/auth/sign-in/social", `{"provider":"`+provider+`","idToken":{"token":"`+token+`"`+more+`}}`)
}

func TestSignInWithAnIDToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	token, _ := newIDToken(t, "google", verifiedVisit())
	a := b.signInWithIDToken("google", token, `,"accessToken":"access","refreshToken":"refresh"`)
	id := b.userID()
	if a.status != 200 || a.text("token") == "" || id == "" || a.location() != "" {
		t.Errorf("sign-in with an id token: got %d %s, Location %s, want 200, a token and no redirect",
			a.status, a.body, a.location())
	}
	got := dbtest.Value[string](t, s.url,
		`SELECT concat_ws('|', "accessToken", "refreshToken", "idToken" = $1, scope) FROM account`, token)
	if got != "access|t" {
		t.Errorf("the row has the tokens %s, want the access token and the id token", got)
	}
}

func TestInvalidIDTokenIsRejected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.browser().signUp("taken@example.com", false)
	visitProvider := func(f providertest.Forgery) providertest.Visit { v := verifiedVisit(); v.IDToken = f; return v }
	unverified := verifiedVisit()
	unverified.Email = "taken@example.com"
	withoutEmail := verifiedVisit()
	withoutEmail.Email = ""
	for name, c := range map[string]struct {
		provider string
		visit    providertest.Visit
		more     string
		want     string
	}{
		"another audience": {
			"google", visitProvider(providertest.Forgery{Claims: map[string]any{"aud": "x"}}), "", "INVALID_TOKEN",
		},
		"expired": {
			"google", visitProvider(providertest.Forgery{Claims: map[string]any{"exp": "-1h"}}), "", "INVALID_TOKEN",
		},
		"none":                  {"google", visitProvider(providertest.Forgery{Algorithm: "none"}), "", "INVALID_TOKEN"},
		"HS256":                 {"google", visitProvider(providertest.Forgery{Algorithm: "HS256"}), "", "INVALID_TOKEN"},
		"nonce":                 {"google", verifiedVisit(), `,"nonce":"x"`, "INVALID_TOKEN"},
		"no id tokens":          {"github", verifiedVisit(), "", "ID_TOKEN_NOT_SUPPORTED"},
		"no email":              {"google", withoutEmail, "", "USER_EMAIL_NOT_FOUND"},
		"email of another user": {"google", unverified, "", "OAUTH_LINK_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := "x.y.z"
			if c.provider != "github" {
				token, _ = newIDToken(t, c.provider, c.visit)
			}
			b := s.browser()
			if a := b.signInWithIDToken(c.provider, token, c.more); a.text("code") != c.want || b.userID() != "" {
				t.Errorf("sign-in with an id token: got %d %s, want the code %s and no session", a.status, a.body, c.want)
			}
		})
	}
}

func TestSignUpSettingsApplyToProviders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		more     string
		want     string
	}{
		"SIGN_UP off":                {[]string{"SIGN_UP", "off"}, "", "signup_disabled"},
		"GOOGLE_DISABLE_SIGNUP":      {[]string{"GOOGLE_DISABLE_SIGNUP", "on"}, `,"requestSignUp":true`, "signup_disabled"},
		"not requested":              {[]string{"GOOGLE_DISABLE_IMPLICIT_SIGNUP", "on"}, "", "signup_disabled"},
		"requested":                  {[]string{"GOOGLE_DISABLE_IMPLICIT_SIGNUP", "on"}, `,"requestSignUp":true`, ""},
		"another provider's setting": {[]string{"GITHUB_DISABLE_SIGNUP", "on"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, c.settings...)
			a := s.browser().signIn("google", `,"errorCallbackURL":"/failed"`+c.more, verifiedVisit())
			if code, _ := redirectErrorAndTarget(t, a.location()); code != c.want {
				t.Errorf("first sign-in: got the error %q, want %q", code, c.want)
			}
		})
	}
}

// A sign-in links the account to the user with the same email only if the email is verified at the provider and at
// Xenon. With TRUSTED_PROVIDERS the provider need not have verified it.
func TestImplicitLinkNeedsTwoVerifiedEmails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings        []string
		local, provider bool
		want            string
	}{
		"both verified":                    {nil, true, true, ""},
		"unverified at Xenon":              {nil, false, true, "account_not_linked"},
		"unverified at the provider":       {nil, true, false, "account_not_linked"},
		"trusted, unverified at provider":  {[]string{"TRUSTED_PROVIDERS", "google"}, true, false, ""},
		"trusted, but unverified at Xenon": {[]string{"TRUSTED_PROVIDERS", "google"}, false, true, "account_not_linked"},
		"no linking":                       {[]string{"ACCOUNT_LINKING", "off"}, true, true, "account_not_linked"},
		"no implicit linking":              {[]string{"DISABLE_IMPLICIT_LINKING", "on"}, true, true, "account_not_linked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, c.settings...)
			id := s.browser().signUp("ada@example.com", c.local)
			v := verifiedVisit()
			v.Verified = c.provider
			b := s.browser()
			a := b.signIn("google", `,"errorCallbackURL":"/failed"`, v)
			if code, _ := redirectErrorAndTarget(t, a.location()); code != c.want {
				t.Errorf("sign-in: got the error %q, want %q", code, c.want)
			}
			if got := b.userID(); c.want == "" && got != id {
				t.Errorf("signed in as %q, want the user with the same email, %s", got, id)
			}
		})
	}
}

// With REQUIRE_EMAIL_VERIFICATION of a provider, a user with an unverified email gets a mail and no session.
func TestProviderCanRequireAVerifiedEmail(t *testing.T) {
	t.Parallel()
	box := filepath.Join(t.TempDir(), "mail.jsonl")
	s := newServer(t, "GOOGLE_REQUIRE_EMAIL_VERIFICATION", "on", "MAIL_FILE", box)
	v := verifiedVisit()
	v.Verified = false
	b := s.browser()
	a := b.signIn("google", `,"errorCallbackURL":"/failed"`, v)
	if code, _ := redirectErrorAndTarget(t, a.location()); code != "email_not_verified" || b.userID() != "" {
		t.Errorf("sign-in with an unverified email: got %q, want email_not_verified and no session", code)
	}
	mail, err := os.ReadFile(box)
	if err != nil || !strings.Contains(string(mail), `"to":"ada@example.com"`) {
		t.Errorf("got the mails %s, %v, want one to ada@example.com", mail, err)
	}
	if a := b.signIn("google", `,"callbackURL":"/home"`, verifiedVisit()); a.location() != "/home" || b.userID() == "" {
		t.Errorf("sign-in after the email was verified: got a redirect to %s, want /home and a session", a.location())
	}
}

func TestSocialProvidersAreListed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.browser().do("GET", "/api/auth/social-providers", "")
	var list []map[string]string
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.status != 200 || len(list) != 5 {
		t.Fatalf("social-providers: got %d %s, want 200 and 5 providers", a.status, a.body)
	}
	if list[0]["id"] != "google" || list[0]["name"] != "Google" || len(list[0]) != 2 {
		t.Errorf("got first provider %v, want google with its id and name alone", list[0])
	}
	if strings.Contains(a.body, "client") {
		t.Errorf("social-providers shows a client id or secret: %s", a.body)
	}
}
