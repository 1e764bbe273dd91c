package secrets

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/xenon-auth/xenon/shared/config"
)

// ImportURLs returns the database URLs of an import. It does not cache them, because an import calls it only every few
// minutes. The error contains no value. After an error with Unavailable() == true a later call may succeed.
func ImportURLs(ctx context.Context, cfg config.Import) (from, to string, err error) {
	if cfg.SecretARN == "" {
		return string(cfg.FromDatabaseURL), string(cfg.ToDatabaseURL), nil
	}
	cloud := manager{aws: cfg.AWS}
	got, err := cloud.read(ctx, []string{cfg.SecretARN})
	if err != nil {
		return "", "", err
	}
	return parseImportSecret(got[cfg.SecretARN])
}

// parseImportSecret reads both URLs from the JSON text of the secret. Its errors do not quote the text.
func parseImportSecret(d secretText) (from, to string, err error) {
	var in struct {
		From string `json:"FROM_DATABASE_URL"`
		To   string `json:"TO_DATABASE_URL"`
	}
	if json.Unmarshal(d.text, &in) != nil {
		return "", "", fmt.Errorf(`secret %s is not of the form {"FROM_DATABASE_URL": "…", "TO_DATABASE_URL": "…"}`, d.arn)
	}
	_, err = config.LoadImport(func(name string) string {
		return map[string]string{"FROM_DATABASE_URL": in.From, "TO_DATABASE_URL": in.To}[name]
	})
	if err != nil {
		return "", "", fmt.Errorf("secret %s: %w", d.arn, err)
	}
	return in.From, in.To, nil
}
