//go:build moto

package secrets

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/xenon-auth/xenon/internal/testkit/clock"
	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/remote"
)

// These tests use a real moto server. They set environment variables and share the server, so none is parallel.

var moto *mototest.Server

func TestMain(m *testing.M) { mototest.RunMain(m, func(s *mototest.Server) { moto = s }) }

// countedManager is a new Secrets Manager with an app secret and a key set, behind a proxy that counts calls and can
// drop connections.
type countedManager struct {
	t     *testing.T
	admin *secretsmanager.Client // calls moto without the proxy
	calls atomic.Int64
	cut   atomic.Bool // the proxy drops connections
	clock *clock.Clock
	cfg   config.API
}

const (
	goodURL    = "postgres://xenon:not-shown@db.example.test/xenon"
	goodSecret = "not-shown-0123456789abcdef0123456789"
	goodApp    = `{"DATABASE_URL":"` + goodURL + `","BETTER_AUTH_SECRET":"` + goodSecret + `"}`
	goodKeys   = `{"version":1,"not-shown":true}`
)

func newCountedManager(t *testing.T) *countedManager {
	t.Helper()
	moto.ResetAndConfigure(t)
	c := &countedManager{t: t, clock: clock.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	proxy := httputil.NewSingleHostReverseProxy(moto.URL)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.calls.Add(1)
		if c.cut.Load() {
			panic(http.ErrAbortHandler) // drops the connection without an answer
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	c.admin = secretsmanager.NewFromConfig(moto.Config(t))
	t.Setenv("AWS_ENDPOINT_URL", front.URL) // the only setting that names the proxy
	c.cfg = config.API{
		AWS:          mototest.AWSSettings(t),
		AppSecretARN: c.create("xenon/app", goodApp), SigningKeysARN: c.create("xenon/keys", goodKeys),
	}
	return c
}

func (c *countedManager) create(name, text string) (arn string) {
	c.t.Helper()
	out, err := c.admin.CreateSecret(c.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text})
	if err != nil {
		c.t.Fatal(err)
	}
	return aws.ToString(out.ARN)
}

func (c *countedManager) put(arn, text string) {
	c.t.Helper()
	in := &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &text}
	if _, err := c.admin.PutSecretValue(c.t.Context(), in); err != nil {
		c.t.Fatal(err)
	}
}

// checkReads checks what DatabaseURL, AuthSecret and SigningKeys return, and the number of calls until now.
func (c *countedManager) checkReads(s *Secrets, url, secret, keys string, calls int64) {
	c.t.Helper()
	if got, err := s.DatabaseURL(c.t.Context()); got != url || err != nil {
		c.t.Errorf("DatabaseURL: got the error %v, value as wanted: %v", err, got == url)
	}
	if got, err := s.AuthSecrets(c.t.Context()); len(got) != 1 || string(got[0]) != secret || err != nil {
		c.t.Errorf("AuthSecrets: got %d secrets and the error %v, want only the one of the app secret", len(got), err)
	}
	if got, err := s.SigningKeys(c.t.Context()); string(got) != keys || err != nil {
		c.t.Errorf("SigningKeys: got the error %v, value as wanted: %v", err, string(got) == keys)
	}
	if got := c.calls.Load(); got != calls {
		c.t.Errorf("%d calls of Secrets Manager so far, want %d", got, calls)
	}
}

func TestMotoReadsBothSecretsInOneCall(t *testing.T) {
	c := newCountedManager(t)
	s := New(c.cfg, c.clock.Now)
	if got := c.calls.Load(); got != 0 {
		t.Fatalf("New made %d calls, want 0", got)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := s.SigningKeys(t.Context()); err != nil {
				t.Errorf("SigningKeys: %v", err)
			}
		})
	}
	wg.Wait()
	c.checkReads(s, goodURL, goodSecret, goodKeys, 1)
}

func TestMotoReadsASingleSecretOnce(t *testing.T) {
	c := newCountedManager(t)
	c.cfg.SigningKeysARN = ""
	s := New(c.cfg, c.clock.Now)
	for range 2 {
		if got, err := s.DatabaseURL(t.Context()); got != goodURL || err != nil {
			t.Errorf("DatabaseURL: got the error %v, value as wanted: %v", err, got == goodURL)
		}
	}
	if got := c.calls.Load(); got != 1 {
		t.Errorf("two reads of one secret made %d calls, want 1", got)
	}
}

