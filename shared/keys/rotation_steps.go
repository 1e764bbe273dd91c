package keys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/secrets"
)

const (
	// A new set must come into use in Secrets Manager within maxTimeUntilInUse after it was generated. The times in the
	// set allow for this delay.
	maxTimeUntilInUse = 15 * time.Minute

	rotationFunctionTimeout = 2 * time.Minute // for all four steps of the rotation function
	rotationPollInterval    = time.Second     // how often RotateNow asks whether the rotation function has finished
)

// errKeysChanged means that the pending set was not generated from the set in use.
var errKeysChanged = errors.New("the keys were changed since the rotation began")

// RotationStep is one of the four calls that Secrets Manager makes to a rotation function (AWS Secrets Manager User
// Guide, "Rotation by Lambda function").
type RotationStep struct {
	Step     string `json:"Step"` // createSecret, setSecret, testSecret, finishSecret
	SecretID string `json:"SecretId"`
	Version  string `json:"ClientRequestToken"` // the new version of the secret
}

// Rotation rotates the key set in Secrets Manager. If the secret has no keys yet, as {} has none, a rotation generates
// the first set.
type Rotation struct {
	versions *secrets.Versions
	lifetime time.Duration
	alg      string // of new keys
	now      func() time.Time
}

// NewRotation returns the rotation of the secret cfg.SigningKeysARN. It makes no request.
func NewRotation(cfg config.Rotation, now func() time.Time) *Rotation {
	return &Rotation{
		versions: secrets.NewVersions(cfg.AWS, cfg.SigningKeysARN),
		lifetime: cfg.JWTExpiresIn, alg: cfg.JWTAlg, now: now,
	}
}

// Do executes one step and logs it. Secrets Manager may repeat a step at any time; Do then executes the part of the
// step that is not done. After an error Secrets Manager starts again with the first step.
func (r *Rotation) Do(ctx context.Context, s RotationStep) error {
	if err := r.do(ctx, s); err != nil {
		slog.ErrorContext(ctx, "rotation step failed", "step", s.Step, "version", s.Version, "error", err)
		return err
	}
	slog.InfoContext(ctx, "rotation step done", "step", s.Step, "version", s.Version)
	return nil
}

func (r *Rotation) do(ctx context.Context, s RotationStep) error {
	if !r.versions.Manages(s.SecretID) {
		return fmt.Errorf("the event is for the secret %q, which is not SIGNING_KEYS_ARN", s.SecretID)
	}
	stages, err := r.versions.Stages(ctx)
	switch {
	case err != nil:
		return err
	case !stages.Rotated:
		return fmt.Errorf("secret %s is not enabled for rotation", s.SecretID)
	case stages.IsCurrent(s.Version):
		return nil // the rotation has finished
	case !stages.IsPending(s.Version):
		return fmt.Errorf("version %s of secret %s is not labelled AWSPENDING", s.Version, s.SecretID)
	}
	switch s.Step {
	case "createSecret":
		return r.createPendingSet(ctx, stages, s.Version)
	case "setSecret":
		return nil // no other service holds the keys
	case "testSecret":
		return r.testPendingSet(ctx, stages, s.Version)
	case "finishSecret":
		return r.promotePendingSet(ctx, stages, s.Version)
	}
	return fmt.Errorf("unknown rotation step %q", s.Step)
}

// createPendingSet generates the pending set, or checks the set of an earlier attempt. The content of a version cannot
// be changed. If the set must not come into use any more, createPendingSet ends the rotation, and the next rotation
// creates a new version.
func (r *Rotation) createPendingSet(ctx context.Context, stages secrets.Stages, version string) error {
	current, pending, err := r.readCurrentAndPending(ctx, stages, version)
	if err != nil {
		return err
	}
	if pending == nil {
		return r.putNextSet(ctx, version, current)
	}
	if _, err := r.checkPending(current, pending); err != nil {
		err = fmt.Errorf("the unfinished rotation was canceled, rotate again: %w", err)
		return errors.Join(err, r.versions.Cancel(ctx, version))
	}
	return nil
}

