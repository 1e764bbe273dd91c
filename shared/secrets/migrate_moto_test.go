//go:build moto

package secrets

import (
	"errors"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestMotoImportURLsReadsTheSecretEachTime(t *testing.T) {
	c := newCountedManager(t)
	const from, to = "postgres://a:not-shown@supabase.test/postgres", "postgres://b:not-shown@neon.test/neondb"
	arn := c.create("xenon/migrate", `{"FROM_DATABASE_URL":"`+from+`","TO_DATABASE_URL":"`+to+`"}`)
	cfg := config.Import{AWS: c.cfg.AWS, SecretARN: arn}
	gotFrom, gotTo, err := ImportURLs(t.Context(), cfg)
	if gotFrom != from || gotTo != to || err != nil {
		t.Errorf("ImportURLs: got the error %v, want both URLs", err)
	}
	c.put(cfg.SecretARN, `{"FROM_DATABASE_URL":"`+to+`","TO_DATABASE_URL":"`+from+`"}`)
	if gotFrom, _, err := ImportURLs(t.Context(), cfg); gotFrom != to || err != nil {
		t.Errorf("ImportURLs after the secret was changed: got the error %v, want the new values", err)
	}
	c.put(cfg.SecretARN, `{"FROM_DATABASE_URL":"`+from+`"}`)
	_, _, err = ImportURLs(t.Context(), cfg)
	checkOperatorError(t, err, cfg.SecretARN, "TO_DATABASE_URL")
	c.cut.Store(true)
	_, _, err = ImportURLs(t.Context(), cfg)
	if waits, ok := errors.AsType[interface {
		error
		Unavailable() bool
	}](err); !ok || !waits.Unavailable() {
		t.Errorf("ImportURLs without a connection: got %v, want an error with Unavailable() == true", err)
	}
}
