package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// conflict describes a value that must be unique in the target, and that several rows of the source can have: an email,
// a telephone number, or an account at a provider.
type conflict struct {
	kind       mapping.Kind
	reason     string
	candidates string // query for (id, user_id, value, …)
	order      string // ORDER BY of the candidates c with the same value: the first one keeps it
}

// findConflicts decides which row keeps a value that several rows of the source have, and returns rejections of the
// other rows, and of second factors that cannot be read. The decision depends on the rows of the source and the keys
// alone, so that it is the same in every pass. If there are no conflicts, the result is empty, not nil.
func findConflicts(ctx context.Context, env *Env, src *pgx.Conn, m mapping.Mapping) ([]mapping.Rejection, error) {
	emails, others := []conflict{emailConflict(m)}, []conflict{accountConflict(m)}
	if m.HasPhone() {
		others = append(others, phoneConflict(m))
	}
	rejected := []mapping.Rejection{}
	var otherRejected []mapping.Rejection
	err := queryConcurrently(ctx, env, src,
		func(ctx context.Context, db *pgx.Conn) error { return queryConflicts(ctx, db, emails, &rejected) },
		func(ctx context.Context, db *pgx.Conn) (err error) {
			if otherRejected, err = findUnreadableFactors(ctx, env, db, m); err != nil {
				return err
			}
			return queryConflicts(ctx, db, others, &otherRejected)
		})
	return append(rejected, otherRejected...), err
}

func emailConflict(m mapping.Mapping) conflict {
	return conflict{
		kind: mapping.User, reason: mapping.EmailConflict,
		candidates: `SELECT u.id, u.id AS user_id, ` + m.Email() + ` AS value,
    ` + m.IsSSO() + ` AS sso, NOT ` + m.Confirmed() + ` AS unconfirmed, ` + m.FoldsToASCII() + ` AS to_ascii,
    u.created_at
  FROM auth.users u
  WHERE ` + m.IsNotSoftDeleted() + ` AND u.email ~ '\S'`,
		order: "c.to_ascii, c.sso, c.unconfirmed, c.created_at NULLS LAST, c.id",
	}
}

func accountConflict(m mapping.Mapping) conflict {
	provider, subject := m.Provider("i.provider"), m.Subject("i")
	return conflict{
		kind: mapping.Identity, reason: mapping.AccountConflict,
		candidates: `SELECT i.id, i.user_id, row(` + provider + `, ` + subject + `)::text AS value, i.created_at
  FROM auth.identities i
  JOIN auth.users u ON u.id = i.user_id
  WHERE ` + m.IsNotSoftDeleted() + ` AND i.provider NOT IN ('email', 'phone')
    AND (` + provider + `) IS NOT NULL AND (` + subject + `) IS NOT NULL`,
		order: "c.created_at NULLS LAST, c.id",
	}
}

func phoneConflict(m mapping.Mapping) conflict {
	return conflict{
		kind: mapping.User, reason: mapping.PhoneConflict,
		candidates: `SELECT u.id, u.id AS user_id, ` + m.Phone() + ` AS value,
    u.phone !~ '^[0-9]+$' AS reformatted, u.phone_confirmed_at IS NULL AS unconfirmed, u.created_at
  FROM auth.users u
  WHERE ` + m.IsNotSoftDeleted() + ` AND (` + m.Phone() + `) IS NOT NULL`,
		order: "c.reformatted, c.unconfirmed, c.created_at NULLS LAST, c.id",
	}
}

// query returns SQL for the rows that do not keep the value. Few values occur twice, so it first groups only hashes of
// the values: Postgres does not have to keep and sort all rows.
func (c conflict) query() string {
	return `WITH twice AS MATERIALIZED (
  SELECT hashtextextended(value, 0) AS hash
  FROM (` + c.candidates + `) c
  GROUP BY 1
  HAVING count(*) > 1
)
SELECT c.id::text, c.user_id::text
FROM (
  SELECT c.id, c.user_id, row_number() OVER (PARTITION BY c.value ORDER BY ` + c.order + `) AS position
  FROM (` + c.candidates + `) c
  WHERE hashtextextended(c.value, 0) IN (SELECT hash FROM twice)
) c
WHERE c.position > 1`
}

func queryConflicts(ctx context.Context, src *pgx.Conn, conflicts []conflict, rejected *[]mapping.Rejection) error {
	for _, c := range conflicts {
		what := "look for conflicts (" + c.reason + ")"
		rows, err := src.Query(ctx, c.query())
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		x := mapping.Rejection{Kind: c.kind, Reason: c.reason}
		_, err = pgx.ForEachRow(rows, []any{&x.Key, &x.User}, func() error { *rejected = append(*rejected, x); return nil })
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}
