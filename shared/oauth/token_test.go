package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func pkceChallengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// tokenEndpoints has the token endpoint of every provider, and where the client authenticates.
var tokenEndpoints = map[string]struct {
	url                   string
	basic, refreshesBasic bool
}{
	"google":    {"https://oauth2.googleapis.com/token", false, false},
	"github":    {"https://github.com/login/oauth/access_token", false, false},
	"apple":     {"https://appleid.apple.com/auth/token", false, false},
	"microsoft": {"https://login.microsoftonline.com/common/oauth2/v2.0/token", false, false},
	"discord":   {"https://discord.com/api/oauth2/token", false, false},
	"facebook":  {"https://graph.facebook.com/v24.0/oauth/access_token", false, false},
	"gitlab":    {"https://gitlab.com/oauth/token", false, false},
	"linkedin":  {"https://www.linkedin.com/oauth/v2/accessToken", false, false},
	"twitter":   {"https://api.x.com/2/oauth2/token", true, true},
	"slack":     {"https://slack.com/api/openid.connect.token", false, false},
	"spotify":   {"https://accounts.spotify.com/api/token", false, false},
	"twitch":    {"https://id.twitch.tv/oauth2/token", false, false},
	"notion":    {"https://api.notion.com/v1/oauth/token", true, false},
	"zoom":      {"https://zoom.us/oauth/token", false, false},
	"figma":     {"https://api.figma.com/v1/oauth/token", true, true},
	"kakao":     {"https://kauth.kakao.com/oauth/token", false, false},
}

const tokenAnswer = `{"access_token":"` + accessToken + `","token_type":"bearer","expires_in":3600}`

