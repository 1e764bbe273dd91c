package secrets

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestWithoutAnAppSecretEveryOriginIsAccepted(t *testing.T) {
	t.Parallel()
	if !New(config.API{}, time.Now).AcceptsOriginSecret(t.Context(), "") {
		t.Error("AcceptsOriginSecret without an app secret = false, want true")
	}
}

func TestOriginSecretsAreAtMostTwoLongStrings(t *testing.T) {
	t.Parallel()
	const long = "hidden-0123456789-0123456789-0123"
	for list, want := range map[string]string{
		`[]`:                               "",
		`["` + long + `"]`:                 "",
		`["` + long + `","` + long + `2"]`: "",
		`["` + long + `","` + long + `","hidden"]`: "originSecrets has 3 entries, at most 2 are allowed",
		`["hidden"]`:     "has 6 characters, needs at least 32",
		`"` + long + `"`: "is not of the form",
	} {
		text := `{"DATABASE_URL":"postgres://h/d","BETTER_AUTH_SECRET":"0123456789abcdef0123456789abcdef",` +
			`"originSecrets":` + list + `}`
		_, err := parseAppSecret(secretText{arn: appSecretARN, text: []byte(text)}, nil)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("originSecrets %s: got %v, want an error with %q, or none if this is empty", list, err, want)
		case err != nil && strings.Contains(err.Error(), "hidden"):
			t.Errorf("the error shows a value: %v", err)
		}
	}
}

func TestNewOriginSecretKeepsPreviousSecretAndOtherMembers(t *testing.T) {
	t.Parallel()
	text := []byte(`{"DATABASE_URL":"u","other":{"a":[1]}}`)
	for _, c := range []struct{ sent, secret, want string }{
		{"", "first", `["first"]`},
		{"", "second", `["second","first"]`},
		{"first", "third", `["third","first"]`}, // the deployment with the origin secret "second" failed
		{"first", "fourth", `["fourth","first"]`},
		{"fourth", "fifth", `["fifth","fourth"]`},
	} {
		var err error
		if text, err = addOriginSecret(text, c.sent, c.secret); err != nil {
			t.Fatal(err)
		}
		var got struct {
			URL           string `json:"DATABASE_URL"`
			Other         json.RawMessage
			OriginSecrets json.RawMessage
			OriginSecret  string
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.URL != "u" || string(got.Other) != `{"a":[1]}` ||
			string(got.OriginSecrets) != c.want || got.OriginSecret != c.secret {
			t.Errorf("got %s, want originSecrets %s, originSecret %s and the other members unchanged", text, c.want, c.secret)
		}
	}
	for _, bad := range []string{"hidden", `["hidden"]`, "null", `{"originSecrets":"hidden"}`} {
		if _, err := addOriginSecret([]byte(bad), "", "x"); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("addOriginSecret to %s: got %v, want an error that does not quote the text", bad, err)
		}
	}
}
