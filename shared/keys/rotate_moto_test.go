//go:build moto

package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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

// cloud is a deployment whose keys are in Secrets Manager, and its rotation function.
type cloud struct {
	*clock.Clock
	*mototest.SecretsManager
	t        *testing.T
	cfg      config.API
	rotation *Rotation
	log      bytes.Buffer
}

// newCloud makes a deployment with the content of the secret.
func newCloud(t *testing.T, content string) *cloud {
	t.Helper()
	c := &cloud{Clock: newClock(), SecretsManager: mototest.Start(t).SecretsManager(t), t: t}
	c.cfg = config.API{
		AWS: mototest.AWS(t), SigningKeysARN: c.Create("xenon/keys", content),
		JWTExpiresIn: week, JWTIssuer: origin, JWTAudience: origin,
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
		for _, private := range []string{"PRIVATE", "privateKey", "MII"} {
			if strings.Contains(c.log.String(), private) {
				t.Error("the log shows a key")
			}
		}
	})
	return c
}

func (c *cloud) newRotation() *Rotation {
	cfg := config.Rotation{SigningKeysARN: c.cfg.SigningKeysARN, JWTExpiresIn: c.cfg.JWTExpiresIn, AWS: c.cfg.AWS}
	return NewRotation(cfg, c.Now)
}

func text(t *testing.T, s Set) string {
	t.Helper()
	document, err := s.Document()
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// inUse returns the set in use, which must be valid.
func (c *cloud) inUse() Set {
	c.t.Helper()
	set, err := ParseSet([]byte(c.Value(c.cfg.SigningKeysARN, "AWSCURRENT")))
	if err != nil {
		c.t.Fatal(err)
	}
	return set
}

// rotate does a whole rotation as Secrets Manager does.
func (c *cloud) rotate() error { return c.Attempt(c.cfg.SigningKeysARN, c.Begin(c.cfg.SigningKeysARN)) }

// ids returns the key ids of a set: next, current, retired.
func ids(s Set) []string {
	all := []string{s.Next.ID, s.Current.ID}
	for _, k := range s.Retired {
		all = append(all, k.ID)
	}
	return all
}

// checkRotated fails the test unless the set in use is a rotation of the set before.
func (c *cloud) checkRotated(before Set) {
	c.t.Helper()
	if got, want := ids(c.inUse())[1:], ids(before); !slices.Equal(got, want) {
		c.t.Errorf("got keys %v after the next key, want %v", got, want)
	}
}

func TestMotoFirstDeploy(t *testing.T) {
	for _, content := range []string{"{}", `{"placeholder":"x7Gh"}`} {
		c := newCloud(t, content)
		k := New(secrets.New(c.cfg, c.Now), c.cfg, c.Now)
		if _, err := k.Sign(t.Context(), testClaims); err == nil || !strings.Contains(err.Error(), "xenon keys rotate") {
			t.Errorf("before: got %v, want an error that says how to make keys", err)
		}
		if err := c.rotate(); err != nil {
			t.Fatal(err)
		}
		if got := c.inUse(); len(got.Retired) != 0 {
			t.Errorf("the first set has %d retired keys", len(got.Retired))
		}
		c.Advance(remote.CoolDown)
		if _, err := k.Sign(t.Context(), testClaims); err != nil {
			t.Errorf("after: %v", err)
		}
	}
}

func TestMotoRotationsMoveEveryKeyOnePlaceOn(t *testing.T) {
	c := newCloud(t, "{}")
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		before := c.inUse()
		c.Advance(finishWithin + Spread)
		if err := c.rotate(); err != nil {
			t.Fatal(err)
		}
		c.checkRotated(before)
	}
}

