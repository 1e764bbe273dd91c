package tables

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// storedKey is a foreign key with its number in moved_key.
type storedKey struct {
	ForeignKey

	// Added means that the foreign key exists, NOT VALID, and only its rows are to be checked.
	Added  bool `json:"added"`
	number int
	// rejected says why the target did not let the move change the rows without a parent.
	rejected string
}

const openKeys = `SELECT number, definition::text
FROM supabase_import.moved_key
WHERE run = $1 AND state = 'open'
ORDER BY number`

// createKeys makes the foreign keys. Rows that refer to no row are treated first, until no foreign key has new ones: a
// quarantined row may have rows that refer to it. All foreign keys are added before the first one is validated: adding
// locks both tables, and validating takes long.
func (f *finisher) createKeys(ctx context.Context) error {
	keys, err := f.openKeys(ctx)
	if err != nil {
		return err
	}
	rejected, err := f.treatAllOrphans(ctx, keys)
	if err != nil {
		return err
	}
	byTable := map[string][]storedKey{}
	for _, k := range keys {
		k.rejected = rejected[k.number]
		open := k.Added
		if !open {
			if open, err = f.addKey(ctx, k); err != nil {
				return fmt.Errorf("create the foreign key %s: %w", k.title(), err)
			}
		}
		if open {
			byTable[k.Table] = append(byTable[k.Table], k)
		}
	}
	return f.validateKeys(ctx, slices.Collect(maps.Values(byTable)))
}

// validateKeys validates foreign keys. Those of different tables are validated at the same time.
func (f *finisher) validateKeys(ctx context.Context, tables [][]storedKey) error {
	queue := make(chan []storedKey, len(tables))
	for _, keys := range tables {
		queue <- keys
	}
	close(queue)
	g, ctx := errgroup.WithContext(ctx)
	for range min(f.workers, len(tables)) {
		g.Go(func() error {
			dst, err := f.env.Target(ctx, finishSession+";\n")
			if err != nil {
				return err
			}
			defer run.Close(dst)
			for keys := range queue {
				for _, k := range keys {
					if err := f.validateKey(ctx, dst, k); err != nil {
						return fmt.Errorf("validate the foreign key %s: %w", k.title(), err)
					}
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (f *finisher) openKeys(ctx context.Context) (keys []storedKey, err error) {
	rows, err := f.dst.Query(ctx, openKeys, f.run.ID)
	if err != nil {
		return nil, err
	}
	var number int
	var definition string
	_, err = pgx.ForEachRow(rows, []any{&number, &definition}, func() error {
		k := storedKey{number: number}
		if err := json.Unmarshal([]byte(definition), &k); err != nil {
			return err
		}
		keys = append(keys, k)
		return nil
	})
	return keys, run.Wrap("read the foreign keys", err)
}

const (
	markAdded = `UPDATE supabase_import.moved_key SET definition = definition || '{"added": true}'
WHERE run = $1 AND number = $2`

	closeKey = `UPDATE supabase_import.moved_key SET state = $3, orphans = $4, reason = nullif($5, '')
WHERE run = $1 AND number = $2`

	foreignKeyViolation = "23503"
)

// addKey adds a foreign key without a check of the rows. open means that validateKey has to follow. Of a partitioned
// table, Postgres checks the rows at once. A key that was not valid at the source stays so.
func (f *finisher) addKey(ctx context.Context, k storedKey) (open bool, err error) {
	err = pgx.BeginFunc(ctx, f.dst, func(tx pgx.Tx) error {
		if err := openSavepoint(ctx, f.dst); err != nil {
			return err
		}
		rejection, err := try(ctx, f.dst, k.add())
		switch {
		case err != nil:
			return err
		case rejection != nil:
			return f.close(ctx, tx, k, "left out", rejection)
		case k.Partitioned:
			return f.close(ctx, tx, k, "valid", nil)
		case !k.Valid:
			return f.close(ctx, tx, k, "not valid", nil)
		}
		open = true
		_, err = tx.Exec(ctx, markAdded, f.run.ID, k.number)
		return err
	})
	return open, err
}

// validateKey validates a foreign key, unless rows without a parent are left.
func (f *finisher) validateKey(ctx context.Context, dst *pgx.Conn, k storedKey) error {
	return pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		if err := openSavepoint(ctx, dst); err != nil {
			return err
		}
		rejection, err := try(ctx, dst, k.validate())
		switch {
		case err != nil:
			return err
		case rejection != nil:
			return f.close(ctx, tx, k, "not valid", rejection)
		}
		return f.close(ctx, tx, k, "valid", nil)
	})
}

// close stores the state of a foreign key, with the number of rows without a parent if they are the reason. It returns
// other rejections as errors.
func (f *finisher) close(ctx context.Context, tx pgx.Tx, k storedKey, state string, rejection *pgconn.PgError) error {
	orphans, reason := int64(0), ""
	if rejection != nil {
		if rejection.Code != foreignKeyViolation {
			return rejection
		}
		const count = "SELECT count(*) FROM %s c WHERE %s"
		if err := tx.QueryRow(ctx, fmt.Sprintf(count, k.Table, k.orphans())).Scan(&orphans); err != nil {
			return err
		}
		reason = fmt.Sprintf("%d rows refer to no row of %s", orphans, k.Parent)
	}
	if state == "left out" {
		reason += ", and Postgres before 18 cannot leave a foreign key of a partitioned table unchecked"
	}
	if k.rejected != "" {
		reason += "; the target rejects their change: " + k.rejected
	}
	_, err := tx.Exec(ctx, closeKey, f.run.ID, k.number, state, orphans, reason)
	return err
}
