//go:build moto

package keys

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

func TestMotoRotationRejectsWrongSteps(t *testing.T) {
	c := newAWSDeployment(t, documentText(t, keySets().third))
	arn := c.cfg.SigningKeysARN
	c.Advance(time.Hour)
	err := c.CallStep(arn, mototest.NewVersionID(), "createSecret")
	if err == nil || !strings.Contains(err.Error(), "not enabled for rotation") {
		t.Errorf("createSecret of a secret without rotation: got %v, want an error that says so", err)
	}
	version := c.BeginRotation(arn)
	const other = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/app-AbCdEf"
	for want, got := range map[string]error{
		"not labelled AWSPENDING": c.CallStep(arn, mototest.NewVersionID(), "createSecret"),
		"unknown rotation step":   c.CallStep(arn, version, "dropSecret"),
		other:                     c.CallStep(other, version, "createSecret"),
		"no signing key":          c.CallStep(arn, version, "testSecret"), // there is no pending set yet
		"pending version":         c.CallStep(arn, version, "finishSecret"),
	} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("rotation step that must be rejected: got %v, want an error with %q", got, want)
		}
	}
	if got := c.setInUse(); got.Current.ID != keySets().third.Current.ID {
		t.Error("a rejected step changed the keys")
	}
	if err := c.CallAllSteps(arn, version); err != nil {
		t.Errorf("rotation after the rejected steps: got the error %v, want none", err)
	}
}

func TestMotoErrorNamesAWrongARN(t *testing.T) {
	const wrong = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/nowhere-AbCdEf"
	c := newAWSDeployment(t, "{}")
	c.cfg.SigningKeysARN = wrong
	c.rotation = c.newRotation()
	_, byCommand := c.rotation.RotateNow(t.Context())
	_, bySigner := New(secrets.New(c.cfg, c.Now), c.cfg, c.Now).Public(t.Context())
	for who, err := range map[string]error{
		"the function": c.CallStep(wrong, mototest.NewVersionID(), "createSecret"),
		"the command":  byCommand,
		"a signer":     bySigner,
	} {
		for _, want := range []string{wrong, "ResourceNotFoundException"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with the text %q", who, err, want)
			}
		}
	}
}

// Keys that an operator brings into use during a rotation stay in use, and the next rotation starts from them.
func TestMotoKeysChangedDuringARotationStayInUse(t *testing.T) {
	for n, step := range mototest.RotationSteps[1:] {
		t.Run("before "+step, func(t *testing.T) {
			c := newAWSDeployment(t, documentText(t, keySets().third))
			arn := c.cfg.SigningKeysARN
			c.Advance(time.Hour)
			version := c.BeginRotation(arn)
			for _, step := range mototest.RotationSteps[:n+1] {
				if err := c.CallStep(arn, version, step); err != nil {
					t.Fatal(err)
				}
			}
			c.Put(arn, documentText(t, keySets().foreign))
			for _, step := range []string{"testSecret", "finishSecret"} {
				if err := c.CallStep(arn, version, step); !errors.Is(err, errKeysChanged) {
					t.Errorf("%s after the keys were changed: got %v, want %v", step, err, errKeysChanged)
				}
			}
			err := c.CallAllSteps(arn, version)
			if !errors.Is(err, errKeysChanged) || !strings.Contains(err.Error(), "rotate again") {
				t.Errorf("the next attempt: got %v, want errKeysChanged with the advice to rotate again", err)
			}
			if got := c.setInUse(); got.Current.ID != keySets().foreign.Current.ID ||
				c.VersionWithLabel(arn, "AWSPENDING") != "" {
				t.Error("the operator's keys are not in use, or the rotation is not canceled")
			}
			if err := c.rotate(); err != nil {
				t.Fatal(err)
			}
			c.checkRotated(keySets().foreign)
		})
	}
}

func TestMotoKeysChangedDuringFinishStayInUse(t *testing.T) {
	c := newAWSDeployment(t, documentText(t, keySets().third))
	arn := c.cfg.SigningKeysARN
	c.Advance(time.Hour)
	version := c.BeginRotation(arn)
	if err := c.CallStep(arn, version, "createSecret"); err != nil {
		t.Fatal(err)
	}
	cfg := config.Rotation{SigningKeysARN: arn, JWTExpiresIn: c.cfg.JWTExpiresIn, AWS: c.cfg.AWS}
	c.rotation = NewRotation(cfg, func() time.Time { // called after the rotation has read both sets
		c.Put(arn, documentText(t, keySets().foreign))
		return c.Now()
	})
	if err := c.CallStep(arn, version, "finishSecret"); err == nil {
		t.Error("finishSecret returned no error, although an operator changed the keys, want one")
	}
	if got := c.setInUse(); got.Current.ID != keySets().foreign.Current.ID {
		t.Error("the operator's keys are not in use")
	}
}

