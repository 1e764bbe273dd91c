package auth_test

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

var withSupabaseClaims = changeSetting("JWT_CLAIMS", "supabase")

// addMetadataColumns adds the columns of `xenon schema up --metadata`.
func (s *server) addMetadataColumns() {
	s.t.Helper()
	if added, err := migrations.AddMetadata(s.t.Context(), s.url, schema.Public); !added || err != nil {
		s.t.Fatalf("add the columns for metadata: got %t and the error %v, want true", added, err)
	}
}

// setMetadata stores values in both columns for metadata of every user. They are JSON, or "" for NULL.
func (s *server) setMetadata(user, app string) {
	s.t.Helper()
	s.exec(`UPDATE "user" SET "userMetadata" = nullif($1, '')::jsonb, "appMetadata" = nullif($2, '')::jsonb`, user, app)
}

// tokenOf returns the JWT of a client. It fails the test unless get-session returns the same one.
func (s *server) tokenOf(p signedInClient) string {
	s.t.Helper()
	token, _ := s.doAs(p, "GET", tokenPath, "").json(s.t)["token"].(string)
	if header := s.doAs(p, "GET", sessionPath, "").header.Get("Set-Auth-Jwt"); header != token || token == "" {
		s.t.Fatalf("get-session and /token: got the tokens %q and %q, want the same", header, token)
	}
	return token
}

func TestSupabaseClaimsAreAddedToTheTokenOfBetterAuth(t *testing.T) {
	t.Parallel()
	plain, s := newServer(t), newServer(t, withSupabaseClaims)
	before, after := plain.signUp("ada"), s.signUp("ada")
	want, got := claimsOf(t, plain.tokenOf(before)), claimsOf(t, s.tokenOf(after))
	for _, own := range []string{"id", "sub", "jti", "sid"} { // another user and session
		if got[own] == "" || got[own] == nil {
			t.Errorf("claim %s: got none, want one", own)
		}
		want[own] = got[own]
	}
	maps.Copy(want, map[string]any{
		"aud": []any{origin, "authenticated"}, "role": "authenticated", "aal": "aal1", "session_id": got["sid"],
		"phone": "", "is_anonymous": false,
		"app_metadata":  map[string]any{"provider": "email", "providers": []any{"email"}},
		"user_metadata": map[string]any{"name": "Ada", "full_name": "Ada"},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims with JWT_CLAIMS=supabase (-want +got):\n%s", diff)
	}
}

func TestSupabaseClaimsHaveTheMetadataOfTheColumns(t *testing.T) {
	t.Parallel()
	const none = `{"name":"Ada","full_name":"Ada"}`
	const credential = `{"provider":"email","providers":["email"]}`
	for name, c := range map[string]struct{ user, app, wantUser, wantApp string }{
		"no metadata":   {"", "", none, credential},
		"empty objects": {"{}", "{}", "{}", credential},
		"members": {
			`{"name": "Countess", "plan": {"seats": [1, 2]}}`, `{"role": "editor", "org_id": "7"}`,
			`{"name":"Countess","plan":{"seats":[1,2]}}`,
			`{"org_id":"7","provider":"email","providers":["email"],"role":"editor"}`,
		},
		"the providers of Supabase": {
			"", `{"provider": "phone", "providers": ["phone", "github"]}`, none, credential,
		},
		"numbers that JavaScript cannot represent": {
			`{"n": 12345678901234567890123, "x": 1.10}`, "", `{"n":12345678901234567890123,"x":1.10}`, credential,
		},
		"texts that HTML would escape": {`{"a": "<b> & \u2028"}`, "", "{\"a\":\"<b> & \u2028\"}", credential},
		"no objects":                   {`["a"]`, `"admin"`, none, credential},
		"null":                         {"null", "null", none, credential},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, withSupabaseClaims)
			s.addMetadataColumns()
			ada := s.signUp("ada")
			s.setMetadata(c.user, c.app)
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(s.tokenOf(ada), ".")[1])
			if err != nil {
				t.Fatal(err)
			}
			for claim, want := range map[string]string{"user_metadata": c.wantUser, "app_metadata": c.wantApp} {
				if !strings.Contains(string(payload), `"`+claim+`":`+want) {
					t.Errorf("the claim %s: got the payload %s, want it with %s", claim, payload, want)
				}
			}
		})
	}
}