// An attempt fails at any step, before the step or after it. The next attempt succeeds with the same new key, and the
// set in use is valid at any time.
func TestMotoHalfFinishedRotationIsRepeated(t *testing.T) {
	broken := errors.New("connection lost")
	for n, step := range mototest.Steps {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, done %v", step, done), func(t *testing.T) {
				c := newCloud(t, text(t, sets().third))
				arn, rotate := c.cfg.SigningKeysARN, c.Function
				c.Function = func(event []byte) error {
					if !bytes.Contains(event, []byte(step)) {
						return rotate(event)
					}
					if done {
						if err := rotate(event); err != nil {
							t.Error(err)
						}
					}
					return broken
				}
				c.Advance(time.Hour)
				version := c.Begin(arn)
				if err := c.Attempt(arn, version); !errors.Is(err, broken) {
					t.Fatalf("got %v", err)
				}
				finished := n == len(mototest.Steps)-1 && done
				if got := c.Labelled(arn, "AWSCURRENT") == version; got != finished {
					t.Errorf("in use after the first attempt: %v, want %v", got, finished)
				}
				c.inUse()
				made := ""
				if n > 0 || done {
					made = c.Value(arn, "AWSPENDING")
				}

				c.Function = rotate
				c.Advance(finishWithin - time.Minute)
				for range 2 {
					if err := c.Attempt(arn, version); err != nil {
						t.Fatal(err)
					}
				}
				if got := c.Value(arn, "AWSCURRENT"); c.Labelled(arn, "AWSCURRENT") != version || made != "" && got != made {
					t.Error("the set in use is not the set that the first attempt made")
				}
				c.checkRotated(sets().third)
			})
		}
	}
}

func TestMotoRotationRefuses(t *testing.T) {
	c := newCloud(t, text(t, sets().third))
	arn := c.cfg.SigningKeysARN
	c.Advance(time.Hour)
	err := c.Step(arn, mototest.Version(), "createSecret")
	if err == nil || !strings.Contains(err.Error(), "not enabled for rotation") {
		t.Errorf("not enabled: got %v", err)
	}
	version := c.Begin(arn)
	const other = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/app-AbCdEf"
	for want, got := range map[string]error{
		"not labelled AWSPENDING": c.Step(arn, mototest.Version(), "createSecret"),
		"no step":                 c.Step(arn, version, "dropSecret"),
		other:                     c.Step(other, version, "createSecret"),
		"no signing key":          c.Step(arn, version, "testSecret"), // there is no pending set yet
		"pending version":         c.Step(arn, version, "finishSecret"),
	} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("got %v, want an error with %q", got, want)
		}
	}
	if got := c.inUse(); got.Current.ID != sets().third.Current.ID {
		t.Error("a refused step changed the keys")
	}
	if err := c.Attempt(arn, version); err != nil {
		t.Errorf("after the refused steps: %v", err)
	}
}

func TestMotoRotationOfAWrongARN(t *testing.T) {
	const wrong = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/nowhere-AbCdEf"
	c := newCloud(t, "{}")
	c.cfg.SigningKeysARN = wrong
	c.rotation = c.newRotation()
	_, byCommand := c.rotation.RotateNow(t.Context())
	_, bySigner := New(secrets.New(c.cfg, c.Now), c.cfg, c.Now).Public(t.Context())
	for who, err := range map[string]error{
		"the function": c.Step(wrong, mototest.Version(), "createSecret"),
		"the command":  byCommand,
		"a signer":     bySigner,
	} {
		for _, want := range []string{wrong, "ResourceNotFoundException"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %q", who, err, want)
			}
		}
	}
}

// Keys that an operator brings into use during a rotation stay in use, and the next rotation starts from them.
func TestMotoKeysChangedDuringARotation(t *testing.T) {
	for n, step := range mototest.Steps[1:] {
		t.Run("before "+step, func(t *testing.T) {
			c := newCloud(t, text(t, sets().third))
			arn := c.cfg.SigningKeysARN
			c.Advance(time.Hour)
			version := c.Begin(arn)
			for _, step := range mototest.Steps[:n+1] {
				if err := c.Step(arn, version, step); err != nil {
					t.Fatal(err)
				}
			}
			c.Put(arn, text(t, sets().foreign))
			for _, step := range []string{"testSecret", "finishSecret"} {
				if err := c.Step(arn, version, step); !errors.Is(err, errKeysChanged) {
					t.Errorf("%s: got %v, want %v", step, err, errKeysChanged)
				}
			}
			err := c.Attempt(arn, version)
			if !errors.Is(err, errKeysChanged) || !strings.Contains(err.Error(), "rotate again") {
				t.Errorf("the next attempt: got %v, want one that cancels the rotation", err)
			}
			if got := c.inUse(); got.Current.ID != sets().foreign.Current.ID || c.Labelled(arn, "AWSPENDING") != "" {
				t.Error("the operator's keys are not in use, or the rotation is not canceled")
			}
			if err := c.rotate(); err != nil {
				t.Fatal(err)
			}
			c.checkRotated(sets().foreign)
		})
	}
}

