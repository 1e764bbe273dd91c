package keys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

const (
	// finishWithin is how long after a set was made it may be put to use in Secrets Manager. Its times allow for that much.
	finishWithin = 15 * time.Minute

	functionTimeout = 2 * time.Minute // all four steps, with what Secrets Manager does in between
	functionPoll    = time.Second
)

// errOther means that a pending set is not the one that follows the set in use.
var errOther = errors.New("the keys were changed since the rotation began")

// RotationStep is one of the four calls by which Secrets Manager has a function rotate a secret (AWS Secrets Manager User
// Guide, "Lambda rotation functions").
type RotationStep struct {
	Step     string `json:"Step"` // createSecret, setSecret, testSecret, finishSecret
	SecretID string `json:"SecretId"`
	Version  string `json:"ClientRequestToken"` // the version of the secret that the rotation makes
}

// Rotation rotates the key set in Secrets Manager. A first rotation makes the first set, where the secret is empty or {}.
type Rotation struct {
	versions *secrets.Versions
	lifetime time.Duration
	now      func() time.Time
}

// NewRotation calls nothing. The secret is cfg.SigningKeysARN; now is the clock.
func NewRotation(cfg config.Config, now func() time.Time) *Rotation {
	return &Rotation{versions: secrets.NewVersions(cfg), lifetime: cfg.JWTExpiresIn, now: now}
}

// Do does one step and logs it. A step may come again at any time; it does then what is still to be done. After an error
// Secrets Manager begins again with the first step.
func (r *Rotation) Do(ctx context.Context, s RotationStep) error {
	if err := r.do(ctx, s); err != nil {
		slog.ErrorContext(ctx, "rotation step failed", "step", s.Step, "version", s.Version, "error", err)
		return err
	}
	slog.InfoContext(ctx, "rotation step done", "step", s.Step, "version", s.Version)
	return nil
}

func (r *Rotation) do(ctx context.Context, s RotationStep) error {
	if !r.versions.Are(s.SecretID) {
		return fmt.Errorf("asked to rotate %q, which is not SIGNING_KEYS_ARN", s.SecretID)
	}
	stages, err := r.versions.Stages(ctx)
	switch {
	case err != nil:
		return err
	case !stages.Rotated:
		return fmt.Errorf("secret %s is not enabled for rotation", s.SecretID)
	case stages.IsCurrent(s.Version):
		return nil // the rotation is over
	case !stages.IsPending(s.Version):
		return fmt.Errorf("version %s of secret %s is not labelled AWSPENDING", s.Version, s.SecretID)
	}
	switch s.Step {
	case "createSecret":
		return r.create(ctx, stages, s.Version)
	case "setSecret":
		return nil // there is nobody else to tell
	case "testSecret":
		return r.test(ctx, stages, s.Version)
	case "finishSecret":
		return r.finish(ctx, stages, s.Version)
	}
	return fmt.Errorf("there is no step %q", s.Step)
}

// create makes the pending set, or looks at the one of an attempt that failed later. What a version holds cannot be changed,
// so a set that must not be used any more ends its rotation; the next one begins with a new version.
func (r *Rotation) create(ctx context.Context, stages secrets.Stages, version string) error {
	current, pending, err := r.read(ctx, stages, version)
	if err != nil {
		return err
	}
	if pending == nil {
		return r.put(ctx, version, current)
	}
	if _, err := r.check(current, pending); err != nil {
		err = fmt.Errorf("the unfinished rotation is given up, rotate again: %w", err)
		return errors.Join(err, r.versions.GiveUp(ctx, version))
	}
	return nil
}

func (r *Rotation) put(ctx context.Context, version string, current []byte) error {
	next, err := r.after(current)
	if err != nil {
		return err
	}
	text, err := next.Document()
	if err != nil {
		return err
	}
	_, err = r.versions.Put(ctx, version, text)
	return err
}

// after makes the set that comes after the text of the one in use. It replaces nothing that it cannot read.
func (r *Rotation) after(current []byte) (Set, error) {
	set, err := ParseSet(current)
	switch {
	case errors.Is(err, errNoKeys):
		return Generate(r.now())
	case err != nil:
		return Set{}, fmt.Errorf("version in use: %w", err)
	}
	return set.rotate(r.now(), r.lifetime, finishWithin)
}

