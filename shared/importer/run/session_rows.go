package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// CreateSessionStage creates the stage of the sessions: a temporary table with the sessions of a batch and the digests
// of their refresh tokens. It is empty after every transaction.
const CreateSessionStage = `CREATE TEMP TABLE stage_session (
  id uuid,
  user_id uuid,
  reason text,                   -- why the session is not imported, by the source alone
  is_wanted boolean,             -- by the source alone, the target should have a row
  aal2 boolean,
  created_at timestamptz,
  refreshed_at timestamptz,
  expires_at timestamptz,
  digests bytea[],
  levels boolean[],              -- aal2 of each digest
  expected bigint,               -- hash of the session and its digests, by the source alone
  wanted bigint,                 -- hash of the rows that the session wants in the target
  user_reason text,              -- why no session of the user is imported
  is_kept boolean DEFAULT false  -- the row of the target was used or revoked
) ON COMMIT DELETE ROWS;
`

// StagedSessionColumns are the columns of the stage that come from the source, in their order.
var StagedSessionColumns = []string{
	"id", "user_id", "reason", "is_wanted", "aal2", "created_at", "refreshed_at", "expires_at", "digests", "levels",
	"expected", "wanted",
}

// isUsedOrRevoked is an SQL condition on a row t of "supabaseSession": no pass changes the row any more.
const isUsedOrRevoked = `(t."usedAt" IS NOT NULL OR t."revokedAt" IS NOT NULL)`

// isImported is an SQL condition on a staged session s: the target should have a row.
const isImported = "s.is_wanted AND s.user_reason IS NULL"

// storedRowsHash is an SQL expression for the hash of a row t of the target and its refresh tokens. If the rows are
// equal, it equals the column wanted of the stage, which package sessions computes.
func storedRowsHash() string {
	return mapping.Checksum(`row(t.id, t."userId", t.aal2, t."createdAt", t."refreshedAt", t."expiresAt", (
    SELECT array_agg(encode(c.digest, 'hex') || c.aal2::text ORDER BY c.digest)
    FROM "supabaseCredential" c
    WHERE c."supabaseSessionId" = t.id))`)
}

// MarkStagedSessions returns SQL that decides about the staged sessions what only the target knows: whose user is not
// imported or held, and which rows of the target were used or revoked, even if they are deleted since. If lock is
// true, it locks users and sessions of the target until the end of the transaction, so that a request cannot delete a
// user or use a session meanwhile.
func (p *Pass) MarkStagedSessions(s mapping.Scope, lock bool) string {
	ofUsers, ofSessions := "", ""
	if lock {
		ofUsers = `SELECT count(*) FROM (
  SELECT FROM "user" u WHERE ` + s.Contains("u.id") + ` AND u.id IN (SELECT user_id FROM stage_session) FOR KEY SHARE
) x;
`
		ofSessions = `SELECT count(*) FROM (
  SELECT FROM "supabaseSession" t WHERE ` + s.Contains(`t."userId"`) + ` AND NOT ` + isUsedOrRevoked + ` FOR UPDATE
) x;
`
	}
	const analyze = "ANALYZE stage_session (id, user_id, is_wanted);\n"
	return analyze + NoNestedLoop + ofUsers + ofSessions + fmt.Sprintf(`UPDATE stage_session s
SET user_reason = '%[1]s'
WHERE NOT EXISTS (
  SELECT FROM "user" u
  JOIN %[2]s ON l.user_id = u.id AND l.key = u.id
  WHERE u.id = s.user_id AND %[3]s AND l.outcome IN `+CopiedOutcomes+`);
UPDATE stage_session s
SET user_reason = '%[4]s'
FROM supabase_import.quarantine q
WHERE s.user_reason IS NULL
  AND q.run = %[5]d AND q.user_id = s.user_id AND q.source = 'user' AND q.key = s.user_id
  AND q.field = 'encrypted_password' AND q.reason IN %[6]s AND q.resolved IS NULL AND %[7]s;
UPDATE stage_session s
SET is_kept = true
FROM "supabaseSession" t
WHERE t.id = s.id AND t."userId" = s.user_id AND %[8]s AND %[9]s;
UPDATE stage_session s
SET is_kept = true
FROM supabase_import.session l
WHERE l.run = %[5]d AND l.user_id = s.user_id AND l.id = s.id AND l.outcome IN ('%[10]s', '%[11]s') AND %[12]s;
RESET enable_nestloop;
`, mapping.SessionOfOtherUser, Entries(p.ID, s, "l", mapping.User), s.Contains("u.id"), mapping.SessionOfHeldUser, p.ID,
		mapping.HeldPasswordReasons, s.Contains("q.user_id"), isUsedOrRevoked, s.Contains(`t."userId"`), SessionKept,
		SessionGone, s.Contains("l.user_id"))
}

