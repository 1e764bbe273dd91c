package rollback

import (
	"context"
	"fmt"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// createUndoTablesSQL creates two temporary tables. undo has a row for each user of the batch: written (the run wrote
// the user), is_changed (the user changed since), is_removed (the rollback removes the rows that the run copied).
// holding has the reasons why a user is kept: a table (name) of which n rows refer to the user, or an error of the
// target with n = 0.
const createUndoTablesSQL = `CREATE TEMP TABLE undo (
  user_id uuid PRIMARY KEY,
  written boolean NOT NULL,
  is_changed boolean NOT NULL,
  is_removed boolean NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE holding (
  user_id uuid NOT NULL,
  name text NOT NULL,
  n bigint NOT NULL
) ON COMMIT DELETE ROWS;
`

// findChangedUsersSQL returns SQL that fills the table undo. It compares every row that the run wrote with the current
// row.
func (r *rollback) findChangedUsersSQL(s mapping.Scope) string {
	var sql strings.Builder
	fmt.Fprintf(&sql, `DELETE FROM undo;
DELETE FROM holding;
INSERT INTO undo
SELECT user_id, written, is_changed, NOT is_changed OR %t
FROM (
  SELECT user_id, bool_or(written) AS written,
    bool_or(changed) OR bool_or(written) AND bool_or(added) AS is_changed
  FROM (
    SELECT l.user_id, true AS known, l.source = 'user' AND l.written IS NOT NULL AS written,
      false AS changed, false AS added
    FROM %s`, r.Force, run.Entries(r.id, s, "l"))
	for _, t := range r.mapping.TargetRows() {
		sql.WriteString(r.changedRowsSQL(t, s))
		if !t.IsUser() {
			sql.WriteString(r.addedRowsSQL(t, s))
		}
	}
	sql.WriteString(`
  ) x
  GROUP BY user_id
  HAVING bool_or(known)
) y;
ANALYZE undo`)
	return sql.String()
}

// changedRowsSQL returns SQL that selects the rows that the run wrote and that were changed or deleted since.
func (r *rollback) changedRowsSQL(t mapping.TargetRow, s mapping.Scope) string {
	return fmt.Sprintf(`
    UNION ALL
    SELECT l.user_id, false, false, true, false
    FROM %s
    LEFT JOIN (
      SELECT %s AS key, %s AS owner, %s AS hash
      FROM %s AND %s
    ) e ON e.key = l.key AND e.owner = l.user_id
    WHERE l.%s IS NOT NULL AND e.hash IS DISTINCT FROM l.%[7]s`,
		run.Entries(r.id, s, "l", t.Kind), t.Key, t.Owner, mapping.Hash64(t.Stored()), t.From, s.Contains(t.Owner), t.Hash)
}

// addedRowsSQL returns SQL that selects the rows of the target that the run did not write.
func (r *rollback) addedRowsSQL(t mapping.TargetRow, s mapping.Scope) string {
	return fmt.Sprintf(`
    UNION ALL
    SELECT %[1]s, false, false, false, true
    FROM %[2]s AND %[3]s AND NOT %[4]s`,
		t.Owner, t.From, s.Contains(t.Owner), run.HasEntry(r.id, t.Kind, t.Owner, t.Key, t.Hash, &s))
}

// removedRowConditions has one SQL condition per table for the rows to delete: all rows of a removed user if the run
// wrote the user, and the rows that the run wrote if the user existed before. Each is a condition on undo o and the
// table.
type removedRowConditions struct{ users, accounts, profiles, sessions, factors string }

func (r *rollback) conditionsForRemovedRows(s mapping.Scope) removedRowConditions {
	written := func(k mapping.Kind, key, hash string) string {
		return run.HasEntry(r.id, k, "o.user_id", key, hash, nil)
	}
	return removedRowConditions{
		users: "o.is_removed AND o.written AND u.id = o.user_id AND " + s.Contains("u.id"),
		accounts: `o.is_removed AND a."userId" = o.user_id AND ` + s.Contains(`a."userId"`) + ` AND (
    o.written
    OR a."providerId" = 'credential' AND a.id = o.user_id AND ` + written(mapping.User, "a.id", "credential") + `
    OR a."providerId" <> 'credential' AND ` + written(mapping.Identity, "a.id", "written") + ")",
		profiles: "o.is_removed AND p.user_id = o.user_id AND " + s.Contains("p.user_id") + ` AND (
    o.written OR ` + written(mapping.Profile, "p.user_id", "written") + ")",
		factors: `o.is_removed AND t."userId" = o.user_id AND ` + s.Contains(`t."userId"`) + ` AND (
    o.written OR ` + written(mapping.Factor, "t.id", "written") + ")",
		sessions: `o.is_removed AND o.written AND n."userId" = o.user_id AND ` + s.Contains(`n."userId"`),
	}
}

const keepReferencedUsersSQL = `WITH h AS (
  INSERT INTO holding
  SELECT r.key, r.name, count(DISTINCT (r.rel, r.tid))
  FROM affected r
  WHERE %s
  GROUP BY 1, 2
  RETURNING user_id
)
UPDATE undo o SET is_removed = false, is_changed = true
WHERE o.is_removed AND o.user_id IN (SELECT user_id FROM h)`

// keepReferencedUsers keeps users to whom rows of other tables refer. Without Cascade, each such row is a reason to
// keep the user. With Cascade, a row is a reason only if Postgres would neither delete nor change it together with the
// user. If rows of the import's tables refer to each other, it searches again, because a row of a kept user can refer
// to another user.
func (r *rollback) keepReferencedUsers(ctx context.Context, s mapping.Scope) error {
	if len(r.references) == 0 {
		return nil
	}
	keeps := "r.effect <> '" + run.Removed + "'"
	if r.Cascade {
		keeps = "r.effect = '" + string(run.Restricts) + "'"
	}
	for again := true; again; {
		if err := run.Exec(ctx, r.dst, r.listRowsToRemoveSQL(s)); err != nil {
			return fmt.Errorf("list the rows to delete: %w", err)
		}
		for step, n := 0, int64(1); n > 0 && (step == 0 || r.Cascade); step++ {
			var err error
			if n, err = run.FindAffected(ctx, r.dst, r.references, step); err != nil {
				return err
			}
		}
		tag, err := r.dst.Exec(ctx, fmt.Sprintf(keepReferencedUsersSQL, keeps))
		if err != nil {
			return fmt.Errorf("keep users to whom rows of other tables refer: %w", err)
		}
		again = tag.RowsAffected() > 0 && r.hasReferencesBetweenImportTables()
	}
	return nil
}

// listRowsToRemoveSQL returns SQL that lists the rows to delete in the table affected.
func (r *rollback) listRowsToRemoveSQL(s mapping.Scope) string {
	g := r.conditionsForRemovedRows(s)
	list := func(alias, from, condition string) string {
		return fmt.Sprintf(`INSERT INTO affected
SELECT 'user', o.user_id, 0, %[1]s.tableoid, %[1]s.ctid, NULL, '%[2]s'
FROM %[3]s, undo o
WHERE %[4]s;
`, alias, run.Removed, from, condition)
	}
	factors := ""
	if r.mapping.CarriesFactors() {
		factors = list("t", `"twoFactor" t`, g.factors)
	}
	return "DELETE FROM affected;\n" + list("u", `"user" u`, g.users) + list("a", "account a", g.accounts) +
		list("p", "user_profile p", g.profiles) + list("n", "session n", g.sessions) + factors + "ANALYZE affected;\n"
}

// countRows returns a result with the numbers of rows to delete and of users to keep in a batch.
func (r *rollback) countRows(ctx context.Context, s mapping.Scope) (Result, error) {
	g, u := r.conditionsForRemovedRows(s), newResult()
	var user, account, profile int64
	err := r.dst.QueryRow(ctx, fmt.Sprintf(`SELECT
  (SELECT count(*) FROM "user" u, undo o WHERE %s),
  (SELECT count(*) FROM account a, undo o WHERE %s),
  (SELECT count(*) FROM user_profile p, undo o WHERE %s),
  (SELECT count(*) FROM session n, undo o WHERE %s),
  (SELECT count(*) FROM undo o WHERE NOT is_removed),
  (SELECT count(DISTINCT user_id) FROM holding),
  ARRAY(SELECT user_id::text FROM undo o WHERE NOT is_removed ORDER BY user_id LIMIT %d),
  (SELECT coalesce(json_object_agg(name, n), '{}') FROM (%s) x),
  (SELECT coalesce(json_object_agg(name, n), '{}') FROM (%s) x),
  (SELECT coalesce(json_object_agg(name, n), '{}') FROM (
    SELECT name, sum(n) AS n FROM holding WHERE n > 0 GROUP BY 1) x),
  (SELECT coalesce(json_object_agg(user_id, tables), '{}') FROM (
    SELECT user_id, string_agg(CASE WHEN n > 0 THEN name || ': ' || n ELSE name END, ', ' ORDER BY name) AS tables
    FROM holding
    GROUP BY 1
    ORDER BY 1
    LIMIT %[5]d) x)`,
		g.users, g.accounts, g.profiles, g.sessions, maxListedKeptUsers,
		countOtherRowsSQL(run.Deletes), countOtherRowsSQL(run.Changes))).
		Scan(&user, &account, &profile, &u.Sessions, &u.Left, &u.Held, &u.KeptUsers, &u.Cascaded, &u.Changed, &u.Holding,
			&u.KeptReasons)
	u.Removed = map[string]int64{"user": user, "account": account, "user_profile": profile}
	if err == nil && r.mapping.CarriesFactors() {
		var factors int64
		err = r.dst.QueryRow(ctx, `SELECT count(*) FROM "twoFactor" t, undo o WHERE `+g.factors).Scan(&factors)
		u.Removed["twoFactor"] = factors
	}
	if err == nil {
		err = r.dst.QueryRow(ctx, run.CountRestorable(r.id, s)).Scan(&u.Restored)
	}
	if err == nil && r.hasSessions {
		var n int64
		const removed = `EXISTS (SELECT FROM undo o WHERE o.user_id = t."userId" AND o.is_removed AND o.written)`
		err = r.dst.QueryRow(ctx, run.CountSessionsToRemove(r.id, s, removed)).Scan(&n)
		u.Removed["supabaseSession"] = n
	}
	return u, run.Wrap("count", err)
}

// countOtherRowsSQL returns SQL that counts, by table, the rows of other tables that Postgres deletes or changes
// together with removed users.
func countOtherRowsSQL(e run.OnDelete) string {
	return fmt.Sprintf(`
    SELECT name, count(*) AS n
    FROM (
      SELECT DISTINCT ON (g.rel, g.tid) g.name, g.effect
      FROM affected g
      JOIN undo o ON o.user_id = g.key
      WHERE o.is_removed AND g.effect IN ('%s', '%s')
      ORDER BY g.rel, g.tid, g.effect DESC
    ) y
    WHERE effect = '%s'
    GROUP BY 1`, run.Deletes, run.Changes, e)
}

// deletionsSQL returns SQL that deletes the rows of removed users, second factors, accounts and profiles before users,
// and then checks all foreign keys, including deferred ones. condition is a further condition on undo o.
func (r *rollback) deletionsSQL(s mapping.Scope, condition string) string {
	g := r.conditionsForRemovedRows(s)
	factors := ""
	if r.mapping.CarriesFactors() {
		factors = `DELETE FROM "twoFactor" t USING undo o
WHERE ` + g.factors + condition + ";\n"
	}
	return factors + "DELETE FROM account a USING undo o\nWHERE " + g.accounts + condition + `;
DELETE FROM user_profile p USING undo o
WHERE ` + g.profiles + condition + `;
DELETE FROM "user" u USING undo o
WHERE ` + g.users + condition + `;
SET CONSTRAINTS ALL IMMEDIATE;
`
}

// rollbackSQL returns SQL that deletes the rows of removed users and their ledger entries, and restores released
// emails. First it saves rows in the quarantine: with Force those of changed users, and with Cascade those of other
// tables that Postgres deletes or changes together with removed users.
func (r *rollback) rollbackSQL(b run.Batch) string {
	sql, g := "", r.conditionsForRemovedRows(b.Scope)
	if r.Force {
		sql = run.QuarantineChangedRows(r.id, mapping.User, "u.id", "u.id", "u", `"user" u`, g.users) +
			run.QuarantineChangedRows(r.id, mapping.Identity, "a.id", `a."userId"`, "a", "account a", g.accounts) +
			run.QuarantineChangedRows(r.id, mapping.Profile, "p.user_id", "p.user_id", "p", "user_profile p", g.profiles)
		if r.mapping.CarriesFactors() {
			sql += run.QuarantineChangedRows(r.id, mapping.Factor, "t.id", `t."userId"`, "t", `"twoFactor" t`, g.factors)
		}
	}
	if r.Cascade {
		isKept := map[string]bool{}
		for _, ref := range r.references {
			if !isKept[ref.From] {
				isKept[ref.From] = true
				sql += run.QuarantineCascadedRows(r.id, ref.From)
			}
		}
	}
	sql += r.deletionsSQL(b.Scope, "") + run.RestoreEmails(r.id) + run.DeleteEntries(r.id, b)
	if r.hasSessions {
		sql += run.RemoveSessions(r.id, b)
	}
	return sql
}
