// Package secrets reads the secrets of a deployment: from Secrets Manager in the cloud, from the settings and a file in
// local development.
package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/remote"
)

// CacheTTL is how long a value from Secrets Manager is used before it is read again.
const CacheTTL = 5 * time.Minute

// Secrets reads the secrets of a deployment. It is safe for concurrent use; use one per process. If the settings have
// the ARN of a secret, its value comes from Secrets Manager; both secrets are read in one call. While Secrets Manager
// is unavailable, the last good values stay in use. No error contains a value.
//
// After an error with Unavailable() == true a later call may succeed. An operator must resolve any other error.
type Secrets struct {
	cfg      config.API
	local    cipher.Keys // without an app secret
	localErr error
	file     keyFile
	cloud    manager
	values   *remote.Value[fetchResult]
	complete bool // a fetch has returned every value; only the method fetch uses this field

	// parseSocial reads the secrets of social providers from the text of the app secret; nil without UseSocial.
	parseSocial func(text []byte) (map[string]string, error)

	warnNoOriginSecrets sync.Once
}

// fetchResult is the result of one fetch. Each value has its own error, so that an invalid key set does not make the
// database URL unavailable.
type fetchResult struct {
	app     appSecret
	appErr  error
	keys    []byte
	keysErr error
}

type appSecret struct {
	databaseURL   string
	keys          cipher.Keys
	originSecrets []string // the values that CloudFront may send in its header, newest first
	social        map[string]string

	supabaseJWTSecret []byte // of the project that was imported; nil if there is none
	webhookSecret     string // signs webhooks of events; "" if there is none
}

// New returns the Secrets of a deployment. It makes no request; the first read fetches the secrets.
func New(cfg config.API, now func() time.Time) *Secrets {
	s := &Secrets{cfg: cfg, file: keyFile{path: cfg.SigningKeysFile, now: now}, cloud: manager{aws: cfg.AWS}}
	s.values = &remote.Value[fetchResult]{Name: "secrets", Fetch: s.fetchAll, Fresh: CacheTTL, Now: now}
	if cfg.AppSecretARN == "" {
		s.local, s.localErr = cipher.ParseKeys(string(cfg.AuthSecrets), string(cfg.AuthSecret))
	}
	return s
}

// DatabaseURL returns DATABASE_URL, the database that requests use.
func (s *Secrets) DatabaseURL(ctx context.Context) (string, error) {
	if s.cfg.AppSecretARN == "" {
		if s.cfg.DatabaseURL == "" {
			return "", errors.New("DATABASE_URL is not set")
		}
		return string(s.cfg.DatabaseURL), nil
	}
	app, err := s.app(ctx)
	return app.databaseURL, err
}

// AuthSecrets returns the secrets of BETTER_AUTH_SECRETS and BETTER_AUTH_SECRET. The first one signs, and has at least
// cipher.MinSecretLength bytes. All verify. The caller must not change them.
func (s *Secrets) AuthSecrets(ctx context.Context) ([][]byte, error) {
	keys, err := s.EncryptionKeys(ctx)
	return keys.Secrets(), err
}

// EncryptionKeys returns the secrets of BETTER_AUTH_SECRETS and BETTER_AUTH_SECRET, which encrypt and decrypt.
func (s *Secrets) EncryptionKeys(ctx context.Context) (cipher.Keys, error) {
	if s.cfg.AppSecretARN == "" {
		return s.local, s.localErr
	}
	app, err := s.app(ctx)
	return app.keys, err
}

// SupabaseJWTSecret returns the bytes of SUPABASE_JWT_SECRET, or none if it is not set. The caller must not change
// them.
func (s *Secrets) SupabaseJWTSecret(ctx context.Context) ([]byte, error) {
	if s.cfg.AppSecretARN == "" {
		return []byte(s.cfg.SupabaseBridge.JWTSecret), nil
	}
	app, err := s.app(ctx)
	return app.supabaseJWTSecret, err
}

// WebhookSecret returns EVENTS_WEBHOOK_SECRET, which signs webhooks of events, or "" if it is not set.
func (s *Secrets) WebhookSecret(ctx context.Context) (string, error) {
	if s.cfg.AppSecretARN == "" {
		return string(s.cfg.Events.WebhookSecret), nil
	}
	app, err := s.app(ctx)
	return app.webhookSecret, err
}

