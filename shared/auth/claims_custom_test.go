package auth_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// withCustomClaims returns the setting with claims.
func withCustomClaims(claims string) func(map[string]string) {
	return changeSetting("JWT_CUSTOM_CLAIMS", claims)
}

// payloadOf returns the text of the claims of a JWT.
func payloadOf(t *testing.T, token string) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(payload)
}

// customClaimsOf returns the part of the payload from the claim first to sub.
func customClaimsOf(t *testing.T, token, first string) string {
	t.Helper()
	_, after, found := strings.Cut(payloadOf(t, token), `"`+first+`":`)
	claims, _, ends := strings.Cut(after, `,"sub":`)
	if !found || !ends {
		t.Fatalf("the payload %s: got no claims from %s to sub, want some", payloadOf(t, token), first)
	}
	return `"` + first + `":` + claims
}

// addColumns adds columns of many types to the table "user".
func (s *server) addColumns() {
	s.t.Helper()
	s.exec(`ALTER TABLE "user"
		ADD plan text, ADD seats integer, ADD credit numeric, ADD ratio double precision, ADD "isVip" boolean, ADD org uuid,
		ADD "since" timestamptz, ADD "until" timestamp, ADD born date, ADD prefs jsonb, ADD raw json, ADD tags text[]`)
}

const columnClaims = "plan=user.plan,user.seats,user.credit,user.ratio,user.isVip,user.org,user.since,user.until," +
	"user.born,user.prefs,user.raw,user.tags,lang=user_profile.preferred_language"

func TestCustomClaimsHaveTheValuesOfTheColumns(t *testing.T) {
	t.Parallel()
	const none = `"plan":null,"seats":null,"credit":null,"ratio":null,"isVip":null,"org":null,"since":null,"until":null,` +
		`"born":null,"prefs":null,"raw":null,"tags":null,"lang":`
	for _, form := range []string{"better-auth", "supabase"} {
		s := newServer(t, withCustomClaims(columnClaims), changeSetting("JWT_CLAIMS", form))
		s.addColumns()
		escape := `\u0041`
		if form == "better-auth" {
			escape = `\u0000` // a column of the type json can have it; Postgres cannot convert it to jsonb
		}
		ada, bob := s.signUp("ada"), s.signUp("bob")
		for _, c := range []struct{ sql, want string }{
			{`SELECT 1`, none + `null`},
			{
				`INSERT INTO user_profile (user_id, preferred_language)
				SELECT id, 'de' FROM "user" WHERE email = 'ada@example.com'`,
				none + `"de"`,
			},
			{
				`UPDATE "user" SET plan = 'a "b" <c> \', seats = 3, credit = 12345678901234567890.10, ratio = 0.5, "isVip" = false,
				org = '0B2F7D2E-8a35-4d0c-9f1b-6c2d1f0a4e77', since = '2026-03-01 12:00:00.1239+02',
				until = '2026-03-01 12:00', born = '2000-02-29', prefs = '{"b": [1, null], "a": "\u00fc"}',
				raw = '{"z":  1, "a": "` + escape + `"}', tags = '{x,NULL}'`,
				`"plan":"a \"b\" <c> \\","seats":3,"credit":12345678901234567890.10,"ratio":0.5,"isVip":false,` +
					`"org":"0b2f7d2e-8a35-4d0c-9f1b-6c2d1f0a4e77","since":"2026-03-01T10:00:00.123Z",` +
					`"until":"2026-03-01T12:00:00.000Z","born":"2000-02-29","prefs":{"a":"ü","b":[1,null]},` +
					`"raw":{"z":1,"a":"` + escape + `"},"tags":["x",null],"lang":"de"`,
			},
			{
				`UPDATE "user" SET plan = '2026-03-01T12:00:00+02:00', since = 'infinity', until = '0044-03-15 12:00 BC',
				ratio = 'NaN', prefs = 'null', raw = NULL, tags = NULL, seats = NULL, credit = NULL, org = NULL, born = NULL`,
				`"plan":"2026-03-01T12:00:00+02:00","seats":null,"credit":null,"ratio":"NaN","isVip":false,"org":null,` +
					`"since":"infinity","until":"0044-03-15T12:00:00 BC","born":null,"prefs":null,"raw":null,"tags":null,"lang":"de"`,
			},
		} {
			s.exec(c.sql)
			if got := customClaimsOf(t, s.tokenOf(ada), "plan"); got != c.want {
				t.Errorf("JWT_CLAIMS=%s after %s: got the claims\n%s\nwant\n%s", form, c.sql, got, c.want)
			}
		}
		if got := claimsOf(t, s.tokenOf(bob))["lang"]; got != nil {
			t.Errorf("JWT_CLAIMS=%s: lang of a user without a profile: got %v, want null", form, got)
		}
	}
}