// WriteStagedSessions returns SQL that makes the rows of the target those of the staged sessions, and records them. A
// row that was used or revoked stays as it is, also if the source no longer has the session. The SQL limits every table
// to the users of the scope, so that Postgres does not read whole tables for each batch.
func (p *Pass) WriteStagedSessions(s mapping.Scope) string {
	return fmt.Sprintf(NoNestedLoop+`DELETE FROM "supabaseSession" t
USING supabase_import.session l
WHERE l.run = %[1]d AND %[2]s AND t.id = l.id AND t."userId" = l.user_id AND NOT %[3]s AND %[5]s
  AND NOT EXISTS (SELECT FROM stage_session s WHERE s.id = t.id AND s.user_id = t."userId" AND %[4]s);
RESET enable_nestloop;
DELETE FROM "supabaseCredential" c
USING stage_session s, "supabaseSession" t
WHERE t.id = s.id AND t."userId" = s.user_id AND %[5]s AND c."supabaseSessionId" = t.id AND %[4]s AND NOT s.is_kept
  AND NOT EXISTS (
    SELECT FROM unnest(s.digests, s.levels) d (digest, aal2) WHERE d.digest = c.digest AND d.aal2 = c.aal2);
INSERT INTO "supabaseSession" AS t (id, "userId", aal2, "createdAt", "refreshedAt", "expiresAt")
SELECT s.id, s.user_id, s.aal2, s.created_at, s.refreshed_at, s.expires_at
FROM stage_session s
WHERE %[4]s AND NOT s.is_kept
ON CONFLICT (id) DO UPDATE
SET aal2 = excluded.aal2, "createdAt" = excluded."createdAt", "refreshedAt" = excluded."refreshedAt",
  "expiresAt" = excluded."expiresAt"
WHERE t."userId" = excluded."userId" AND NOT %[3]s
  AND (t.aal2, t."createdAt", t."refreshedAt", t."expiresAt")
    IS DISTINCT FROM (excluded.aal2, excluded."createdAt", excluded."refreshedAt", excluded."expiresAt");
INSERT INTO "supabaseCredential" (digest, "supabaseSessionId", aal2)
SELECT d.digest, s.id, d.aal2
FROM stage_session s
JOIN "supabaseSession" t ON t.id = s.id AND t."userId" = s.user_id AND %[5]s
CROSS JOIN unnest(s.digests, s.levels) d (digest, aal2)
WHERE %[4]s AND NOT s.is_kept
ON CONFLICT (digest) DO NOTHING;
`, p.ID, s.Contains("l.user_id"), isUsedOrRevoked, isImported, s.Contains(`t."userId"`)) + p.recordSessions(s)
}

