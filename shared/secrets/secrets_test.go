package secrets_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/clock"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

const authSecret = "0123456789abcdef0123456789abcdef"

func TestValuesComeFromSettingsWithoutARN(t *testing.T) {
	t.Parallel()
	s := secrets.New(config.API{DatabaseURL: "postgres://u:p@h/d", AuthSecret: authSecret}, time.Now)
	if got, err := s.DatabaseURL(t.Context()); got != "postgres://u:p@h/d" || err != nil {
		t.Errorf("DatabaseURL = %q, %v, want the value of the settings", got, err)
	}
	if got, err := s.AuthSecrets(t.Context()); len(got) != 1 || string(got[0]) != authSecret || err != nil {
		t.Errorf("AuthSecrets = %q, %v, want the value of the settings", got, err)
	}
}

// Neither the signing secret nor the keys cost a request anything: they are parsed in New.
func TestSecretsAreParsedOnce(t *testing.T) {
	cfg := config.API{AuthSecret: "single", AuthSecrets: "2:" + authSecret + ",1:older"}
	s, ctx := secrets.New(cfg, time.Now), t.Context()
	keys, err := s.EncryptionKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := keys.Decrypt(keys.Encrypt("x")); text != "x" || err != nil {
		t.Errorf("decrypt what the keys have encrypted: got %q, %v, want x", text, err)
	}
	if got, err := s.AuthSecrets(ctx); len(got) != 3 || string(got[0]) != authSecret || err != nil {
		t.Errorf("AuthSecrets = %q, %v, want three, first the first secret of BETTER_AUTH_SECRETS", got, err)
	}
	allocations := testing.AllocsPerRun(100, func() {
		_, _ = s.EncryptionKeys(ctx)
		_, _ = s.AuthSecrets(ctx)
	})
	if allocations != 0 {
		t.Errorf("two reads take %.0f allocations, want 0", allocations)
	}
}

func TestMissingValuesAreErrors(t *testing.T) {
	t.Parallel()
	s := secrets.New(config.API{AuthSecret: "too-short"}, time.Now)
	if _, err := s.DatabaseURL(t.Context()); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("DatabaseURL: got %v, want an error that names DATABASE_URL", err)
	}
	_, err := s.AuthSecrets(t.Context())
	if err == nil || !strings.Contains(err.Error(), "BETTER_AUTH_SECRET") || strings.Contains(err.Error(), "too-short") {
		t.Errorf("AuthSecrets: got %v, want an error that names BETTER_AUTH_SECRET and not its value", err)
	}
}

// After KeyFileCheckInterval a read returns a changed key file, whether it was replaced or written in place.
func TestSigningKeysFollowTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	now := clock.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s := secrets.New(config.API{SigningKeysFile: path}, now.Now)

	_, err := s.SigningKeys(t.Context())
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) ||
		!strings.Contains(err.Error(), "xenon keys rotate") {
		t.Errorf("SigningKeys without a file: got %v, want an error that names the path and xenon keys rotate", err)
	}

	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(want string) {
		t.Helper()
		if got, err := s.SigningKeys(t.Context()); string(got) != want || err != nil {
			t.Errorf("SigningKeys = %q, %v, want %q", got, err, want)
		}
	}
	write(path, "first")
	read("first")
	read("first")
	write(path, "longer")
	now.Advance(secrets.KeyFileCheckInterval - 1)
	read("first")
	now.Advance(1)
	read("longer")
	write(path+".new", "newest")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	now.Advance(secrets.KeyFileCheckInterval)
	read("newest")
	write(path, "after the clock was set back")
	now.Advance(-time.Hour)
	read("after the clock was set back")
}

func TestUnchangedFileIsReadOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte("set"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := secrets.New(config.API{SigningKeysFile: path}, time.Now)
	first, err := s.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.SigningKeys(t.Context())
	if err != nil || !bytes.Equal(first, second) || &first[0] != &second[0] {
		t.Errorf("an unchanged file was read again (%v)", err)
	}
}