func (r *Rotation) putNextSet(ctx context.Context, version string, current []byte) error {
	next, err := r.nextSet(current)
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

// nextSet generates the set that replaces the set in use, or the first set. It returns an error if the set in use is
// not valid, and ErrRotationTooSoon if it must not be replaced yet.
func (r *Rotation) nextSet(current []byte) (Set, error) {
	set, err := ParseSet(current)
	switch {
	case errors.Is(err, errNoKeys):
		return Generate(r.now(), r.alg)
	case err != nil:
		return Set{}, fmt.Errorf("version in use: %w", err)
	}
	return set.rotate(r.now(), r.lifetime, r.alg, maxTimeUntilInUse)
}

// testPendingSet checks the pending set. When an operator configures rotation without rotating immediately, Secrets
// Manager calls only this step, with a copy of the set in use.
func (r *Rotation) testPendingSet(ctx context.Context, stages secrets.Stages, version string) error {
	current, pending, err := r.readCurrentAndPending(ctx, stages, version)
	if err != nil || pending != nil && slices.Equal(pending, current) {
		return err
	}
	_, err = r.checkPending(current, pending)
	return err
}

// promotePendingSet checks the set again, because the set in use may have changed after testSecret. If it changes after
// this check, Promote returns an error.
func (r *Rotation) promotePendingSet(ctx context.Context, stages secrets.Stages, version string) error {
	current, pending, err := r.readCurrentAndPending(ctx, stages, version)
	if err != nil {
		return err
	}
	set, err := r.checkPending(current, pending)
	if err != nil {
		return err
	}
	if err := r.versions.Promote(ctx, version, stages.Current()); err != nil {
		return err
	}
	slog.InfoContext(ctx, "signing keys rotated",
		"current", set.Current.ID, "next", set.Next.ID, "retired", len(set.Retired))
	return nil
}

// readCurrentAndPending returns the content of the version in use and of the pending version, each nil if it has none.
func (r *Rotation) readCurrentAndPending(
	ctx context.Context, stages secrets.Stages, version string,
) (current, pending []byte, err error) {
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

// checkPending returns the pending set if it may come into use now.
func (r *Rotation) checkPending(current, pending []byte) (Set, error) {
	set, err := ParseSet(pending)
	if err != nil {
		return Set{}, fmt.Errorf("pending version: %w", err)
	}
	if err := errors.Join(set.Current.checkSignature(), set.Next.checkSignature()); err != nil {
		return Set{}, fmt.Errorf("pending version: %w", err)
	}
	now := r.now()
	old, err := ParseSet(current)
	if err == nil {
		err = set.checkMayReplace(old, now, r.lifetime)
	}
	if err != nil && !errors.Is(err, errNoKeys) { // without keys in use, any set may be the first
		return Set{}, fmt.Errorf("the pending version does not follow the version in use: %w", err)
	}
	if made := set.Next.CreatedAt; !now.Before(made.Add(maxTimeUntilInUse)) {
		return Set{}, fmt.Errorf("pending version: generated at %s and not put into use within %s",
			made.Format(time.RFC3339), maxTimeUntilInUse)
	}
	return set, nil
}

// checkMayReplace returns an error unless the set may replace old: its current key must be the next key of old, and the
// set must still publish every key that may have signed a valid token.
func (s Set) checkMayReplace(old Set, now time.Time, lifetime time.Duration) error {
	if s.Current.ID != old.Next.ID || len(s.Retired) == 0 || s.Retired[0].ID != old.Current.ID {
		return errKeysChanged
	}
	if s.Retired[0].PublishedUntil.Before(truncateToSeconds(now.Add(lifetime + MaxPropagation))) {
		return fmt.Errorf("key %s would be removed before the tokens it signs expire", old.Current.ID)
	}
	for _, k := range old.stillPublished(now) {
		if !slices.ContainsFunc(s.Retired, func(r RetiredKey) bool { return r.ID == k.ID }) {
			return fmt.Errorf("retired key %s is missing: %w", k.ID, errKeysChanged)
		}
	}
	return nil
}

// checkSignature signs a text and verifies it with the public key as it is published.
func (k Key) checkSignature() error {
	const text = "text"
	public, ok := jwks.ParseKey(k.public.text)
	if !ok {
		return fmt.Errorf("key %s cannot be published", k.ID)
	}
	signature, err := k.private.method.Sign(text, k.private.Signer)
	if err == nil {
		err = k.private.method.Verify(text, signature, public.Key())
	}
	if err != nil {
		return fmt.Errorf("key %s: %w", k.ID, err)
	}
	return nil
}
