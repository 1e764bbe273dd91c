//go:build moto

package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/clock"
	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/remote"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// These tests use a real moto server. They set environment variables and share the server, so none is parallel.

const week = 7 * 24 * time.Hour

// privateKeyPattern matches a private key: its names in PEM and JSON, and the base64 of DER, which is much longer than
// the random ids of keys.
var privateKeyPattern = regexp.MustCompile(`PRIVATE|privateKey|MI[A-Za-z0-9+/]{60}`)

// awsDeployment is a deployment whose keys are in Secrets Manager, and its rotation function.
type awsDeployment struct {
	*clock.Clock
	*mototest.SecretsManager
	t        *testing.T
	cfg      config.API
	rotation *Rotation
	log      bytes.Buffer
}

// newAWSDeployment makes a deployment whose secret has the content.
func newAWSDeployment(t *testing.T, content string) *awsDeployment {
	t.Helper()
	c := &awsDeployment{Clock: newClock(), SecretsManager: mototest.Start(t).SecretsManager(t), t: t}
	c.cfg = config.API{
		AWS: mototest.AWSSettings(t), SigningKeysARN: c.Create("xenon/keys", content),
		JWTExpiresIn: week, JWTAlg: config.RS256, JWTIssuer: origin, JWTAudience: origin,
	}
	c.rotation = c.newRotation()
	c.Function = func(event []byte) error {
		var s RotationStep
		if err := json.Unmarshal(event, &s); err != nil {
			return err
		}
		return c.rotation.Do(t.Context(), s)
	}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&c.log, nil)))
	t.Cleanup(func() {
		slog.SetDefault(before)
		if privateKeyPattern.MatchString(c.log.String()) {
			t.Error("the log shows a key")
		}
	})
	return c
}

func (c *awsDeployment) newRotation() *Rotation {
	return NewRotation(config.Rotation{
		SigningKeysARN: c.cfg.SigningKeysARN, JWTExpiresIn: c.cfg.JWTExpiresIn, JWTAlg: c.cfg.JWTAlg, AWS: c.cfg.AWS,
	}, c.Now)
}

func documentText(t *testing.T, s Set) string {
	t.Helper()
	document, err := s.Document()
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// setInUse returns the set in use, which must be valid.
func (c *awsDeployment) setInUse() Set {
	c.t.Helper()
	set, err := ParseSet([]byte(c.Value(c.cfg.SigningKeysARN, "AWSCURRENT")))
	if err != nil {
		c.t.Fatal(err)
	}
	return set
}

// rotate does a whole rotation as Secrets Manager does.
func (c *awsDeployment) rotate() error {
	return c.CallAllSteps(c.cfg.SigningKeysARN, c.BeginRotation(c.cfg.SigningKeysARN))
}

// keyIDs returns the key ids of a set: next, current, retired.
func keyIDs(s Set) []string {
	all := []string{s.Next.ID, s.Current.ID}
	for _, k := range s.Retired {
		all = append(all, k.ID)
	}
	return all
}

// checkRotated fails the test unless the keys in use are a new next key and then the keys of the set before.
func (c *awsDeployment) checkRotated(before Set) {
	c.t.Helper()
	if got, want := keyIDs(c.setInUse())[1:], keyIDs(before); !slices.Equal(got, want) {
		c.t.Errorf("keys in use after the new next key: got %v, want those from before the rotation %v", got, want)
	}
}

func TestMotoFirstRotationGeneratesKeys(t *testing.T) {
	for _, content := range []string{"{}", `{"placeholder":"x7Gh"}`} {
		c := newAWSDeployment(t, content)
		k := New(secrets.New(c.cfg, c.Now), c.cfg, c.Now)
		if _, err := k.Sign(t.Context(), testClaims); err == nil || !strings.Contains(err.Error(), "xenon keys rotate") {
			t.Errorf("Sign before the first rotation: got %v, want an error that says how to generate keys", err)
		}
		if err := c.rotate(); err != nil {
			t.Fatal(err)
		}
		if got := c.setInUse(); len(got.Retired) != 0 {
			t.Errorf("the first set has %d retired keys, want none", len(got.Retired))
		}
		c.Advance(remote.CoolDown)
		if _, err := k.Sign(t.Context(), testClaims); err != nil {
			t.Errorf("Sign after the first rotation: got the error %v, want none", err)
		}
	}
}

func TestMotoInvalidSetIsLoggedOnceAndLastValidSetStaysInUse(t *testing.T) {
	c := newAWSDeployment(t, documentText(t, keySets().first))
	k := New(secrets.New(c.cfg, c.Now), c.cfg, c.Now)
	for _, content := range []string{documentText(t, keySets().first), "half a set", "half a set"} {
		c.Put(c.cfg.SigningKeysARN, content)
		c.Advance(secrets.CacheTTL)
		if _, err := k.Sign(t.Context(), testClaims); err != nil {
			t.Errorf("Sign with the secret %.10q: got the error %v, want none", content, err)
		}
	}
	if n := strings.Count(c.log.String(), "the last valid one stays in use"); n != 1 {
		t.Errorf("%d warnings about the invalid secret, want 1: %s", n, &c.log)
	}
}

func TestMotoRotationMakesNextKeyCurrentAndCurrentKeyRetired(t *testing.T) {
	c := newAWSDeployment(t, "{}")
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		before := c.setInUse()
		c.Advance(maxTimeUntilInUse + MaxPropagation)
		if err := c.rotate(); err != nil {
			t.Fatal(err)
		}
		c.checkRotated(before)
	}
}