// Everything else in the token stays as it is, and verifiers accept it.
func TestCustomClaimsFollowTheOtherClaims(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"better-auth", "supabase"} {
		plain := newServer(t, changeSetting("JWT_CLAIMS", form))
		s := newServer(t, changeSetting("JWT_CLAIMS", form), withCustomClaims("mail=user.email"))
		before, after := plain.signUp("ada"), s.signUp("ada")
		want, token := claimsOf(t, plain.tokenOf(before)), s.tokenOf(after)
		got := claimsOf(t, token)
		for _, own := range []string{"id", "sub", "jti", "sid", "session_id"} { // another user and session
			if want[own] != nil {
				want[own] = got[own]
			}
		}
		want["mail"] = "ada@example.com"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("JWT_CLAIMS=%s: claims (-want +got):\n%s", form, diff)
		}
		if who, err := s.verifier().Verify(t.Context(), token); err != nil || who.UserID != after.id {
			t.Errorf("JWT_CLAIMS=%s: verify the token: got %+v and the error %v, want the user", form, who, err)
		}
	}
}

// The setting refuses every claim that a token can have without it, in any case of the letters.
func TestNoCustomClaimReplacesAClaimOfTheToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSupabaseClaims, withBothPlugins)
	s.addMetadataColumns()
	ada := s.signUp("ada")
	s.exec(`UPDATE "user" SET image = 'https://img.example.net/a.png'`)
	claims := claimsOf(t, s.tokenOf(ada))
	if len(claims) < 25 {
		t.Errorf("claims of a token: got %d, want at least 25: %v", len(claims), claims)
	}
	for name := range claims {
		for _, form := range []string{name, strings.ToUpper(name)} {
			_, err := config.LoadAPI(func(key string) string {
				return map[string]string{
					"JWT_CUSTOM_CLAIMS": form + "=user.plan", "DATABASE_URL": s.url,
					"BETTER_AUTH_SECRET": strings.Repeat("a secret ", 5),
				}[key]
			})
			if want := "the claim " + form + " is one of a token's own"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("a custom claim %s: got the error %v, want one with %q", form, err, want)
			}
		}
	}
}

// With several session cookies another statement reads the session.
func TestCustomClaimsOfOneOfSeveralSessions(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"better-auth", "supabase"} {
		s := newServer(t, withCustomClaims("user.plan"), changeSetting("JWT_CLAIMS", form))
		s.exec(`ALTER TABLE "user" ADD plan text DEFAULT 'free'`)
		s.signUpAda()
		header, _ := s.duplicateCookies(2, 1)
		token, _ := s.do("GET", tokenPath, "", "Cookie", header).json(t)["token"].(string)
		if got := claimsOf(t, token)["plan"]; got != "free" {
			t.Errorf("JWT_CLAIMS=%s: got the claim plan %v, want free", form, got)
		}
	}
}

