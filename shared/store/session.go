package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Session is a row of the table session. Its JSON has the names and the order of Better Auth's.
type Session struct {
	ExpiresAt Time    `json:"expiresAt"`
	Token     string  `json:"token"`
	CreatedAt Time    `json:"createdAt"`
	UpdatedAt Time    `json:"updatedAt"`
	IPAddress *string `json:"ipAddress"` // "" if unknown; null only if a Better Auth server wrote null
	UserAgent *string `json:"userAgent"`
	UserID    string  `json:"userId"`
	// ImpersonatedBy is the id of the administrator who uses the session. The plugin admin adds it.
	ImpersonatedBy PluginField[string] `json:"impersonatedBy,omitzero"`
	ID             string              `json:"id"`
}

// sessionColumns are the columns of a Session, read from the row s of session.
const sessionColumns = `
		s."expiresAt", s.token, s."createdAt", s."updatedAt", s."ipAddress", s."userAgent", s."userId", s.id`

// sessionFieldPointers returns pointers to the fields of x in the order of sessionColumns, followed by more.
func (s *Store) sessionFieldPointers(x *Session, more ...any) []any {
	all := make([]any, 0, 9+len(more)) // eight fields, and that of the plugin
	all = append(all, &x.ExpiresAt, &x.Token, &x.CreatedAt, &x.UpdatedAt, &x.IPAddress, &x.UserAgent, &x.UserID, &x.ID)
	if s.plugins.Admin {
		x.ImpersonatedBy.IsPresent = true
		all = append(all, &x.ImpersonatedBy.Value)
	}
	return append(all, more...)
}

// insertIntoSessionSQL is the beginning of every INSERT of a session.
const insertIntoSessionSQL = `
		INSERT INTO session ("userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")`

// SessionWithUser returns a session and its user in one round trip. It returns the session of the first token whose
// session has not expired at the time now. If all sessions have expired, it returns an expired one. It ignores the
// sessions of users who are banned at that time. It returns ErrNotFound if no session is left.
func (s *Store) SessionWithUser(ctx context.Context, tokens []string, now time.Time) (Session, User, error) {
	type pair struct {
		session Session
		user    User
	}
	sql, arg := sessionOfOneTokenSQL, any(tokens)
	if len(tokens) == 1 {
		arg = tokens[0]
	} else {
		sql = sessionOfSeveralTokensSQL
	}
	var p pair
	_, err := readRow(ctx, s, func(row pgx.CollectableRow) (*pair, error) {
		return &p, scanRow(row, s.sessionFieldPointers(&p.session, s.userFieldPointers(&p.user)...)...)
	}, sql, arg, now)
	return p.session, p.user, err
}

const sessionWithUserSQL = `
	SELECT ` + sessionColumns + `, ` + userColumns + `
	FROM session s
	JOIN "user" u ON u.id = s."userId"
	WHERE NOT ` + isUserBannedSQL + ` AND s.token = `

// Nearly every request has one token. For a single token Postgres keeps the plan of the prepared statement. For an
// array it makes a new plan with every request, because the cost depends on the length of the array, and that takes
// longer than the query.
const (
	sessionOfOneTokenSQL      = sessionWithUserSQL + `$1`
	sessionOfSeveralTokensSQL = sessionWithUserSQL + `ANY ($1::text[])
	ORDER BY s."expiresAt" < $2, array_position($1::text[], s.token)
	LIMIT 1`
)

// InsertSession stores a session and returns its id. It returns ErrBanned if the user is banned at CreatedAt, and
// ErrOrphan if there is no such user. It clears a ban that has ended, as Better Auth's admin plugin does. If s has
// counted Fixed charges, the caller has verified the password. So the statement also removes these charges from their
// counts, even if the user is banned.
func (s *Store) InsertSession(ctx context.Context, n Session) (string, error) {
	return s.insertSession(ctx, n, nil)
}

// InsertSessionAfterPassword is InsertSession for a user who has given the password that is stored as hash. It returns
// ErrChanged if another request has changed or removed the password meanwhile: that request may have ended the sessions
// of the user, because another person knows the password.
func (s *Store) InsertSessionAfterPassword(ctx context.Context, n Session, hash string) (string, error) {
	return s.insertSession(ctx, n, &hash)
}

