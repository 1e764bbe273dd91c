package verify

import (
	"context"
	"crypto/md5" //nolint:gosec // G501: a checksum
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// The secrets of second factors are encrypted in the target, each time in another way, and can be encrypted in the
// source. So this process reads them from both databases and compares the secrets.

// withoutFactors returns the tables whose checksums the databases compute.
func withoutFactors(all []table) []table {
	return slices.DeleteFunc(slices.Clone(all), func(t table) bool { return t.name == factorTable })
}

// compareFactors compares the second factors of the batch, and adds their checksum and those that differ to the result.
func (c *comparison) compareFactors(ctx context.Context, t table) error {
	actual, unchanged, err := c.listActualFactors(ctx, t)
	if err != nil {
		return fmt.Errorf("list the second factors of the target: %w", err)
	}
	expected, err := c.listExpectedFactors(ctx, unchanged)
	if err != nil {
		return fmt.Errorf("list the second factors of the source: %w", err)
	}
	var sum run.Checksum
	sum.SourceRows, sum.SourceSum = sumHashes(expected, func(r expectedRow) int64 { return r.hash })
	sum.TargetRows, sum.TargetSum = sumHashes(actual, func(r actualRow) int64 { return r.hash })
	c.Sums[t.name] = sum
	if sum.Equal() {
		return nil
	}
	return c.addDifferences(ctx, t, expected, actual)
}

// sumHashes returns the number of rows and the sum of their hashes.
func sumHashes[Row any](all map[string][]Row, hash func(Row) int64) (n int64, sum string) {
	total := new(big.Int)
	for _, rows := range all {
		for _, r := range rows {
			n++
			total.Add(total, big.NewInt(hash(r)))
		}
	}
	return n, total.String()
}

// factorHash returns the checksum of a second factor. secret is not encrypted.
func factorHash(id, user, secret string, isVerified bool) int64 {
	//nolint:gosec // G401: see above
	sum := md5.Sum(fmt.Appendf(nil, "%s %s %s %t", id, user, secret, isVerified))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // G115: only its bits matter
}

// listExpectedFactors lists the second factors that the target should have. unchanged has, by id, the secrets of the
// target that are unchanged since the run wrote them. They count as right for a secret that Supabase has encrypted and
// that no given key opens.
func (c *comparison) listExpectedFactors(
	ctx context.Context, unchanged map[string]string,
) (map[string][]expectedRow, error) {
	rows, err := c.Src.Query(ctx, `SELECT key::text, user_id::text, coalesce(secret, '')
FROM (`+c.Pass.Factors(c.scope, c.rejections)+`) s
WHERE reason IS NULL`)
	if err != nil {
		return nil, err
	}
	all := map[string][]expectedRow{}
	var id, user, stored string
	_, err = pgx.ForEachRow(rows, []any{&id, &user, &stored}, func() error {
		secret, err := c.Pass.FactorCipher.Read(id, stored)
		if err != nil && run.FactorRejection(err) == mapping.FactorEncrypted {
			secret = unchanged[id]
		}
		all[id] = append(all[id], expectedRow{user, factorHash(id, user, secret, true)})
		return nil
	})
	return all, err
}

// listActualFactors lists the second factors of the target. unchanged has the secrets of those that are unchanged since
// the run wrote them, by id.
func (c *comparison) listActualFactors(
	ctx context.Context, t table,
) (all map[string][]actualRow, unchanged map[string]string, err error) {
	rows, err := c.Dst.Query(ctx, fmt.Sprintf(`SELECT e.id::text, %s::text, e.secret, e.verified IS NOT FALSE,
  coalesce(l.outcome::text, ''), l.written IS NOT NULL, coalesce(l.written = %s, false)
FROM %s`, t.Owner, mapping.Hash64(t.Stored()), t.fromTargetSQL(c.Pass.ID, c.scope, c.rejections)))
	if err != nil {
		return nil, nil, err
	}
	all, unchanged = map[string][]actualRow{}, map[string]string{}
	var id, stored string
	var isVerified bool
	var a actualRow
	into := []any{&id, &a.user, &stored, &isVerified, &a.outcome, &a.isWritten, &a.isUntouched}
	_, err = pgx.ForEachRow(rows, into, func() error {
		secret, _ := c.Pass.FactorCipher.Decrypt(stored) // "" if it was encrypted with another secret
		if a.isUntouched {
			unchanged[id] = secret
		}
		a.hash = factorHash(id, a.user, secret, isVerified)
		all[id] = append(all[id], a)
		return nil
	})
	return all, unchanged, err
}

// secondFactors returns the equation of auth.mfa_factors.
func (e *equations) secondFactors() sourceEquation {
	if !e.carriesFactors {
		return sourceEquation{
			mapping.Factor, e.source.Factors, "quarantined second factors", []mapping.Outcome{mapping.Quarantined},
		}
	}
	return sourceEquation{
		mapping.Factor, e.source.Factors, "copied + identical + kept + quarantined second factors",
		[]mapping.Outcome{mapping.Copied, mapping.Identical, mapping.Kept, mapping.Quarantined},
	}
}

// addFactorEquation adds the equation that every TOTP factor of the source was copied or is in the quarantine.
func (e *equations) addFactorEquation(ctx context.Context) error {
	if !e.carriesFactors || !e.source.Factors.IsUsable() {
		return nil
	}
	var now int64
	err := e.src.QueryRow(ctx, "SELECT count(*) FROM auth.mfa_factors WHERE factor_type = 'totp'").Scan(&now)
	if err != nil {
		return fmt.Errorf("count the TOTP factors: %w", err)
	}
	carried, quarantined, err := run.CountTOTP(ctx, e.dst, e.id)
	if err != nil {
		return err
	}
	e.add("TOTP factors of auth.mfa_factors = carried + quarantined TOTP factors", now, carried+quarantined)
	return nil
}