// The new version is used five minutes later, or after Invalidate.
func TestMotoUsesANewVersionAfterTTLOrInvalidate(t *testing.T) {
	c := newCountedManager(t)
	s := New(c.cfg, c.clock.Now)
	c.checkReads(s, goodURL, goodSecret, goodKeys, 1)

	c.put(c.cfg.SigningKeysARN, "second")
	c.clock.Advance(CacheTTL - 1)
	c.checkReads(s, goodURL, goodSecret, goodKeys, 1)
	c.clock.Advance(1)
	c.checkReads(s, goodURL, goodSecret, "second", 2)

	const url = "postgres://xenon:rotated@db.example.test/xenon"
	c.put(c.cfg.AppSecretARN, strings.Replace(goodApp, goodURL, url, 1))
	c.clock.Advance(remote.CoolDown)
	s.Invalidate()
	c.checkReads(s, url, goodSecret, "second", 3)
	for range 100 { // as after many failed logins to the database
		s.Invalidate()
		c.checkReads(s, url, goodSecret, "second", 3)
	}
}

// After a rotation both the new origin secret and the one before it are accepted.
func TestMotoAcceptsTheNewAndThePreviousOriginSecret(t *testing.T) {
	c := newCountedManager(t)
	s := New(c.cfg, c.clock.Now)
	current := func() string {
		out, err := c.admin.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &c.cfg.AppSecretARN})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			OriginSecret  string
			OriginSecrets []string
		}
		err = json.Unmarshal([]byte(aws.ToString(out.SecretString)), &got)
		if err != nil || got.OriginSecrets[0] != got.OriginSecret {
			t.Fatal("the first of originSecrets is not originSecret", err)
		}
		return got.OriginSecret
	}
	if s.AcceptsOriginSecret(t.Context(), "x") || s.AcceptsOriginSecret(t.Context(), "") {
		t.Error("AcceptsOriginSecret = true, want false: the app secret has no originSecrets")
	}
	var made []string
	deployed := ""
	for range 3 {
		version, err := RotateOriginSecret(t.Context(), c.cfg.AWS, c.cfg.AppSecretARN, deployed)
		if err != nil || version == "" {
			t.Fatalf("RotateOriginSecret = %q, %v, want the id of a version", version, err)
		}
		made = append(made, current())
		c.clock.Advance(remote.CoolDown)
		deployed = version
		for i, secret := range slices.Backward(made) { // the newest first: it makes Secrets read the app secret again
			want := i >= len(made)-2
			if got := s.AcceptsOriginSecret(t.Context(), secret); got != want {
				t.Errorf("after %d rotations: origin secret %d is accepted: %v, want %v", len(made), i+1, got, want)
			}
		}
	}
	for range 3 { // deployments that fail after the rotation
		if _, err := RotateOriginSecret(t.Context(), c.cfg.AWS, c.cfg.AppSecretARN, deployed); err != nil {
			t.Fatal(err)
		}
	}
	c.clock.Advance(CacheTTL)
	if !s.AcceptsOriginSecret(t.Context(), made[2]) {
		t.Error("the secret that CloudFront sends is rejected after failed deployments")
	}
	calls := c.calls.Load()
	for range 100 { // many guesses
		if s.AcceptsOriginSecret(t.Context(), made[0]) {
			t.Fatal("the oldest origin secret is accepted, want it rejected")
		}
	}
	if got := c.calls.Load() - calls; got > 1 {
		t.Errorf("100 wrong origin secrets caused %d calls of Secrets Manager, want at most 1", got)
	}
	c.checkReads(s, goodURL, goodSecret, goodKeys, c.calls.Load())
}

func TestMotoLastGoodValuesStayInUseDuringAnOutage(t *testing.T) {
	c := newCountedManager(t)
	s := New(c.cfg, c.clock.Now)
	c.checkReads(s, goodURL, goodSecret, goodKeys, 1)

	c.cut.Store(true)
	c.clock.Advance(24 * time.Hour)
	if got, err := s.DatabaseURL(t.Context()); got != goodURL || err != nil {
		t.Errorf("DatabaseURL with the service down: got the error %v, want the last good value", err)
	}
	tried := c.calls.Load()
	c.checkReads(s, goodURL, goodSecret, goodKeys, tried)

	c.cut.Store(false)
	c.clock.Advance(remote.CoolDown)
	c.checkReads(s, goodURL, goodSecret, goodKeys, tried+1)
}