// recordSessions returns SQL that writes the outcome of every staged session into the ledger of sessions.
func (p *Pass) recordSessions(s mapping.Scope) string {
	scope := s.Contains("l.user_id")
	return fmt.Sprintf(NoNestedLoop+`DELETE FROM supabase_import.session l
WHERE l.run = %[1]d AND %[2]s
  AND NOT EXISTS (SELECT FROM stage_session s WHERE s.id = l.id AND s.user_id = l.user_id)
  AND NOT EXISTS (SELECT FROM "supabaseSession" t WHERE t.id = l.id AND t."userId" = l.user_id AND %[7]s);
UPDATE supabase_import.session l SET outcome = '%[3]s', expected = NULL
WHERE l.run = %[1]d AND %[2]s
  AND NOT EXISTS (SELECT FROM stage_session s WHERE s.id = l.id AND s.user_id = l.user_id);
RESET enable_nestloop;
INSERT INTO supabase_import.session AS l (run, user_id, id, outcome, expected, written)
SELECT %[1]d, s.user_id, s.id,
  CASE WHEN s.is_kept THEN '%[4]s' ELSE coalesce(s.user_reason, s.reason, '%[5]s') END,
  s.expected,
  CASE WHEN %[6]s AND NOT s.is_kept THEN s.wanted END
FROM stage_session s
ON CONFLICT (run, user_id, id) DO UPDATE
SET outcome = excluded.outcome, expected = excluded.expected,
  written = CASE WHEN excluded.outcome = '%[4]s' THEN l.written ELSE excluded.written END;
`, p.ID, scope, SessionGone, SessionKept, Bridged, isImported, s.Contains(`t."userId"`))
}

const recordSessionBatch = `INSERT INTO supabase_import.session_batch (run, number, sessions, key_check)
VALUES ($1, $2, $3, $4)
ON CONFLICT (run, number) DO UPDATE
SET sessions = excluded.sessions, key_check = excluded.key_check, changed = NULL`

// RecordSessionBatch stores the number of sessions that the source has in a batch.
func (p *Pass) RecordSessionBatch(ctx context.Context, env *Env, db *pgx.Conn, b Batch, sessions int64) error {
	_, err := db.Exec(ctx, recordSessionBatch, p.ID, b.Number, sessions, env.sessionKeyCheck())
	return Wrap("record the sessions of the batch", err)
}

// SubtractSessions subtracts the sessions of the users of b.IDs from the number of the batch, as they are in the
// ledger. AddSessions adds their number in the source, after they are copied again.
func (p *Pass) SubtractSessions(ctx context.Context, db *pgx.Conn, b Batch) error {
	_, err := db.Exec(ctx, fmt.Sprintf(`UPDATE supabase_import.session_batch
SET sessions = sessions - (SELECT count(*) FROM (%s) x), changed = NULL
WHERE run = $1 AND number = $2`, p.ledgerSessions(b.Scope)), p.ID, b.Number)
	return Wrap("count the sessions of users in the ledger", err)
}

// AddSessions adds to the number of sessions of a batch.
func (p *Pass) AddSessions(ctx context.Context, db *pgx.Conn, b Batch, n int64) error {
	_, err := db.Exec(ctx, `UPDATE supabase_import.session_batch SET sessions = sessions + $3
WHERE run = $1 AND number = $2`, p.ID, b.Number, n)
	return Wrap("record the sessions of users", err)
}

