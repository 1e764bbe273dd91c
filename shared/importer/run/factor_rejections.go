package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// findUnreadableFactors returns rejections of the verified TOTP factors whose secret the import cannot read. SQL finds
// the secrets that are not a base32 in clear, and the keys of the import open those that are encrypted.
func findUnreadableFactors(
	ctx context.Context, env *Env, src *pgx.Conn, m mapping.Mapping,
) ([]mapping.Rejection, error) {
	if !m.CarriesFactors() || !m.Source.Factors.IsUsable() {
		return nil, nil
	}
	rows, err := src.Query(ctx, m.UnreadableFactors())
	if err != nil {
		return nil, fmt.Errorf("look for second factors that cannot be read: %w", err)
	}
	var rejected []mapping.Rejection
	x, secret := mapping.Rejection{Kind: mapping.Factor}, ""
	_, err = pgx.ForEachRow(rows, []any{&x.Key, &x.User, &secret}, func() error {
		if _, err := readFactor(env.EncryptionKeys, x.Key, secret); err != nil {
			x.Reason = FactorRejection(err)
			rejected = append(rejected, x)
		}
		return nil
	})
	return rejected, Wrap("look for second factors that cannot be read", err)
}

const carriedFactors = `SELECT l.key::text
FROM unnest($2::uuid[], $3::uuid[]) x (user_id, key)
JOIN supabase_import.ledger l
  ON l.run = $1 AND l.user_id = x.user_id AND l.source = 'factor' AND l.key = x.key AND l.written IS NOT NULL`

// withoutCarriedFactors leaves out the rejections of encrypted second factors that the run has copied. Supabase
// encrypts a secret when its code is used for the next time, and never changes the secret of a factor. So the target
// has it.
func withoutCarriedFactors(
	ctx context.Context, dst *pgx.Conn, id int, all []mapping.Rejection,
) ([]mapping.Rejection, error) {
	var users, keys []string
	for _, x := range all {
		if x.Kind == mapping.Factor && x.Reason == mapping.FactorEncrypted {
			users, keys = append(users, x.User), append(keys, x.Key)
		}
	}
	if len(keys) == 0 {
		return all, nil
	}
	carried, err := QueryTexts(ctx, dst, carriedFactors, id, users, keys)
	if err != nil {
		return nil, fmt.Errorf("look for second factors that the run has copied: %w", err)
	}
	isCarried := map[string]bool{}
	for _, key := range carried {
		isCarried[key] = true
	}
	kept := []mapping.Rejection{}
	for _, x := range all {
		if x.Kind != mapping.Factor || x.Reason != mapping.FactorEncrypted || !isCarried[x.Key] {
			kept = append(kept, x)
		}
	}
	return kept, nil
}

// FactorInTarget is a second factor of the target, or one that was deleted there after the run wrote it.
type FactorInTarget struct {
	IsWritten           bool    // the run wrote it
	Secret, BackupCodes *string // encrypted; nil if it was deleted
}

// ReadFactors returns the second factors of the target in a scope, by id.
func (p *Pass) ReadFactors(ctx context.Context, dst *pgx.Conn, s mapping.Scope) (map[string]FactorInTarget, error) {
	rows, err := dst.Query(ctx, fmt.Sprintf(`SELECT coalesce(l.key, t.id)::text,
  l.written IS NOT NULL, t.secret, t."backupCodes"
FROM %s
FULL JOIN (SELECT * FROM "twoFactor" t WHERE %s) t ON t.id = l.key AND t."userId" = l.user_id
WHERE t.id IS NOT NULL OR l.written IS NOT NULL`, Entries(p.ID, s, "l", mapping.Factor), s.Contains(`t."userId"`)))
	if err != nil {
		return nil, fmt.Errorf("read the second factors of the target: %w", err)
	}
	all := map[string]FactorInTarget{}
	var id string
	var f FactorInTarget
	into := []any{&id, &f.IsWritten, &f.Secret, &f.BackupCodes}
	_, err = pgx.ForEachRow(rows, into, func() error { all[id] = f; return nil })
	return all, Wrap("read the second factors of the target", err)
}

// StoreRejections returns SQL that stores rejections.
func (p *Pass) StoreRejections(all []mapping.Rejection) string {
	sql := ""
	for _, x := range all {
		sql += fmt.Sprintf(`INSERT INTO supabase_import.ruling (run, user_id, source, key, reason)
VALUES (%d, '%s', '%s', '%s', '%s')
ON CONFLICT DO NOTHING;
`, p.ID, x.User, x.Kind, x.Key, x.Reason)
	}
	return sql
}