// The providers are those of the user's accounts, the oldest account first.
func TestSupabaseClaimsNameTheProvidersOfTheAccounts(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSupabaseClaims)
	ada := s.signUp("ada")
	check := func(want ...any) {
		t.Helper()
		app, _ := claimsOf(t, s.tokenOf(ada))["app_metadata"].(map[string]any)
		if diff := cmp.Diff(map[string]any{"provider": want[0], "providers": want}, app); diff != "" {
			t.Errorf("app_metadata (-want +got):\n%s", diff)
		}
	}
	check("email")
	s.addAccount(ada, "google", "")
	s.exec(`INSERT INTO account ("accountId", "providerId", "userId", "createdAt", "updatedAt")
		VALUES ('2', 'google', $1, now(), now()), ('1', 'github', $1, 'epoch', now())`, ada.id)
	check("github", "email", "google")
	s.exec(`DELETE FROM account WHERE "providerId" <> 'google'`)
	check("google")
	s.exec(`DELETE FROM account`)
	if app := claimsOf(t, s.tokenOf(ada))["app_metadata"]; len(app.(map[string]any)) != 0 {
		t.Errorf("app_metadata of a user without an account: got %v, want an empty object", app)
	}
}

func TestUserMetadataHasTheImageUnlessItIsLong(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSupabaseClaims)
	ada := s.signUp("ada")
	for image, in := range map[string]bool{
		"https://img.example.net/ada.png": true, strings.Repeat("x", 2049): false,
	} {
		s.exec(`UPDATE "user" SET image = $1`, image)
		claims := claimsOf(t, s.tokenOf(ada))
		user, _ := claims["user_metadata"].(map[string]any)
		got, there := user["avatar_url"]
		if _, hasImage := claims["image"]; there != in || hasImage != in || in && got != image {
			t.Errorf("image of %d characters: it is in user_metadata: %v, and in the claims: %v, want %v for both",
				len(image), there, hasImage, in)
		}
	}
}

// An operator can add the columns while the API runs, after its statements were prepared.
func TestSupabaseClaimsFollowColumnsThatAreAddedLater(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSupabaseClaims)
	ada := s.signUp("ada")
	for range 40 { // more than after which the store prepares a statement on each of its connections
		s.tokenOf(ada)
	}
	s.addMetadataColumns()
	s.setMetadata(`{"plan": "pro"}`, "")
	if diff := cmp.Diff(map[string]any{"plan": "pro"}, claimsOf(t, s.tokenOf(ada))["user_metadata"]); diff != "" {
		t.Errorf("user_metadata (-want +got):\n%s", diff)
	}
}

// The setting costs no round trip, and changes no other part of an answer.
func TestSupabaseClaimsChangeNothingButTheToken(t *testing.T) {
	t.Parallel()
	for _, cache := range []string{"off", "compact"} {
		plain := newServer(t, changeSetting("COOKIE_CACHE", cache))
		s := newServer(t, withSupabaseClaims, changeSetting("COOKIE_CACHE", cache))
		s.addMetadataColumns()
		clients := map[*server]signedInClient{plain: plain.signUp("ada"), s: s.signUp("ada")}
		s.setMetadata(`{"plan": "pro"}`, `{"role": "editor"}`)
		for _, path := range []string{sessionPath, sessionPath + "?disableCookieCache=true", tokenPath} {
			trips, names := map[*server]int{}, map[*server][]string{}
			for server, client := range clients {
				var a answer
				trips[server] = server.countRoundTrips(func() { a = server.doAs(client, "GET", path, "") })
				names[server] = slices.Sorted(maps.Keys(a.header))
				if strings.Contains(strings.Replace(a.body, a.header.Get("Set-Auth-Jwt"), "", 1), "etadata") {
					t.Errorf("%s with COOKIE_CACHE=%s: got %s, want no metadata", path, cache, a.body)
				}
			}
			if trips[s] != trips[plain] {
				t.Errorf("%s with COOKIE_CACHE=%s: got %d round trips, want %d, as without JWT_CLAIMS",
					path, cache, trips[s], trips[plain])
			}
			if diff := cmp.Diff(names[plain], names[s]); diff != "" {
				t.Errorf("%s with COOKIE_CACHE=%s: headers (-without JWT_CLAIMS +with supabase):\n%s", path, cache, diff)
			}
		}
	}
}

// With several session cookies another statement reads the session.
func TestSupabaseClaimsOfOneOfSeveralSessions(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSupabaseClaims)
	s.addMetadataColumns()
	s.signUpAda()
	header, _ := s.duplicateCookies(2, 1)
	s.setMetadata(`{"plan": "pro"}`, "")
	token, _ := s.do("GET", tokenPath, "", "Cookie", header).json(t)["token"].(string)
	if diff := cmp.Diff(map[string]any{"plan": "pro"}, claimsOf(t, token)["user_metadata"]); diff != "" {
		t.Errorf("user_metadata (-want +got):\n%s", diff)
	}
}

