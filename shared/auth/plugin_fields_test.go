package auth_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func withBothPlugins(env map[string]string) { env["TWO_FACTOR"], env["ADMIN"] = "on", "on" }

var memberPattern = regexp.MustCompile(`"(\w+)":`)

// memberNames returns the names of all members in JSON, in order.
func memberNames(text string) string {
	var names []string
	for _, m := range memberPattern.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return strings.Join(names, " ")
}

// The members have Better Auth's order, which differs between the database and the cache cookie.
func TestMembersHaveTheOrderOfBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t, withBothPlugins, changeSetting("COOKIE_CACHE", "compact"))
	up := s.signUpAda()
	fresh := s.do("GET", sessionPath+"?disableCookieCache=1", "", "Cookie", up.cookie())
	token, _, _ := strings.Cut(strings.SplitAfter(fresh.header.Get("Set-Auth-Jwt"), ".")[1], ".")
	claims, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	const user = "name email emailVerified image createdAt updatedAt twoFactorEnabled role banned banReason banExpires id"
	for what, c := range map[string][2]string{
		"sign-up": {up.body, "token user " + user},
		"get-session": {
			fresh.body,
			"session expiresAt token createdAt updatedAt ipAddress userAgent userId impersonatedBy id user " + user,
		},
		"get-session from the cache cookie": {
			s.do("GET", sessionPath, "", "Cookie", up.cookie()).body,
			"session id createdAt updatedAt userId expiresAt token ipAddress userAgent impersonatedBy " +
				"user id createdAt updatedAt email emailVerified name image twoFactorEnabled role banned banReason banExpires",
		},
		"JWT": {string(claims), "iat " + user + " sub exp iss aud jti sid"},
	} {
		if diff := cmp.Diff(c[1], memberNames(c[0])); diff != "" {
			t.Errorf("order of the members, %s (-want +got):\n%s", what, diff)
		}
	}
}

func TestGetSessionWithAllPluginsTakesOneRoundTrip(t *testing.T) {
	t.Parallel()
	for _, claims := range []string{"better-auth", "supabase"} {
		s := newServer(t, withBothPlugins, changeSetting("JWT_CLAIMS", claims))
		cookie := s.signUpAda().cookie()
		if got := s.countRoundTrips(func() { s.do("GET", sessionPath, "", "Cookie", cookie) }); got != 1 {
			t.Errorf("get-session with JWT_CLAIMS=%s: got %d round trips, want 1", claims, got)
		}
	}
}

// In a JWT with the claims of Supabase, role is the role of Postgres. The role of the plugin admin is in app_metadata.
func TestRoleOfThePluginIsInAppMetadataOfSupabaseClaims(t *testing.T) {
	t.Parallel()
	s := newServer(t, withBothPlugins, withSupabaseClaims)
	s.addMetadataColumns()
	ada := s.signUp("ada")
	for _, test := range []struct{ role, app, want string }{
		{"admin", "", "admin"},
		{"admin", `{"role":"editor"}`, "admin"},
		{"", `{"role":"editor"}`, "editor"},
		{"admin", `{"role":"editor","long":"` + strings.Repeat("x", 4000) + `"}`, "admin"},
	} {
		s.setMetadata("", test.app)
		s.exec(`UPDATE "user" SET role = nullif($1, '')`, test.role)
		claims := claimsOf(t, s.tokenOf(ada))
		app, _ := claims["app_metadata"].(map[string]any)
		if app["role"] != test.want || claims["role"] != "authenticated" {
			t.Errorf("role %q and app_metadata %.40s: got the claims role %v and app_metadata %v, want authenticated and %s",
				test.role, test.app, claims["role"], app, test.want)
		}
	}
	s.exec(`UPDATE "user" SET "appMetadata" = NULL, role = $1`, strings.Repeat("r", 5000))
	if claims := claimsOf(t, s.tokenOf(ada)); claims["app_metadata"] != nil || claims["name"] != "Ada" {
		t.Errorf("claims of a user with a role of 5000 bytes: got %v, want no app_metadata, and the name", claims)
	}
}

// A long reason of a ban, or a long role, does not make the JWT too large for API Gateway.
func TestLongTextsOfPluginsAreLeftOutOfJWT(t *testing.T) {
	t.Parallel()
	s := newServer(t, withBothPlugins)
	ada := s.signUp("ada")
	long := strings.Repeat("x", 5000)
	for _, test := range []struct {
		column  string
		present []string
	}{
		{"banReason", []string{"name", "role"}},
		{"role", []string{}},
	} {
		s.exec(`UPDATE "user" SET "banReason" = NULL, role = 'user'`)
		s.exec(`UPDATE "user" SET "`+test.column+`" = $1`, long)
		token := s.tokenOf(ada)
		claims := claimsOf(t, token)
		if _, ok := claims[test.column]; ok || len(token) > 6<<10 {
			t.Errorf("JWT with a long %s: got %d bytes and the claim %t, want at most 6144 and no such claim",
				test.column, len(token), ok)
		}
		for _, name := range append(test.present, "id", "email", "banned") {
			if _, ok := claims[name]; !ok {
				t.Errorf("JWT with a long %s: got no claim %s, want it", test.column, name)
			}
		}
	}
}

// A cache cookie of a server with plugins has no fields of plugins here, if they are off.
func TestFieldsOfOtherPluginsInCacheCookiesAreIgnored(t *testing.T) {
	t.Parallel()
	both := newServer(t, withBothPlugins, changeSetting("COOKIE_CACHE", "compact"))
	none := newServer(t, changeSetting("COOKIE_CACHE", "compact"))
	cookie := both.signUpAda().cookie()
	a := none.do("GET", sessionPath, "", "Cookie", cookie)
	if strings.Contains(a.body, "role") || strings.Contains(a.body, "twoFactorEnabled") ||
		strings.Contains(a.body, "impersonatedBy") || !strings.Contains(a.body, "ada@example.com") {
		t.Errorf("get-session without plugins: got %s, want the user without fields of plugins", a.body)
	}
}