// SigningKeys returns the key set as the JSON that package keys writes. The caller must not change it. A
// changed file is read again after KeyFileCheckInterval.
func (s *Secrets) SigningKeys(ctx context.Context) ([]byte, error) {
	if s.cfg.SigningKeysARN == "" {
		return s.file.read()
	}
	v, err := s.values.Get(ctx)
	if err == nil && v.keysErr != nil {
		s.Invalidate()
		err = v.keysErr
	}
	return v.keys, err
}

// Invalidate makes the next read fetch the values again, but not within remote.CoolDown of the last fetch. Call it when
// a value turned out to be wrong, for example because Postgres rejected the password.
func (s *Secrets) Invalidate() { s.values.Invalidate() }

func (s *Secrets) app(ctx context.Context) (appSecret, error) {
	v, err := s.values.Get(ctx)
	if err == nil && v.appErr != nil {
		s.Invalidate()
		err = v.appErr
	}
	return v.app, err
}

// fetchAll reads every secret that has an ARN. If an earlier fetch returned every value, an error of one secret is an
// error of the fetch, so that the last good values stay in use. It is also an error if no secret has a value. Otherwise
// fetchResult has the value or the error of each secret.
func (s *Secrets) fetchAll(ctx context.Context) (fetchResult, error) {
	var v fetchResult
	var wanted []string
	for _, arn := range []string{s.cfg.AppSecretARN, s.cfg.SigningKeysARN} {
		if arn != "" {
			wanted = append(wanted, arn)
		}
	}
	got, err := s.cloud.read(ctx, wanted)
	if err != nil {
		return v, err
	}
	if arn := s.cfg.AppSecretARN; arn != "" {
		v.app, v.appErr = parseAppSecret(got[arn], s.parseSocial)
	}
	if arn := s.cfg.SigningKeysARN; arn != "" {
		v.keys, v.keysErr = got[arn].text, got[arn].err
	}
	problems := errors.Join(v.appErr, v.keysErr)
	if problems != nil && (s.complete || len(wanted) == 1 || v.appErr != nil && v.keysErr != nil) {
		return v, problems
	}
	s.complete = s.complete || problems == nil
	return v, nil
}

// parseAppSecret reads the JSON text of the app secret, with the secrets of social providers if parseSocial is not nil.
// Its errors do not quote the text.
func parseAppSecret(
	d secretText, parseSocial func(text []byte) (map[string]string, error),
) (appSecret, error) {
	if d.err != nil {
		return appSecret{}, d.err
	}
	var in struct {
		DatabaseURL string `json:"DATABASE_URL"`
		AuthSecret  string `json:"BETTER_AUTH_SECRET"`
		AuthSecrets string `json:"BETTER_AUTH_SECRETS"`

		OriginSecrets []string `json:"originSecrets"`

		SupabaseJWTSecret string `json:"SUPABASE_JWT_SECRET"`
		WebhookSecret     string `json:"EVENTS_WEBHOOK_SECRET"`
	}
	if json.Unmarshal(d.text, &in) != nil {
		return appSecret{}, fmt.Errorf(`secret %s is not of the form {"DATABASE_URL": "…", "BETTER_AUTH_SECRET": "…"}`, d.arn)
	}
	if in.DatabaseURL == "" {
		return appSecret{}, fmt.Errorf("secret %s: DATABASE_URL is missing", d.arn)
	}
	if _, err := pg.Parse(in.DatabaseURL); err != nil {
		return appSecret{}, fmt.Errorf("secret %s: DATABASE_URL %w", d.arn, err)
	}
	keys, err := cipher.ParseKeys(in.AuthSecrets, in.AuthSecret)
	if err != nil {
		return appSecret{}, fmt.Errorf("secret %s: %w", d.arn, err)
	}
	if err := checkOriginSecrets(in.OriginSecrets); err != nil {
		return appSecret{}, fmt.Errorf("secret %s: %w", d.arn, err)
	}
	app := appSecret{
		databaseURL: in.DatabaseURL, keys: keys, originSecrets: in.OriginSecrets,
		supabaseJWTSecret: []byte(in.SupabaseJWTSecret), webhookSecret: in.WebhookSecret,
	}
	if parseSocial != nil {
		if app.social, err = parseSocial(d.text); err != nil {
			return appSecret{}, fmt.Errorf("secret %s: %w", d.arn, err)
		}
	}
	return app, nil
}
