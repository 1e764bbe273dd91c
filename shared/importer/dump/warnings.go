package dump

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// countResetMails counts the users who signed in with a password in Supabase as far as the file tells: those with an
// email, whose providers are unknown or include email.
const countResetMails = `SELECT count(*)
FROM auth.users u
WHERE u.email ~ '\S' AND u.deleted_at IS NULL AND coalesce(u.raw_app_meta_data->'providers' ? 'email', true)`

// otherProviders counts the users of each provider other than email and phone.
const otherProviders = `SELECT p || ': ' || count(*)
FROM auth.users u, jsonb_array_elements_text(CASE jsonb_typeof(u.raw_app_meta_data->'providers')
  WHEN 'array' THEN u.raw_app_meta_data->'providers' ELSE '[]' END) p
WHERE p NOT IN ('email', 'phone')
GROUP BY p
ORDER BY count(*) DESC, p`

// addWarnings adds what the operator has to know about data that the file does not have.
func (l *loader) addWarnings(ctx context.Context, file *run.SourceFile) error {
	if file.Service != "" {
		return nil // the reader of the export has added them
	}
	if !slices.Contains(file.Columns, "encrypted_password") {
		if err := l.conn.QueryRow(ctx, countResetMails).Scan(&file.ResetMails); err != nil {
			return fmt.Errorf("count the users with a password: %w", err)
		}
		file.Warnings = append(file.Warnings, fmt.Sprintf("the file has no password hashes (no column encrypted_password): "+
			"users are imported without a password. %s an email and have to set a new password with a reset by mail. "+
			"A dump of the database (supabase db dump --data-only) has the hashes",
			run.CountNoun(file.ResetMails, "user has", "users have")))
	}
	if _, ok := file.Rows["auth.identities"]; !ok {
		rows, err := l.conn.Query(ctx, otherProviders)
		if err != nil {
			return fmt.Errorf("count the users of providers: %w", err)
		}
		providers, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("count the users of providers: %w", err)
		}
		text := "no user has one"
		if len(providers) > 0 {
			text = "users by provider: " + strings.Join(providers, ", ")
		}
		file.Warnings = append(file.Warnings, "the file has no rows of auth.identities, so no account of a provider is "+
			"imported ("+text+"). A dump of the database has them")
	}
	if _, ok := file.Rows["auth.mfa_factors"]; !ok {
		file.Warnings = append(file.Warnings, "the file has no rows of auth.mfa_factors, so the import cannot know who has "+
			"a second factor")
	}
	return nil
}
