package secrets

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestImportURLsReturnsTheSettingsWithoutASecret(t *testing.T) {
	t.Parallel()
	from, to, err := ImportURLs(t.Context(),
		config.Import{FromDatabaseURL: "postgres://from", ToDatabaseURL: "postgres://to"})
	if from != "postgres://from" || to != "postgres://to" || err != nil {
		t.Errorf("ImportURLs = %q, %q, %v, want both URLs of the settings", from, to, err)
	}
}

func TestParseImportSecretNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const from, to = "postgres://user:not-shown@supabase.test/postgres", "postgres://user:not-shown@neon.test/neondb"
	tests := map[string]struct{ text, want string }{ // want: what the error must name
		"good":      {`{"FROM_DATABASE_URL":"` + from + `","TO_DATABASE_URL":"` + to + `","OTHER":1}`, ""},
		"no source": {`{"TO_DATABASE_URL":"` + to + `"}`, "FROM_DATABASE_URL: missing"},
		"no target": {`{"FROM_DATABASE_URL":"` + from + `"}`, "TO_DATABASE_URL: missing"},
		"not Postgres": {
			`{"FROM_DATABASE_URL":"mysql://not-shown","TO_DATABASE_URL":"` + to + `"}`, "FROM_DATABASE_URL: is not of the form",
		},
		"a number": {`{"FROM_DATABASE_URL":4711}`, "is not of the form"},
		"not JSON": {from, "is not of the form"},
		"nothing":  {"", "is not of the form"},
	}
	for name, test := range tests {
		gotFrom, gotTo, err := parseImportSecret(secretText{arn: appSecretARN, text: []byte(test.text)})
		if test.want == "" {
			if gotFrom != from || gotTo != to || err != nil {
				t.Errorf("%s: got the error %v, want both URLs", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), appSecretARN) {
			t.Errorf("%s: got the error %v, want one with %q and the ARN", name, err, test.want)
			continue
		}
		for _, value := range []string{"not-shown", "4711"} {
			if strings.Contains(err.Error(), value) {
				t.Errorf("%s: the error shows a value: %v", name, err)
			}
		}
	}
}
