package oauth

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// profileURLs has the endpoint of each provider that answers with the profile of the access token's user.
var profileURLs = map[string]string{
	"github": "api.github.com/user", "discord": "discord.com/api/users/@me", "facebook": "graph.facebook.com/me",
	"gitlab": "gitlab.com/api/v4/user", "linkedin": "api.linkedin.com/v2/userinfo", "twitter": "api.x.com/2/users/me",
	"slack": "slack.com/api/openid.connect.userInfo", "spotify": "api.spotify.com/v1/me",
	"notion": "api.notion.com/v1/users/me", "zoom": "api.zoom.us/v2/users/me", "figma": "api.figma.com/v1/me",
	"kakao": "kapi.kakao.com/v2/user/me",
}

// profileCases has answers of profile URLs. The field want is the profile that Xenon makes from the answer, without a
// subject if Xenon rejects it. The field raw is the raw profile, or "" if it is the same as the answer.
var profileCases = []struct {
	id, name, answer, raw string
	want                  Profile
}{
	{
		"discord", "an avatar",
		`{"id":"9007199254740993","username":"ada","global_name":"Ada","avatar":"f0","discriminator":"0","email":"a@b.c",
			"verified":true}`,
		`{"id":"9007199254740993","username":"ada","global_name":"Ada","avatar":"f0","discriminator":"0","email":"a@b.c",
			"verified":true,"image_url":"https://cdn.discordapp.com/avatars/9007199254740993/f0.png"}`,
		Profile{
			Subject: "9007199254740993", Name: pointerTo("Ada"), Email: "a@b.c", EmailVerified: true,
			Image: pointerTo("https://cdn.discordapp.com/avatars/9007199254740993/f0.png"),
		},
	},
	{
		"discord",
		"an animated avatar, no global name, unverified",
		`{"id":"1","username":"ada","global_name":null,"avatar":"a_f0","email":"a@b.c","verified":false}`,
		`{"id":"1","username":"ada","global_name":null,"avatar":"a_f0","email":"a@b.c","verified":false,
			"image_url":"https://cdn.discordapp.com/avatars/1/a_f0.gif"}`,
		Profile{
			Subject: "1",
			Name:    pointerTo("ada"),
			Email:   "a@b.c",
			Image:   pointerTo("https://cdn.discordapp.com/avatars/1/a_f0.gif"),
		},
	},
	{
		"discord", "no avatar", `{"id":"175928847299117063","avatar":null,"discriminator":"0"}`,
		`{"id":"175928847299117063","avatar":null,"discriminator":"0",
			"image_url":"https://cdn.discordapp.com/embed/avatars/2.png"}`,
		Profile{
			Subject: "175928847299117063", Name: pointerTo(""),
			Image: pointerTo("https://cdn.discordapp.com/embed/avatars/2.png"),
		},
	},
	{
		"discord", "no avatar and an old name", `{"id":"1","avatar":null,"discriminator":"1337"}`,
		`{"id":"1","avatar":null,"discriminator":"1337","image_url":"https://cdn.discordapp.com/embed/avatars/2.png"}`,
		Profile{Subject: "1", Name: pointerTo(""), Image: pointerTo("https://cdn.discordapp.com/embed/avatars/2.png")},
	},
	{
		"gitlab",
		"a long id",
		`{"id":9007199254740993,"name":"Ada","username":"ada","state":"active","email":"a@b.c","avatar_url":"https://i",
			"email_verified":true}`,
		"",
		Profile{
			Subject:       "9007199254740993",
			Name:          pointerTo("Ada"),
			Email:         "a@b.c",
			Image:         pointerTo("https://i"),
			EmailVerified: true,
		},
	},
	{
		"gitlab", "no name, no flag", `{"id":7,"username":"ada","state":"active","locked":false,"email":"a@b.c"}`, "",
		Profile{Subject: "7", Name: pointerTo("ada"), Email: "a@b.c"},
	},
	{"gitlab", "blocked", `{"id":7,"state":"blocked","email":"a@b.c"}`, "", Profile{}},
	{"gitlab", "locked", `{"id":7,"state":"active","locked":true}`, "", Profile{}},
	{
		"linkedin", "verified as text",
		`{"sub":"x","name":"Ada","email":"a@b.c","picture":"https://i","email_verified":"true"}`, "",
		Profile{Subject: "x", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://i"), EmailVerified: true},
	},
	{"linkedin", "only a subject", `{"sub":"x"}`, "", Profile{Subject: "x"}},
	{
		"slack", "two ids",
		`{"ok":true,"sub":"other","https://slack.com/user_id":"U1","name":"Ada","email":"a@b.c","email_verified":true,
			"https://slack.com/user_image_512":"https://512"}`,
		"",
		Profile{Subject: "U1", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://512"), EmailVerified: true},
	},
	{
		"slack", "a picture and verified false as text",
		`{"https://slack.com/user_id":"U1","picture":"https://p","email_verified":"false"}`, "",
		Profile{Subject: "U1", Name: pointerTo(""), Image: pointerTo("https://p")},
	},
	{"slack", "refusal with 200", `{"ok":false,"error":"token_revoked"}`, "", Profile{}},
	{
		"spotify", "never verified",
		`{"id":"s","display_name":"Ada","email":"a@b.c","images":[{"url":"https://1"},{"url":"https://2"}],
			"email_verified":true}`,
		"",
		Profile{Subject: "s", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://1")},
	},
	{"spotify", "no images", `{"id":"s","display_name":null,"images":[]}`, "", Profile{Subject: "s"}},
	{
		"notion", "a user",
		`{"bot":{"owner":{"type":"user","user":{"id":"n","name":"Ada","avatar_url":null,"person":{"email":"a@b.c"}}}}}`,
		`{"id":"n","name":"Ada","avatar_url":null,"person":{"email":"a@b.c"}}`,
		Profile{Subject: "n", Name: pointerTo("Ada"), Email: "a@b.c"},
	},
	{"notion", "a workspace", `{"id":"bot","bot":{"owner":{"type":"workspace","workspace":true}}}`, "", Profile{}},
	{
		"zoom", "verified is a number",
		`{"id":"z","display_name":"Ada","email":"a@b.c","pic_url":"https://i","verified":1}`, "",
		Profile{Subject: "z", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://i"), EmailVerified: true},
	},
	{"zoom", "verified is 0", `{"id":"z","email":"a@b.c","verified":0}`, "", Profile{Subject: "z", Email: "a@b.c"}},
	{
		"figma", "a handle", `{"id":"f","handle":"Ada","email":"a@b.c","img_url":"https://i"}`, "",
		Profile{Subject: "f", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://i")},
	},
	{
		"kakao", "verified",
		`{"id":9223372036854775807,"kakao_account":{"email":"a@b.c","is_email_valid":true,"is_email_verified":true,
			"profile":{"nickname":"Ada","profile_image_url":"https://i"}}}`,
		"",
		Profile{
			Subject: "9223372036854775807", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://i"),
			EmailVerified: true,
		},
	},
	{
		"kakao", "fallbacks, not valid",
		`{"id":1,"kakao_account":{"name":"Ada L","email":"a@b.c","is_email_valid":false,"is_email_verified":true,
			"profile":{"thumbnail_image_url":"https://t"}}}`,
		"",
		Profile{Subject: "1", Name: pointerTo("Ada L"), Email: "a@b.c", Image: pointerTo("https://t")},
	},
	{"kakao", "no account", `{"id":1}`, "", Profile{Subject: "1", Name: pointerTo("")}},
	{"figma", "no id", `{"handle":"Ada"}`, "", Profile{}},
	{"figma", "null", `{"id":null}`, "", Profile{}},
	{"figma", "a blank id", `{"id":"  "}`, "", Profile{}},
	{"figma", "an object as id", `{"id":{"a":1}}`, "", Profile{}},
	{"kakao", "a fraction as id", `{"id":1.5}`, "", Profile{}},
}

func TestProfileMapsTheAnswerOfEachProvider(t *testing.T) {
	t.Parallel()
	for _, test := range profileCases {
		t.Run(test.id+" "+test.name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			s.serveJSON("GET "+profileURLs[test.id], test.answer)
			raw := test.raw
			if raw == "" {
				raw = test.answer
			}
			p := s.newProvider(config.Provider{ID: test.id})
			checkLoadedProfile(t, p, Tokens{Access: accessToken}, ProfileInput{}, test.want, raw)
		})
	}
}

// checkLoadedProfile compares a profile, or expects ErrNoProfile if want has no subject.
func checkLoadedProfile(t *testing.T, p *Provider, tokens Tokens, in ProfileInput, want Profile, raw string) {
	t.Helper()
	got, err := p.Profile(t.Context(), tokens, in)
	compareProfile(t, got, err, want, raw)
}

func compareProfile(t *testing.T, got Profile, err error, want Profile, raw string) {
	t.Helper()
	if want.Subject == "" {
		if !errors.Is(err, ErrNoProfile) || got.Subject != "" {
			t.Fatalf("got the profile %+v and the error %v, want ErrNoProfile", got, err)
		}
		checkNoSecret(t, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parseJSON(t, []byte(raw)), parseJSON(t, got.Raw)); diff != "" {
		t.Errorf("raw profile (-want +got):\n%s", diff)
	}
	got.Raw = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
}

func TestProfileFailsAfterAFaultyAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range unusableTokenAnswers {
		for _, id := range []string{"github", "notion", "linkedin"} {
			t.Run(id+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newFakeProviders(t)
				s.handle("GET "+profileURLs[id], fault)
				s.handle("attacker.example/token", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
				p := s.newProvider(config.Provider{ID: id})
				p.providers.http.Timeout = timeoutFor(name)
				checkLoadedProfile(t, p, Tokens{Access: accessToken}, ProfileInput{}, Profile{}, "")
			})
		}
	}
	p := newFakeProviders(t).newProvider(config.Provider{ID: "figma"})
	checkLoadedProfile(t, p, Tokens{}, ProfileInput{}, Profile{}, "")
}

func TestGitHubEmailIsChosenFromTheList(t *testing.T) {
	t.Parallel()
	const list = `[{"email":"first@b.c","primary":false,"verified":true},
		{"email":"main@b.c","primary":true,"verified":true},{"email":"new@b.c","primary":false,"verified":false}]`
	for _, test := range []struct {
		name, public, list, email string
		verified                  bool
	}{
		{"public and verified", "first@b.c", list, "first@b.c", true},
		{"public and unverified", "new@b.c", list, "new@b.c", false},
		{"public and not in the list", "other@b.c", list, "other@b.c", false},
		{"another case", "FIRST@b.c", list, "FIRST@b.c", false},
		{"primary", "", list, "main@b.c", true},
		{"first", "", `[{"email":"a@b.c","verified":false},{"email":"b@b.c","verified":true}]`, "a@b.c", false},
		{"empty list", "", `[]`, "", false},
		{"no list", "first@b.c", `{"message":"no scope"}`, "first@b.c", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			s.serveJSON("GET api.github.com/user", `{"id":9007199254740993,"login":"ada","name":null,"avatar_url":"https://i",
				"email":`+jsonStringOrNull(test.public)+`}`)
			s.serveJSON("GET api.github.com/user/emails", test.list)
			checkLoadedProfile(
				t,
				s.newProvider(config.Provider{ID: "github"}),
				Tokens{Access: accessToken},
				ProfileInput{},
				Profile{
					Subject: "9007199254740993", Name: pointerTo("ada"), Email: test.email, Image: pointerTo("https://i"),
					EmailVerified: test.verified,
				},
				`{"id":9007199254740993,"login":"ada","name":null,"avatar_url":"https://i","email":`+jsonStringOrNull(
					test.email,
				)+`}`,
			)
		})
	}
}

// jsonStringOrNull returns a JSON string, or null.
func jsonStringOrNull(s string) string {
	if s == "" {
		return "null"
	}
	return `"` + s + `"`
}

func TestGitHubEmailWithoutTheListIsUnverified(t *testing.T) {
	t.Parallel()
	for name, fault := range unusableTokenAnswers {
		s := newFakeProviders(t)
		s.serveJSON("GET api.github.com/user", `{"id":1,"name":"Ada","email":"a@b.c"}`)
		s.handle("GET api.github.com/user/emails", fault)
		p := s.newProvider(config.Provider{ID: "github"})
		p.providers.http.Timeout = timeoutFor(name)
		checkLoadedProfile(t, p, Tokens{Access: accessToken}, ProfileInput{},
			Profile{Subject: "1", Name: pointerTo("Ada"), Email: "a@b.c"}, `{"id":1,"name":"Ada","email":"a@b.c"}`)
	}
}

func TestTwitterEmailIsConfirmedOrAPlaceholder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, second, raw string
		want              Profile
	}{
		{
			"confirmed", `{"data":{"id":"123","confirmed_email":"a@b.c"}}`,
			`{"data":{"id":"123","name":"Ada","profile_image_url":"https://i","email":"a@b.c"}}`,
			Profile{Email: "a@b.c", EmailVerified: true},
		},
		{"none", `{"data":{"id":"123"}}`, "", Profile{Email: "123@twitter.placeholder.invalid"}},
		{"no permission", "", "", Profile{Email: "123@twitter.placeholder.invalid"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			const answer = `{"data":{"id":"123","name":"Ada","profile_image_url":"https://i"}}`
			s.handle("GET api.x.com/2/users/me", func(w http.ResponseWriter, r *http.Request) {
				fields := r.URL.Query().Get("user.fields")
				switch {
				case r.Header.Get("Authorization") != "Bearer "+accessToken || fields == "confirmed_email" && test.second == "":
					w.WriteHeader(http.StatusForbidden)
				case fields == "confirmed_email":
					writeJSON(w, test.second)
				case fields == "profile_image_url":
					writeJSON(w, answer)
				}
			})
			test.want.Subject, test.want.Name, test.want.Image = "123", pointerTo("Ada"), pointerTo("https://i")
			if test.raw == "" {
				test.raw = answer
			}
			checkLoadedProfile(t, s.newProvider(config.Provider{ID: "twitter"}), Tokens{Access: accessToken}, ProfileInput{},
				test.want, test.raw)
		})
	}
}

// If X cannot answer now, it is not known whether the user has an email. A sign-in with a placeholder would create
// another user than a sign-in with the email.
func TestTwitterEmailMustBeKnown(t *testing.T) {
	t.Parallel()
	all := maps.Clone(unusableTokenAnswers)
	delete(all, "refusal")                        // a 4xx: the app has no permission to read emails
	delete(all, "GitHub's error with 200")        // an object without an email, as X answers for a user without one
	delete(all, "an error that repeats the code") // an object without an email, too
	delete(all, "wrong types")
	delete(all, "no token")
	all["rate limit"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }
	for name, fault := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			s.handle("GET api.x.com/2/users/me", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("user.fields") == "confirmed_email" {
					fault(w, r)
					return
				}
				writeJSON(w, `{"data":{"id":"123","name":"Ada"}}`)
			})
			p := s.newProvider(config.Provider{ID: "twitter"})
			p.providers.http.Timeout = timeoutFor(name)
			got, err := p.Profile(t.Context(), Tokens{Access: accessToken}, ProfileInput{})
			if !errors.Is(err, ErrNoProfile) || got.Subject != "" {
				t.Errorf("Profile of X: got %+v and the error %v, want ErrNoProfile", got, err)
			}
			checkNoSecret(t, err)
		})
	}
}

