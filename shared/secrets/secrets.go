// Package secrets hands out what a deployment keeps secret: from Secrets Manager in the cloud, from settings and a file
// on a laptop.
package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/pg"
)

// TTL is how long values from Secrets Manager are used before they are read again.
const TTL = 5 * time.Minute

// Secrets is safe for concurrent use; make one per process. With an ARN in the settings the value comes from Secrets
// Manager, both values in one call, and stays the last good one while the service is down. No error holds a value.
//
// An error that says Unavailable() is over by itself; any other needs a person.
type Secrets struct {
	cfg    config.Config
	file   keyFile
	cloud  manager
	values *Remote[values]
	whole  bool // every value was there once; only fetch uses it

	noOrigin sync.Once // warns that there are no origin secrets
}

// values are what one fetch brought, each with its own problem, so that a wrong key set does not take the database away.
type values struct {
	app     appSecret
	appErr  error
	keys    []byte
	keysErr error
}

type appSecret struct {
	databaseURL   string
	authSecret    []byte
	originSecrets []string // what CloudFront sends with each request, newest first
}

// New fetches nothing; the first read does. now is the clock.
func New(cfg config.Config, now func() time.Time) *Secrets {
	s := &Secrets{cfg: cfg, file: keyFile{path: cfg.SigningKeysFile}, cloud: manager{aws: cfg.AWS}}
	s.values = &Remote[values]{Name: "secrets", Fetch: s.fetch, Fresh: TTL, Now: now}
	return s
}

// DatabaseURL returns where requests go, DATABASE_URL.
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

// AuthSecret returns the bytes of BETTER_AUTH_SECRET, at least config.MinSecretLength of them. They are not to be changed.
func (s *Secrets) AuthSecret(ctx context.Context) ([]byte, error) {
	if s.cfg.AppSecretARN == "" {
		if err := checkAuthSecret(string(s.cfg.AuthSecret)); err != nil {
			return nil, err
		}
		return []byte(s.cfg.AuthSecret), nil
	}
	app, err := s.app(ctx)
	return app.authSecret, err
}

// SigningKeys returns the key-set document as package keys writes it, unread. It is not to be changed. A file is read
// again as soon as it changed.
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

// Invalidate says that a value turned out to be wrong: the database refused it, or it names a key nobody knows. The next
// read asks again, though never sooner than CoolDown after the last time.
func (s *Secrets) Invalidate() { s.values.Invalidate() }

func (s *Secrets) app(ctx context.Context) (appSecret, error) {
	v, err := s.values.Get(ctx)
	if err == nil && v.appErr != nil {
		s.Invalidate()
		err = v.appErr
	}
	return v.app, err
}

// fetch reads every secret that has an ARN. Once all were good, a problem with one is an error of the whole, and the last
// good values stay; before that, one good value is better than none.
func (s *Secrets) fetch(ctx context.Context) (values, error) {
	var v values
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
		v.app, v.appErr = parseAppSecret(got[arn])
	}
	if arn := s.cfg.SigningKeysARN; arn != "" {
		v.keys, v.keysErr = got[arn].text, got[arn].err
	}
	problems := errors.Join(v.appErr, v.keysErr)
	if problems != nil && (s.whole || len(wanted) == 1 || v.appErr != nil && v.keysErr != nil) {
		return v, problems
	}
	s.whole = s.whole || problems == nil
	return v, nil
}

// parseAppSecret never repeats what it read, nor what the JSON package says about it.
func parseAppSecret(d document) (appSecret, error) {
	if d.err != nil {
		return appSecret{}, d.err
	}
	var in struct {
		DatabaseURL string `json:"DATABASE_URL"`
		AuthSecret  string `json:"BETTER_AUTH_SECRET"`

		OriginSecrets []string `json:"originSecrets"`
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
	if err := checkAuthSecret(in.AuthSecret); err != nil {
		return appSecret{}, fmt.Errorf("secret %s: %w", d.arn, err)
	}
	if err := checkOriginSecrets(in.OriginSecrets); err != nil {
		return appSecret{}, fmt.Errorf("secret %s: %w", d.arn, err)
	}
	return appSecret{databaseURL: in.DatabaseURL, authSecret: []byte(in.AuthSecret), originSecrets: in.OriginSecrets}, nil
}

func checkAuthSecret(v string) error {
	switch {
	case v == "":
		return errors.New("BETTER_AUTH_SECRET is missing")
	case len(v) < config.MinSecretLength:
		return fmt.Errorf("BETTER_AUTH_SECRET has %d characters, needs at least %d", len(v), config.MinSecretLength)
	}
	return nil
}
