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

// This file decides when a row counts as rejected by the target; docs/importer.md has a diagram. There are three cases:
//
//  1. Another program wrote a row with the same id and other values, or the same account of a provider under another
//     id: rejectTakenRowsSQL.
//  2. Writing violates a unique constraint, because another user has the same email, phone number or account of a
//     provider: resolveTakenValue.
//  3. The target rejects the rows with any other error: copyScope halves the scope down to one user, and rejectRow
//     finds the row of that user that the target rejects.
//
// Each decision is stored as a rejection (run/rejection.go) and committed. Then the users are staged again: the
// projections read the stored rejections. Conflicts within the source are decided when a pass begins
// (run/conflicts.go).

// storeRejections runs statements that store rejections or temporary values. If they change a row, it commits, which
// empties the stage, and returns true.
func (t *transaction) storeRejections(ctx context.Context, sql string) (rejected bool, err error) {
	n, err := run.ExecCounting(ctx, t.Dst, sql)
	if err != nil {
		return false, fmt.Errorf("store rejections: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	t.stagedOn, t.clearsRejections = nil, false
	return true, run.Exec(ctx, t.Dst, "COMMIT")
}

// rejectTakenRowsSQL returns SQL that rejects a staged row if another program wrote a target row with the same id and
// other values, stored the same account at a provider under another id, or stored another second factor of the user.
func rejectTakenRowsSQL(p *run.Pass) string {
	return p.RejectStaged(mapping.User, "'"+mapping.TargetIDTaken+"'", "stage_user s\nWHERE s.action = 'taken'") +
		p.RejectStaged(mapping.Profile, "'"+mapping.TargetProfileTaken+"'", "stage_profile s\nWHERE s.action = 'taken'") +
		p.RejectStaged(mapping.Identity, "'"+mapping.TargetAccountTaken+"'", "stage_identity s\nWHERE s.action = 'taken'") +
		p.RejectStaged(mapping.Factor, "'"+mapping.TargetFactorTaken+"'", "stage_factor s\nWHERE s.action = 'taken'") +
		p.RejectStaged(mapping.Identity, "'"+mapping.TargetAccountTaken+"'", `stage_identity s
JOIN `+p.ForeignAccounts()+` f
  ON f."providerId" = s."providerId" AND f."accountId" = s."accountId" AND f.id <> s.key
WHERE s.action IN ('new', 'update') AND s.reason IS NULL AND NOT s.folded`)
}

// resolveTakenValue handles a unique violation by an email, a phone number or an account of a provider.
//
// First it takes the email from target users who never verified it, in the same transaction, so that no client can sign
// up with the email in between. If there are no such users, target rows that the run wrote and that are unchanged since
// get a temporary value, and their own batch copies them again. If any other target row has the value, the email or
// number of the source user, or the identity, is rejected.
func (t *transaction) resolveTakenValue(ctx context.Context, cause error) error {
	var released int64
	err := run.QueryNumbers(ctx, t.Dst, "ROLLBACK TO SAVEPOINT staged;\n"+t.Pass.ReleaseEmails(), &released)
	if err != nil {
		return fmt.Errorf("release emails: %w", err)
	}
	if released > 0 {
		return nil // the stage is unchanged: the caller writes again
	}
	sql := "ROLLBACK TO SAVEPOINT staged;\n" + rejectTakenValueSQL(t.Pass, "email", run.TemporaryEmail, `CASE
  WHEN s."emailVerified" AND NOT u."emailVerified" THEN '`+mapping.TargetEmailUnverified+`'
  ELSE '`+mapping.TargetEmailTaken+`' END`)
	if t.Pass.HasPhone() {
		sql += rejectTakenValueSQL(t.Pass, `"phoneNumber"`, "NULL", "'"+mapping.TargetPhoneTaken+"'")
	}
	sql += t.Pass.AssignTemporaryAccounts() + t.Pass.RejectStaged(mapping.Identity, "'"+mapping.TargetAccountTaken+"'",
		"stage_identity s\nJOIN account a ON "+run.HasStagedAccount)
	rejected, err := t.storeRejections(ctx, sql)
	if err == nil && !rejected {
		return cause
	}
	return err
}

// rejectTakenValueSQL returns SQL for a column of "user" with unique values. Target users that have the value of a
// staged user get a temporary value, if the run wrote them and they are unchanged since. If another target user still
// has the value, the staged user is rejected. temporary and reason are SQL expressions.
func rejectTakenValueSQL(p *run.Pass, column, temporary, reason string) string {
	return p.AssignTemporary(column, temporary) +
		p.RejectStaged(mapping.User, reason, "stage_user s\nJOIN \"user\" u ON "+run.HasStagedValue(column))
}

// copyScope copies the users of a scope. If the target rejects the scope with an error, copyScope halves it, down to
// the user whose row is rejected.
func (w *worker) copyScope(ctx context.Context, b run.Batch, s mapping.Scope) (counts rowCounts, err error) {
	counts, err = w.copyUsers(ctx, b, s, true)
	if err == nil || run.CauseOf(err) != run.BadRow {
		return counts, err
	}
	halves, e := w.halveScope(ctx, s)
	switch {
	case e != nil:
		return counts, e
	case len(halves) == 0:
		return counts, err
	case len(halves) == 1:
		return w.rejectRow(ctx, b, halves[0], err)
	}
	counts = rowCounts{}
	for _, half := range halves {
		d, err := w.copyScope(ctx, b, half)
		if counts = counts.plus(d); err != nil {
			return counts, err
		}
	}
	return counts, nil
}

// halveScope cuts a scope in two. It returns one scope if there is only one user, and none if there is no user. It
// looks for users in the profile table only if auth.users has fewer than two in the scope: if reading the profiles
// timed out before, it would time out again.
func (w *worker) halveScope(ctx context.Context, s mapping.Scope) (halves []mapping.Scope, err error) {
	ids := s.IDs
	if ids == nil {
		if ids, err = w.listUsers(ctx, s); err != nil {
			return nil, err
		}
		if len(ids) < 2 && w.Pass.Source.Profiles.IsUsable() {
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

// removalError is the error with which the target rejects the removal of rows that are deleted in the source.
type removalError struct{ err error }

func (e removalError) Error() string {
	return "remove rows that are deleted in the source: " + e.err.Error()
}
func (e removalError) Unwrap() error { return e.err }

// rejectRow copies one user again, because the cause of the rejection can be gone: another batch or a client of the
// target may have changed a row meanwhile. If the target rejects the user again, rejectRow rejects as few rows as
// possible: it tries to reject the profile, then the second factors, then each identity, then all identities, then the
// whole user. If the target rejects the deletion of the user, the user is kept.
func (w *worker) rejectRow(
	ctx context.Context, b run.Batch, s mapping.Scope, cause error,
) (counts rowCounts, err error) {
	if pgErr, ok := errors.AsType[*pgconn.PgError](cause); !ok || pgErr.Code == run.QueryCanceled {
		return counts, cause
	}
	counts, err = w.copyUsers(ctx, b, s, true)
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || run.CauseOf(err) != run.BadRow || pgErr.Code == run.QueryCanceled {
		return counts, err
	}
	user := s.IDs[0]
	if errors.As(err, new(removalError)) {
		return w.copyWithoutRows(ctx, b, s, run.RejectedRows{
			User: user, Kind: mapping.User, Keys: []string{user}, Reason: mapping.TargetKeeps,
			Detail: run.StateAndTable(pgErr),
		})
	}
	candidates, err := w.listCandidates(ctx, s)
	if err != nil {
		return counts, err
	}
	for _, c := range candidates {
		c.Reason, c.Detail = mapping.TargetError, "SQLSTATE "+pgErr.Code
		counts, err = w.copyWithoutRows(ctx, b, s, c)
		if err == nil || run.CauseOf(err) != run.BadRow {
			return counts, err
		}
	}
	return rowCounts{}, err
}

// listCandidates returns the rows of a user that the target may have rejected, in the order in which rejectRow tries
// them.
func (w *worker) listCandidates(ctx context.Context, s mapping.Scope) ([]run.RejectedRows, error) {
	user := s.IDs[0]
	identities, err := w.listAtSource(ctx, `SELECT i.id::text
FROM auth.identities i
WHERE i.provider NOT IN ('email', 'phone') AND `+s.Contains("i.user_id")+`
ORDER BY i.id`)
	if err != nil {
		return nil, err
	}
	all := []run.RejectedRows{{User: user, Kind: mapping.Profile, Keys: []string{user}}}
	if w.Pass.CarriesFactors() {
		factors, err := w.listAtSource(ctx, "SELECT f.id::text FROM auth.mfa_factors f WHERE "+s.Contains("f.user_id"))
		if err != nil {
			return nil, err
		}
		all = append(all, run.RejectedRows{User: user, Kind: mapping.Factor, Keys: factors})
	}
	for _, id := range identities {
		all = append(all, run.RejectedRows{User: user, Kind: mapping.Identity, Keys: []string{id}})
	}
	return append(all,
		run.RejectedRows{User: user, Kind: mapping.Identity, Keys: slices.Clone(identities)},
		run.RejectedRows{User: user, Kind: mapping.User, Keys: []string{user}}), nil
}

// copyWithoutRows rejects rows of a user, and copies the user without them.
func (w *worker) copyWithoutRows(
	ctx context.Context, b run.Batch, s mapping.Scope, x run.RejectedRows,
) (rowCounts, error) {
	err := w.Retry(ctx, func(ctx context.Context) error { return w.Pass.RejectRows(ctx, w.Dst, x) })
	if err != nil {
		return rowCounts{}, err
	}
	return w.copyUsers(ctx, b, s, false)
}
