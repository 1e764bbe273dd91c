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

func scanProfile(row pgx.Row) (p Profile, err error) {
	err = row.Scan(&p.ID, &p.UserID, &p.AgeRange, &p.EducationLevel, &p.TechBackground, &p.PrimaryGoal, &p.LearningMode,
		&p.LearningSpeed, &p.TimePerWeek, &p.PreferredLanguage, &p.CreatedAt, &p.UpdatedAt)
	p.CreatedAt, p.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return p, err
}

// ProfileOf returns a user's profile, or ErrNotFound.
func (s *Store) ProfileOf(ctx context.Context, userID string) (Profile, error) {
	return read(ctx, s, scanProfile, `SELECT `+profileColumns+` FROM user_profile WHERE user_id = $1::uuid`, userID)
}

// CreateProfile stores a user's profile; fields holds the columns to set, by name. ErrDuplicate if there is one,
// ErrOrphan if there is no such user.
func (s *Store) CreateProfile(ctx context.Context, userID string, fields map[string]any) (Profile, error) {
	doc, err := document(fields)
	if err != nil {
		return Profile{}, err
	}
	return write(ctx, s, scanProfile, `
		INSERT INTO user_profile (user_id, age_range, education_level, tech_background, primary_goal, learning_mode,
		                          learning_speed, time_per_week, preferred_language)
		SELECT $1::uuid, age_range, education_level, tech_background, primary_goal, learning_mode,
		       learning_speed, time_per_week, coalesce(preferred_language, 'en')
		FROM jsonb_populate_record(null::user_profile, $2::text::jsonb)
		RETURNING `+profileColumns, userID, doc)
}

// UpdateProfile changes the columns in fields and leaves the others alone, in one statement. With match given, only if
// the profile's UpdatedAt is one of them. ErrNotFound when there is no profile or none that matches.
func (s *Store) UpdateProfile(ctx context.Context, userID string, fields map[string]any, match []time.Time) (Profile, error) {
	doc, err := document(fields)
	if err != nil {
		return Profile{}, err
	}
	return write(ctx, s, scanProfile, `
		UPDATE user_profile p
		SET (age_range, education_level, tech_background, primary_goal, learning_mode, learning_speed, time_per_week, preferred_language)
		  = (SELECT age_range, education_level, tech_background, primary_goal, learning_mode, learning_speed, time_per_week, preferred_language
		     FROM jsonb_populate_record(p, $2::text::jsonb))
		WHERE user_id = $1::uuid AND ($3::timestamptz[] IS NULL OR updated_at = ANY ($3::timestamptz[]))
		RETURNING `+profileColumns, userID, doc, match)
}

// document is fields as a JSON object.
func document(fields map[string]any) (string, error) {
	if fields == nil {
		return "{}", nil
	}
	doc, err := json.Marshal(fields)
	return string(doc), err
}
