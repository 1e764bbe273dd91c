package providertest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// sendWithToken requests a URL with an access token, and returns the status and the body. If the request fails, status
// is the text of the error.
func sendWithToken(t *testing.T, s *providertest.Server, url, token string) (status, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Transport: s.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	response, err := client.Do(r)
	if err != nil {
		return err.Error(), ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status, string(text)
}

// Some providers have another endpoint about a user besides the profile, such as GitHub's list of emails.
func TestEndpointsBesidesTheProfileAnswer(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	v := visitOfAda()
	v.Photo = "a picture"
	app := "facebook-client%7Cfacebook+secret%2B%2F%3A%25%26%3D"
	for _, test := range []struct{ provider, url, want string }{
		{"github", "https://api.github.com/user/emails", `"email":"ada@example.com","primary":true,"verified":true`},
		{"microsoft", "https://graph.microsoft.com/v1.0/me/photos/48x48/$value", "a picture"},
		{"twitter", "https://api.x.com/2/users/me?user.fields=confirmed_email", `"confirmed_email":"ada@example.com"`},
		{"facebook", "https://graph.facebook.com/debug_token?access_token=" + app + "&input_token=TOKEN", `"is_valid":true`},
		{"facebook", "https://graph.facebook.com/debug_token?access_token=" + app + "&input_token=x", `"is_valid":false`},
		{"facebook", "https://graph.facebook.com/debug_token?access_token=x&input_token=TOKEN", "access token of the app"},
	} {
		l := s.AuthorizeWithoutBrowser(test.provider, v)
		status, body := sendWithToken(t, s, strings.Replace(test.url, "TOKEN", l.AccessToken, 1), l.AccessToken)
		if !strings.Contains(body, test.want) {
			t.Errorf("GET %s: got %s with the body %s, want %s in the body", test.url, status, body, test.want)
		}
	}
}

// Every fault has the effect that the comment of its constant describes, and the request is recorded.
func TestFaultsHaveTheirEffectAndAreRecorded(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	s.Delay = 50 * time.Millisecond
	for fault, want := range map[providertest.Fault]struct {
		status, body string
	}{
		providertest.FaultStatus500: {"500 Internal Server Error", `{"error"`},
		providertest.FaultStatus401: {"401 Unauthorized", `{"error"`},
		providertest.FaultSlow:      {"200 OK", `"id":"90071992547409931234"`},
		providertest.FaultLarge:     {"200 OK", `{"padding"`},
		providertest.FaultHTML:      {"200 OK", "<!doctype"},
		providertest.FaultTruncated: {"200 OK", `{"access_token":"half`},
		providertest.FaultList:      {"200 OK", "[]"},
		providertest.FaultText:      {"200 OK", `"text"`},
		providertest.FaultEmpty:     {"200 OK", ""},
		providertest.FaultRedirect:  {"307 Temporary Redirect", ""},
		providertest.FaultAbort:     {"EOF", ""},
	} {
		v := visitOfAda()
		v.Faults = map[string]providertest.Fault{"profile": fault}
		l := s.AuthorizeWithoutBrowser("discord", v)
		status, body := sendWithToken(t, s, "https://discord.com/api/users/@me", l.AccessToken)
		if !strings.Contains(status, want.status) || !strings.Contains(body, want.body) {
			t.Errorf("GET the profile with the fault %s: got %s with the body %.100s, want %s and a body that contains %s",
				fault, status, body, want.status, want.body)
		}
		if got := l.Requests(); len(got) != 1 || got[0].Endpoint != "profile" || got[0].Refused != "" || got[0].Followed {
			t.Errorf("recorded requests with the fault %s: got %+v, want one to profile with Refused = \"\" and "+
				"Followed = false", fault, got)
		}
	}
	s.Fail("google", "jwks", providertest.FaultHTML)
	_, body := sendWithToken(t, s, "https://www.googleapis.com/oauth2/v3/certs", "")
	if !strings.HasPrefix(body, "<!doctype") {
		t.Errorf("GET the key set with the fault HTML: got %s, want an HTML page", body)
	}
	if got := s.RequestsWithoutLogin(); len(got) != 1 || got[0].Endpoint != "jwks" {
		t.Errorf("recorded requests that belong to no login: got %+v, want one to jwks", got)
	}
}

// If the user refuses the authorization, the callback has an error instead of a code. Apple's callback is a form.
func TestRefusedCallbackHasAnErrorAndAppleCallbackIsAForm(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	v := visitOfAda()
	v.Refuse, v.Description = "access_denied", "The user said no"
	got := newFlow(t, s, "google").authorize(t, v).Callback
	want := "http://localhost:3000/api/auth/callback/google?" +
		"error=access_denied&error_description=The+user+said+no&state=a+state"
	if got != want {
		t.Errorf("the callback after access_denied: got %s, want %s", got, want)
	}
	l := newFlow(t, s, "apple").authorize(t, visitOfAda())
	wantUser := `{"email":"ada@example.com","name":{"firstName":"Ada","lastName":"Lovelace"}}`
	if l.Callback != l.RedirectURI || l.Form.Get("code") != l.Code || l.Form.Get("user") != wantUser {
		t.Errorf("the callback of Apple: got %s with the form %v, want the redirect URI, and code and user in the form",
			l.Callback, l.Form)
	}
}

// Apple accepts a client secret that is signed with the client's key.
func TestAppleAcceptsASignedClientSecret(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(providertest.ApplePrivateKey()))
	if err != nil {
		t.Fatal(err)
	}
	for audience, isGood := range map[string]bool{"https://appleid.apple.com": true, "https://elsewhere.example": false} {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
			"iss": providertest.AppleTeam, "sub": "apple-client", "aud": audience,
			"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		})
		token.Header["kid"] = providertest.AppleKeyID
		f := newFlow(t, s, "apple")
		if f.ClientSecret, err = token.SignedString(key); err != nil {
			t.Fatal(err)
		}
		if _, err := f.exchange(f.authorize(t, visitOfAda()).Code); (err == nil) != isGood {
			t.Errorf("exchange a code with a client secret for the audience %s: got the error %v, want an error = %v",
				audience, err, !isGood)
		}
	}
}
