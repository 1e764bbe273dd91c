package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// socialOf returns the social settings that LoadAPI reads, with names and values in turn as the variables.
func socialOf(t *testing.T, pairs ...string) config.Social {
	t.Helper()
	c, err := config.LoadAPI(testEnvironment(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return c.Social
}

// checkProblem checks that the settings are rejected with an error that contains every text.
func checkProblem(t *testing.T, texts []string, pairs ...string) {
	t.Helper()
	_, err := config.LoadAPI(testEnvironment(pairs...))
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("LoadAPI with %q: got %v, want an error with %q", pairs, err, text)
		}
	}
}

func TestSocialSettingsHaveDefaults(t *testing.T) {
	t.Parallel()
	want := config.Social{AccountLinking: true, UpdateAccountOnSignIn: true}
	if diff := cmp.Diff(want, socialOf(t)); diff != "" {
		t.Errorf("social settings without variables (-want +got):\n%s", diff)
	}
}

func TestEveryBuiltInProviderHasTheSameSettings(t *testing.T) {
	t.Parallel()
	for _, p := range config.BuiltInProviders() {
		prefix := strings.ToUpper(p.ID)
		got := socialOf(t,
			prefix+"_CLIENT_ID", "first, second", prefix+"_CLIENT_SECRET", "s3cret",
			prefix+"_SCOPE", "one two,three", prefix+"_DISABLE_SIGNUP", "on", prefix+"_DISABLE_IMPLICIT_SIGNUP", "on",
			prefix+"_OVERRIDE_USER_INFO", "on", prefix+"_REQUIRE_EMAIL_VERIFICATION", "on",
		).Providers
		want := []config.Provider{{
			ID: p.ID, Name: p.Name, Prefix: prefix, ClientIDs: []string{"first", "second"}, ClientSecret: "s3cret",
			Scopes: []string{"one", "two", "three"}, DisableSignUp: true, DisableImplicitSignUp: true,
			OverrideUserInfo: true, RequireEmailVerification: true,
		}}
		if p.ID == "microsoft" {
			want[0].TenantID = "common"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("all settings of %s (-want +got):\n%s", p.ID, diff)
		}
	}
	if got := len(config.BuiltInProviders()); got != 16 {
		t.Errorf("got %d built-in providers, want 16", got)
	}
}

func TestProvidersHaveTheOrderOfBuiltInProviders(t *testing.T) {
	t.Parallel()
	pairs := []string{
		"OIDC_PROVIDER_ID", "main", "OIDC_ISSUER", "https://login.example.com", "OIDC_CLIENT_ID", "id",
		"OIDC_CLIENT_SECRET", "s", "OIDC_PROVIDERS",
		`[{"providerId": "more", "issuer": "https://more.example.com", "clientId": "id", "clientSecret": "s"}]`,
	}
	var want, got []string
	for _, p := range config.BuiltInProviders() {
		prefix := strings.ToUpper(p.ID)
		pairs = append(pairs, prefix+"_CLIENT_ID", "id", prefix+"_CLIENT_SECRET", "s")
		want = append(want, p.ID)
	}
	social := socialOf(t, pairs...)
	for _, p := range social.Providers {
		got = append(got, p.ID)
	}
	if diff := cmp.Diff(append(want, "main", "more"), got); diff != "" {
		t.Errorf("order of the providers (-want +got):\n%s", diff)
	}
	if p, ok := social.Find("more"); !ok || p.Setting("CLIENT_SECRET") != "MORE_CLIENT_SECRET" {
		t.Errorf("Find(more): got the provider %q, %v, want the one whose secret is MORE_CLIENT_SECRET", p.ID, ok)
	}
	if _, ok := social.Find("Google"); ok {
		t.Error("Find(Google) found a provider, want none: ids are case-sensitive")
	}
}