// The setting costs no round trip, and changes no other part of an answer. From the cache cookie there is no token.
func TestCustomClaimsChangeNothingButTheToken(t *testing.T) {
	t.Parallel()
	for _, cache := range []string{"off", "compact"} {
		plain := newServer(t, changeSetting("COOKIE_CACHE", cache))
		s := newServer(
			t,
			withCustomClaims("user.plan,lang=user_profile.preferred_language"),
			changeSetting("COOKIE_CACHE", cache),
		)
		s.exec(`ALTER TABLE "user" ADD plan text DEFAULT 'PLAN OF ADA'`)
		clients := map[*server]signedInClient{plain: plain.signUp("ada"), s: s.signUp("ada")}
		for _, path := range []string{sessionPath, sessionPath + "?disableCookieCache=true", tokenPath} {
			trips, names := map[*server]int{}, map[*server][]string{}
			for server, client := range clients {
				var a answer
				trips[server] = server.countRoundTrips(func() { a = server.doAs(client, "GET", path, "") })
				names[server] = slices.Sorted(maps.Keys(a.header))
				if strings.Contains(a.body, "PLAN") {
					t.Errorf("%s with COOKIE_CACHE=%s: got %s, want the value in the token only", path, cache, a.body)
				}
			}
			if trips[s] != trips[plain] {
				t.Errorf("%s with COOKIE_CACHE=%s: got %d round trips, want %d, as without the setting",
					path, cache, trips[s], trips[plain])
			}
			if diff := cmp.Diff(names[plain], names[s]); diff != "" {
				t.Errorf("%s with COOKIE_CACHE=%s: headers (-without +with the setting):\n%s", path, cache, diff)
			}
		}
	}
}

// A client that asks often gets the same token for a minute, but never one with a value of before a change.
func TestTokenIsReusedUntilAValueChanges(t *testing.T) {
	t.Parallel()
	s := newServer(t, withCustomClaims("user.plan"))
	s.exec(`ALTER TABLE "user" ADD plan text DEFAULT 'free'`)
	ada := s.signUp("ada")
	first := s.tokenOf(ada)
	s.now = s.now.Add(time.Second)
	if second := s.tokenOf(ada); second != first {
		t.Errorf("token a second later: got another one, want the same")
	}
	s.exec(`UPDATE "user" SET plan = 'pro'`)
	if got := claimsOf(t, s.tokenOf(ada))["plan"]; got != "pro" {
		t.Errorf("plan after the change: got %v, want pro", got)
	}
}

// What does not fit is left out in a fixed order, of the custom claims the largest one first.
func TestCustomClaimsThatAreTooLargeAreLeftOutInOrder(t *testing.T) {
	t.Parallel()
	for form, cases := range map[string][]struct {
		what            string
		plan, note, img int // lengths
		leftOut         string
	}{
		"better-auth": {
			{"all fit", 1000, 1000, 1000, ""},
			{"a large image", 1000, 1000, 2000, "image"},
			{"a large claim", 1000, 3000, 1000, "image note"},
			{"two large claims", 4000, 5000, 10, "image note plan"},
			{"a claim over a token", 10, 100_000, 10, "image note"},
		},
		"supabase": {
			{"all fit", 1000, 1000, 100, ""},
			{"large claims", 1000, 1800, 100, "user_metadata"},
			{"larger claims", 1000, 2300, 10, "user_metadata image app_metadata"},
			{"a claim over a token", 10, 100_000, 10, "user_metadata image app_metadata note"},
			{"two claims over a token", 50_000, 100_000, 10, "user_metadata image app_metadata note plan"},
		},
	} {
		s := newServer(t, withCustomClaims("user.plan,user.note"), changeSetting("JWT_CLAIMS", form))
		s.exec(`ALTER TABLE "user" ADD plan text, ADD note text`)
		s.addMetadataColumns()
		ada := s.signUp("ada")
		metadata := `{"role": "editor", "text": "` + strings.Repeat("x", 400) + `"}`
		s.setMetadata(metadata, metadata)
		for _, c := range cases {
			s.exec(`UPDATE "user" SET plan = repeat('p', $1), note = repeat('n', $2), image = repeat('i', $3)`,
				c.plan, c.note, c.img)
			token := s.tokenOf(ada)
			if len(token) > 6<<10 {
				t.Errorf("%s, %s: got a token of %d bytes, want at most 6 KiB", form, c.what, len(token))
			}
			got := claimsOf(t, token)
			app, _ := got["app_metadata"].(map[string]any)
			isThere := map[string]bool{
				"user_metadata": form != "supabase" || got["user_metadata"] != nil, "image": got["image"] != nil,
				"app_metadata": form != "supabase" || app["provider"] != nil, "plan": got["plan"] != nil,
				"note": got["note"] != nil, "name": got["name"] != nil,
				"role of app_metadata": form != "supabase" || app["role"] != nil,
			}
			for name, there := range isThere {
				if want := !slices.Contains(strings.Fields(c.leftOut), name); there != want {
					t.Errorf("%s, %s: the token has the claim %s: %v, want %v", form, c.what, name, there, want)
				}
			}
		}
	}
}

