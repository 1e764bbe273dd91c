package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/config"
)

// ImportSecret holds the secrets of an import.
type ImportSecret struct {
	From, To string // database URLs
	// EncryptionKeys are keys of the database encryption of the source, each as ID=KEY. The settings have none.
	EncryptionKeys []string
}

// ReadImportSecret returns the secrets of an import. It does not cache them, because an import calls it only every few
// minutes. The error contains no value. After an error with Unavailable() == true a later call may succeed.
func ReadImportSecret(ctx context.Context, cfg config.Import) (ImportSecret, error) {
	if cfg.SecretARN == "" {
		return ImportSecret{From: string(cfg.FromDatabaseURL), To: string(cfg.ToDatabaseURL)}, nil
	}
	cloud := manager{aws: cfg.AWS}
	got, err := cloud.read(ctx, []string{cfg.SecretARN})
	if err != nil {
		return ImportSecret{}, err
	}
	return parseImportSecret(got[cfg.SecretARN])
}

// parseImportSecret reads both URLs and the encryption keys from the JSON text of the secret. Its errors do not quote
// the text.
func parseImportSecret(d secretText) (ImportSecret, error) {
	var in struct {
		From           string            `json:"FROM_DATABASE_URL"`
		To             string            `json:"TO_DATABASE_URL"`
		EncryptionKeys map[string]string `json:"encryptionKeys"`
	}
	if json.Unmarshal(d.text, &in) != nil {
		return ImportSecret{}, fmt.Errorf(
			`secret %s is not of the form {"FROM_DATABASE_URL": "…", "TO_DATABASE_URL": "…"}`, d.arn)
	}
	_, err := config.LoadImport(func(name string) string {
		return map[string]string{"FROM_DATABASE_URL": in.From, "TO_DATABASE_URL": in.To}[name]
	})
	if err != nil {
		return ImportSecret{}, fmt.Errorf("secret %s: %w", d.arn, err)
	}
	s := ImportSecret{From: in.From, To: in.To}
	for _, id := range slices.Sorted(maps.Keys(in.EncryptionKeys)) {
		s.EncryptionKeys = append(s.EncryptionKeys, id+"="+in.EncryptionKeys[id])
	}
	return s, nil
}

// ImportAuthSecrets returns the secrets of the deployment, BETTER_AUTH_SECRETS and BETTER_AUTH_SECRET, or zero Keys if
// no setting has one. Like ReadImportSecret it does not cache them.
func ImportAuthSecrets(ctx context.Context, cfg config.Import) (cipher.Keys, error) {
	switch {
	case cfg.AppSecretARN != "":
		cloud := manager{aws: cfg.AWS}
		got, err := cloud.read(ctx, []string{cfg.AppSecretARN})
		if err != nil {
			return cipher.Keys{}, err
		}
		app, err := parseAppSecret(got[cfg.AppSecretARN], nil)
		return app.keys, err
	case cfg.AuthSecret != "" || cfg.AuthSecrets != "":
		return cipher.ParseKeys(string(cfg.AuthSecrets), string(cfg.AuthSecret))
	}
	return cipher.Keys{}, nil
}
