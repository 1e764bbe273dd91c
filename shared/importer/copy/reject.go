package copy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Here it is decided that the target rejects a row; docs/importer.md has a diagram. There are three ways:
//
//  1. A staged row differs from a row that another program wrote, or an account is another program's: rejectTakenRows.
//  2. Writing meets a unique value that another user has: resolveTaken.
//  3. The target refuses with any other error: the scope is halved down to one user (copyScope), and of that user the
//     rejected row is searched for (rejectRow).
//
// Each decision is stored as a rejection (run/rejection.go) and committed. Then the users are staged again: the
// projection takes rejections as given. Conflicts within the source are decided when a pass begins (run/conflicts.go).

// reject carries out statements that insert rejections. If there are any, it commits them, which empties the stage.
func (t *transaction) reject(ctx context.Context, sql string) (rejected bool, err error) {
	n, err := run.ExecCounting(ctx, t.Dst, sql)
	if err != nil {
		return false, fmt.Errorf("store rejections: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	t.stagedOn, t.asksAnew = nil, false
	return true, run.Exec(ctx, t.Dst, "COMMIT")
}

// rejectTakenRows rejects staged rows in whose place the target has another program's row.
func rejectTakenRows(p *run.Pass) string {
	return p.RejectStaged(mapping.User, "'"+mapping.TargetIDTaken+"'", "stage_user s\nWHERE s.action = 'taken'") +
		p.RejectStaged(mapping.Profile, "'"+mapping.TargetProfileTaken+"'", "stage_profile s\nWHERE s.action = 'taken'") +
		p.RejectStaged(mapping.Identity, "'"+mapping.TargetAccountTaken+"'", "stage_identity s\nWHERE s.action = 'taken'") +
		p.RejectStaged(mapping.Identity, "'"+mapping.TargetAccountTaken+"'", `stage_identity s
JOIN `+p.ForeignAccounts()+` f
  ON f."providerId" = s."providerId" AND f."accountId" = s."accountId" AND f.id <> s.key
WHERE s.action IN ('new', 'update') AND s.reason IS NULL AND NOT s.folded`)
}

// resolveTaken is called when an email or number turns out to be taken. First, users of the target who never verified
// an email give it up, in the same transaction: so no one can sign up with a released email before the user of the
// source has it. If there are none, rows that the run wrote and nothing changed since get a placeholder, and are copied
// again in their own batch; against any other user the user of the source is rejected.
func (t *transaction) resolveTaken(ctx context.Context, cause error) error {
	var released int64
	err := run.QueryNumbers(ctx, t.Dst, "ROLLBACK TO SAVEPOINT staged;\n"+t.Pass.ReleaseEmails(), &released)
	if err != nil {
		return fmt.Errorf("release emails: %w", err)
	}
	if released > 0 {
		return nil // the stage is as it was: write again
	}
	sql := "ROLLBACK TO SAVEPOINT staged;\n" + rejectTakenValue(t.Pass, "email", run.TemporaryEmail, `CASE
  WHEN s."emailVerified" AND NOT u."emailVerified" THEN '`+mapping.TargetEmailUnverified+`'
  ELSE '`+mapping.TargetEmailTaken+`' END`)
	if t.Pass.HasPhone() {
		sql += rejectTakenValue(t.Pass, `"phoneNumber"`, "NULL", "'"+mapping.TargetPhoneTaken+"'")
	}
	rejected, err := t.reject(ctx, sql)
	if err == nil && !rejected {
		return cause
	}
	return err
}

func rejectTakenValue(p *run.Pass, column, placeholder, reason string) string {
	return p.AssignPlaceholder(column, placeholder) +
		p.RejectStaged(mapping.User, reason, "stage_user s\nJOIN \"user\" u ON "+run.HasStagedValue(column))
}

// copyScope copies the users of a scope. When the target refuses with an error, it halves the scope, down to the user
// whose row is rejected.
func (w *worker) copyScope(ctx context.Context, b run.Batch, s mapping.Scope) (did rowCounts, err error) {
	did, err = w.copyUsers(ctx, b, s, true)
	if err == nil || run.CauseOf(err) != run.BadRow {
		return did, err
	}
	halves, e := w.bisect(ctx, s)
	switch {
	case e != nil:
		return did, e
	case len(halves) == 0:
		return did, err
	case len(halves) == 1:
		return w.rejectRow(ctx, b, halves[0], err)
	}
	did = rowCounts{}
	for _, half := range halves {
		d, err := w.copyScope(ctx, b, half)
		if did = did.plus(d); err != nil {
			return did, err
		}
	}
	return did, nil
}

// bisect cuts a scope in two, or returns its only user; nothing when there is none. As long as there are several users
// it does not ask for the users of profiles: if time was too short to read that table, it would be so again.
func (w *worker) bisect(ctx context.Context, s mapping.Scope) (halves []mapping.Scope, err error) {
	ids := s.IDs
	if ids == nil {
		if ids, err = w.listUsers(ctx, s); err != nil {
			return nil, err
		}
		if len(ids) < 2 && w.Pass.Source.Profiles.Usable() {
			if ids, err = w.listUsersOfProfiles(ctx, s); err != nil {
				return nil, err
			}
			s.IDs = ids
		}
	}
	first, second := s, s
	switch half := len(ids) / 2; {
	case len(ids) == 0:
		return nil, nil
	case len(ids) == 1:
		first.IDs = ids
		return []mapping.Scope{first}, nil
	case s.IDs != nil:
		first.IDs, second.IDs = ids[:half], ids[half:]
	default:
		first.High, second.Low = ids[half], ids[half]
	}
	return []mapping.Scope{first, second}, nil
}

func (w *worker) listUsers(ctx context.Context, s mapping.Scope) ([]string, error) {
	return w.listAtSource(ctx, "SELECT u.id::text FROM auth.users u WHERE "+s.Contains("u.id")+" ORDER BY u.id")
}

func (w *worker) listUsersOfProfiles(ctx context.Context, s mapping.Scope) ([]string, error) {
	user := w.Pass.ProfileUser()
	return w.listAtSource(ctx, "SELECT u.id::text FROM auth.users u WHERE "+s.Contains("u.id")+
		"\nUNION\nSELECT "+user+"::text FROM "+w.Pass.Source.Profiles.SQL()+" p WHERE "+s.Contains(user))
}

func (w *worker) listAtSource(ctx context.Context, sql string) (ids []string, err error) {
	err = w.Retry(ctx, func(ctx context.Context) (err error) {
		ids, err = run.QueryTexts(ctx, w.Src, sql)
		return err
	})
	return ids, err
}

// removalError is an error of the target when it was asked to remove rows that are gone from the source.
type removalError struct{ err error }

func (e removalError) Error() string {
	return "remove rows that are gone from the source: " + e.err.Error()
}
func (e removalError) Unwrap() error { return e.err }

// rejectRow rejects as little as possible of one user: the profile, else an identity, else all of them, else the whole
// user. A user whom the target does not delete is kept.
func (w *worker) rejectRow(ctx context.Context, b run.Batch, s mapping.Scope, cause error) (did rowCounts, err error) {
	refusal, ok := errors.AsType[*pgconn.PgError](cause)
	if !ok || refusal.Code == run.QueryCanceled {
		return did, cause
	}
	user := s.IDs[0]
	if errors.As(cause, new(removalError)) {
		return w.copyWithout(ctx, b, s, run.RowsOfUser{
			User: user, Kind: mapping.User, Keys: []string{user}, Reason: mapping.TargetKeeps,
			Detail: run.StateAndTable(refusal),
		})
	}
	candidates, err := w.candidates(ctx, s)
	if err != nil {
		return did, err
	}
	for _, c := range candidates {
		c.Reason, c.Detail = mapping.TargetError, "SQLSTATE "+refusal.Code
		did, err = w.copyWithout(ctx, b, s, c)
		if err == nil || run.CauseOf(err) != run.BadRow {
			return did, err
		}
	}
	return rowCounts{}, err
}

// candidates are the rows of a user that the target may have refused, in the order in which they are tried.
func (w *worker) candidates(ctx context.Context, s mapping.Scope) ([]run.RowsOfUser, error) {
	user := s.IDs[0]
	identities, err := w.listAtSource(ctx, `SELECT i.id::text
FROM auth.identities i
WHERE i.provider NOT IN ('email', 'phone') AND `+s.Contains("i.user_id")+`
ORDER BY i.id`)
	if err != nil {
		return nil, err
	}
	all := []run.RowsOfUser{{User: user, Kind: mapping.Profile, Keys: []string{user}}}
	for _, id := range identities {
		all = append(all, run.RowsOfUser{User: user, Kind: mapping.Identity, Keys: []string{id}})
	}
	return append(all,
		run.RowsOfUser{User: user, Kind: mapping.Identity, Keys: slices.Clone(identities)},
		run.RowsOfUser{User: user, Kind: mapping.User, Keys: []string{user}}), nil
}

// copyWithout rejects rows of a user, and copies the user without them.
func (w *worker) copyWithout(ctx context.Context, b run.Batch, s mapping.Scope, x run.RowsOfUser) (rowCounts, error) {
	err := w.Retry(ctx, func(ctx context.Context) error { return w.Pass.RejectRows(ctx, w.Dst, x) })
	if err != nil {
		return rowCounts{}, err
	}
	return w.copyUsers(ctx, b, s, false)
}