func TestExchangeAndRefreshAtEveryProvider(t *testing.T) {
	t.Parallel()
	if len(tokenEndpoints) != len(builtInSpecs()) {
		t.Fatalf("the test has %d of %d providers, want all", len(tokenEndpoints), len(builtInSpecs()))
	}
	for id, want := range tokenEndpoints {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			challenge := ""
			if authorizationCases[id].pkce {
				challenge = pkceChallengeOf(goodVerifier)
			}
			s.addTokenEndpoint(want.url, want.basic, challenge, tokenAnswer)
			got, err := s.newProvider(config.Provider{ID: id}).Exchange(t.Context(), goodCode, goodVerifier)
			expected := Tokens{Access: accessToken, AccessExpires: s.clock().Add(time.Hour)}
			if diff := cmp.Diff(expected, got); err != nil || diff != "" {
				t.Errorf("Exchange: error %v, tokens (-want +got):\n%s", err, diff)
			}

			s = newFakeProviders(t)
			s.addTokenEndpoint(want.url, want.refreshesBasic, challenge, tokenAnswer)
			got, err = s.newProvider(config.Provider{ID: id}).Refresh(t.Context(), refreshToken)
			if diff := cmp.Diff(expected, got); err != nil || diff != "" {
				t.Errorf("Refresh: error %v, tokens (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestRefreshRepeatsTheScopesAtMicrosoftOnly(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"microsoft": "openid profile email User.Read offline_access conf", "google": "", "zoom": "",
	} {
		s := newFakeProviders(t)
		var scope string
		s.handle("POST "+strings.TrimPrefix(tokenEndpoints[id].url, "https://"),
			func(w http.ResponseWriter, r *http.Request) {
				scope = r.PostFormValue("scope")
				writeJSON(w, tokenAnswer)
			})
		p := s.newProvider(config.Provider{ID: id, Scopes: []string{"conf"}})
		if _, err := p.Refresh(t.Context(), refreshToken); err != nil || scope != want {
			t.Errorf("Refresh of %s sent the scope %q and returned %v; want %q and no error", id, scope, err, want)
		}
	}
}

func TestTokenAnswersAreParsed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, members string
		want          func(now time.Time) Tokens
	}{
		{"no expiry", ``, func(time.Time) Tokens { return Tokens{} }},
		{"zero", `"expires_in":0`, func(time.Time) Tokens { return Tokens{} }},
		{"null", `"expires_in":null,"scope":null,"id_token":null`, func(time.Time) Tokens { return Tokens{} }},
		{"text", `"expires_in":"7200"`, func(now time.Time) Tokens { return Tokens{AccessExpires: now.Add(2 * time.Hour)} }},
		{"fraction", `"expires_in":59.5`, func(now time.Time) Tokens {
			return Tokens{AccessExpires: now.Add(59_500 * time.Millisecond)}
		}},
		{"fraction as text", `"expires_in":" 59.5 "`, func(now time.Time) Tokens {
			return Tokens{AccessExpires: now.Add(59_500 * time.Millisecond)}
		}},
		{"exponent", `"expires_in":6e1`, func(now time.Time) Tokens { return Tokens{AccessExpires: now.Add(time.Minute)} }},
		{"empty text", `"expires_in":""`, func(time.Time) Tokens { return Tokens{} }},
		{"negative", `"expires_in":-1`, func(time.Time) Tokens { return Tokens{} }},
		{"not a number", `"expires_in":"soon"`, func(time.Time) Tokens { return Tokens{} }},
		{"boolean", `"expires_in":true`, func(time.Time) Tokens { return Tokens{} }},
		{"object", `"expires_in":{"seconds":60}`, func(time.Time) Tokens { return Tokens{} }},
		{"another spelling", `"Expires_In":""`, func(time.Time) Tokens { return Tokens{} }},
		{"beyond any number", `"expires_in":1e999`, func(time.Time) Tokens { return Tokens{} }},
		{"expiry of the refresh token", `"refresh_token":"r","refresh_token_expires_in":60`, func(now time.Time) Tokens {
			return Tokens{Refresh: "r", RefreshExpires: now.Add(time.Minute)}
		}},
		{"expiry of the refresh token as text", `"refresh_token_expires_in":"60"`, func(now time.Time) Tokens {
			return Tokens{RefreshExpires: now.Add(time.Minute)}
		}},
		{"scopes", `"scope":" a  b\tc "`, func(time.Time) Tokens { return Tokens{Scope: "a,b,c"} }},
		{"scopes with commas", `"scope":"read:user,user:email"`, func(time.Time) Tokens {
			return Tokens{Scope: "read:user,user:email"}
		}},
		{"an array of scopes", `"scope":[" a ","b",7,""]`, func(time.Time) Tokens { return Tokens{Scope: "a,b"} }},
		{"an id token", `"id_token":"x.y.z"`, func(time.Time) Tokens { return Tokens{ID: "x.y.z"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			body := strings.Replace(`{"access_token":"`+accessToken+`",`+test.members+`}`, ",}", "}", 1)
			s.addTokenEndpoint(tokenEndpoints["google"].url, false, pkceChallengeOf(goodVerifier), body)
			got, err := s.newProvider(config.Provider{ID: "google"}).Exchange(t.Context(), goodCode, goodVerifier)
			want := test.want(s.clock())
			want.Access = accessToken
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("Exchange: error %v, tokens (-want +got):\n%s", err, diff)
			}
		})
	}
}

// RFC 6749 requires JSON. GitHub and others have answered with a form.
func TestFormEncodedTokenAnswersAreParsed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain; charset=utf-8"} {
		for expires, want := range map[string]time.Duration{
			"60": time.Minute, "59.5": 59_500 * time.Millisecond, "": 0, "0": 0, "-1": 0, "soon": 0,
		} {
			s := newFakeProviders(t)
			s.handle("POST oauth2.googleapis.com/token", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", kind)
				fmt.Fprintf(w, "access_token=%s&refresh_token=0042&id_token=x.y.z&scope=a+b&expires_in=%s&"+
					"refresh_token_expires_in=120", accessToken, expires)
			})
			got, err := s.newProvider(config.Provider{ID: "google"}).Exchange(t.Context(), goodCode, goodVerifier)
			expected := Tokens{
				Access: accessToken, Refresh: "0042", ID: "x.y.z", Scope: "a,b", RefreshExpires: s.clock().Add(2 * time.Minute),
			}
			if want != 0 {
				expected.AccessExpires = s.clock().Add(want)
			}
			if diff := cmp.Diff(expected, got); err != nil || diff != "" {
				t.Errorf("Exchange, %s, expires_in=%s: error %v, tokens (-want +got):\n%s", kind, expires, err, diff)
			}
		}
	}
}