// A set that comes into use too late would stop publishing a key before its tokens expire.
func TestMotoRotationThatTakesTooLongIsCanceled(t *testing.T) {
	c := newAWSDeployment(t, documentText(t, keySets().third))
	arn := c.cfg.SigningKeysARN
	c.Advance(time.Hour)
	version := c.BeginRotation(arn)
	if err := c.CallStep(arn, version, "createSecret"); err != nil {
		t.Fatal(err)
	}
	c.Advance(maxTimeUntilInUse)
	for _, step := range []string{"testSecret", "finishSecret", "createSecret"} {
		if err := c.CallStep(arn, version, step); err == nil || !strings.Contains(err.Error(), "not put into use within") {
			t.Errorf("%s after %v: got %v, want an error with \"not put into use within\"", step, maxTimeUntilInUse, err)
		}
	}
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	c.checkRotated(keySets().third)
	if got, want := c.setInUse().Retired[0].PublishedUntil, c.Now().Add(week+MaxPropagation); got.Before(want) {
		t.Errorf("the retired key is published until %v, want at least until %v", got, want)
	}
}

func TestMotoRotationTooSoonIsRejected(t *testing.T) {
	c := newAWSDeployment(t, "{}")
	arn := c.cfg.SigningKeysARN
	if err := c.rotate(); err != nil {
		t.Fatal(err)
	}
	before := c.setInUse()
	c.Advance(maxTimeUntilInUse + MaxPropagation - time.Second)
	version := c.BeginRotation(arn)
	if err := c.CallAllSteps(arn, version); !errors.Is(err, ErrRotationTooSoon) {
		t.Errorf("rotation a second too early: got %v, want %v", err, ErrRotationTooSoon)
	}
	c.Advance(time.Second)
	if err := c.CallAllSteps(arn, version); err != nil {
		t.Errorf("rotation a second later: got the error %v, want none", err)
	}
	c.checkRotated(before)
}

func TestMotoRotationKeepsUnreadableSecret(t *testing.T) {
	lacks := string(editDocument(t, func(d *document) { d.Next = nil }))
	for _, content := range []string{"not JSON", `{"version":2}`, lacks, `{"version":1}`} {
		c := newAWSDeployment(t, content)
		if err := c.rotate(); err == nil || !strings.Contains(err.Error(), "version in use") {
			t.Errorf("rotation of the secret %.20q: got %v, want an error about the version in use", content, err)
		}
		if c.Value(c.cfg.SigningKeysARN, "AWSCURRENT") != content {
			t.Error("the unreadable secret was replaced")
		}
	}
}

// testSecret and finishSecret reject every invalid pending set.
func TestMotoInvalidPendingSetIsRejected(t *testing.T) {
	third := keySets().third
	good, err := third.rotate(newClock().Now().Add(time.Hour), week, config.RS256, maxTimeUntilInUse)
	if err != nil {
		t.Fatal(err)
	}
	missing, short := good, good
	missing.Retired = good.Retired[:1]
	short.Retired = slices.Clone(good.Retired)
	short.Retired[0].PublishedUntil = good.Retired[0].RetiredAt.Add(week)
	for name, test := range map[string]struct{ text, want string }{
		"not a set":           {"not-shown", "not a document"},
		"no keys":             {"{}", "no signing key"},
		"another deployment":  {documentText(t, keySets().foreign), errKeysChanged.Error()},
		"an older set":        {documentText(t, keySets().second), errKeysChanged.Error()},
		"no retired keys":     {documentText(t, Set{Next: good.Next, Current: good.Current}), errKeysChanged.Error()},
		"missing retired key": {documentText(t, missing), "is missing"},
		"retired too early":   {documentText(t, short), "before the tokens it signs expire"},
		"another current key": {
			documentText(t, Set{Next: good.Next, Current: keySets().foreign.Current, Retired: good.Retired}),
			errKeysChanged.Error(),
		},
		"the old key as next": {
			documentText(t, Set{Next: third.Current, Current: third.Next, Retired: third.Retired}), errKeysChanged.Error(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newAWSDeployment(t, documentText(t, third))
			arn := c.cfg.SigningKeysARN
			c.Advance(time.Hour)
			version := c.BeginRotation(arn)
			c.Put(arn, test.text, version, "AWSPENDING")
			for _, step := range []string{"testSecret", "finishSecret"} {
				err := c.CallStep(arn, version, step)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: got %v, want an error with the text %q", step, err, test.want)
				}
				if err != nil && strings.Contains(err.Error(), "not-shown") {
					t.Errorf("%s: the error shows the secret: %v", step, err)
				}
			}
			c.checkRotated(Set{Next: third.Current, Current: Key{ID: third.Retired[0].ID}, Retired: third.Retired[1:]})
		})
	}
	c := newAWSDeployment(t, documentText(t, third))
	c.Advance(time.Hour)
	version := c.BeginRotation(c.cfg.SigningKeysARN)
	c.Put(c.cfg.SigningKeysARN, documentText(t, good), version, "AWSPENDING")
	if err := c.CallAllSteps(c.cfg.SigningKeysARN, version); err != nil {
		t.Errorf("rotation with a valid pending set: got the error %v, want none", err)
	}
}

// When rotation is enabled without rotating immediately, Secrets Manager calls testSecret with a copy of the current
// set.
func TestMotoTestSecretAcceptsCopyOfSetInUse(t *testing.T) {
	for _, content := range []string{"{}", documentText(t, keySets().third)} {
		c := newAWSDeployment(t, content)
		version := c.BeginRotation(c.cfg.SigningKeysARN)
		c.Put(c.cfg.SigningKeysARN, content, version, "AWSPENDING")
		if err := c.CallStep(c.cfg.SigningKeysARN, version, "testSecret"); err != nil {
			t.Errorf("testSecret with a copy of the set in use: got the error %v, want none", err)
		}
	}
}