func TestMotoSecondRotationSignsWithNewAlgorithm(t *testing.T) {
	c := newAWSDeployment(t, "{}")
	c.cfg.JWTAlg = config.EdDSA
	c.rotation = c.newRotation()
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	if got := c.setInUse().Current.Algorithm(); got != config.EdDSA {
		t.Errorf("the first key is for %s, want EdDSA", got)
	}
	c.cfg.JWTAlg = config.ES256
	c.rotation = c.newRotation()
	for _, want := range []string{config.EdDSA, config.ES256} {
		before := c.setInUse()
		c.Advance(maxTimeUntilInUse + MaxPropagation)
		if err := c.rotate(); err != nil {
			t.Fatal(err)
		}
		c.checkRotated(before)
		if got := c.setInUse().Current.Algorithm(); got != want {
			t.Errorf("the current key is for %s, want %s", got, want)
		}
	}
}

// The first attempt fails before or after one of the steps. The next attempt succeeds with the set that the first
// attempt generated, and the set in use is always valid.
func TestMotoHalfFinishedRotationIsRepeated(t *testing.T) {
	broken := errors.New("connection lost")
	for n, step := range mototest.RotationSteps {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, done %v", step, done), func(t *testing.T) {
				c := newAWSDeployment(t, documentText(t, keySets().third))
				arn, rotate := c.cfg.SigningKeysARN, c.Function
				c.Function = func(event []byte) error {
					if !bytes.Contains(event, []byte(step)) {
						return rotate(event)
					}
					if done {
						if err := rotate(event); err != nil {
							t.Errorf("step %s: %v", step, err)
						}
					}
					return broken
				}
				c.Advance(time.Hour)
				version := c.BeginRotation(arn)
				if err := c.CallAllSteps(arn, version); !errors.Is(err, broken) {
					t.Fatalf("first attempt: got %v, want %v", err, broken)
				}
				finished := n == len(mototest.RotationSteps)-1 && done
				if got := c.VersionWithLabel(arn, "AWSCURRENT") == version; got != finished {
					t.Errorf("the new version is in use after the first attempt: %v, want %v", got, finished)
				}
				c.setInUse()
				made := ""
				if n > 0 || done {
					made = c.Value(arn, "AWSPENDING")
				}

				c.Function = rotate
				c.Advance(maxTimeUntilInUse - time.Minute)
				for range 2 {
					if err := c.CallAllSteps(arn, version); err != nil {
						t.Fatal(err)
					}
				}
				if got := c.Value(
					arn,
					"AWSCURRENT",
				); c.VersionWithLabel(arn, "AWSCURRENT") != version ||
					made != "" && got != made {
					t.Error("after the second attempt, the set in use is not the one that the first attempt generated")
				}
				c.checkRotated(keySets().third)
			})
		}
	}
}

