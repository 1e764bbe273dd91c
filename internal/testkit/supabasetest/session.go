package supabasetest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// sessionTables is the SQL for the tables of refresh tokens and of the claims of sessions. The user of a refresh token
// is a text, as in a Supabase project.
const sessionTables = `
	CREATE TABLE auth.refresh_tokens (
		instance_id uuid, id bigserial PRIMARY KEY, token varchar(255) UNIQUE, user_id varchar(255), revoked boolean,
		created_at timestamptz, updated_at timestamptz, parent varchar(255),
		session_id uuid REFERENCES auth.sessions (id) ON DELETE CASCADE);
	CREATE INDEX refresh_tokens_session_id_revoked_idx ON auth.refresh_tokens (session_id, revoked);
	CREATE TABLE auth.mfa_amr_claims (
		session_id uuid NOT NULL REFERENCES auth.sessions (id) ON DELETE CASCADE, created_at timestamptz NOT NULL,
		updated_at timestamptz NOT NULL, authentication_method text NOT NULL, id uuid PRIMARY KEY,
		UNIQUE (session_id, authentication_method));
	ALTER TABLE auth.refresh_tokens ENABLE ROW LEVEL SECURITY;
	ALTER TABLE auth.mfa_amr_claims ENABLE ROW LEVEL SECURITY`

// CreateSessionTables creates the tables of refresh tokens and of the claims of sessions. Fill and FillBulk write no
// rows to them.
func CreateSessionTables(t testing.TB, url string) {
	t.Helper()
	withConnection(t, url, "create the tables of refresh tokens", func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sessionTables)
		return err
	})
}

// SessionKind is a kind of session that FillSessions writes.
type SessionKind struct {
	Name   string
	Reason string // why an import does not import it, or ""
	Tokens int    // the refresh tokens that Supabase would accept
}

// SessionKinds are the kinds of sessions in the order in which FillSessions writes them.
var SessionKinds = []SessionKind{
	{"version 1, refreshed twice", "", 2},
	{"version 1, never refreshed", "", 1},
	{"version 1, every token revoked", "session_no_token", 0},
	{"version 2, counter 5", "", 4},
	{"version 2, counter 0", "", 3},
	{"of an OAuth client", "session_oauth_client", 0},
	{"past its end", "session_expired", 0},
	{"version 2, encrypted key", "session_key_encrypted", 0},
}

// FillSessions gives the users of the source a number of sessions in all, of each kind in turn: the n-th session has
// the n-th kind. Users get sessions in the order of their ids, and again from the first one if there are more sessions
// than users. It returns the number of each kind, by Name.
func FillSessions(t testing.TB, url string, sessions int) map[string]int {
	t.Helper()
	withConnection(t, url, "fill the sessions of the source", func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, statement := range fillSessions {
				if _, err := tx.Exec(ctx, statement, sessions); err != nil {
					return err
				}
			}
			return nil
		})
	})
	kinds := map[string]int{}
	for i := range sessions {
		kinds[SessionKinds[i%len(SessionKinds)].Name]++
	}
	return kinds
}

// FillFactors gives the first users of the source, in the order of their ids, a verified TOTP factor each.
func FillFactors(t testing.TB, url string, factors int) {
	t.Helper()
	withConnection(t, url, "fill the second factors of the source", func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, fillFactors, factors)
		return err
	})
}

// fillFactors makes secrets of 32 characters of base32.
const fillFactors = `
	INSERT INTO auth.mfa_factors (id, user_id, factor_type, status, secret, created_at, updated_at)
	SELECT md5('factor' || id)::uuid, id, 'totp', 'verified', translate(upper(md5(id::text)), '0189', 'GHIJ'), now(), now()
	FROM (SELECT id FROM auth.users ORDER BY id LIMIT $1) u`

// numberedSessions is a FROM item with the number, kind, id and user of each session. $1 is the number of sessions.
const numberedSessions = `(
	SELECT i, i % 8 AS kind, md5('session' || i)::uuid AS id, u.id AS user_id, now() - interval '1 hour' AS made
	FROM generate_series(0, $1::bigint - 1) i
	JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM auth.users) u
		ON u.n = i % (SELECT count(*) FROM auth.users)
) s`

var fillSessions = []string{
	`INSERT INTO auth.sessions (id, user_id, created_at, updated_at, aal, not_after, refreshed_at, oauth_client_id,
		refresh_token_hmac_key, refresh_token_counter)
	SELECT id, user_id, made, made, 'aal1', CASE kind WHEN 6 THEN made END,
		CASE WHEN kind IN (0, 3) THEN (made + interval '30 minutes') AT TIME ZONE 'UTC' END,
		CASE kind WHEN 5 THEN id END,
		CASE WHEN kind IN (3, 4)
			THEN translate(rtrim(encode(sha256(id::text::bytea), 'base64'), '='), '+/', '-_')
			WHEN kind = 7 THEN '{"key_id":"key-1","alg":"aes-gcm-hkdf","data":"eA==","nonce":"eHh4eHh4eHh4eHh4"}' END,
		CASE kind WHEN 3 THEN 5 WHEN 4 THEN 0 WHEN 7 THEN 0 END
	FROM ` + numberedSessions,
	`INSERT INTO auth.refresh_tokens (token, user_id, revoked, created_at, updated_at, parent, session_id)
	SELECT left(md5('token' || n || ' ' || i), 12), user_id, kind = 2 OR kind = 0 AND n < 3, made, made,
		CASE WHEN n > 1 THEN left(md5('token' || (n - 1) || ' ' || i), 12) END, id
	FROM ` + numberedSessions + `
	CROSS JOIN generate_series(1, 3) n
	WHERE kind IN (0, 1, 2, 5, 6) AND n <= CASE kind WHEN 0 THEN 3 ELSE 1 END
	ORDER BY i, n`,
	`INSERT INTO auth.mfa_amr_claims (session_id, created_at, updated_at, authentication_method, id)
	SELECT id, made, made, 'password', id FROM ` + numberedSessions,
}