// What does not fit is left out in a fixed order. The token always has the role, the user and the email.
func TestSupabaseClaimsThatAreTooLargeAreLeftOutInOrder(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSupabaseClaims)
	s.addMetadataColumns()
	ada := s.signUp("ada")
	object := func(n int) string { return `{"role": "editor", "text": "` + strings.Repeat("x", n) + `"}` }
	list := func(n int) string { return `{"list": [` + strings.Repeat("1, ", n) + `1]}` }
	for _, c := range []struct {
		what, user, app, name, image string
		leftOut                      string // names of claims
	}{
		{"all fit", object(1000), object(1000), "Ada", strings.Repeat("y", 900), ""},
		{"large user_metadata", object(3500), object(1000), "Ada", strings.Repeat("y", 900), "user_metadata"},
		{"user_metadata over a token", object(100_000), object(100), "Ada", "y", "user_metadata"},
		{"a list that is small without blanks", list(1500), "", "Ada", "y", ""},
		{"a list over a token", list(100_000), "", "Ada", "y", "user_metadata"},
		{"large app_metadata and image", object(10), object(2000), "Ada", strings.Repeat("y", 1500), "user_metadata image"},
		{"large app_metadata", object(10), object(3500), "Ada", "y", "user_metadata image app_metadata"},
		{"app_metadata over a token", "{}", object(100_000), "Ada", "y", "user_metadata image app_metadata"},
		{"a long name", "{}", "{}", strings.Repeat("x", 100_000), "y", "user_metadata image app_metadata name"},
		{
			"a long role", "{}", `{"role": "` + strings.Repeat("x", 5000) + `"}`, "Ada", "y",
			"user_metadata image app_metadata role",
		},
		{
			"control characters", object(10), "", strings.Repeat("\x01", 256), strings.Repeat("\x01", 2048),
			"user_metadata image",
		},
	} {
		s.exec(`UPDATE "user" SET name = $1, image = $2`, c.name, c.image)
		s.setMetadata(c.user, c.app)
		token := s.tokenOf(ada)
		if len(token) > 6<<10 {
			t.Errorf("%s: got a token of %d bytes, want at most 6 KiB", c.what, len(token))
		}
		got := claimsOf(t, token)
		app, _ := got["app_metadata"].(map[string]any)
		isThere := map[string]bool{
			"user_metadata": got["user_metadata"] != nil, "image": got["image"] != nil, "name": got["name"] != nil,
			"app_metadata": app["provider"] != nil, "role": c.app == "" || c.app == "{}" || app["role"] != nil,
		}
		for name, there := range isThere {
			if want := !slices.Contains(strings.Fields(c.leftOut), name); there != want {
				t.Errorf("%s: the token has the claim %s: %v, want %v", c.what, name, there, want)
			}
		}
		if got["role"] != "authenticated" || got["email"] != "ada@example.com" || got["sub"] != ada.id {
			t.Errorf("%s: got the claims %v, want the role, the email and the user", c.what, got)
		}
	}
}

func TestClaimsThatAreLeftOutAreInTheLog(t *testing.T) {
	log := captureLog(t)
	s := newServer(t, withSupabaseClaims)
	s.addMetadataColumns()
	ada := s.signUp("ada")
	for _, c := range []struct{ metadata, want string }{
		{`{"plan": "pro"}`, ""}, {`{"text": "` + strings.Repeat("x", 9000) + `"}`, "user_metadata"},
	} {
		s.setMetadata(c.metadata, "")
		takeRecords(t, log)
		s.tokenOf(ada)
		records := takeRecords(t, log)
		for _, record := range records {
			if got, _ := record["claimsLeftOut"].(string); got != c.want {
				t.Errorf("metadata of %d bytes: got claimsLeftOut %q, want %q", len(c.metadata), got, c.want)
			}
		}
		if len(records) != 2 {
			t.Errorf("two requests: got %d log records, want one for each", len(records))
		}
	}
}

// aud is a list, of which the audience of the deployment is one.
func TestSupabaseClaimsAreAcceptedByVerifiers(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSupabaseClaims)
	ada := s.signUp("ada")
	if who, err := s.verifier().Verify(t.Context(), s.tokenOf(ada)); err != nil || who.UserID != ada.id {
		t.Errorf("verify the token: got %+v and the error %v, want the user %s", who, err, ada.id)
	}
}
