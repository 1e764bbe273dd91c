package keys

import (
	"context"
	"fmt"
	"time"
)

// Now does a whole rotation for a person and returns the set in use after it. A secret that has a rotation function is
// rotated by that; another one, from here. The error is ErrTooSoon as for Rotate.
func (r *Rotation) Now(ctx context.Context) (Set, error) {
	stages, err := r.versions.Stages(ctx)
	if err != nil {
		return Set{}, err
	}
	current, _, err := r.read(ctx, stages, "")
	if err != nil {
		return Set{}, err
	}
	if !stages.Rotated {
		return r.fromHere(ctx, current)
	}
	if set, err := ParseSet(current); err == nil {
		if err := set.ready(r.now(), finishWithin); err != nil {
			return Set{}, err // the function would say so where nobody hears it
		}
	}
	version, err := r.versions.StartRotation(ctx)
	if err != nil {
		return Set{}, err
	}
	if err := r.await(ctx, version); err != nil {
		return Set{}, err
	}
	return r.inUse(ctx, version)
}

// fromHere does what the function's steps do.
func (r *Rotation) fromHere(ctx context.Context, current []byte) (Set, error) {
	next, err := r.after(current)
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
		err = r.finish(ctx, stages, version)
	}
	if err != nil {
		return Set{}, err
	}
	return r.inUse(ctx, version)
}

func (r *Rotation) inUse(ctx context.Context, version string) (Set, error) {
	text, err := r.versions.Read(ctx, version)
	if err != nil {
		return Set{}, err
	}
	return ParseSet(text)
}

func (r *Rotation) await(ctx context.Context, version string) error {
	ctx, cancel := context.WithTimeout(ctx, functionTimeout)
	defer cancel()
	for {
		stages, err := r.versions.Stages(ctx)
		if err != nil || stages.IsCurrent(version) {
			return err
		}
		select {
		case <-time.After(functionPoll):
		case <-ctx.Done():
			return fmt.Errorf("version %s is not in use yet; the log of the rotation function says why", version)
		}
	}
}
