package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// SupabaseImport is what the import from Supabase has stored besides the sessions.
type SupabaseImport struct {
	LastPassAt time.Time // of the last pass of the import that read the sessions
	JWKS       string    // the public keys of the project as JSON, or ""
}

// SupabaseImport returns the row of the table "supabaseBridge", or ErrNotFound if no import has read sessions.
func (s *Store) SupabaseImport(ctx context.Context) (SupabaseImport, error) {
	return readRow(ctx, s, pgx.RowToStructByPos[SupabaseImport], `
		SELECT "lastPassAt", coalesce(jwks::text, '') FROM "supabaseBridge" WHERE id`)
}

// SupabaseLookup is how a client proves a session that it has at Supabase.
type SupabaseLookup struct {
	Digests [][]byte // of the refresh token, one for each key
	// SessionID and UserID are UUIDs in an access token whose signature is valid, or "".
	SessionID, UserID string
}

// SupabaseSession is a session that a user had at Supabase, with what Xenon knows about it.
type SupabaseSession struct {
	ID string
	// AAL2 is true if the user has given the second factor at Supabase: in the session and, if a refresh token has
	// found it, also before this token was issued.
	AAL2            bool
	ByRefreshToken  bool // a refresh token has found it, not an access token
	IsOver          bool // it has ended at Supabase
	IsRevoked       bool
	UsedAt          *time.Time // of the sign-in that has used it, or nil
	NewSessionToken string     // of the session that this sign-in has made, or "" if it has ended

	User     User
	IsBanned bool // the user is banned
}

// SupabaseSessions returns the sessions that a lookup finds: at most one by the refresh token, if it is stored once,
// and one by the access token.
func (s *Store) SupabaseSessions(ctx context.Context, l SupabaseLookup, now time.Time) ([]SupabaseSession, error) {
	return readRows(ctx, s, func(row pgx.CollectableRow) (b SupabaseSession, err error) {
		err = row.Scan(s.userFieldPointers(&b.User, &b.IsBanned, &b.ID, &b.AAL2, &b.ByRefreshToken, &b.IsOver,
			&b.IsRevoked, &b.UsedAt, &b.NewSessionToken)...)
		return b, err
	}, `
		SELECT `+userColumns+`, `+isUserBannedSQL+`, b.id, b.aal2 AND found.aal2, found."byRefreshToken",
		       coalesce(b."expiresAt" <= $2, false), b."revokedAt" IS NOT NULL, b."usedAt", coalesce(s.token, '')
		FROM (
			SELECT c."supabaseSessionId" AS id, c.aal2, true AS "byRefreshToken"
			FROM "supabaseCredential" c
			WHERE c.digest = ANY ($1::bytea[])
			UNION ALL
			SELECT nullif($3, '')::uuid, true, false
		) found
		JOIN "supabaseSession" b ON b.id = found.id
		JOIN "user" u ON u.id = b."userId"
		LEFT JOIN session s ON s.id = b."sessionId"
		WHERE found."byRefreshToken" OR b."userId" = nullif($4, '')::uuid
		ORDER BY found."byRefreshToken" DESC`, l.Digests, now, l.SessionID, l.UserID)
}

// isSourceOpenSQL is true for a row b of "supabaseSession" that a sign-in may use at the time $2.
const isSourceOpenSQL = `(b."usedAt" IS NULL AND b."revokedAt" IS NULL
				AND (b."expiresAt" IS NULL OR b."expiresAt" > $2))`

// useSourceSQL is a CTE that marks the row in the CTE source as used by the session in the CTE new_session.
const useSourceSQL = `used_source AS (
			UPDATE "supabaseSession" b SET "usedAt" = $2, "sessionId" = new_session.id
			FROM source, new_session
			WHERE b.id = source.id
			RETURNING b.id
		)`

// revokeSourcesSQL, a FROM item with the alias u, and isUnusedSourceOfUserSQL form a CTE that revokes, at the time $2,
// the unused sessions that the users in u had at Supabase. Every statement that ends all sessions of a user has it,
// also with SUPABASE_BRIDGE=off, because the setting can be on later.
const (
	revokeSourcesSQL = `revoked_sources AS (
			UPDATE "supabaseSession" b SET "revokedAt" = $2
			FROM `
	isUnusedSourceOfUserSQL = `
			WHERE b."userId" = u.id AND b."usedAt" IS NULL AND b."revokedAt" IS NULL`
)

// SignInWithSupabase uses a session that a user had at Supabase, and stores the session n, whose ID it sets. Of several
// concurrent calls only one succeeds. It returns ErrChanged if the session was used or revoked or has ended, if it is
// of another user than n, or if the user is banned or was deleted. Like InsertSession it clears a ban that has ended.
//
// It locks the user before the session, as the statements that end all sessions of a user do.
func (s *Store) SignInWithSupabase(ctx context.Context, id string, n *Session) error {
	newID, err := writeRow(ctx, s, pgx.RowTo[string], `
		WITH owner AS (
			SELECT u.id, `+isUserBannedSQL+` AS "isBanned" FROM "user" u WHERE u.id = $1::uuid FOR NO KEY UPDATE
		), source AS (
			SELECT b.id FROM "supabaseSession" b
			JOIN owner ON owner.id = b."userId"
			WHERE b.id = $3::uuid AND NOT owner."isBanned" AND `+isSourceOpenSQL+`
			FOR UPDATE OF b
		), cleared_ban AS (
			UPDATE "user" u SET banned = false, "banReason" = NULL, "banExpires" = NULL, "updatedAt" = $2
			FROM source
			WHERE u.id = $1::uuid AND `+banHasEndedSQL+`
		), new_session AS (`+insertIntoSessionSQL+`
			SELECT $1::uuid, $4, $5, $2, $2, $6, $7 FROM source
			RETURNING id
		), `+useSourceSQL+`
		SELECT id::text FROM new_session`,
		n.UserID, n.CreatedAt.Time, id, n.Token, n.ExpiresAt.Time, n.IPAddress, n.UserAgent)
	n.ID = newID
	if errors.Is(err, ErrNotFound) {
		return ErrChanged
	}
	return err
}