func TestSettingsThatOnlyOneProviderHasAreRead(t *testing.T) {
	t.Parallel()
	got := socialOf(t,
		"GOOGLE_CLIENT_ID", "id", "GOOGLE_CLIENT_SECRET", "s",
		"GOOGLE_ACCESS_TYPE", "offline", "GOOGLE_PROMPT", "consent", "GOOGLE_HD", "example.com",
		"MICROSOFT_CLIENT_ID", "id", "MICROSOFT_CLIENT_SECRET", "s", "MICROSOFT_TENANT_ID", "contoso.example",
		"GITLAB_CLIENT_ID", "id", "GITLAB_CLIENT_SECRET", "s", "GITLAB_ISSUER", "https://git.example.com/",
	).Providers
	want := []config.Provider{
		{
			ID:           "google",
			Name:         "Google",
			Prefix:       "GOOGLE",
			AccessType:   "offline",
			Prompt:       "consent",
			HostedDomain: "example.com",
		},
		{ID: "microsoft", Name: "Microsoft", Prefix: "MICROSOFT", TenantID: "contoso.example"},
		{ID: "gitlab", Name: "GitLab", Prefix: "GITLAB", Issuer: "https://git.example.com"},
	}
	for i := range want {
		want[i].ClientIDs, want[i].ClientSecret = []string{"id"}, "s"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("providers with settings of their own (-want +got):\n%s", diff)
	}
}

func TestClientIDNeedsASecretAndASecretNeedsAClientID(t *testing.T) {
	t.Parallel()
	for _, p := range config.BuiltInProviders() {
		prefix := strings.ToUpper(p.ID)
		checkProblem(t, []string{prefix + "_CLIENT_SECRET: is missing"}, prefix+"_CLIENT_ID", "id")
		checkProblem(t, []string{prefix + "_CLIENT_SECRET: needs " + prefix + "_CLIENT_ID"}, prefix+"_CLIENT_SECRET", "s")
	}
	checkProblem(t, []string{"OIDC_CLIENT_SECRET: is missing"},
		"OIDC_PROVIDER_ID", "x", "OIDC_ISSUER", "https://login.example.com", "OIDC_CLIENT_ID", "id")
	checkProblem(t, []string{"OIDC_PROVIDER_ID: missing", "OIDC_ISSUER: missing", "OIDC_CLIENT_ID: missing"},
		"OIDC_CLIENT_SECRET", "s")
}

// With APP_SECRET_ARN the secrets may be in the app secret. shared/secrets reads and checks it.
func TestSecretsMayBeInTheAppSecret(t *testing.T) {
	t.Parallel()
	cloud := []string{
		"APP_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:1:secret:app", "MAIL", "none",
		"GOOGLE_CLIENT_ID", "id", "APPLE_CLIENT_ID", "id", "APPLE_TEAM_ID", "T", "APPLE_KEY_ID", "K",
	}
	list := `[{"providerId": "my-idp", "issuer": "https://idp.example.com", "clientId": "c"}]`
	got := socialOf(t, append(cloud, "OIDC_PROVIDERS", list)...).Providers
	if len(got) != 3 {
		t.Errorf("settings without client secrets, with APP_SECRET_ARN: got the providers %v, want 3", got)
	}
	withSecret := strings.Replace(list, "}", `, "clientSecret": "hunter2"}`, 1)
	checkProblem(t, []string{"OIDC_PROVIDERS: ", "MY_IDP_CLIENT_SECRET"}, append(cloud, "OIDC_PROVIDERS", withSecret)...)
}

