package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Session is a row of session, in the library's words and order.
type Session struct {
	ExpiresAt Time    `json:"expiresAt"`
	Token     string  `json:"token"`
	CreatedAt Time    `json:"createdAt"`
	UpdatedAt Time    `json:"updatedAt"`
	IPAddress *string `json:"ipAddress"` // "" when unknown; null only if another server wrote null
	UserAgent *string `json:"userAgent"`
	UserID    string  `json:"userId"`
	ID        string  `json:"id"`
}

// SessionWithUser returns the session of the first of tokens that is live at now, and its user, in one round trip. If
// none is, it returns one that has expired, else ErrNotFound. A session whose user is banned at now counts as not
// found.
func (s *Store) SessionWithUser(ctx context.Context, tokens []string, now time.Time) (Session, User, error) {
	type pair struct {
		session Session
		user    User
	}
	sql, arg := sessionOfToken, any(tokens)
	if len(tokens) == 1 {
		arg = tokens[0]
	} else {
		sql = sessionOfTokens
	}
	p, err := read(ctx, s, func(row pgx.Row) (p pair, err error) {
		x := &p.session
		err = row.Scan(append([]any{
			&x.ExpiresAt, &x.Token, &x.CreatedAt, &x.UpdatedAt, &x.IPAddress, &x.UserAgent, &x.UserID, &x.ID,
		}, p.user.columns()...)...)
		return p, err
	}, sql, arg, now)
	return p.session, p.user, err
}

const sessionWithUser = `
	SELECT s."expiresAt", s.token, s."createdAt", s."updatedAt", s."ipAddress", s."userAgent", s."userId", s.id,
	       u.id, u.name, u.email, u."emailVerified", u.image, u."createdAt", u."updatedAt"
	FROM session s
	JOIN "user" u ON u.id = s."userId"
	WHERE NOT ` + barred + ` AND s.token = `

// Nearly every request has one token. Postgres keeps the plan for a single token; for an array, whose length it has to
// look at, it makes a new plan with every request, which takes longer than the query.
const (
	sessionOfToken  = sessionWithUser + `$1`
	sessionOfTokens = sessionWithUser + `ANY ($1::text[])
	ORDER BY s."expiresAt" < $2, array_position($1::text[], s.token)
	LIMIT 1`
)

// InsertSession stores a session and returns its id. ErrBanned if its user is banned at its CreatedAt; a ban that was
// over by then is cleared, as Better Auth's admin plugin does. ErrOrphan if there is no such user. A user who gets this
// far has shown the password: the same statement gives back the Fixed charges that s has counted, also to a user who is
// banned.
func (s *Store) InsertSession(ctx context.Context, n Session) (string, error) {
	keys, ends := s.takeCounted()
	id, err := write(ctx, s, scalar[string], insertSession,
		n.UserID, n.CreatedAt.Time, n.Token, n.ExpiresAt.Time, n.UpdatedAt.Time, n.IPAddress, n.UserAgent, keys, ends)
	if errors.Is(err, ErrNotFound) {
		return "", ErrBanned
	}
	return id, err
}

var insertSession = `
	WITH cleared AS (
		UPDATE "user" SET banned = false, "banReason" = NULL, "banExpires" = NULL, "updatedAt" = $2
		WHERE id = $1::uuid AND banned AND "banExpires" < $2
	), ` + refundedAs("$8", "$9") + `
	INSERT INTO session ("userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
	SELECT $1::uuid, $3, $4, $2, $5, $6, $7
	WHERE NOT EXISTS (SELECT FROM "user" u WHERE u.id = $1::uuid AND ` + barred + `)
	RETURNING id`

// ExtendSession moves the end of a live session; ErrNotFound if it was ended meanwhile.
func (s *Store) ExtendSession(ctx context.Context, token string, expiresAt, at time.Time) error {
	n, err := s.exec(ctx, `
		UPDATE session SET "expiresAt" = $2, "updatedAt" = $3 WHERE token = $1`, token, expiresAt, at)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// DeleteSession ends the session of a token; one that is gone already is no error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	_, err := s.exec(ctx, `DELETE FROM session WHERE token = $1`, token)
	return err
}

// EndSessions ends the sessions of tokens and returns whose the first one was; ErrNotFound if all are gone already.
func (s *Store) EndSessions(ctx context.Context, tokens []string) (userID string, err error) {
	return write(ctx, s, scalar[string], `
		WITH ended AS (
			DELETE FROM session WHERE token = ANY ($1::text[])
			RETURNING token, "userId"
		)
		SELECT "userId" FROM ended
		ORDER BY array_position($1::text[], token)
		LIMIT 1`, tokens)
}

// SessionsOfUser returns the sessions of a user that are live at now, oldest first.
func (s *Store) SessionsOfUser(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	return list(ctx, s, func(row pgx.CollectableRow) (x Session, err error) {
		err = row.Scan(&x.ExpiresAt, &x.Token, &x.CreatedAt, &x.UpdatedAt, &x.IPAddress, &x.UserAgent, &x.UserID, &x.ID)
		return x, err
	}, `
		SELECT "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", id
		FROM session
		WHERE "userId" = $1::uuid AND "expiresAt" > $2
		ORDER BY "createdAt", id`, userID, now)
}

// DeleteSessionOfUser ends the session of a token, which is any text, if it is the user's own, and deletes the links
// that it asked for; another's, or one that is gone already, is no error.
func (s *Store) DeleteSessionOfUser(ctx context.Context, userID, token string) error {
	_, err := s.exec(ctx, `
		WITH `+locksUser+`, ended AS (
			DELETE FROM session USING u WHERE session.token = $2 AND session."userId" = u.id RETURNING session.id
		)
		DELETE FROM verification v USING u, ended WHERE `+isLink+` AND substr(v.value, 37) = ended.id::text`, userID, token)
	if errors.Is(err, ErrInvalid) {
		return nil // text that cannot be stored is nobody's token
	}
	return err
}

// DeleteSessionsOfUser ends all sessions of a user and deletes all their mailed links.
func (s *Store) DeleteSessionsOfUser(ctx context.Context, userID string) error {
	_, err := s.exec(ctx, `
		WITH `+locksUser+`, links AS (
			DELETE FROM verification v USING u WHERE `+isLink+`
		)
		DELETE FROM session USING u WHERE session."userId" = u.id`, userID)
	return err
}

// DeleteSessionsExcept ends the sessions of a user that are live at now, but for the one of token, and deletes the
// user's mailed links, but for those that this session asked for.
func (s *Store) DeleteSessionsExcept(ctx context.Context, userID, token string, now time.Time) error {
	_, err := s.exec(ctx, `
		WITH `+locksUser+`, kept AS (
			SELECT id FROM session WHERE token = $2
		), links AS (
			DELETE FROM verification v USING u
			WHERE `+isLink+` AND NOT EXISTS (SELECT FROM kept WHERE id::text = substr(v.value, 37))
		)
		DELETE FROM session USING u
		WHERE session."userId" = u.id AND session.token <> $2 AND session."expiresAt" > $3`, userID, token, now)
	return err
}
