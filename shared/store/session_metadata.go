package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// Metadata is what a JWT with the claims of Supabase has about a user, besides the columns of User.
type Metadata struct {
	// User and App are the JSON objects in the columns "userMetadata" and "appMetadata" of "user", which
	// `xenon schema up --metadata` adds. nil: there is no such column, or its value is not an object. A text of
	// MaxMetadata characters can be cut, and then it is not JSON.
	User, App *string
	AppRole   *string  // the member role of App as JSON, cut like App; nil if there is none
	Providers []string // the "providerId" of the user's accounts, each once, that of the oldest account first
}

// MaxMetadata is the maximum length of the texts of Metadata, in characters. Without the blanks that Postgres writes
// after commas and colons, a cut text still has more than 4,096 bytes, which is too large for a JWT.
const MaxMetadata = 6145

// TokenSession is a session with its user, and what a JWT of the session has besides them.
type TokenSession struct {
	Session
	User     User
	Metadata *Metadata // nil unless it was asked for

	// Custom has the JSON of each claim of JWT_CUSTOM_CLAIMS: nil for NULL, and for a user without a profile. A text of
	// MaxMetadata characters can be cut, and then it is not JSON.
	Custom []json.RawMessage
}

// SessionForToken is like SessionWithUser, and also returns the custom claims and, if withMetadata is true, the
// Metadata of the user, in the same round trip.
func (s *Store) SessionForToken(
	ctx context.Context, tokens []string, now time.Time, withMetadata bool,
) (TokenSession, error) {
	x, err := readRow(ctx, s, func(row pgx.CollectableRow) (x TokenSession, err error) {
		var lists claimLists
		more := lists.pointers(s)
		if withMetadata {
			x.Metadata = &Metadata{}
			m := x.Metadata
			more = append([]any{&m.User, &m.App, &m.AppRole, &m.Providers}, more...)
		}
		err = scanRow(row, s.sessionFieldPointers(&x.Session, s.userFieldPointers(&x.User, more...)...)...)
		x.Custom = lists.values(s)
		return x, err
	}, s.tokenSessionSQL(len(tokens) == 1, withMetadata), tokenArgument(tokens), now)
	return x, s.classifyClaimsError(err)
}

// tokenSessionSQL returns the statement of SessionForToken for one token or several.
func (s *Store) tokenSessionSQL(one, withMetadata bool) string {
	sql := sessionOfSeveralTokensSQL
	switch {
	case one && withMetadata:
		sql = metadataOfToken
	case one:
		sql = sessionOfOneTokenSQL
	case withMetadata:
		sql = metadataOfTokens
	}
	if text, ok := s.custom.statements[sql]; ok {
		return text
	}
	return sql
}

// tokenArgument returns the argument of a statement for one token or several.
func tokenArgument(tokens []string) any {
	if len(tokens) == 1 {
		return tokens[0]
	}
	return tokens
}

// The statement reads the columns for metadata from the row as JSON, because a column that does not exist would be an
// error. OFFSET 0 prevents Postgres from inlining the subqueries and converting the row several times.
const (
	sessionWithMetadata = `
	SELECT ` + sessionColumns + `, ` + userColumns + `,
		CASE jsonb_typeof(m.for_user) WHEN 'object' THEN left(m.for_user::text, 6145) END,
		CASE jsonb_typeof(m.for_app) WHEN 'object' THEN left(m.for_app::text, 6145) END,
		CASE jsonb_typeof(m.for_app) WHEN 'object' THEN left((m.for_app->'role')::text, 6145) END,
		ARRAY(
			SELECT a."providerId" FROM account a WHERE a."userId" = u.id
			GROUP BY a."providerId" ORDER BY min(a."createdAt"), a."providerId")
	FROM session s
	JOIN "user" u ON u.id = s."userId"
	CROSS JOIN LATERAL (
		SELECT j.r->'userMetadata' AS for_user, j.r->'appMetadata' AS for_app
		FROM (SELECT to_jsonb(u) AS r OFFSET 0) j
		OFFSET 0
	) m
	WHERE NOT ` + isUserBannedSQL + ` AND s.token = `

	metadataOfToken  = sessionWithMetadata + `$1`
	metadataOfTokens = sessionWithMetadata + `ANY ($1::text[])
	ORDER BY s."expiresAt" < $2, array_position($1::text[], s.token)
	LIMIT 1`
)