// A set that comes into use too late would stop publishing a key before its tokens expire.
func TestMotoRotationThatTakesTooLong(t *testing.T) {
	c := newCloud(t, text(t, sets().third))
	arn := c.cfg.SigningKeysARN
	c.Advance(time.Hour)
	version := c.Begin(arn)
	if err := c.Step(arn, version, "createSecret"); err != nil {
		t.Fatal(err)
	}
	c.Advance(finishWithin)
	for _, step := range []string{"testSecret", "finishSecret", "createSecret"} {
		if err := c.Step(arn, version, step); err == nil || !strings.Contains(err.Error(), "not put into use within") {
			t.Errorf("%s: got %v", step, err)
		}
	}
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	c.checkRotated(sets().third)
	if got, want := c.inUse().Retired[0].PublishedUntil, c.Now().Add(week+Spread); got.Before(want) {
		t.Errorf("published until %v, want at least %v", got, want)
	}
}

func TestMotoRotationTooSoon(t *testing.T) {
	c := newCloud(t, "{}")
	arn := c.cfg.SigningKeysARN
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	before := c.inUse()
	c.Advance(finishWithin + Spread - time.Second)
	version := c.Begin(arn)
	if err := c.Attempt(arn, version); !errors.Is(err, ErrTooSoon) {
		t.Errorf("got %v, want %v", err, ErrTooSoon)
	}
	c.Advance(time.Second)
	if err := c.Attempt(arn, version); err != nil {
		t.Error(err)
	}
	c.checkRotated(before)
}

func TestMotoRotationReplacesNothingThatItCannotRead(t *testing.T) {
	lacks := string(edited(t, func(d *document) { d.Next = nil }))
	for _, content := range []string{"not JSON", `{"version":2}`, lacks, `{"version":1}`} {
		c := newCloud(t, content)
		if err := c.rotate(); err == nil || !strings.Contains(err.Error(), "version in use") {
			t.Errorf("got %v", err)
		}
		if c.Value(c.cfg.SigningKeysARN, "AWSCURRENT") != content {
			t.Error("it was replaced")
		}
	}
}

// testSecret and finishSecret refuse every invalid pending set.
func TestMotoInvalidPendingSet(t *testing.T) {
	third := sets().third
	good, err := third.rotate(newClock().Now().Add(time.Hour), week, finishWithin)
	if err != nil {
		t.Fatal(err)
	}
	missing, short := good, good
	missing.Retired = good.Retired[:1]
	short.Retired = slices.Clone(good.Retired)
	short.Retired[0].PublishedUntil = good.Retired[0].RetiredAt.Add(week)
	for name, test := range map[string]struct{ text, want string }{
		"not a set":          {"not-shown", "not a document"},
		"no keys":            {"{}", "no signing key"},
		"another's keys":     {text(t, sets().foreign), errKeysChanged.Error()},
		"an older set":       {text(t, sets().second), errKeysChanged.Error()},
		"nothing retired":    {text(t, Set{Next: good.Next, Current: good.Current}), errKeysChanged.Error()},
		"a retired key gone": {text(t, missing), "is missing"},
		"retired too early":  {text(t, short), "before the tokens it signs expire"},
		"the old key as next": {
			text(t, Set{Next: third.Current, Current: third.Next, Retired: third.Retired}), errKeysChanged.Error(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, text(t, third))
			arn := c.cfg.SigningKeysARN
			c.Advance(time.Hour)
			version := c.Begin(arn)
			c.Put(arn, test.text, version, "AWSPENDING")
			for _, step := range []string{"testSecret", "finishSecret"} {
				err := c.Step(arn, version, step)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: got %v, want an error with %q", step, err, test.want)
				}
				if err != nil && strings.Contains(err.Error(), "not-shown") {
					t.Errorf("%s: the error shows the secret: %v", step, err)
				}
			}
			c.checkRotated(Set{Next: third.Current, Current: Key{ID: third.Retired[0].ID}, Retired: third.Retired[1:]})
		})
	}
	c := newCloud(t, text(t, third))
	c.Advance(time.Hour)
	version := c.Begin(c.cfg.SigningKeysARN)
	c.Put(c.cfg.SigningKeysARN, text(t, good), version, "AWSPENDING")
	if err := c.Attempt(c.cfg.SigningKeysARN, version); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// When rotation is enabled without rotating at once, Secrets Manager calls testSecret with a copy of the set in use.
