package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// halve cuts a scope in two, or returns its only user; nothing when there is nobody. As long as there are several users
// the ids of profiles are not asked for: if time was too short for a table, it would be so again.
func (w *worker) halve(ctx context.Context, s scope) (halves []scope, err error) {
	ids := s.ids
	err = w.patiently(ctx, func(ctx context.Context) (err error) {
		if s.ids == nil {
			ids, err = column1(ctx, w.src, "select u.id::text from auth.users u where "+s.on("u.id")+" order by u.id")
		}
		if err == nil && len(ids) < 2 && s.ids == nil && w.run.src.profiles.there() {
			ids, err = column1(ctx, w.src, "select u.id::text from auth.users u where "+s.on("u.id")+" union select "+w.run.profileUser()+"::text from "+w.run.src.profiles.sql()+" p where "+s.on(w.run.profileUser()))
			s.ids = ids
		}
		return err
	})
	first, second := s, s
	switch half := len(ids) / 2; {
	case err != nil || len(ids) == 0:
		return nil, err
	case len(ids) == 1:
		first.ids = ids
		return []scope{first}, nil
	case s.ids != nil:
		first.ids, second.ids = ids[:half], ids[half:]
	default:
		first.high, second.low = ids[half], ids[half]
	}
	return []scope{first, second}, nil
}

// condemn puts aside as little as possible of one user: the profile, else an identity, else all of them, else the whole.
func (w *worker) condemn(ctx context.Context, b batch, s scope, cause error) (moved, error) {
	var pg *pgconn.PgError
	if !errors.As(cause, &pg) || pg.Code == timedOut {
		return moved{}, cause
	}
	user := s.ids[0]
	if why, ok := refusedRemoval(cause); ok {
		err := w.patiently(ctx, func(ctx context.Context) error {
			return w.accuse(ctx, user, suspect{User, []string{user}}, removalRefused, why)
		})
		if err != nil {
			return moved{}, err
		}
		return w.attempts(ctx, b, s, false)
	}
	var identities []string
	err := w.patiently(ctx, func(ctx context.Context) (err error) {
		identities, err = column1(ctx, w.src, "select i.id::text from auth.identities i where i.provider not in ('email', 'phone') and "+s.on("i.user_id")+" order by i.id")
		return err
	})
	if err != nil {
		return moved{}, err
	}
	suspects := []suspect{{Profile, []string{user}}}
	for _, id := range identities {
		suspects = append(suspects, suspect{Identity, []string{id}})
	}
	suspects = append(suspects, suspect{Identity, identities}, suspect{User, []string{user}})
	for _, x := range suspects {
		if err := w.patiently(ctx, func(ctx context.Context) error { return w.accuse(ctx, user, x, targetError, "SQLSTATE "+pg.Code) }); err != nil {
			return moved{}, err
		}
		did, err := w.attempts(ctx, b, s, false)
		if err == nil || kindOf(err) != data {
			return did, err
		}
		cause = err
	}
	return moved{}, cause
}

// targetError is the ruling that the target refuses a row.
const targetError = "target_error"

// suspect is rows of one user that the target may have refused.
type suspect struct {
	source Source
	keys   []string
}

// accuse rules that the target refuses these rows of a user, and no others. It waits for the disk, unlike all else that a
// worker does (workerSession): a crash that took the accusation back would clear these rows of it, and condemn the next.
func (w *worker) accuse(ctx context.Context, user string, x suspect, reason, detail string) error {
	return pgx.BeginFunc(ctx, w.dst, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local synchronous_commit = on"); err != nil {
			return fmt.Errorf("wait for the disk: %w", err)
		}
		_, err := tx.Exec(ctx, `with before as (delete from supabase_import.ruling where run = $1 and user_id = $2::uuid and reason = $6
  and not (source = $3::supabase_import.source and key = any($4::uuid[])))
insert into supabase_import.ruling (run, user_id, source, key, reason, detail) select $1, $2::uuid, $3::supabase_import.source, key, $6, $5::text from unnest($4::uuid[]) key
on conflict (run, user_id, source, key, reason) do update set detail = excluded.detail`, w.run.id, user, string(x.source), x.keys, detail, reason)
		return err
	})
}