func TestMotoOutageAtTheStartIsUnavailable(t *testing.T) {
	c := newCountedManager(t)
	c.cut.Store(true)
	s := New(c.cfg, c.clock.Now)
	_, err := s.DatabaseURL(t.Context())
	var away interface{ Unavailable() bool }
	if !errors.As(err, &away) || !away.Unavailable() || !strings.Contains(err.Error(), c.cfg.AppSecretARN) {
		t.Errorf("DatabaseURL: got %v, want an error that names the ARN, with Unavailable() == true", err)
	}
	c.cut.Store(false)
	c.clock.Advance(time.Second)
	c.checkReads(s, goodURL, goodSecret, goodKeys, c.calls.Load()+1)
}

// checkOperatorError checks an error that an operator has to resolve: it names the secret and shows no value.
func checkOperatorError(t *testing.T, err error, names ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error, want one")
	}
	var away interface{ Unavailable() bool }
	if errors.As(err, &away) && away.Unavailable() {
		t.Errorf("the error has Unavailable() == true, want a lasting error: %v", err)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "not-shown") {
		t.Errorf("the error shows a value: %v", err)
	}
}

func TestMotoErrorNamesAWrongARN(t *testing.T) {
	const wrong = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/nowhere-AbCdEf"

	t.Run("wrong ARN of the keys", func(t *testing.T) {
		c := newCountedManager(t)
		good := c.cfg.SigningKeysARN
		c.cfg.SigningKeysARN = wrong
		s := New(c.cfg, c.clock.Now)
		_, err := s.SigningKeys(t.Context())
		checkOperatorError(t, err, wrong, "ResourceNotFoundException")
		if strings.Contains(err.Error(), c.cfg.AppSecretARN) || strings.Contains(err.Error(), good) {
			t.Errorf("the error names a secret without a problem: %v", err)
		}
		if got, err := s.DatabaseURL(t.Context()); got != goodURL || err != nil {
			t.Errorf("DatabaseURL with a wrong ARN of the keys: got the error %v, want the value", err)
		}
	})
	t.Run("two wrong ARNs", func(t *testing.T) {
		c := newCountedManager(t)
		c.cfg = config.API{AWS: c.cfg.AWS, AppSecretARN: wrong, SigningKeysARN: wrong + "2"}
		_, err := New(c.cfg, c.clock.Now).DatabaseURL(t.Context())
		checkOperatorError(t, err, wrong, wrong+"2")
	})
	t.Run("wrong ARN of the only secret", func(t *testing.T) {
		c := newCountedManager(t)
		c.cfg = config.API{AWS: c.cfg.AWS, AppSecretARN: wrong}
		_, err := New(c.cfg, c.clock.Now).AuthSecrets(t.Context())
		checkOperatorError(t, err, wrong, "ResourceNotFoundException")
	})
}

func TestMotoErrorOfDeniedAccessNamesTheSecrets(t *testing.T) {
	c := newCountedManager(t)
	moto.CheckSignatures(t) // moto has no user with the access key of the tests, so it rejects every call
	_, err := New(c.cfg, c.clock.Now).DatabaseURL(t.Context())
	checkOperatorError(t, err, c.cfg.AppSecretARN, c.cfg.SigningKeysARN)
}

// moto.CheckSignatures makes moto check signatures, with botocore's signer.
func TestMotoSignsItsCalls(t *testing.T) {
	c := newCountedManager(t)
	key, secret := moto.NewIAMUser(t, "secretsmanager:*")
	moto.CheckSignatures(t)
	c.cfg.AWS.AccessKeyID, c.cfg.AWS.SecretAccessKey = key, config.Secret(secret+"-not")
	_, err := New(c.cfg, c.clock.Now).DatabaseURL(t.Context())
	checkOperatorError(t, err, c.cfg.AppSecretARN, "answered 403")
	c.cfg.AWS.SecretAccessKey = config.Secret(secret)
	c.checkReads(New(c.cfg, c.clock.Now), goodURL, goodSecret, goodKeys, c.calls.Load()+1)
}

