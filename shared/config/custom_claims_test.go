package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestCustomClaimsAreColumnsOfTwoTables(t *testing.T) {
	t.Parallel()
	var most []string
	for i := range 20 {
		most = append(most, fmt.Sprintf("user.column%d", i))
	}
	for setting, want := range map[string][]config.CustomClaim{
		"":          nil,
		"user.plan": {{Name: "plan", Table: "user", Column: "plan"}},
		" plan = user.plan , lang=user_profile.preferred_language,": {
			{Name: "plan", Table: "user", Column: "plan"},
			{Name: "lang", Table: "user_profile", Column: "preferred_language"},
		},
		"app_role=user.role,mail=user.email": {
			{Name: "app_role", Table: "user", Column: "role"}, {Name: "mail", Table: "user", Column: "email"},
		},
	} {
		got, err := config.LoadAPI(testEnvironment("JWT_CUSTOM_CLAIMS", setting))
		if diff := cmp.Diff(want, got.CustomClaims); diff != "" || err != nil {
			t.Errorf("JWT_CUSTOM_CLAIMS=%q: got the error %v, want none (-want +got):\n%s", setting, err, diff)
		}
	}
	got, err := config.LoadAPI(testEnvironment("JWT_CUSTOM_CLAIMS", strings.Join(most, ",")))
	if len(got.CustomClaims) != 20 || err != nil {
		t.Errorf("20 claims: got %d and the error %v, want all and none", len(got.CustomClaims), err)
	}
}

func TestCustomClaimsThatAreNotAllowedAreRefused(t *testing.T) {
	t.Parallel()
	for item, want := range map[string]string{
		"sub=user.plan":               "the claim sub is one of a token's own",
		"SUB=user.plan":               "the claim SUB is one of a token's own", // Go's decoder takes SUB for sub
		"user.role":                   "the claim role is one of a token's own",
		"app_metadata=user.plan":      "the claim app_metadata is one of",
		"amr=user.plan":               "the claim amr is one of",
		"x=session.token":             `the table "session" is not allowed, only user and user_profile are`,
		"x=account.accountId":         `the table "account" is not allowed`,
		"x=verification.value":        `the table "verification" is not allowed`,
		"x=jwks.publicKey":            `the table "jwks" is not allowed`,
		"x=twoFactor.verified":        `the table "twoFactor" is not allowed`,
		"x=User.plan":                 `the table "User" is not allowed`,
		"x=public.user.plan":          `the table "public" is not allowed`,
		"x=user.password":             "the column password may have a secret",
		"x=user.passwordHash":         "the column passwordHash may have a secret",
		"x=user.api_key":              "the column api_key may have a secret",
		"x=user.backupCodes":          "the column backupCodes may have a secret",
		"x=user_profile.a_token":      "the column a_token may have a secret",
		"x=user.clientSecret":         "the column clientSecret may have a secret",
		"x=user.a b":                  `"a b" is not the name of a column`,
		`x=user.a"b`:                  `is not the name of a column`,
		"x=user.9a":                   `"9a" is not the name of a column`,
		"x=user.":                     `"" is not the name of a column`,
		"x=user." + long(64):          "is not the name of a column",
		"x-y=user.plan":               `"x-y" is not the name of a claim`,
		"=user.plan":                  `"" is not the name of a claim`,
		long(64) + "=user.plan":       "is not the name of a claim",
		"x=user.user":                 "user is not a column for claims", // in Postgres, the whole row
		"x=user.xmin":                 "xmin is not a column for claims",
		"plan":                        "is not claim=table.column, such as plan=user.plan",
		"plan=":                       "is not claim=table.column",
		"a=user.b,a=user.c":           "the claim a is there twice",
		"a=user.b,A=user.c":           "the claim A is there twice",
		"plan=user.plan=b":            `"plan=b" is not the name of a column`,
		"x=user_profile.user_profile": "user_profile is not a column for claims",
	} {
		_, err := config.LoadAPI(testEnvironment("JWT_CUSTOM_CLAIMS", item))
		if err == nil || !strings.Contains(err.Error(), "JWT_CUSTOM_CLAIMS: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("JWT_CUSTOM_CLAIMS=%q: got the error %v, want one with %q", item, err, want)
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestAllProblemsOfCustomClaimsAreReported(t *testing.T) {
	t.Parallel()
	list := "sub=account.password,ok=user.plan,role=user.plan,ok=user.b"
	for i := range 17 {
		list += fmt.Sprintf(",user.c%d", i)
	}
	_, err := config.LoadAPI(testEnvironment("JWT_CUSTOM_CLAIMS", list))
	want := `settings: JWT_CUSTOM_CLAIMS: has 21 claims, the maximum is 20
JWT_CUSTOM_CLAIMS: "sub=account.password": the table "account" is not allowed, only user and user_profile are
JWT_CUSTOM_CLAIMS: "sub=account.password": the claim sub is one of a token's own; use another name, such as app_sub
JWT_CUSTOM_CLAIMS: "role=user.plan": the claim role is one of a token's own; use another name, such as app_role
JWT_CUSTOM_CLAIMS: "ok=user.b": the claim ok is there twice`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("the error of several wrong claims (-want +got):\n%s", diff)
	}
}