func TestMotoTestSecretAcceptsCopyOfSetInUse(t *testing.T) {
	for _, content := range []string{"{}", text(t, sets().third)} {
		c := newCloud(t, content)
		version := c.Begin(c.cfg.SigningKeysARN)
		c.Put(c.cfg.SigningKeysARN, content, version, "AWSPENDING")
		if err := c.Step(c.cfg.SigningKeysARN, version, "testSecret"); err != nil {
			t.Error(err)
		}
	}
}

// RotateNow uses the rotation function if there is one, and works without one.
func TestMotoRotateNow(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		c := newCloud(t, "{}")
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
		before := c.inUse()
		if _, err := c.rotation.RotateNow(t.Context()); !errors.Is(err, ErrTooSoon) {
			t.Errorf("at once again: got %v, want %v", err, ErrTooSoon)
		}
		c.Advance(finishWithin + Spread)
		steps = 0
		got, err := c.rotation.RotateNow(t.Context())
		if err != nil || c.Failed != nil {
			t.Fatal(err, c.Failed)
		}
		c.checkRotated(before)
		usedFunction, previous := steps == len(mototest.Steps), c.Labelled(arn, "AWSPREVIOUS")
		if usedFunction != enabled || got.Current.ID != before.Next.ID || previous == "" {
			t.Errorf("enabled %v: %d steps, %s signs", enabled, steps, got.Current.ID)
		}
	}
}

// While Secrets Manager is unavailable nothing rotates and the last valid keys sign. Later the rotation finishes.
func TestMotoServiceDownDuringARotation(t *testing.T) {
	c := newCloud(t, text(t, sets().third))
	c.Advance(time.Hour)
	k := New(secrets.New(c.cfg, c.Now), c.cfg, c.Now)
	signs := func(want string) {
		t.Helper()
		token, err := k.Sign(t.Context(), testClaims)
		header := segment(t, map[string]string{"alg": "RS256", "kid": want})
		if err != nil || !strings.HasPrefix(token, header+".") {
			t.Errorf("got %v, want a token of %s", err, want)
		}
	}
	signs(sets().third.Current.ID)
	arn := c.cfg.SigningKeysARN
	version := c.Begin(arn)
	if err := c.Step(arn, version, "createSecret"); err != nil {
		t.Fatal(err)
	}
	c.Cut.Store(true)
	var unavailable interface{ Unavailable() bool }
	if err := c.Step(arn, version, "finishSecret"); !errors.As(err, &unavailable) || !unavailable.Unavailable() {
		t.Errorf("got %v, want an error with Unavailable() == true", err)
	}
	c.Advance(secrets.TTL)
	signs(sets().third.Current.ID)
	c.Cut.Store(false)
	if err := c.Attempt(arn, version); err != nil {
		t.Fatal(err)
	}
	c.Advance(secrets.TTL)
	signs(sets().third.Next.ID)
}