// CompareSessions returns a query that compares the staged sessions of a scope with the rows of the target. Its columns
// are: id, hash of the wanted rows or NULL, hash of the stored rows or NULL, hash of the written rows or NULL, the
// names of columns that differ, and whether the session changed in the source since the run read it. It leaves out rows
// that were used or revoked.
func (p *Pass) CompareSessions(s mapping.Scope) string {
	return fmt.Sprintf(`SELECT coalesce(s.id, t.id, l.id)::text,
  CASE WHEN %[1]s THEN s.wanted END,
  CASE WHEN t.id IS NOT NULL THEN %[2]s END,
  l.written,
  array_remove(ARRAY[
    CASE WHEN s.aal2 <> t.aal2 THEN 'aal2' END,
    CASE WHEN s.created_at <> t."createdAt" THEN 'createdAt' END,
    CASE WHEN s.refreshed_at IS DISTINCT FROM t."refreshedAt" THEN 'refreshedAt' END,
    CASE WHEN s.expires_at IS DISTINCT FROM t."expiresAt" THEN 'expiresAt' END
  ], NULL),
  CASE WHEN s.id IS NOT NULL THEN s.expected END IS DISTINCT FROM l.expected
FROM stage_session s
FULL JOIN (
  SELECT t.* FROM "supabaseSession" t
  JOIN supabase_import.ledger o ON o.run = %[3]d AND o.user_id = t."userId" AND o.source = 'user' AND o.key = t."userId"
  WHERE %[4]s
) t ON t.id = s.id AND t."userId" = s.user_id
FULL JOIN (SELECT l.* FROM supabase_import.session l WHERE l.run = %[3]d AND %[5]s) l
  ON l.id = coalesce(s.id, t.id) AND l.user_id = coalesce(s.user_id, t."userId")
WHERE NOT coalesce(%[6]s, false) AND NOT coalesce(s.is_kept, false)
  AND l.outcome IS DISTINCT FROM '`+SessionGone+`'`,
		isImported, storedRowsHash(), p.ID, s.Contains(`t."userId"`), s.Contains("l.user_id"), isUsedOrRevoked)
}

// SessionSums are numbers of sessions and sums of their hashes.
type SessionSums struct {
	Sessions    int64  // sessions of the source
	IDSum       string // sum of the last 64 bits of their ids
	ExpectedSum string // sum of the hashes by the source alone
	Rows        int64  // rows of the target, without those that were used or revoked
	RowSum      string // sum of the hashes of these rows and their refresh tokens
}

// SessionState is what the target knows about the sessions of a scope. Excluded are the ids of those for which the
// target should not have the row of the source: their user is not imported or held, or the row was used or revoked.
// Stale is the number of sessions whose outcome differs from that in the ledger because of the target alone.
type SessionState struct {
	SessionSums
	Excluded [][16]byte
	Stale    int64
}

// ReadSessionState reads what the target knows about the sessions of a scope.
func (p *Pass) ReadSessionState(ctx context.Context, dst *pgx.Conn, s mapping.Scope) (st SessionState, err error) {
	if err := Exec(ctx, dst, NoNestedLoop); err != nil {
		return st, err
	}
	err = dst.QueryRow(ctx, p.sessionStateQuery(s)).Scan(&st.Sessions, &st.IDSum, &st.ExpectedSum, &st.Rows, &st.RowSum,
		&st.Excluded, &st.Stale)
	if err != nil {
		return st, fmt.Errorf("add up the sessions of the target: %w", err)
	}
	return st, Exec(ctx, dst, "RESET enable_nestloop")
}

