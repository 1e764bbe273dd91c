package store

import (
	"context"
	"encoding/json"
	"time"
)

// Profile is a row of the table user_profile. UpdatedAt has a precision of microseconds and is the ETag: at every
// update by a request, a trigger sets it to a later time than before, even if the clock was set back.
type Profile struct {
	ID        string
	UserID    string
	CreatedAt time.Time
	UpdatedAt time.Time

	values []profileValue // of the declared fields, in their order
	table  *profileTable
}

// TokenHolder is the user and the session that a JWT names. Each statement on a profile also checks that the user
// exists and is not banned, and that the session has not ended.
type TokenHolder struct {
	UserID    string
	SessionID string    // "" if the JWT is from a Better Auth server: such a JWT names no session
	At        time.Time // the time of the request
}

// sqlArgs returns the arguments of a statement with tokenHolderCTE, followed by more.
func (h TokenHolder) sqlArgs(more ...any) []any {
	var sessionID *string
	if h.SessionID != "" {
		sessionID = &h.SessionID
	}
	return append([]any{h.UserID, h.At, sessionID}, more...)
}

// tokenHolderCTE is the CTE token_holder. It has one row, whose column refused is NULL if the user and the session of
// the token are valid, and otherwise the reason why not. $1 is the user, $2 the time, $3 the session.
const tokenHolderCTE = `token_holder AS (
			SELECT CASE
				WHEN u.id IS NULL THEN '` + refusedNoUser + `'
				WHEN ` + isUserBannedSQL + ` THEN '` + refusedUserBanned + `'
				WHEN $3::uuid IS NOT NULL AND NOT EXISTS (
					SELECT FROM session s WHERE s.id = $3::uuid AND s."userId" = u.id AND s."expiresAt" > $2
				) THEN '` + refusedSessionEnded + `'
			END AS refused
			FROM (SELECT $1::uuid AS id) AS asked
			LEFT JOIN "user" u ON u.id = asked.id
		)`

// The reasons in the column refused of tokenHolderCTE.
const (
	refusedNoUser       = "user"    // the user does not exist
	refusedUserBanned   = "ban"     // the user is banned
	refusedSessionEnded = "session" // the session of the token has ended
)

// profileResult is the row that every statement on a profile returns.
type profileResult struct {
	refused *string
	existed bool // the profile existed before the statement
	found   bool // Profile is set
	Profile
}

// profileOrError returns the result of ProfileOf, CreateProfile or UpdateProfile for the row r.
func (r profileResult) profileOrError(err error) (Profile, error) {
	switch {
	case err != nil:
		return Profile{}, err
	case r.refused != nil:
		return Profile{}, errorsByRefusal[*r.refused]
	case r.found:
		return r.Profile, nil
	case r.existed:
		return Profile{}, ErrChanged
	}
	return Profile{}, ErrNotFound
}

var errorsByRefusal = map[string]error{
	refusedNoUser: ErrOrphan, refusedUserBanned: ErrBanned, refusedSessionEnded: ErrSessionEnded,
}

// ProfileOf returns the profile of the user that a JWT names, or ErrNotFound if the user has none. Like CreateProfile
// and UpdateProfile it returns ErrOrphan if there is no such user, ErrBanned if the user is banned, and ErrSessionEnded
// if the session of the JWT has ended.
func (s *Store) ProfileOf(ctx context.Context, holder TokenHolder) (Profile, error) {
	r, err := readRow(ctx, s, s.profile.scanRow, s.profile.read, holder.sqlArgs()...)
	return r.profileOrError(err)
}

// CreateProfile stores a profile of the user that a JWT names. fields has the values of the columns to set, by name. It
// returns ErrDuplicate if the user already has a profile.
func (s *Store) CreateProfile(ctx context.Context, holder TokenHolder, fields map[string]any) (Profile, error) {
	doc, err := encodeFields(fields)
	if err != nil {
		return Profile{}, err
	}
	r, err := writeRow(ctx, s, s.profile.scanRow, s.profile.create, holder.sqlArgs(doc)...)
	return r.profileOrError(err)
}

// UpdateProfile changes the columns that fields names, and no others, in one statement. If match is not nil, it returns
// ErrChanged unless match contains the profile's UpdatedAt. It returns ErrNotFound if there is no profile.
func (s *Store) UpdateProfile(
	ctx context.Context, holder TokenHolder, fields map[string]any, match []time.Time,
) (Profile, error) {
	doc, err := encodeFields(fields)
	if err != nil {
		return Profile{}, err
	}
	r, err := writeRow(ctx, s, s.profile.scanRow, s.profile.update, holder.sqlArgs(doc, match)...)
	return r.profileOrError(err)
}

// encodeFields returns fields as a JSON object, {} for nil.
func encodeFields(fields map[string]any) (string, error) {
	if fields == nil {
		return "{}", nil
	}
	doc, err := json.Marshal(fields)
	return string(doc), err
}