func TestSettingsOnAccountsAreReadAndChecked(t *testing.T) {
	t.Parallel()
	got := socialOf(
		t,
		"ACCOUNT_LINKING",
		"off",
		"ALLOW_DIFFERENT_EMAILS",
		"on",
		"DISABLE_IMPLICIT_LINKING",
		"on",
		"UPDATE_USER_INFO_ON_LINK",
		"on",
		"UPDATE_ACCOUNT_ON_SIGNIN",
		"off",
		"ENCRYPT_OAUTH_TOKENS",
		"on",
		"TRUSTED_PROVIDERS",
		"google, github",
	)
	want := config.Social{
		AllowDifferentEmails: true, DisableImplicitLinking: true,
		UpdateUserInfoOnLink: true, EncryptOAuthTokens: true, TrustedProviders: []string{"google", "github"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings on accounts that differ from their defaults (-want +got):\n%s", diff)
	}
	for name, value := range map[string]string{
		"STATE_STRATEGY": "memory", "ACCOUNT_LINKING": "true", "TRUSTED_PROVIDERS": "googel", "GOOGLE_ACCESS_TYPE": "forever",
		"MICROSOFT_TENANT_ID": "a/b", "GOOGLE_DISABLE_SIGNUP": "yes", "ENCRYPT_OAUTH_TOKENS": "1",
	} {
		checkProblem(t, []string{name + ": "}, name, value)
	}
}

// Functions without social sign-in need only STATE_STRATEGY, to clear the cookie of the state, and ALLOW_UNLINKING_ALL.
func TestFunctionsWithoutSocialSignInDoNotReadProviders(t *testing.T) {
	t.Parallel()
	getenv := testEnvironment("STATE_STRATEGY", "cookie", "ALLOW_UNLINKING_ALL", "on", "ACCOUNT_LINKING", "off",
		"GOOGLE_CLIENT_ID", "id", "OIDC_PROVIDERS", "not a list")
	got, err := config.LoadWithoutSocial(getenv)
	if err != nil || !got.StateCookie || !got.AllowUnlinkingAll {
		t.Errorf("LoadWithoutSocial = %+v, %v, want StateCookie and AllowUnlinkingAll", got, err)
	}
	if diff := cmp.Diff(config.Social{}, got.Social); diff != "" {
		t.Errorf("social settings of LoadWithoutSocial (-want +got):\n%s", diff)
	}
}

func TestProviderOptionsSetTheSameAsVariables(t *testing.T) {
	t.Parallel()
	ids := []string{
		"GOOGLE_CLIENT_ID",
		"id",
		"GOOGLE_CLIENT_SECRET",
		"s",
		"GITLAB_CLIENT_ID",
		"id",
		"GITLAB_CLIENT_SECRET",
		"s",
	}
	options := map[string]string{
		"GOOGLE_SCOPE":          "calendar",
		"GOOGLE_PROMPT":         "consent",
		"GOOGLE_ACCESS_TYPE":    "offline",
		"GITLAB_DISABLE_SIGNUP": "on",
		"GITLAB_ISSUER":         "https://git.example.com",
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	want := ids
	for name, value := range options {
		want = append(want, name, value)
	}
	if diff := cmp.Diff(socialOf(t, want...), socialOf(t, append(ids, "PROVIDER_OPTIONS", string(text))...)); diff != "" {
		t.Errorf("settings from (-variables of their own +PROVIDER_OPTIONS):\n%s", diff)
	}
	for in, want := range map[string]string{
		`[]`: "is not of the form {", `null`: "is not of the form {", `{"GOOGLE_SCOPE": 5}`: "is not of the form {",
		`{"GOOGLE_SCOP": "x"}`:                `"GOOGLE_SCOP" is not an option`,
		`{"GOOGLE_CLIENT_SECRET": "hunter2"}`: `"GOOGLE_CLIENT_SECRET" is not an option`,
		`{"DATABASE_URL": "x"}`:               `"DATABASE_URL" is not an option`,
	} {
		checkProblem(t, []string{"PROVIDER_OPTIONS: " + want}, "PROVIDER_OPTIONS", in)
	}
	checkProblem(t, []string{"PROVIDER_OPTIONS: GOOGLE_SCOPE is also a variable"},
		"PROVIDER_OPTIONS", `{"GOOGLE_SCOPE": "a"}`, "GOOGLE_SCOPE", "b")
	checkProblem(t, []string{"GITHUB_DISABLE_SIGNUP: "}, "PROVIDER_OPTIONS", `{"GITHUB_DISABLE_SIGNUP": "yes"}`)
}

// Better Auth's option requireLocalEmailVerified=false lets a person register with the email of another one, and so
// share the account that the owner later opens with a provider.
func TestRequireLocalEmailVerifiedIsNotOffered(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"off", "on", "0"} {
		checkProblem(t, []string{"REQUIRE_LOCAL_EMAIL_VERIFIED: does not exist"}, "REQUIRE_LOCAL_EMAIL_VERIFIED", value)
	}
}

func TestAllSocialProblemsAreReportedTogether(t *testing.T) {
	t.Parallel()
	checkProblem(t, []string{
		"GOOGLE_CLIENT_SECRET: ", "GITHUB_CLIENT_SECRET: ", "APPLE_PRIVATE_KEY: ", "OIDC_ISSUER: ", "OIDC_PROVIDERS: ",
		"STATE_STRATEGY: ", "TRUSTED_PROVIDERS: ", "REQUIRE_LOCAL_EMAIL_VERIFIED: ", "PASSWORD_HASH: ",
	},
		"GOOGLE_CLIENT_ID", "id", "GITHUB_CLIENT_SECRET", "s", "APPLE_CLIENT_ID", "id", "APPLE_TEAM_ID", "T",
		"APPLE_KEY_ID", "K", "OIDC_PROVIDER_ID", "x", "OIDC_PROVIDERS", "x", "STATE_STRATEGY", "x", "TRUSTED_PROVIDERS", "x",
		"REQUIRE_LOCAL_EMAIL_VERIFIED", "off", "PASSWORD_HASH", "md5")
}
