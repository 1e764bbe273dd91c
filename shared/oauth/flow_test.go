package oauth

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/remote"
)

// newConfiguredProvider returns a provider whose endpoints are on the server of package providertest.
func newConfiguredProvider(t *testing.T, s *providertest.Server, id string, now func() time.Time) *Provider {
	t.Helper()
	c := config.Provider{
		ID: id, ClientIDs: []string{providertest.ClientID(id)},
		ClientSecret: config.Secret(providertest.ClientSecret(id)), AccessType: "offline",
	}
	if _, isBuiltIn := builtInSpecs()[id]; !isBuiltIn {
		c.OIDC, c.Issuer = true, providertest.Issuer(id)
	}
	p := New(config.Social{Providers: []config.Provider{c}}, siteOrigin, nil, now)
	p.http = newClient(s.Transport())
	found, err := p.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWholeSignInWorksAtEveryProvider(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	for _, id := range providertest.IDs() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			p := newConfiguredProvider(t, s, id, time.Now)
			nonce := ""
			if p.SendsNonce() {
				nonce = "nonce-1"
			}
			at, err := p.AuthorizationURL(t.Context(), Authorization{State: "st", Verifier: goodVerifier, Nonce: nonce})
			if err != nil {
				t.Fatal(err)
			}
			who := providertest.Person{
				Subject: "9007199254740993", Name: "Ada Lovelace", Email: "ada@example.com", Verified: true,
			}
			login, err := s.Authorize(at, providertest.Visit{Person: who})
			if err != nil {
				t.Fatal(err)
			}
			tokens, err := p.Exchange(t.Context(), login.Code, goodVerifier)
			if err != nil {
				t.Fatal(err)
			}
			profile, err := p.Profile(t.Context(), tokens, ProfileInput{Nonce: nonce, AppleUser: appleUser(login)})
			if err != nil {
				t.Fatal(err)
			}
			type person struct{ Subject, Name, Email string }
			got := person{profile.Subject, *profile.Name, profile.Email}
			if diff := cmp.Diff(person{who.Subject, who.Name, who.Email}, got); diff != "" {
				t.Errorf("profile (-want +got):\n%s", diff)
			}
			if tokens.Refresh == "" {
				return // GitHub, Facebook, LinkedIn and Slack give no refresh token
			}
			if renewed, err := p.Refresh(t.Context(), tokens.Refresh); err != nil || renewed.Access == tokens.Access {
				t.Errorf("Refresh: got the error %v, want none and a new access token", err)
			}
		})
	}
}

// appleUser returns the parameter user of the callback, with which Apple sends the name of the user in a form.
func appleUser(l *providertest.Login) string {
	callback, err := url.Parse(l.Callback)
	if err != nil || l.Form != nil {
		return l.Form.Get("user")
	}
	return callback.Query().Get("user")
}

// Keys that are rotated between the authorization and the callback are fetched in the callback.
func TestKeysRotatedBeforeTheCallbackAreFetched(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	for _, id := range []string{"google", "keycloak"} {
		now := time.Now
		p := newConfiguredProvider(t, s, id, func() time.Time { return now() })
		signIn := func() error {
			at, err := p.AuthorizationURL(t.Context(), Authorization{State: "st", Verifier: goodVerifier, Nonce: "n"})
			if err != nil {
				t.Fatal(err)
			}
			login, err := s.Authorize(at, providertest.Visit{Person: providertest.Person{Subject: "1", Email: "a@b.c"}})
			if err != nil {
				t.Fatal(err)
			}
			tokens, err := p.Exchange(t.Context(), login.Code, goodVerifier)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Profile(t.Context(), tokens, ProfileInput{Nonce: login.Nonce})
			return err
		}
		if err := signIn(); err != nil {
			t.Errorf("sign-in with %s before the rotation: got the error %v, want none", id, err)
		}
		s.RotateKeys(id)
		now = func() time.Time { return time.Now().Add(remote.CoolDown) }
		if err := signIn(); err != nil {
			t.Errorf("sign-in with %s after the rotation: got the error %v, want none", id, err)
		}
	}
}
