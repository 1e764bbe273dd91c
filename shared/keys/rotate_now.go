package keys

import (
	"context"
	"fmt"
	"time"
)

// RotateNow rotates the key set and returns the set that is then in use. If the secret has a rotation function, Secrets
// Manager calls it; otherwise RotateNow executes the steps. The error wraps ErrRotationTooSoon within maxTimeUntilInUse
// + MaxPropagation of the last rotation.
func (r *Rotation) RotateNow(ctx context.Context) (Set, error) {
	stages, err := r.versions.Stages(ctx)
	if err != nil {
		return Set{}, err
	}
	current, _, err := r.readCurrentAndPending(ctx, stages, "")
	if err != nil {
		return Set{}, err
	}
	if !stages.Rotated {
		return r.rotateWithoutFunction(ctx, current)
	}
	if set, err := ParseSet(current); err == nil {
		if err := set.checkMayRotate(r.now(), maxTimeUntilInUse); err != nil {
			return Set{}, err // the rotation function would only log it
		}
	}
	version, err := r.versions.StartRotation(ctx)
	if err != nil {
		return Set{}, err
	}
	if err := r.awaitRotation(ctx, version); err != nil {
		return Set{}, err
	}
	return r.readSet(ctx, version)
}

// rotateWithoutFunction executes the steps of the rotation function in this process.
func (r *Rotation) rotateWithoutFunction(ctx context.Context, current []byte) (Set, error) {
	next, err := r.nextSet(current)
	if err != nil {
		return Set{}, err
	}
	text, err := next.Document()
	if err != nil {
		return Set{}, err
	}
	version, err := r.versions.Put(ctx, "", text)
	if err != nil {
		return Set{}, err
	}
	stages, err := r.versions.Stages(ctx)
	if err == nil && !stages.IsCurrent(version) {
		err = r.promotePendingSet(ctx, stages, version)
	}
	if err != nil {
		return Set{}, err
	}
	return r.readSet(ctx, version)
}

func (r *Rotation) readSet(ctx context.Context, version string) (Set, error) {
	text, err := r.versions.Read(ctx, version)
	if err != nil {
		return Set{}, err
	}
	return ParseSet(text)
}

func (r *Rotation) awaitRotation(ctx context.Context, version string) error {
	ctx, cancel := context.WithTimeout(ctx, rotationFunctionTimeout)
	defer cancel()
	for {
		stages, err := r.versions.Stages(ctx)
		if err != nil || stages.IsCurrent(version) {
			return err
		}
		select {
		case <-time.After(rotationPollInterval):
		case <-ctx.Done():
			return fmt.Errorf("version %s is not in use yet: see the log of the rotation function", version)
		}
	}
}