func TestCustomClaimsThatAreLeftOutAreInTheLog(t *testing.T) {
	log := captureLog(t)
	s := newServer(t, withCustomClaims("user.plan,user.note"))
	s.exec(`ALTER TABLE "user" ADD plan text DEFAULT 'free', ADD note text DEFAULT repeat('n', 9000)`)
	ada := s.signUp("ada")
	takeRecords(t, log)
	s.tokenOf(ada)
	records := takeRecords(t, log)
	for _, record := range records {
		if got, _ := record["claimsLeftOut"].(string); got != "image, note" {
			t.Errorf("log record: got claimsLeftOut %q, want image, note", got)
		}
	}
	if len(records) != 2 {
		t.Errorf("two requests: got %d log records, want one for each", len(records))
	}
}

// A column that the database does not have is a fault of the deployment that an operator can repair. row_to_json is a
// function of Postgres, which u.row_to_json would call.
func TestMissingColumnOfACustomClaimIsUnavailable(t *testing.T) {
	log := captureLog(t)
	for claim, add := range map[string]string{
		"user.plan":         `ALTER TABLE "user" ADD plan text DEFAULT 'free'`,
		"user.row_to_json":  `ALTER TABLE "user" ADD row_to_json text`,
		"user_profile.plan": `ALTER TABLE user_profile ADD plan text`,
	} {
		s := newServer(t, withCustomClaims(claim))
		ada := s.signUp("ada")
		for _, path := range []string{sessionPath, tokenPath} {
			takeRecords(t, log)
			a := s.doAs(ada, "GET", path, "")
			text, _ := takeRecords(t, log)[0]["error"].(string)
			if a.status != http.StatusServiceUnavailable || !strings.Contains(text, "JWT_CUSTOM_CLAIMS") ||
				!strings.Contains(text, strings.Split(claim, ".")[1]) {
				t.Errorf("GET %s with %s: got %d and the error %q, want 503 and one that names the setting and the column",
					path, claim, a.status, text)
			}
			if cookies := a.header["Set-Cookie"]; cookies != nil {
				t.Errorf("GET %s with %s: got the cookies %v, want none: the user stays signed in", path, claim, cookies)
			}
		}
		if a := s.doAs(ada, "GET", "/api/auth/list-sessions", ""); a.status != http.StatusOK {
			t.Errorf("list-sessions with %s: got %d, want 200: it makes no token", claim, a.status)
		}
		s.exec(add)
		s.tokenOf(ada) // fails the test if there is none
	}
}

// An operator can rename a column and its type while the API runs, after its statements were prepared.
func TestCustomClaimsFollowChangesOfTheColumn(t *testing.T) {
	t.Parallel()
	s := newServer(t, withCustomClaims("user.plan"))
	s.exec(`ALTER TABLE "user" ADD plan text DEFAULT '7'`)
	ada := s.signUp("ada")
	for range 40 { // more than after which the store prepares a statement on each of its connections
		s.tokenOf(ada)
	}
	s.exec(`ALTER TABLE "user" ALTER plan DROP DEFAULT, ALTER plan TYPE integer USING plan::integer`)
	if got := claimsOf(t, s.tokenOf(ada))["plan"]; got != 7.0 {
		t.Errorf("plan after its type was changed: got %v, want the number 7", got)
	}
}
