package run

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// The table supabase_import.batch stores the result of a verification, as JSON.

// Checksum holds the counts and checksums of all rows of a table. Each server computes its own: the sum of the 64-bit
// hash of each row.
type Checksum struct {
	SourceRows int64  `json:"sourceRows"`
	SourceSum  string `json:"sourceSum"`
	TargetRows int64  `json:"targetRows"`
	TargetSum  string `json:"targetSum"`
}

// Equal reports whether source and target have the same number of rows and the same sum.
func (c Checksum) Equal() bool { return c.SourceRows == c.TargetRows && c.SourceSum == c.TargetSum }

// Difference names a row by table and id, and the columns that differ. It contains no values.
type Difference struct {
	Table   string   `json:"table"`
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`    // "different"; "missing" or "extra" in the target
	Why     string   `json:"why"`     // "source changed since", "target changed since", or "" for another reason
	Columns []string `json:"columns"` // if Kind is "different"
}

// Remaining names a row that is deleted in the source and kept in the target, because rows of other tables reference it
// or the target rejects the deletion.
type Remaining struct {
	Source mapping.Kind `json:"source"` // a user is kept with all accounts and the profile
	ID     string       `json:"id"`
	Why    string       `json:"why"` // "schema.table: number of rows, …", or "SQLSTATE …"
}

// StartVerification marks every batch as not verified. The earlier result of a batch stays stored until the batch is
// verified again, but is not used.
func StartVerification(ctx context.Context, env *Env, name string) error {
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := Find(ctx, dst, name)
		if err != nil {
			return err
		}
		if r.State == RolledBack {
			return fmt.Errorf("%w: the run %q is rolled back: there is nothing to verify", ErrRefused, name)
		}
		_, err = dst.Exec(ctx, "UPDATE supabase_import.run SET verification = verification + 1 WHERE id = $1", r.ID)
		return Wrap("start the verification", err)
	})
}

// Verification is the state of a verification that is not finished.
type Verification struct {
	Number int
	Due    []Batch // batches of a shard that are not verified yet
	Done   int     // number of verified batches of the run
	// NoSharedIDs is true if the plan found no user of the target with the id of a user of the source.
	NoSharedIDs bool
}

const (
	verificationQuery = `SELECT verification,
  (SELECT count(*) FROM supabase_import.batch b WHERE b.run = r.id AND b.verification = r.verification),
  NOT coalesce(plan->'collisions', '{}') ? 'target_id_taken'
FROM supabase_import.run r
WHERE r.id = $1`

	dueBatches = `SELECT number, low::text, coalesce(high::text, ''), copied
FROM supabase_import.batch
WHERE run = $1 AND verification < $2 AND number % $4 = $3
ORDER BY number`

	saveBatch = `UPDATE supabase_import.batch b
SET verification = $3, verified_pass = r.pass, verified_at = now(),
  checksums = $4::jsonb, differences = $5::jsonb, different = $6
FROM supabase_import.run r
WHERE r.id = b.run AND b.run = $1 AND b.number = $2 AND r.epoch = $7`
)

// ReadVerification reads the state of a verification, with the batches of a shard that are not verified yet.
func (p *Pass) ReadVerification(ctx context.Context, env *Env, s Shard) (v Verification, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		err := dst.QueryRow(ctx, verificationQuery, p.ID).Scan(&v.Number, &v.Done, &v.NoSharedIDs)
		if err != nil {
			return fmt.Errorf("read the verification: %w", err)
		}
		v.Due, err = queryBatches(ctx, dst, dueBatches, p.ID, v.Number, s.Index, s.Count)
		return Wrap("read the batches", err)
	})
	return v, err
}

// BatchResult is the result of the verification of a batch.
type BatchResult struct {
	Sums      map[string]Checksum // by target table
	Listed    []Difference        // the first hundred differences
	Different int64               // number of all differences
}

// Rows returns the number of compared rows of the source.
func (r BatchResult) Rows() (n int64) {
	for _, c := range r.Sums {
		n += c.SourceRows
	}
	return n
}

// SaveResult stores the result of the verification of a batch. If the lease is shared (Env.Shared), SaveResult also
// renews it.
func (p *Pass) SaveResult(ctx context.Context, env *Env, db *pgx.Conn, b Batch, number int, r BatchResult) error {
	sums, err := json.Marshal(r.Sums)
	if err != nil {
		return err
	}
	listed, err := json.Marshal(r.Listed)
	if err != nil {
		return err
	}
	tag, err := db.Exec(ctx, saveBatch, p.ID, b.Number, number, string(sums), string(listed), r.Different, p.Epoch)
	if err == nil && tag.RowsAffected() == 0 {
		return errLeaseLost()
	}
	if err == nil {
		err = env.renewLeaseIfShared(ctx, db, p)
	}
	return err
}

// Verified is the result of a verification so far.
type Verified struct {
	At        time.Time // zero if no batch was verified
	Batches   int
	Different int64
	// IsCurrent is true if the last pass has copied every batch, or left it out as unchanged (quick), and every batch was
	// verified after that.
	IsCurrent   bool
	Checksums   map[string]Checksum
	Differences []Difference
}

const (
	ofThisVerification = `
FROM supabase_import.batch b
JOIN supabase_import.run r ON r.id = b.run
WHERE r.id = $1 AND r.verification > 0 AND b.verification = r.verification`

	verifiedQuery = `SELECT max(verified_at), count(*), coalesce(sum(different), 0)::bigint,
  count(*) > 0 AND count(*) FILTER (WHERE b.verified_pass = r.pass AND b.pass = r.pass AND b.parked IS NULL)
    = (SELECT count(*) FROM supabase_import.batch WHERE run = $1)` + ofThisVerification

	checksumsQuery = `SELECT c.key,
  sum((c.value->>'sourceRows')::bigint)::bigint, sum((c.value->>'sourceSum')::numeric)::text,
  sum((c.value->>'targetRows')::bigint)::bigint, sum((c.value->>'targetSum')::numeric)::text
FROM (SELECT b.checksums` + ofThisVerification + `) x
CROSS JOIN jsonb_each(x.checksums) c
GROUP BY 1`

	differencesQuery = `SELECT d.value::text
FROM (SELECT b.number, b.differences` + ofThisVerification + ` AND b.different > 0) x
CROSS JOIN jsonb_array_elements(x.differences) WITH ORDINALITY d (value, place)
ORDER BY x.number, d.place
LIMIT $2`
)

// ReadVerified adds up the results of the batches of a run. limit is the maximum number of listed differences.
func ReadVerified(ctx context.Context, dst *pgx.Conn, id, limit int) (Verified, error) {
	v := Verified{Checksums: map[string]Checksum{}, Differences: []Difference{}}
	var at *time.Time
	if err := dst.QueryRow(ctx, verifiedQuery, id).Scan(&at, &v.Batches, &v.Different, &v.IsCurrent); err != nil {
		return v, err
	}
	if at != nil {
		v.At = *at
	}
	rows, err := dst.Query(ctx, checksumsQuery, id)
	if err != nil {
		return v, err
	}
	var table string
	var c Checksum
	_, err = pgx.ForEachRow(rows, []any{&table, &c.SourceRows, &c.SourceSum, &c.TargetRows, &c.TargetSum}, func() error {
		v.Checksums[table] = c
		return nil
	})
	if err != nil {
		return v, err
	}
	texts, err := QueryTexts(ctx, dst, differencesQuery, id, limit)
	if err != nil {
		return v, err
	}
	for _, text := range texts {
		var d Difference
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return v, err
		}
		v.Differences = append(v.Differences, d)
	}
	return v, nil
}

const remainingWhere = ` FROM supabase_import.quarantine
WHERE run = $1 AND reason = '` + mapping.KeptAfterSourceDeletion + `' AND resolved IS NULL`

// ReadRemaining counts the rows that are deleted in the source and kept in the target, and lists the first of them.
// limit is the maximum number of listed rows.
func ReadRemaining(ctx context.Context, dst *pgx.Conn, id, limit int) (n int64, list []Remaining, err error) {
	if err := dst.QueryRow(ctx, "SELECT count(*)"+remainingWhere, id).Scan(&n); err != nil {
		return 0, nil, err
	}
	rows, err := dst.Query(ctx, "SELECT source::text, key::text, coalesce(detail, '')"+remainingWhere+`
ORDER BY source, key
LIMIT $2`, id, limit)
	if err != nil {
		return 0, nil, err
	}
	list, err = pgx.AppendRows([]Remaining{}, rows, pgx.RowToStructByPos[Remaining])
	return n, list, err
}

// LedgerCounts holds numbers of ledger entries by kind.
type LedgerCounts struct {
	Counts mapping.Counts
	// Gone counts the rows that are deleted in the source and kept in the target: the ledger has an entry for them, but
	// the number of rows in the source does not include them. Remain counts only the rows of Gone that the quarantine
	// still lists. The checksums leave out the rows that Remain counts.
	Gone, Remain map[mapping.Kind]int64
}

const ledgerCountsQuery = `SELECT source::text, outcome::text, count(*),
  count(*) FILTER (WHERE outcome = 'kept' AND raw IS NULL),
  count(*) FILTER (WHERE outcome = 'kept' AND EXISTS (
    SELECT FROM supabase_import.quarantine q
    WHERE q.run = l.run AND q.user_id = l.user_id AND q.reason = '` + mapping.KeptAfterSourceDeletion + `'
      AND q.resolved IS NULL AND q.field = ''
      AND (q.source = 'user' OR q.source = l.source AND q.key = l.key)))
FROM supabase_import.ledger l
WHERE run = $1
GROUP BY 1, 2`

// ReadLedgerCounts counts the ledger entries of a run.
func ReadLedgerCounts(ctx context.Context, dst *pgx.Conn, id int) (LedgerCounts, error) {
	t := LedgerCounts{Counts: mapping.Counts{}, Gone: map[mapping.Kind]int64{}, Remain: map[mapping.Kind]int64{}}
	rows, err := dst.Query(ctx, ledgerCountsQuery, id)
	if err != nil {
		return t, fmt.Errorf("count the ledger: %w", err)
	}
	var k mapping.Kind
	var o mapping.Outcome
	var n, gone, remain int64
	_, err = pgx.ForEachRow(rows, []any{&k, &o, &n, &gone, &remain}, func() error {
		t.Counts.Set(k, o, n)
		t.Gone[k] += gone
		t.Remain[k] += remain
		return nil
	})
	return t, Wrap("count the ledger", err)
}

// CountUnverifiedEmails counts the confirmed users of the source whose email an unverified user of the target has. It
// counts the stored rejections.
func CountUnverifiedEmails(ctx context.Context, dst *pgx.Conn, id int) (n int64, err error) {
	err = dst.QueryRow(ctx, "SELECT count(*) FROM supabase_import.ruling WHERE run = $1 AND reason = $2",
		id, mapping.TargetEmailUnverified).Scan(&n)
	return n, Wrap("count emails of unverified users", err)
}

// EntriesQuery returns SQL for the ledger entries of a scope: source, key, user, fingerprint, outcome, and whether the
// run wrote the row and the credential account.
func (p *Pass) EntriesQuery(s mapping.Scope) string {
	return `SELECT source::text, key::text, user_id::text, coalesce(raw::text, ''), outcome::text,
  written IS NOT NULL, credential IS NOT NULL
FROM ` + Entries(p.ID, s, "l")
}
