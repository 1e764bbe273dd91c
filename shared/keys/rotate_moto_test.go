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

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// These tests talk to a real moto server. They set variables of the process and share the server, so none is parallel.

const week = 7 * 24 * time.Hour

// cloud is a deployment whose keys are in Secrets Manager, with the function that rotates them.
type cloud struct {
	*clock
	*mototest.SecretsManager
	t        *testing.T
	cfg      config.Config
	rotation *Rotation
	log      bytes.Buffer
}

// newCloud begins with what the secret holds.
func newCloud(t *testing.T, holds string) *cloud {
	t.Helper()
	c := &cloud{clock: newClock(), SecretsManager: mototest.Start(t).SecretsManager(t), t: t}
	c.cfg = config.Config{
		AWS: config.AWSFromEnv(), SigningKeysARN: c.Create("xenon/keys", holds), JWTExpiresIn: week, JWTIssuer: origin, JWTAudience: origin,
	}
	c.rotation = NewRotation(c.cfg, c.now)
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
		if said := c.log.String(); strings.Contains(said, "PRIVATE") || strings.Contains(said, "privateKey") || strings.Contains(said, "MII") {
			t.Error("the log shows a key")
		}
	})
	return c
}

func text(t *testing.T, s Set) string {
	t.Helper()
	document, err := s.Document()
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// inUse is the set in use, which has to be good.
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

// ids are those of a set in the order in which it publishes them longest: next, current, retired.
func ids(s Set) []string {
	all := []string{s.Next.ID, s.Current.ID}
	for _, k := range s.Retired {
		all = append(all, k.ID)
	}
	return all
}

// moved reports whether every key of the set before is one place on.
func (c *cloud) moved(before Set) {
	c.t.Helper()
	if got, want := ids(c.inUse())[1:], ids(before); !slices.Equal(got, want) {
		c.t.Errorf("got keys %v after a new one, want %v", got, want)
	}
}

func TestMoto_FirstDeploy(t *testing.T) {
	for _, holds := range []string{"{}", `{"placeholder":"x7Gh"}`} {
		c := newCloud(t, holds)
		k := New(secrets.New(c.cfg, c.now), c.cfg, c.now)
		if _, err := k.Sign(t.Context(), someone); err == nil || !strings.Contains(err.Error(), "xenon keys rotate") {
			t.Errorf("before: got %v, want an error that says how to make keys", err)
		}
		if err := c.rotate(); err != nil {
			t.Fatal(err)
		}
		if got := c.inUse(); len(got.Retired) != 0 {
			t.Errorf("the first set has %d retired keys", len(got.Retired))
		}
		c.advance(secrets.CoolDown)
		if _, err := k.Sign(t.Context(), someone); err != nil {
			t.Errorf("after: %v", err)
		}
	}
}

func TestMoto_RotationsMoveEveryKeyOnePlaceOn(t *testing.T) {
	c := newCloud(t, "{}")
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		before := c.inUse()
		c.advance(finishWithin + Spread)
		if err := c.rotate(); err != nil {
			t.Fatal(err)
		}
		c.moved(before)
	}
}

// An attempt ends at any step, which was done without its answer arriving or was not, and the next attempt ends well with
// the same new key. Everybody who reads in between finds a good set.
func TestMoto_HalfFinishedRotationIsRepeated(t *testing.T) {
	broken := errors.New("the line broke")
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
				c.advance(time.Hour)
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
				c.advance(finishWithin - time.Minute)
				for range 2 {
					if err := c.Attempt(arn, version); err != nil {
						t.Fatal(err)
					}
				}
				if got := c.Value(arn, "AWSCURRENT"); c.Labelled(arn, "AWSCURRENT") != version || made != "" && got != made {
					t.Error("what is in use is not what the first attempt made")
				}
				c.moved(sets().third)
			})
		}
	}
}

func TestMoto_RotationRefuses(t *testing.T) {
	c := newCloud(t, text(t, sets().third))
	arn := c.cfg.SigningKeysARN
	c.advance(time.Hour)
	if err := c.Step(arn, mototest.Version(), "createSecret"); err == nil || !strings.Contains(err.Error(), "not enabled for rotation") {
		t.Errorf("not enabled: got %v", err)
	}
	version := c.Begin(arn)
	const other = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/app-AbCdEf"
	for want, got := range map[string]error{
		"not labelled AWSPENDING": c.Step(arn, mototest.Version(), "createSecret"),
		"no step":                 c.Step(arn, version, "dropSecret"),
		other:                     c.Step(other, version, "createSecret"),
		"no signing key":          c.Step(arn, version, "testSecret"), // there is nothing to test yet
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
		t.Errorf("after all that: %v", err)
	}
}

