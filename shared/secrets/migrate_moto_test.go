//go:build moto

package secrets

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestMotoReadImportSecretReadsTheSecretEachTime(t *testing.T) {
	c := newCountedManager(t)
	const from, to = "postgres://a:not-shown@supabase.test/postgres", "postgres://b:not-shown@neon.test/neondb"
	arn := c.create("xenon/migrate", `{"FROM_DATABASE_URL":"`+from+`","TO_DATABASE_URL":"`+to+`"}`)
	cfg := config.Import{AWS: c.cfg.AWS, SecretARN: arn}
	got, err := ReadImportSecret(t.Context(), cfg)
	if got.From != from || got.To != to || err != nil {
		t.Errorf("ReadImportSecret: got the error %v, want both URLs", err)
	}
	c.put(cfg.SecretARN, `{"FROM_DATABASE_URL":"`+to+`","TO_DATABASE_URL":"`+from+`"}`)
	if got, err := ReadImportSecret(t.Context(), cfg); got.From != to || err != nil {
		t.Errorf("ReadImportSecret after the secret was changed: got the error %v, want the new values", err)
	}
	c.put(cfg.SecretARN, `{"FROM_DATABASE_URL":"`+from+`"}`)
	_, err = ReadImportSecret(t.Context(), cfg)
	checkOperatorError(t, err, cfg.SecretARN, "TO_DATABASE_URL")
	c.cut.Store(true)
	_, err = ReadImportSecret(t.Context(), cfg)
	if waits, ok := errors.AsType[interface {
		error
		Unavailable() bool
	}](err); !ok || !waits.Unavailable() {
		t.Errorf("ReadImportSecret without a connection: got %v, want an error with Unavailable() == true", err)
	}
}

func TestMotoImportAuthSecretsReadsTheAppSecret(t *testing.T) {
	c := newCountedManager(t)
	const older, newer = "the older secret of at least 32 characters", "the newer secret of at least 32 characters"
	arn := c.create("xenon/app-of-the-import", `{"DATABASE_URL":"postgres://a/b","BETTER_AUTH_SECRET":"`+older+`"}`)
	cfg := config.Import{AWS: c.cfg.AWS, AppSecretARN: arn, AuthSecret: "another secret of at least 32 characters"}
	keys, err := ImportAuthSecrets(t.Context(), cfg)
	if diff := cmp.Diff([][]byte{[]byte(older)}, keys.Secrets()); diff != "" || err != nil {
		t.Errorf("ImportAuthSecrets: got the error %v, want the secret in the app secret (-want +got):\n%s", err, diff)
	}
	c.put(arn, `{"DATABASE_URL":"postgres://a/b","BETTER_AUTH_SECRET":"`+older+`","BETTER_AUTH_SECRETS":"2:`+newer+`"}`)
	keys, err = ImportAuthSecrets(t.Context(), cfg)
	if diff := cmp.Diff([][]byte{[]byte(newer), []byte(older)}, keys.Secrets()); diff != "" || err != nil {
		t.Errorf("ImportAuthSecrets with versions: got the error %v, want the newer one first (-want +got):\n%s", err, diff)
	}
	c.put(arn, `{"DATABASE_URL":"postgres://a/b","BETTER_AUTH_SECRET":"not-shown"}`)
	_, err = ImportAuthSecrets(t.Context(), cfg)
	checkOperatorError(t, err, arn, "BETTER_AUTH_SECRET")
}
