package secrets

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestReadImportSecretReturnsTheSettingsWithoutASecret(t *testing.T) {
	t.Parallel()
	got, err := ReadImportSecret(t.Context(),
		config.Import{FromDatabaseURL: "postgres://from", ToDatabaseURL: "postgres://to"})
	if got.From != "postgres://from" || got.To != "postgres://to" || err != nil {
		t.Errorf("ReadImportSecret: got %q, %q and the error %v, want both URLs of the settings", got.From, got.To, err)
	}
}

func TestParseImportSecretNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const from, to = "postgres://user:not-shown@supabase.test/postgres", "postgres://user:not-shown@neon.test/neondb"
	tests := map[string]struct{ text, want string }{ // want: what the error must name
		"good": {
			`{"FROM_DATABASE_URL":"` + from + `","TO_DATABASE_URL":"` + to +
				`","OTHER":1,"encryptionKeys":{"key-2":"not-shown","key-1":"another"}}`, "",
		},
		"keys in a list": {
			`{"FROM_DATABASE_URL":"` + from + `","TO_DATABASE_URL":"` + to + `","encryptionKeys":[4711]}`, "is not of the form",
		},
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
		got, err := parseImportSecret(secretText{arn: appSecretARN, text: []byte(test.text)})
		if test.want == "" {
			want := ImportSecret{From: from, To: to, EncryptionKeys: []string{"key-1=another", "key-2=not-shown"}}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: got the error %v, want none, and the values of the secret (-want +got):\n%s", name, err, diff)
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

func TestImportAuthSecretsReturnsTheSecretsOfTheDeployment(t *testing.T) {
	t.Parallel()
	const long = "a secret that is long enough for the check"
	keys, err := ImportAuthSecrets(t.Context(), config.Import{AuthSecret: long})
	if diff := cmp.Diff([][]byte{[]byte(long)}, keys.Secrets()); diff != "" || err != nil {
		t.Errorf("with BETTER_AUTH_SECRET: got the error %v, want the secret (-want +got):\n%s", err, diff)
	}
	keys, err = ImportAuthSecrets(t.Context(), config.Import{AuthSecret: long, AuthSecrets: "2:another " + long})
	if got := keys.Versions(); len(got) != 1 || got[0] != 2 || err != nil {
		t.Errorf("with BETTER_AUTH_SECRETS: got the versions %v and the error %v, want 2", got, err)
	}
	if keys, err := ImportAuthSecrets(t.Context(), config.Import{}); len(keys.Secrets()) != 0 || err != nil {
		t.Errorf("without a secret: got %d secrets and the error %v, want none", len(keys.Secrets()), err)
	}
	_, err = ImportAuthSecrets(t.Context(), config.Import{AuthSecret: "too short"})
	if err == nil || strings.Contains(err.Error(), "too short") {
		t.Errorf("a secret of 9 characters: got the error %v, want one that does not show the secret", err)
	}
}