// insertSession stores a session if hash is nil or the stored hash of the user's password. It locks the account, so
// that a statement that changes the password waits for this one.
func (s *Store) insertSession(ctx context.Context, n Session, hash *string) (string, error) {
	type result struct {
		ID         string
		IsPassword bool
	}
	keys, ends := s.takeRefundable()
	r, err := writeRow(ctx, s, pgx.RowToStructByPos[result], `
		WITH cleared_ban AS (
			UPDATE "user" SET banned = false, "banReason" = NULL, "banExpires" = NULL, "updatedAt" = $2
			WHERE id = $1::uuid AND banned AND "banExpires" < $2
		), refund_args AS (
			SELECT $8::text[] AS keys, $9::bigint[] AS ends
		)`+refundChargesCTEs+`, password_account AS (
			SELECT a.id FROM "user" u
			JOIN account a ON `+isPasswordAccountSQL+`
			WHERE u.id = $1::uuid AND a.password = $10::text
			FOR SHARE OF a
		), new_session AS (`+insertIntoSessionSQL+`
			SELECT $1::uuid, $3, $4, $2, $5, $6, $7
			WHERE NOT EXISTS (SELECT FROM "user" u WHERE u.id = $1::uuid AND `+isUserBannedSQL+`)
			  AND ($10::text IS NULL OR EXISTS (SELECT FROM password_account))
			RETURNING id
		)
		SELECT coalesce((SELECT id::text FROM new_session), ''),
		       $10::text IS NULL OR EXISTS (SELECT FROM password_account)`,
		n.UserID, n.CreatedAt.Time, n.Token, n.ExpiresAt.Time, n.UpdatedAt.Time, n.IPAddress, n.UserAgent, keys, ends, hash)
	switch {
	case err != nil:
		return "", err
	case !r.IsPassword:
		return "", ErrChanged
	case r.ID == "":
		return "", ErrBanned
	}
	return r.ID, nil
}

// ExtendSession stores a new expiry (expiresAt) and a new time of update (at) of the session with the token. It returns
// ErrNotFound if the session was deleted.
func (s *Store) ExtendSession(ctx context.Context, token string, expiresAt, at time.Time) error {
	n, err := s.exec(ctx, `
		UPDATE session SET "expiresAt" = $2, "updatedAt" = $3 WHERE token = $1`, token, expiresAt, at)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// DeleteSession deletes the session with the token. It returns nil if there is no such session.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	_, err := s.exec(ctx, `DELETE FROM session WHERE token = $1`, token)
	return err
}

// EndSessions deletes the sessions with the tokens. It returns the user of the first one that exists, or ErrNotFound if
// none exists.
func (s *Store) EndSessions(ctx context.Context, tokens []string) (userID string, err error) {
	if len(tokens) == 1 { // nearly always; Postgres keeps the plan, as for SessionWithUser
		return writeRow(ctx, s, pgx.RowTo[string], `
			DELETE FROM session WHERE token = $1 RETURNING "userId"`, tokens[0])
	}
	return writeRow(ctx, s, pgx.RowTo[string], `
		WITH ended_sessions AS (
			DELETE FROM session WHERE token = ANY ($1::text[])
			RETURNING token, "userId"
		)
		SELECT "userId" FROM ended_sessions
		ORDER BY array_position($1::text[], token)
		LIMIT 1`, tokens)
}

// SessionsOfUser returns the sessions of a user that are live at now, oldest first.
func (s *Store) SessionsOfUser(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	return readRows(ctx, s, s.scanSession, `
		SELECT `+sessionColumns+`
		FROM session s
		WHERE s."userId" = $1::uuid AND s."expiresAt" > $2
		ORDER BY s."createdAt", s.id`, userID, now)
}

// DeleteSessionOfUser deletes the session with the token, which may be any text, if it belongs to the user. It also
// deletes the mailed links that this session requested. It returns nil if the user has no such session.
func (s *Store) DeleteSessionOfUser(ctx context.Context, userID, token string) error {
	_, err := s.exec(ctx, `
		WITH `+lockUserSQL+`, ended_sessions AS (
			DELETE FROM session USING u
			WHERE session.token = $2 AND session."userId" = u.id
			RETURNING session.id
		)
		DELETE FROM verification v USING u, ended_sessions
		WHERE `+isLinkOfUserSQL+` AND substr(v.value, 37) = ended_sessions.id::text`, userID, token)
	if errors.Is(err, ErrInvalid) {
		return nil // no session has a token that Postgres cannot store
	}
	return err
}

// DeleteSessionsOfUser deletes all sessions and all mailed links of a user, and revokes the unused sessions that the
// user had at Supabase.
func (s *Store) DeleteSessionsOfUser(ctx context.Context, userID string, now time.Time) error {
	return s.execAfterSignIns(ctx, lockSignInsOfUser(userID), `
		WITH `+lockUserSQL+`, `+deleteLinksOfUserSQL+`, `+revokeSourcesSQL+`u`+isUnusedSourceOfUserSQL+`
		)
		DELETE FROM session USING u
		WHERE session."userId" = u.id`, userID, now)
}

// DeleteSessionsExcept deletes the sessions of a user that are live at now, except the one with the token. It also
// deletes the user's mailed links, except those that this session requested, and revokes the unused sessions that the
// user had at Supabase.
func (s *Store) DeleteSessionsExcept(ctx context.Context, userID, token string, now time.Time) error {
	return s.execAfterSignIns(ctx, lockSignInsOfUser(userID), `
		WITH `+lockUserSQL+`, kept_session AS (
			SELECT id FROM session WHERE token = $3
		), `+revokeSourcesSQL+`u`+isUnusedSourceOfUserSQL+`
		), deleted_links AS (
			DELETE FROM verification v USING u
			WHERE `+isLinkOfUserSQL+` AND NOT EXISTS (SELECT FROM kept_session WHERE id::text = substr(v.value, 37))
		)
		DELETE FROM session USING u
		WHERE session."userId" = u.id AND session.token <> $3 AND session."expiresAt" > $2`, userID, now, token)
}