func TestMoto_RotationOfAWrongARN(t *testing.T) {
	const wrong = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/nowhere-AbCdEf"
	c := newCloud(t, "{}")
	c.cfg.SigningKeysARN = wrong
	c.rotation = NewRotation(c.cfg, c.now)
	for who, err := range map[string]error{
		"the function": c.Step(wrong, mototest.Version(), "createSecret"),
		"a person":     func() error { _, err := c.rotation.Now(t.Context()); return err }(),
		"a signer":     func() error { _, err := New(secrets.New(c.cfg, c.now), c.cfg, c.now).Public(t.Context()); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), "ResourceNotFoundException") {
			t.Errorf("%s: got %v, want an error that names the secret", who, err)
		}
	}
}

// Keys that somebody else put in use stay in use, whenever that was, and the rotation after it starts from them.
func TestMoto_KeysChangedDuringARotation(t *testing.T) {
	for n, step := range mototest.Steps[1:] {
		t.Run("before "+step, func(t *testing.T) {
			c := newCloud(t, text(t, sets().third))
			arn := c.cfg.SigningKeysARN
			c.advance(time.Hour)
			version := c.Begin(arn)
			for _, step := range mototest.Steps[:n+1] {
				if err := c.Step(arn, version, step); err != nil {
					t.Fatal(err)
				}
			}
			c.Put(arn, text(t, sets().foreign))
			for _, step := range []string{"testSecret", "finishSecret"} {
				if err := c.Step(arn, version, step); !errors.Is(err, errOther) {
					t.Errorf("%s: got %v, want %v", step, err, errOther)
				}
			}
			if err := c.Attempt(arn, version); !errors.Is(err, errOther) || !strings.Contains(err.Error(), "rotate again") {
				t.Errorf("the next attempt: got %v, want one that gives the rotation up", err)
			}
			if got := c.inUse(); got.Current.ID != sets().foreign.Current.ID || c.Labelled(arn, "AWSPENDING") != "" {
				t.Error("the keys that were put there are not in use, or the rotation is not over")
			}
			if err := c.rotate(); err != nil {
				t.Fatal(err)
			}
			c.moved(sets().foreign)
		})
	}
}

// A set that comes into use late would retire a key while tokens of it live.
func TestMoto_RotationThatTakesTooLong(t *testing.T) {
	c := newCloud(t, text(t, sets().third))
	arn := c.cfg.SigningKeysARN
	c.advance(time.Hour)
	version := c.Begin(arn)
	if err := c.Step(arn, version, "createSecret"); err != nil {
		t.Fatal(err)
	}
	c.advance(finishWithin)
	for _, step := range []string{"testSecret", "finishSecret", "createSecret"} {
		if err := c.Step(arn, version, step); err == nil || !strings.Contains(err.Error(), "not in use within") {
			t.Errorf("%s: got %v", step, err)
		}
	}
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	c.moved(sets().third)
	if got, want := c.inUse().Retired[0].PublishedUntil, c.now().Add(week+Spread); got.Before(want) {
		t.Errorf("published until %v, want at least %v", got, want)
	}
}

func TestMoto_RotationTooSoon(t *testing.T) {
	c := newCloud(t, "{}")
	arn := c.cfg.SigningKeysARN
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	before := c.inUse()
	c.advance(finishWithin + Spread - time.Second)
	version := c.Begin(arn)
	if err := c.Attempt(arn, version); !errors.Is(err, ErrTooSoon) {
		t.Errorf("got %v, want %v", err, ErrTooSoon)
	}
	c.advance(time.Second)
	if err := c.Attempt(arn, version); err != nil {
		t.Error(err)
	}
	c.moved(before)
}

func TestMoto_RotationReplacesNothingThatItCannotRead(t *testing.T) {
	lacks := string(edited(t, func(d *document) { d.Next = nil }))
	for _, holds := range []string{"not JSON", `{"version":2}`, lacks, `{"version":1}`} {
		c := newCloud(t, holds)
		if err := c.rotate(); err == nil || !strings.Contains(err.Error(), "version in use") {
			t.Errorf("got %v", err)
		}
		if c.Value(c.cfg.SigningKeysARN, "AWSCURRENT") != holds {
			t.Error("it was replaced")
		}
	}
}

