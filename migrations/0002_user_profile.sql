-- The learner profile, one row per user. NULL means that the user gave no answer.

-- +goose Up

CREATE TABLE user_profile (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL UNIQUE REFERENCES "user" (id) ON DELETE CASCADE,
  age_range text CHECK (age_range IN ('under_18', '18_24', '25_34', '35_plus')),
  education_level text CHECK (education_level IN ('high_school', 'undergrad', 'masters', 'phd', 'self_taught')),
  tech_background text CHECK (tech_background IN ('software_engineer', 'hardware_engineer', 'student', 'hobbyist')),
  primary_goal text CHECK (primary_goal IN ('career_switch', 'academic', 'hobby_project', 'startup_founder')),
  learning_mode text CHECK (learning_mode IN ('visual', 'textual', 'code_first')),
  learning_speed text CHECK (learning_speed IN ('intensive', 'balanced', 'casual')),
  time_per_week integer CHECK (time_per_week >= 0),
  preferred_language text NOT NULL DEFAULT 'en' CHECK (char_length(preferred_language) BETWEEN 1 AND 10),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- updated_at is the ETag, so each version of a row needs a different one, also within a transaction and after the clock
-- was set back.
-- +goose StatementBegin
CREATE FUNCTION user_profile_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
  RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER user_profile_touch BEFORE UPDATE ON user_profile
  FOR EACH ROW EXECUTE FUNCTION user_profile_touch();