func TestMotoSecretCanBeBinary(t *testing.T) {
	c := newCountedManager(t)
	in := &secretsmanager.PutSecretValueInput{SecretId: &c.cfg.SigningKeysARN, SecretBinary: []byte(goodKeys)}
	if _, err := c.admin.PutSecretValue(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	c.checkReads(New(c.cfg, c.clock.Now), goodURL, goodSecret, goodKeys, 1)
}

func TestMotoMalformedSecretHidesNoOtherValue(t *testing.T) {
	c := newCountedManager(t)
	s := New(c.cfg, c.clock.Now)
	c.put(c.cfg.AppSecretARN, `{"BETTER_AUTH_SECRET":"`+goodSecret+`"}`)
	_, err := s.DatabaseURL(t.Context())
	checkOperatorError(t, err, c.cfg.AppSecretARN, "DATABASE_URL")
	if got, err := s.SigningKeys(t.Context()); string(got) != goodKeys || err != nil {
		t.Errorf("SigningKeys with an invalid app secret: got the error %v, want the value", err)
	}

	c.put(c.cfg.AppSecretARN, goodApp)
	c.clock.Advance(remote.CoolDown) // after CoolDown, Secrets reads the secret again
	c.checkReads(s, goodURL, goodSecret, goodKeys, 2)

	c.put(c.cfg.AppSecretARN, "not-shown at all")
	c.clock.Advance(CacheTTL)
	c.checkReads(s, goodURL, goodSecret, goodKeys, 3) // the last good values stay
}

func TestMotoSocialSecretIsInTheAppSecret(t *testing.T) {
	c := newCountedManager(t)
	s := New(c.cfg, c.clock.Now)
	s.UseSocial(config.Social{Providers: []config.Provider{{ID: "google", ClientIDs: []string{"id"}}}})
	if _, err := s.SocialSecret(t.Context(), "GOOGLE_CLIENT_SECRET"); err == nil ||
		!strings.Contains(err.Error(), "GOOGLE_CLIENT_SECRET is missing") {
		t.Errorf("app secret without GOOGLE_CLIENT_SECRET: got %v, want an error that says that it is missing", err)
	}
	c.put(c.cfg.AppSecretARN, strings.Replace(goodApp, "{", `{"GOOGLE_CLIENT_SECRET":"not-shown-g",`, 1))
	c.clock.Advance(remote.CoolDown)
	if got, err := s.SocialSecret(t.Context(), "GOOGLE_CLIENT_SECRET"); got != "not-shown-g" || err != nil {
		t.Errorf("GOOGLE_CLIENT_SECRET: got the error %v, value as wanted: %v", err, got == "not-shown-g")
	}
	if got, err := s.SocialSecret(t.Context(), "GITHUB_CLIENT_SECRET"); got != "" || err != nil {
		t.Errorf("secret of a provider that is not configured: got the error %v, empty: %v; want no error and \"\"",
			err, got == "")
	}
}

func TestMotoSMTPURLIsInTheAppSecret(t *testing.T) {
	c := newCountedManager(t)
	cfg := config.Mailer{AppSecretARN: c.cfg.AppSecretARN, AWS: c.cfg.AWS}
	read := NewSMTPURL(cfg, c.clock.Now)
	const good = "smtps://mailer:not-shown@smtp.example.com"
	for _, step := range []struct{ app, want, problem string }{
		{goodApp, "", "SMTP_URL is missing"},
		{
			strings.Replace(goodApp, "{", `{"SMTP_URL":"http://mailer:not-shown@smtp.example.com",`, 1), "",
			"SMTP_URL is not of the form",
		},
		{"not-shown", "", "is not of the form"},
		{strings.Replace(goodApp, "{", `{"SMTP_URL":"`+good+`",`, 1), good, ""},
		{"not-shown", good, ""}, // the last good value stays in use
	} {
		c.put(cfg.AppSecretARN, step.app)
		c.clock.Advance(CacheTTL)
		got, err := read(t.Context())
		if string(got) != step.want || (err == nil) != (step.problem == "") {
			t.Errorf("SMTP_URL: got the error %v, value as wanted: %v", err, string(got) == step.want)
		}
		if err != nil && (!strings.Contains(err.Error(), step.problem) || strings.Contains(err.Error(), "not-shown")) {
			t.Errorf("SMTP_URL: got the error %v, want %q without a value", err, step.problem)
		}
	}
	calls := c.calls.Load()
	if _, err := read(t.Context()); err != nil || c.calls.Load() != calls {
		t.Errorf("SMTP_URL within %s: got %v and %d calls, want none", CacheTTL, err, c.calls.Load()-calls)
	}
	local := NewSMTPURL(config.Mailer{SMTPURL: good}, c.clock.Now)
	if got, err := local(t.Context()); string(got) != good || err != nil {
		t.Errorf("SMTP_URL of the settings: got the error %v, value as wanted: %v", err, string(got) == good)
	}
}
