package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// conflict is about a value that only one row of the target may have: an email, a telephone number, a user at a
// provider.
type conflict struct {
	kind       mapping.Kind
	reason     string
	candidates string // (id, user_id, value, …)
	order      string // of the candidates c with one value: the first keeps it
}

// findConflicts decides who keeps a value that several rows of the source have. The others are rejected. The decision
// is a function of the source's rows, the same in every pass. The list is never nil without an error.
func findConflicts(ctx context.Context, env *Env, src *pgx.Conn, m mapping.Mapping) ([]mapping.Rejection, error) {
	emails, others := []conflict{emailConflict(m)}, []conflict{accountConflict(m)}
	if m.HasPhone() {
		others = append(others, phoneConflict(m))
	}
	rejected := []mapping.Rejection{}
	var two []mapping.Rejection
	err := inTwo(ctx, env, src,
		func(ctx context.Context, db *pgx.Conn) error { return queryConflicts(ctx, db, emails, &rejected) },
		func(ctx context.Context, db *pgx.Conn) error { return queryConflicts(ctx, db, others, &two) })
	return append(rejected, two...), err
}

func emailConflict(m mapping.Mapping) conflict {
	return conflict{
		kind: mapping.User, reason: mapping.EmailConflict,
		candidates: `SELECT u.id, u.id AS user_id, ` + m.Email() + ` AS value,
    ` + m.IsSSO() + ` AS sso, NOT ` + m.Confirmed() + ` AS unconfirmed, ` + m.FoldsToASCII() + ` AS folded, u.created_at
  FROM auth.users u
  WHERE ` + m.Live() + ` AND u.email ~ '\S'`,
		order: "c.folded, c.sso, c.unconfirmed, c.created_at NULLS LAST, c.id",
	}
}

func accountConflict(m mapping.Mapping) conflict {
	provider, subject := m.Provider("i.provider"), m.Subject("i")
	return conflict{
		kind: mapping.Identity, reason: mapping.AccountConflict,
		candidates: `SELECT i.id, i.user_id, row(` + provider + `, ` + subject + `)::text AS value, i.created_at
  FROM auth.identities i
  JOIN auth.users u ON u.id = i.user_id
  WHERE ` + m.Live() + ` AND i.provider NOT IN ('email', 'phone')
    AND (` + provider + `) IS NOT NULL AND (` + subject + `) IS NOT NULL`,
		order: "c.created_at NULLS LAST, c.id",
	}
}

func phoneConflict(m mapping.Mapping) conflict {
	return conflict{
		kind: mapping.User, reason: mapping.PhoneConflict,
		candidates: `SELECT u.id, u.id AS user_id, ` + m.Phone() + ` AS value,
    u.phone !~ '^[0-9]+$' AS spelled, u.phone_confirmed_at IS NULL AS unconfirmed, u.created_at
  FROM auth.users u
  WHERE ` + m.Live() + ` AND (` + m.Phone() + `) IS NOT NULL`,
		order: "c.spelled, c.unconfirmed, c.created_at NULLS LAST, c.id",
	}
}

// query asks for the rows that do not keep the value. They are few, if any: the first look is at hashes of the values
// alone, so that Postgres need not keep and sort all rows.
func (c conflict) query() string {
	return `WITH twice AS MATERIALIZED (
  SELECT hashtextextended(value, 0) AS hash
  FROM (` + c.candidates + `) c
  GROUP BY 1
  HAVING count(*) > 1
)
SELECT c.id::text, c.user_id::text
FROM (
  SELECT c.id, c.user_id, row_number() OVER (PARTITION BY c.value ORDER BY ` + c.order + `) AS place
  FROM (` + c.candidates + `) c
  WHERE hashtextextended(c.value, 0) IN (SELECT hash FROM twice)
) c
WHERE c.place > 1`
}

func queryConflicts(ctx context.Context, src *pgx.Conn, conflicts []conflict, rejected *[]mapping.Rejection) error {
	for _, c := range conflicts {
		what := "look for collisions (" + c.reason + ")"
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