// test looks at the pending set as everybody will use it. When a rotation is only configured, Secrets Manager calls this step
// alone, with a copy of what is in use.
func (r *Rotation) test(ctx context.Context, stages secrets.Stages, version string) error {
	current, pending, err := r.read(ctx, stages, version)
	if err != nil || pending != nil && slices.Equal(pending, current) {
		return err
	}
	_, err = r.check(current, pending)
	return err
}

// finish looks again, since somebody may have changed the keys meanwhile; a change after that fails the promotion.
func (r *Rotation) finish(ctx context.Context, stages secrets.Stages, version string) error {
	current, pending, err := r.read(ctx, stages, version)
	if err != nil {
		return err
	}
	set, err := r.check(current, pending)
	if err != nil {
		return err
	}
	if err := r.versions.Promote(ctx, version, stages.Current()); err != nil {
		return err
	}
	slog.InfoContext(ctx, "signing keys rotated", "current", set.Current.ID, "next", set.Next.ID, "retired", len(set.Retired))
	return nil
}

// read returns what the version in use and the pending one hold, nil for nothing.
func (r *Rotation) read(ctx context.Context, stages secrets.Stages, version string) (current, pending []byte, err error) {
	current, err = r.versions.Read(ctx, stages.Current())
	if err != nil && !errors.Is(err, secrets.ErrNoValue) {
		return nil, nil, err
	}
	pending, err = r.versions.Read(ctx, version)
	if err != nil && !errors.Is(err, secrets.ErrNoValue) {
		return nil, nil, err
	}
	return current, pending, nil
}

// check returns the pending set if it may be put to use now.
func (r *Rotation) check(current, pending []byte) (Set, error) {
	set, err := ParseSet(pending)
	if err != nil {
		return Set{}, fmt.Errorf("pending version: %w", err)
	}
	if err := errors.Join(set.Current.prove(), set.Next.prove()); err != nil {
		return Set{}, fmt.Errorf("pending version: %w", err)
	}
	now := r.now()
	old, err := ParseSet(current)
	if err == nil {
		err = set.follows(old, now, r.lifetime)
	}
	if err != nil && !errors.Is(err, errNoKeys) { // without keys in use there is nothing to follow
		return Set{}, fmt.Errorf("after the version in use: %w", err)
	}
	if made := set.Next.CreatedAt; !now.Before(made.Add(finishWithin)) {
		return Set{}, fmt.Errorf("pending version: made at %s and not in use within %s", made.Format(time.RFC3339), finishWithin)
	}
	return set, nil
}

// follows reports what speaks against using the set after old: nothing, if old's next key signs now and no key goes away
// that a living token may be signed with.
func (s Set) follows(old Set, now time.Time, lifetime time.Duration) error {
	if s.Current.ID != old.Next.ID || s.Next.ID == old.Current.ID || len(s.Retired) == 0 || s.Retired[0].ID != old.Current.ID {
		return errOther
	}
	if s.Retired[0].PublishedUntil.Before(seconds(now.Add(lifetime + Spread))) {
		return fmt.Errorf("key %s would go before the tokens it signs", old.Current.ID)
	}
	for _, k := range old.alive(now) {
		if !slices.ContainsFunc(s.Retired, func(r RetiredKey) bool { return r.ID == k.ID }) {
			return fmt.Errorf("retired key %s is gone: %w", k.ID, errOther)
		}
	}
	return nil
}

// prove signs something and verifies it with the key as it is published.
func (k Key) prove() error {
	const text = "proof"
	public, ok := verificationKey(newJWK(k.ID, &k.private.PublicKey).text)
	if !ok {
		return fmt.Errorf("key %s cannot be published", k.ID)
	}
	signature, err := jwt.SigningMethodRS256.Sign(text, k.private)
	if err == nil {
		err = jwt.SigningMethodRS256.Verify(text, signature, public.Key())
	}
	if err != nil {
		return fmt.Errorf("key %s: %w", k.ID, err)
	}
	return nil
}