// RotateNow uses the rotation function if there is one, and works without one.
func TestMotoRotateNowWorksWithAndWithoutARotationFunction(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		c := newAWSDeployment(t, "{}")
		arn := c.cfg.SigningKeysARN
		steps, rotate := 0, c.Function
		c.Function = func(event []byte) error { steps++; return rotate(event) }
		if enabled {
			if err := c.rotate(); err != nil {
				t.Fatal(err)
			}
		} else if _, err := c.rotation.RotateNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := c.setInUse()
		if _, err := c.rotation.RotateNow(t.Context()); !errors.Is(err, ErrRotationTooSoon) {
			t.Errorf("RotateNow again immediately: got %v, want %v", err, ErrRotationTooSoon)
		}
		c.Advance(maxTimeUntilInUse + MaxPropagation)
		steps = 0
		got, err := c.rotation.RotateNow(t.Context())
		if err != nil || c.Failed != nil {
			t.Fatal(err, c.Failed)
		}
		c.checkRotated(before)
		usedFunction, previous := steps == len(mototest.RotationSteps), c.VersionWithLabel(arn, "AWSPREVIOUS")
		if usedFunction != enabled || got.Current.ID != before.Next.ID || previous == "" {
			t.Errorf("RotateNow, rotation function enabled: %v: the function did %d steps, the current key is %s, the "+
				"previous version is %q; want the function used only if enabled, the key %s and a previous version",
				enabled, steps, got.Current.ID, previous, before.Next.ID)
		}
	}
}

func TestMotoRotateNowGivesASecretWithoutValueItsFirstKeys(t *testing.T) {
	c := newAWSDeployment(t, "")
	got, err := c.rotation.RotateNow(t.Context())
	if err != nil || got.Current.ID != c.setInUse().Current.ID {
		t.Errorf("RotateNow of a secret without value: got the key %s, %v, want the set in use", got.Current.ID, err)
	}
}

func TestMotoRotateNowFailsIfTheFunctionDoesNotFinish(t *testing.T) {
	c := newAWSDeployment(t, documentText(t, keySets().third))
	c.Advance(time.Hour)
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before, rotate := c.setInUse(), c.Function
	c.Function = func(event []byte) error {
		if bytes.Contains(event, []byte("finishSecret")) {
			time.AfterFunc(700*time.Millisecond, cancel) // until then RotateNow waits for the new version
			return errors.New("out of memory")
		}
		return rotate(event)
	}
	c.Advance(maxTimeUntilInUse + MaxPropagation)
	if _, err := c.rotation.RotateNow(ctx); err == nil {
		t.Error("RotateNow returned no error, although the rotation function did not finish")
	}
	if got := c.setInUse(); got.Current.ID != before.Current.ID {
		t.Errorf("after the failed rotation the key %s is in use, want the old key %s", got.Current.ID, before.Current.ID)
	}
}

// While Secrets Manager is unavailable, nothing rotates and the last valid keys sign. Later the rotation finishes.
func TestMotoRotationFinishesAfterAnOutageOfSecretsManager(t *testing.T) {
	c := newAWSDeployment(t, documentText(t, keySets().third))
	c.Advance(time.Hour)
	k := New(secrets.New(c.cfg, c.Now), c.cfg, c.Now)
	checkSigns := func(want string) {
		t.Helper()
		token, err := k.Sign(t.Context(), testClaims)
		header := encodeSegment(t, map[string]string{"alg": "RS256", "kid": want})
		if err != nil || !strings.HasPrefix(token, header+".") {
			t.Errorf("Sign: got the token %s, %v, want a token signed with the key %s", token, err, want)
		}
	}
	checkSigns(keySets().third.Current.ID)
	arn := c.cfg.SigningKeysARN
	version := c.BeginRotation(arn)
	if err := c.CallStep(arn, version, "createSecret"); err != nil {
		t.Fatal(err)
	}
	c.Cut.Store(true)
	var unavailable interface{ Unavailable() bool }
	if err := c.CallStep(arn, version, "finishSecret"); !errors.As(err, &unavailable) || !unavailable.Unavailable() {
		t.Errorf("finishSecret without a connection: got %v, want an error with Unavailable() == true", err)
	}
	c.Advance(secrets.CacheTTL)
	checkSigns(keySets().third.Current.ID)
	c.Cut.Store(false)
	if err := c.CallAllSteps(arn, version); err != nil {
		t.Fatal(err)
	}
	c.Advance(secrets.CacheTTL)
	checkSigns(keySets().third.Next.ID)
}
