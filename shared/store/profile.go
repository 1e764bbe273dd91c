package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// Profile is a row of user_profile. UpdatedAt is kept by the database, in microseconds, and moves with every change.
type Profile struct {
	ID                string    `json:"id"`
	UserID            string    `json:"user_id"`
	AgeRange          *string   `json:"age_range"`
	EducationLevel    *string   `json:"education_level"`
	TechBackground    *string   `json:"tech_background"`
	PrimaryGoal       *string   `json:"primary_goal"`
	LearningMode      *string   `json:"learning_mode"`
	LearningSpeed     *string   `json:"learning_speed"`
	TimePerWeek       *int32    `json:"time_per_week"`
	PreferredLanguage string    `json:"preferred_language"`
	CreatedAt         time.Time `json:"created_at"`
	UpdatedAt         time.Time `json:"updated_at"`
}

const profileColumns = `id, user_id, age_range, education_level, tech_background, primary_goal, learning_mode,
		learning_speed, time_per_week, preferred_language, created_at, updated_at`

// TokenHolder is whom a JWT names. Each statement on a profile also asks whether the token still holds.
type TokenHolder struct {
	UserID    string
	SessionID string    // of the row of session; "" in the tokens of a TypeScript server, which name no session
	At        time.Time // of the request
}

func (h TokenHolder) args(more ...any) []any {
	var sessionID *string
	if h.SessionID != "" {
		sessionID = &h.SessionID
	}
	return append([]any{h.UserID, h.At, sessionID}, more...)
}

// holderCTE looks a TokenHolder up: $1 is its user, $2 the moment, which barred needs too, $3 its session. refused is
// NULL if the token holds.
const holderCTE = `holder AS (
			SELECT CASE
				WHEN u.id IS NULL THEN '` + refusedUser + `'
				WHEN ` + barred + ` THEN '` + refusedBan + `'
				WHEN $3::uuid IS NOT NULL AND NOT EXISTS (
					SELECT FROM session s WHERE s.id = $3::uuid AND s."userId" = u.id AND s."expiresAt" > $2
				) THEN '` + refusedSession + `'
			END AS refused
			FROM (SELECT $1::uuid AS id) AS asked
			LEFT JOIN "user" u ON u.id = asked.id
		)`

const (
	refusedUser    = "user"
	refusedBan     = "ban"
	refusedSession = "session"
)

// profileReply is the row that every statement on a profile returns.
type profileReply struct {
	refused *string
	there   bool // before the statement
	found   bool // Profile is filled
	Profile
}

func scanProfile(row pgx.Row) (r profileReply, err error) {
	var id, userID, language *string
	var createdAt, updatedAt *time.Time
	p := &r.Profile
	err = row.Scan(&r.refused, &r.there, &id, &userID, &p.AgeRange, &p.EducationLevel, &p.TechBackground, &p.PrimaryGoal,
		&p.LearningMode, &p.LearningSpeed, &p.TimePerWeek, &language, &createdAt, &updatedAt)
	if err != nil || id == nil {
		return r, err
	}
	r.found = true
	p.ID, p.UserID, p.PreferredLanguage = *id, *userID, *language
	p.CreatedAt, p.UpdatedAt = createdAt.UTC(), updatedAt.UTC()
	return r, nil
}

// result is what a method on profiles returns for r.
func (r profileReply) result(err error) (Profile, error) {
	switch {
	case err != nil:
		return Profile{}, err
	case r.refused != nil:
		return Profile{}, holderErrors[*r.refused]
	case r.found:
		return r.Profile, nil
	case r.there:
		return Profile{}, ErrChanged
	}
	return Profile{}, ErrNotFound
}

var holderErrors = map[string]error{refusedUser: ErrOrphan, refusedBan: ErrBanned, refusedSession: ErrSessionEnded}

// ProfileOf returns the profile of a token's user, or ErrNotFound. Like CreateProfile and UpdateProfile it returns
// ErrOrphan if there is no such user, ErrBanned if the user is banned, ErrSessionEnded if the token's session is over.
func (s *Store) ProfileOf(ctx context.Context, holder TokenHolder) (Profile, error) {
	r, err := read(ctx, s, scanProfile, `
		WITH `+holderCTE+`
		SELECT refused, id IS NOT NULL, `+profileColumns+`
		FROM holder
		LEFT JOIN user_profile ON user_id = $1::uuid`, holder.args()...)
	return r.result(err)
}

// CreateProfile stores the profile of a token's user; fields holds the columns to set, by name. ErrDuplicate if there
// is one.
func (s *Store) CreateProfile(ctx context.Context, holder TokenHolder, fields map[string]any) (Profile, error) {
	doc, err := document(fields)
	if err != nil {
		return Profile{}, err
	}
	r, err := write(ctx, s, scanProfile, `
		WITH `+holderCTE+`, created AS (
			INSERT INTO user_profile (user_id, age_range, education_level, tech_background, primary_goal, learning_mode,
			                          learning_speed, time_per_week, preferred_language)
			SELECT $1::uuid, age_range, education_level, tech_background, primary_goal, learning_mode,
			       learning_speed, time_per_week, coalesce(preferred_language, 'en')
			FROM holder, jsonb_populate_record(null::user_profile, $4::text::jsonb)
			WHERE refused IS NULL
			RETURNING `+profileColumns+`
		)
		SELECT refused, false, `+profileColumns+`
		FROM holder
		LEFT JOIN created ON true`, holder.args(doc)...)
	return r.result(err)
}

// UpdateProfile changes the columns in fields and leaves the others alone, in one statement. With match given, only if
// the profile's UpdatedAt is one of them, else ErrChanged. ErrNotFound if there is no profile.
func (s *Store) UpdateProfile(ctx context.Context, holder TokenHolder, fields map[string]any, match []time.Time) (Profile, error) {
	doc, err := document(fields)
	if err != nil {
		return Profile{}, err
	}
	r, err := write(ctx, s, scanProfile, `
		WITH `+holderCTE+`, changed AS (
			UPDATE user_profile p
			SET (age_range, education_level, tech_background, primary_goal,
			     learning_mode, learning_speed, time_per_week, preferred_language)
			  = (SELECT age_range, education_level, tech_background, primary_goal,
			            learning_mode, learning_speed, time_per_week, preferred_language
			     FROM jsonb_populate_record(p, $4::text::jsonb))
			WHERE user_id = $1::uuid
			  AND ($5::timestamptz[] IS NULL OR updated_at = ANY ($5::timestamptz[]))
			  AND EXISTS (SELECT FROM holder WHERE refused IS NULL)
			RETURNING `+profileColumns+`
		)
		SELECT refused, EXISTS (SELECT FROM user_profile WHERE user_id = $1::uuid), `+profileColumns+`
		FROM holder
		LEFT JOIN changed ON true`, holder.args(doc, match)...)
	return r.result(err)
}

// document is fields as a JSON object.
func document(fields map[string]any) (string, error) {
	if fields == nil {
		return "{}", nil
	}
	doc, err := json.Marshal(fields)
	return string(doc), err
}