func (p *Pass) sessionStateQuery(s mapping.Scope) string {
	return fmt.Sprintf(`SELECT count(l.id) FILTER (WHERE NOT x.is_gone),
  coalesce(%[1]s, '0'),
  coalesce(sum(l.expected) FILTER (WHERE NOT x.is_gone), 0)::text,
  count(t.id) FILTER (WHERE NOT x.is_kept),
  coalesce(sum(t.hash) FILTER (WHERE NOT x.is_kept), 0)::text,
  coalesce(array_agg(coalesce(l.id, t.id)) FILTER (WHERE x.is_kept OR x.reason IS NOT NULL), '{}'),
  count(l.id) FILTER (WHERE NOT x.is_gone AND CASE
    WHEN x.is_kept THEN l.outcome <> '%[2]s'
    WHEN x.reason IS NOT NULL THEN l.outcome <> x.reason
    ELSE l.outcome IN ('%[3]s', '%[4]s') END)
FROM (SELECT l.* FROM supabase_import.session l WHERE l.run = %[5]d AND %[6]s) l
FULL JOIN (
  SELECT t.id, t."userId", %[7]s AS is_used, %[8]s AS hash
  FROM "supabaseSession" t
  JOIN %[9]s ON o.user_id = t."userId" AND o.key = t."userId"
  WHERE %[10]s
) t ON t.id = l.id AND t."userId" = l.user_id
LEFT JOIN (
  SELECT u.id FROM "user" u
  JOIN %[9]s ON o.user_id = u.id AND o.key = u.id
  WHERE %[11]s AND o.outcome IN `+CopiedOutcomes+`
) u ON u.id = coalesce(l.user_id, t."userId")
LEFT JOIN (
  SELECT DISTINCT q.user_id
  FROM supabase_import.quarantine q
  WHERE q.run = %[5]d AND %[12]s AND q.source = 'user' AND q.key = q.user_id
    AND q.field = 'encrypted_password' AND q.reason IN %[13]s AND q.resolved IS NULL
) h ON h.user_id = coalesce(l.user_id, t."userId")
CROSS JOIN LATERAL (
  SELECT coalesce(l.outcome = '%[14]s', false) AS is_gone,
    coalesce(t.is_used, false) OR coalesce(l.outcome IN ('%[2]s', '%[14]s'), false) AS is_kept,
    CASE WHEN u.id IS NULL THEN '%[3]s' WHEN h.user_id IS NOT NULL THEN '%[4]s' END AS reason
) x`,
		mapping.SumOfIDs("l.id", "NOT x.is_gone"), SessionKept, mapping.SessionOfOtherUser,
		mapping.SessionOfHeldUser, p.ID, s.Contains("l.user_id"), isUsedOrRevoked, storedRowsHash(),
		Entries(p.ID, s, "o", mapping.User), s.Contains(`t."userId"`), s.Contains("u.id"), s.Contains("q.user_id"),
		mapping.HeldPasswordReasons, SessionGone)
}

// SaveChangedSessions stores how many sessions of a batch changed in the source since the run read them.
func (p *Pass) SaveChangedSessions(ctx context.Context, db *pgx.Conn, b Batch, n int64) error {
	_, err := db.Exec(ctx, "UPDATE supabase_import.session_batch SET changed = $3 WHERE run = $1 AND number = $2",
		p.ID, b.Number, n)
	return Wrap("store the number of changed sessions", err)
}

// CountSessionsToRemove returns a query for the number of sessions that the rollback of a scope removes. removed is an
// SQL condition: the user "userId" of the session t is removed.
func CountSessionsToRemove(run int, s mapping.Scope, removed string) string {
	return fmt.Sprintf(`SELECT count(*)
FROM "supabaseSession" t
JOIN supabase_import.session l ON l.run = %d AND l.user_id = t."userId" AND l.id = t.id
WHERE %s AND (NOT %s OR %s)`, run, s.Contains("l.user_id"), isUsedOrRevoked, removed)
}

// RemoveSessions returns SQL that removes the sessions that the run imported, and that were neither used nor revoked,
// from the target and from the ledger. Those of removed users are gone already. A used or revoked session of a user
// whom the rollback keeps stays, so that a later run does not bring it back.
func RemoveSessions(run int, b Batch) string {
	return fmt.Sprintf(`;
DELETE FROM "supabaseSession" t
USING supabase_import.session l
WHERE l.run = %[1]d AND %[2]s AND t.id = l.id AND t."userId" = l.user_id AND NOT %[3]s;
DELETE FROM supabase_import.session l
WHERE l.run = %[1]d AND %[2]s
  AND NOT EXISTS (SELECT FROM "supabaseSession" t WHERE t.id = l.id AND t."userId" = l.user_id);
DELETE FROM supabase_import.session_batch WHERE run = %[1]d AND number = %[4]d`,
		run, b.Contains("l.user_id"), isUsedOrRevoked, b.Number)
}

// removeBridge removes the time of the last pass and the public keys if the target has no session of Supabase any more.
const removeBridge = `DELETE FROM "supabaseBridge" WHERE NOT EXISTS (SELECT FROM "supabaseSession")`

// RemoveBridge removes the time of the last pass and the public keys of the project, unless another run has imported
// sessions.
func RemoveBridge(ctx context.Context, dst *pgx.Conn) error {
	_, err := dst.Exec(ctx, removeBridge)
	return Wrap("remove the public keys of the project", err)
}