// What testSecret refuses is never put to use, however it came there.
func TestMoto_PendingSetThatIsNoGood(t *testing.T) {
	third := sets().third
	good, err := third.rotate(newClock().now().Add(time.Hour), week, finishWithin)
	if err != nil {
		t.Fatal(err)
	}
	forgetful, short := good, good
	forgetful.Retired = good.Retired[:1]
	short.Retired = slices.Clone(good.Retired)
	short.Retired[0].PublishedUntil = good.Retired[0].RetiredAt.Add(week)
	for name, test := range map[string]struct{ text, want string }{
		"not a set":           {"not-shown", "not a document"},
		"no keys":             {"{}", "no signing key"},
		"another's keys":      {text(t, sets().foreign), errOther.Error()},
		"an older set":        {text(t, sets().second), errOther.Error()},
		"nothing retired":     {text(t, Set{Next: good.Next, Current: good.Current}), errOther.Error()},
		"a retired key gone":  {text(t, forgetful), "is gone"},
		"retired too early":   {text(t, short), "before the tokens it signs"},
		"the old key as next": {text(t, Set{Next: third.Current, Current: third.Next, Retired: third.Retired}), errOther.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, text(t, third))
			arn := c.cfg.SigningKeysARN
			c.advance(time.Hour)
			version := c.Begin(arn)
			c.Put(arn, test.text, version, "AWSPENDING")
			for _, step := range []string{"testSecret", "finishSecret"} {
				if err := c.Step(arn, version, step); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "not-shown") {
					t.Errorf("%s: got %v, want an error with %q", step, err, test.want)
				}
			}
			c.moved(Set{Next: third.Current, Current: Key{ID: third.Retired[0].ID}, Retired: third.Retired[1:]})
		})
	}
	c := newCloud(t, text(t, third))
	c.advance(time.Hour)
	version := c.Begin(c.cfg.SigningKeysARN)
	c.Put(c.cfg.SigningKeysARN, text(t, good), version, "AWSPENDING")
	if err := c.Attempt(c.cfg.SigningKeysARN, version); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// When rotation is switched on without rotating, Secrets Manager calls testSecret with a copy.
func TestMoto_Rehearsal(t *testing.T) {
	for _, holds := range []string{"{}", text(t, sets().third)} {
		c := newCloud(t, holds)
		version := c.Begin(c.cfg.SigningKeysARN)
		c.Put(c.cfg.SigningKeysARN, holds, version, "AWSPENDING")
		if err := c.Step(c.cfg.SigningKeysARN, version, "testSecret"); err != nil {
			t.Error(err)
		}
	}
}

// A person rotates with the function where there is one, and without it where there is none.
func TestMoto_Now(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		c := newCloud(t, "{}")
		arn := c.cfg.SigningKeysARN
		steps, rotate := 0, c.Function
		c.Function = func(event []byte) error { steps++; return rotate(event) }
		if enabled {
			if err := c.rotate(); err != nil {
				t.Fatal(err)
			}
		} else if _, err := c.rotation.Now(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := c.inUse()
		if _, err := c.rotation.Now(t.Context()); !errors.Is(err, ErrTooSoon) {
			t.Errorf("at once again: got %v, want %v", err, ErrTooSoon)
		}
		c.advance(finishWithin + Spread)
		steps = 0
		got, err := c.rotation.Now(t.Context())
		if err != nil || c.Failed != nil {
			t.Fatal(err, c.Failed)
		}
		c.moved(before)
		if used := steps == len(mototest.Steps); used != enabled || got.Current.ID != before.Next.ID || c.Labelled(arn, "AWSPREVIOUS") == "" {
			t.Errorf("enabled %v: %d steps, %s signs", enabled, steps, got.Current.ID)
		}
	}
}

// While Secrets Manager is down nothing rotates, and the last good keys sign on; after that the rotation is seen.
func TestMoto_ServiceDownDuringARotation(t *testing.T) {
	c := newCloud(t, text(t, sets().third))
	c.advance(time.Hour)
	k := New(secrets.New(c.cfg, c.now), c.cfg, c.now)
	signs := func(want string) {
		t.Helper()
		token, err := k.Sign(t.Context(), someone)
		if header := segment(t, map[string]string{"alg": "RS256", "kid": want}); err != nil || !strings.HasPrefix(token, header+".") {
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
	var away interface{ Unavailable() bool }
	if err := c.Step(arn, version, "finishSecret"); !errors.As(err, &away) || !away.Unavailable() {
		t.Errorf("got %v, want an error that is over by itself", err)
	}
	c.advance(secrets.TTL)
	signs(sets().third.Current.ID)
	c.Cut.Store(false)
	if err := c.Attempt(arn, version); err != nil {
		t.Fatal(err)
	}
	c.advance(secrets.TTL)
	signs(sets().third.Next.ID)
}