func TestNotionHasItsVersionHeader(t *testing.T) {
	t.Parallel()
	s := newFakeProviders(t)
	version := ""
	s.handle("GET api.notion.com/v1/users/me", func(_ http.ResponseWriter, r *http.Request) {
		version = r.Header.Get("Notion-Version")
	})
	_, _ = s.newProvider(config.Provider{ID: "notion"}).Profile(t.Context(), Tokens{Access: accessToken}, ProfileInput{})
	if version != "2022-06-28" {
		t.Errorf("Profile of Notion sent Notion-Version %q, want 2022-06-28", version)
	}
}

func TestFacebookAccessTokenMustBeOfThisApp(t *testing.T) {
	t.Parallel()
	const me = `{"id":"10","name":"Ada","email":"a@b.c","picture":{"data":{"url":"https://i"}}}`
	ada := Profile{Subject: "10", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://i")}
	for _, test := range []struct {
		name, debug string
		want        Profile
	}{
		{"ours", `{"data":{"is_valid":true,"app_id":"client:1","user_id":"10"}}`, ada},
		{"another of our apps", `{"data":{"is_valid":true,"app_id":"ios-client","user_id":10}}`, ada},
		{"another app", `{"data":{"is_valid":true,"app_id":"other","user_id":"10"}}`, Profile{}},
		{"invalid", `{"data":{"is_valid":false,"app_id":"client:1","user_id":"10"}}`, Profile{}},
		{"no user", `{"data":{"is_valid":true,"app_id":"client:1"}}`, Profile{}},
		{"another user", `{"data":{"is_valid":true,"app_id":"client:1","user_id":"11"}}`, Profile{}},
		{"no data", `{}`, Profile{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			s.handle("GET graph.facebook.com/debug_token", func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				if q.Get("input_token") != accessToken || q.Get("access_token") != clientID+"|"+clientSecret ||
					r.Header.Get("Authorization") != "" {
					t.Errorf("debug_token got the request %s, want both tokens in the query and no Authorization", r.URL)
				}
				writeJSON(w, test.debug)
			})
			s.handle("GET graph.facebook.com/me", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("fields") != "id,name,email,picture" ||
					r.Header.Get("Authorization") != "Bearer "+accessToken {
					t.Errorf("the profile URL got the request %s, want the fields and the access token", r.URL)
				}
				writeJSON(w, me)
			})
			p := s.newProvider(config.Provider{ID: "facebook"})
			checkLoadedProfile(t, p, Tokens{Access: accessToken}, ProfileInput{}, test.want, me)
			got, err := p.VerifyIDToken(t.Context(), IDToken{Token: "opaque", AccessToken: accessToken})
			compareProfile(t, got, err, test.want, me)
		})
	}
}

// The URL of debug_token contains the client secret.
func TestFacebookErrorsDoNotContainTheSecret(t *testing.T) {
	t.Parallel()
	for name, fault := range unusableTokenAnswers {
		s := newFakeProviders(t)
		s.handle("GET graph.facebook.com/debug_token", fault)
		p := s.newProvider(config.Provider{ID: "facebook"})
		p.providers.http.Timeout = timeoutFor(name)
		_, err := p.Profile(t.Context(), Tokens{Access: accessToken}, ProfileInput{})
		if !errors.Is(err, ErrNoProfile) || strings.Contains(err.Error(), "access_token=") {
			t.Errorf("debug_token with the fault %q: got %v, want ErrNoProfile without the URL", name, err)
		}
		checkNoSecret(t, err)
	}
	_, err := newFakeProviders(t).newProvider(config.Provider{ID: "facebook"}).
		VerifyIDToken(t.Context(), IDToken{Token: "opaque"})
	if !errors.Is(err, ErrNoProfile) {
		t.Errorf("VerifyIDToken of Facebook without an access token: got %v, want ErrNoProfile", err)
	}
}