// unusableTokenAnswers has answers without usable tokens.
var unusableTokenAnswers = map[string]http.HandlerFunc{
	"refusal": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":%q}`, r.PostFormValue("code"))
	},
	"GitHub's error with 200": func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, `{"error":"bad_verification_code","error_description":"`+r.PostFormValue("code")+`"}`)
	},
	"an error that repeats the code": func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, `{"error":"`+r.PostFormValue("code")+`"}`)
	},
	"server error": func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, r.PostFormValue("code")+accessToken, http.StatusInternalServerError)
	},
	"redirect": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://attacker.example/token", http.StatusTemporaryRedirect)
	},
	"HTML": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><p>"+accessToken)
	},
	"cut JSON": func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `{"access_token":"`+accessToken+`"`) },
	"wrong types": func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, `{"access_token":{"a":"`+accessToken+`"}}`)
	},
	"array":    func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `["`+accessToken+`"]`) },
	"no token": func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `{"token_type":"bearer"}`) },
	"form without a token": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		fmt.Fprint(w, "token_type=bearer&expires_in=60&x="+accessToken)
	},
	"error as a form": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		fmt.Fprint(w, "error=bad_verification_code&error_description="+r.PostFormValue("code"))
	},
	"10 MB": func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, `{"access_token":"`+accessToken+`","x":"`+strings.Repeat("x", 10<<20)+`"}`)
	},
	"slow": func(_ http.ResponseWriter, r *http.Request) { waitForClient(r) },
	"slow body": func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, `{"access_token":`)
		_ = http.NewResponseController(w).Flush()
		waitForClient(r)
	},
	"closed connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
}

// waitForClient returns when the client has closed the connection, which the server notices after it has read the body.
func waitForClient(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestExchangeFailsAfterAFaultyAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range unusableTokenAnswers {
		for _, id := range []string{"github", "twitter"} {
			t.Run(id+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newFakeProviders(t)
				s.handle("POST "+strings.TrimPrefix(tokenEndpoints[id].url, "https://"), fault)
				s.handle("attacker.example/token", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
				p := s.newProvider(config.Provider{ID: id})
				p.providers.http.Timeout = timeoutFor(name)
				got, err := p.Exchange(t.Context(), goodCode, goodVerifier)
				if !errors.Is(err, ErrInvalidCode) || got != (Tokens{}) {
					t.Errorf("Exchange: got %+v and the error %v, want ErrInvalidCode", got, err)
				}
				checkNoSecret(t, err)
				if _, err := p.Refresh(t.Context(), refreshToken); err == nil {
					t.Error("Refresh returned no error, want one")
				} else {
					checkNoSecret(t, err)
				}
			})
		}
	}
}

// timeoutFor returns a timeout of the client for a fault: a short one, which is exceeded, for a slow answer, and a long
// one for other faults.
func timeoutFor(fault string) time.Duration {
	if strings.HasPrefix(fault, "slow") {
		return time.Second
	}
	return time.Minute
}

func checkNoSecret(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{goodCode, goodVerifier, accessToken, refreshToken, clientSecret, "s3cret"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error %q contains the secret %q", err, secret)
		}
	}
}

func TestErrorNamesTheReasonOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	s := newFakeProviders(t)
	s.handle("POST github.com/login/oauth/access_token", unusableTokenAnswers["refusal"])
	_, err := s.newProvider(config.Provider{ID: "github"}).Exchange(t.Context(), goodCode, goodVerifier)
	if err == nil || !strings.Contains(err.Error(), "400 Bad Request, invalid_grant") {
		t.Errorf("Exchange: got %v, want an error with the status and invalid_grant", err)
	}
}
