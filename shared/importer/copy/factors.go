package copy

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// The secrets of second factors are encrypted with the secret of the deployment, which the databases do not know. So a
// worker reads them from the source, encrypts them and writes them into the stage. Everything else happens in SQL, as
// with other rows.

// factorColumns are the columns of the stage that stageFactors fills.
var factorColumns = []string{
	"key", "user_id", "raw", "reason", "original", "residue", "secret", "backupCodes", "verified",
}

// stageFactors copies the second factors of the scope into the stage, in the snapshot of the source.
func (t *transaction) stageFactors(ctx context.Context, r mapping.Rejections) error {
	inTarget := map[string]run.FactorInTarget{}
	if !t.isFresh {
		var err error
		if inTarget, err = t.Pass.ReadFactors(ctx, t.Dst, t.scope); err != nil {
			return err
		}
	}
	rows, err := t.Src.Query(ctx, `SELECT key::text, user_id::text, raw, reason, original::text, residue, secret
FROM (`+t.Pass.Factors(t.scope, r)+`) s`)
	if err != nil {
		return fmt.Errorf("read from the source: %w", err)
	}
	defer rows.Close()
	t.unreadable = nil
	next := func() ([]any, error) {
		for rows.Next() {
			f, err := pgx.RowToStructByPos[stagedFactor](rows)
			if err != nil {
				return nil, err
			}
			if values := t.encryptFactor(f, inTarget[f.Key]); values != nil {
				return values, nil
			}
		}
		return nil, rows.Err()
	}
	_, err = t.Dst.CopyFrom(ctx, pgx.Identifier{"stage_factor"}, factorColumns, pgx.CopyFromFunc(next))
	return run.Wrap("write to the target", err)
}

// stagedFactor is a row of the projection of the second factors.
type stagedFactor struct {
	Key, UserID               string
	Raw                       int64
	Reason, Original, Residue *string
	Secret                    *string // as the source stores it
}

// encryptFactor returns the values of factorColumns. It returns nil if the secret cannot be read, and adds the factor
// to t.unreadable. If the run has copied the factor before, and Supabase has encrypted the secret since, the factor
// keeps what the target has.
func (t *transaction) encryptFactor(f stagedFactor, inTarget run.FactorInTarget) []any {
	values := []any{f.Key, f.UserID, f.Raw, f.Reason, f.Original, f.Residue}
	if f.Reason != nil {
		return append(values, nil, nil, nil)
	}
	cipher, stored := t.Pass.FactorCipher, ""
	if f.Secret != nil {
		stored = *f.Secret
	}
	secret, err := cipher.Read(f.Key, stored)
	if err == nil {
		backupCodes := cipher.Reuse(inTarget.BackupCodes, run.NoBackupCodes)
		return append(values, cipher.Reuse(inTarget.Secret, secret), backupCodes, true)
	}
	reason := run.FactorRejection(err)
	if inTarget.IsWritten && reason == mapping.FactorEncrypted {
		return append(values, inTarget.Secret, inTarget.BackupCodes, true)
	}
	t.unreadable = append(t.unreadable, mapping.Rejection{
		Kind: mapping.Factor, Reason: reason, Key: f.Key, User: f.UserID,
	})
	return nil
}

// writeFactorsSQL updates the second factors that the run wrote, and inserts new ones, after their users.
const writeFactorsSQL = `
UPDATE "twoFactor" t
SET secret = s.secret, "backupCodes" = s."backupCodes", verified = s.verified,
  "failedVerificationCount" = 0, "lockedUntil" = NULL
FROM stage_factor s
WHERE s.action = 'update' AND t.id = s.key;
INSERT INTO "twoFactor" (id, "userId", secret, "backupCodes", verified, "failedVerificationCount")
SELECT key, user_id, secret, "backupCodes", verified, 0
FROM stage_factor
WHERE action = 'new' AND reason IS NULL;
`

// removeFactorsSQL returns SQL that deletes the second factors with the action "remove", with a copy of each for the
// quarantine. It keeps a user for whom another program added a second factor.
func removeFactorsSQL(m mapping.Mapping) string {
	if !m.CarriesFactors() {
		return ""
	}
	return `
UPDATE stage_factor s SET original = to_jsonb(t)
FROM "twoFactor" t
WHERE s.action = 'remove' AND s.original IS NULL AND t.id = s.key;
DELETE FROM "twoFactor" t USING stage_factor s WHERE s.action = 'remove' AND t.id = s.key;
UPDATE stage_user s SET action = 'kept'
WHERE s.action = 'remove' AND EXISTS (SELECT FROM "twoFactor" t WHERE t."userId" = s.key);
`
}

// lockFactorsToRemoveSQL is like lockRowsToRemoveSQL, for second factors.
const lockFactorsToRemoveSQL = `
INSERT INTO affected
SELECT 'user', t."userId", 0, t.tableoid, t.ctid, NULL, 'removed'
FROM "twoFactor" t
JOIN stage_user s ON s.key = t."userId"
WHERE s.action = 'remove'
FOR UPDATE OF t;
INSERT INTO affected
SELECT 'factor', t.id, 0, t.tableoid, t.ctid, NULL, 'removed'
FROM "twoFactor" t
JOIN stage_factor s ON s.key = t.id
WHERE s.action = 'remove' AND NOT EXISTS (SELECT FROM affected r WHERE r.rel = t.tableoid AND r.tid = t.ctid)
FOR UPDATE OF t;
`
