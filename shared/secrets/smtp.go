package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/remote"
)

// NewSMTPURL returns a function that returns SMTP_URL: from the app secret, if the settings have its ARN, else from the
// settings. It makes no request; the function reads the app secret when it is called, and again after CacheTTL. While
// Secrets Manager is unavailable, the last good value stays in use. No error contains a value.
func NewSMTPURL(cfg config.Mailer, now func() time.Time) func(context.Context) (config.Secret, error) {
	if cfg.AppSecretARN == "" {
		return func(context.Context) (config.Secret, error) { return cfg.SMTPURL, nil }
	}
	cloud := manager{aws: cfg.AWS}
	value := &remote.Value[config.Secret]{
		Name: "SMTP_URL", Fresh: CacheTTL, Now: now,
		Fetch: func(ctx context.Context) (config.Secret, error) {
			docs, err := cloud.read(ctx, []string{cfg.AppSecretARN})
			if err != nil {
				return "", err
			}
			return parseSMTPURL(docs[cfg.AppSecretARN])
		},
	}
	return value.Get
}

// parseSMTPURL returns the member SMTP_URL of the app secret.
func parseSMTPURL(d secretText) (config.Secret, error) {
	if d.err != nil {
		return "", d.err
	}
	var in struct {
		URL string `json:"SMTP_URL"`
	}
	if json.Unmarshal(d.text, &in) != nil {
		return "", fmt.Errorf(`secret %s is not of the form {"SMTP_URL": "…"}`, d.arn)
	}
	if in.URL == "" {
		return "", fmt.Errorf("secret %s: SMTP_URL is missing", d.arn)
	}
	if _, err := config.ParseSMTPURL(config.Secret(in.URL)); err != nil {
		return "", fmt.Errorf("secret %s: SMTP_URL %w", d.arn, err)
	}
	return config.Secret(in.URL), nil
}
