package copy

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// PlainCopy is one COPY of the mapping: a query on the source, and the target table and columns for its rows.
type PlainCopy struct{ Query, Into string }

// ListPlainCopies returns one PlainCopy for each kind of target row, users before their accounts and profiles. They
// have the columns and the SQL of a run, but they detect no conflicts and ignore the rows that the target already has.
// A benchmark compares a run with these plain copies. ListPlainCopies writes nothing.
func ListPlainCopies(ctx context.Context, env *run.Env, o mapping.Options) (all []PlainCopy, err error) {
	err = env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		m, err := run.ReadMapping(ctx, src, dst, o)
		if err == nil {
			all = listPlainCopies(m)
		}
		return err
	})
	return all, err
}

func listPlainCopies(m mapping.Mapping) []PlainCopy {
	all := mapping.AllUsers
	from := func(values, projection, condition, table, columns string) PlainCopy {
		return PlainCopy{
			Query: "SELECT " + values + "\nFROM (" + projection + ") s\nWHERE " + condition,
			Into:  table + " (" + columns + ")",
		}
	}
	users, accounts := mapping.ColumnList(m.UserColumns()), mapping.ColumnList(m.AccountColumns())
	profiles := mapping.ColumnList(m.ProfileColumns())
	column, value := issuerColumn(m)
	plain := []PlainCopy{
		from("key, "+users, m.Users(all, nil), "reason IS NULL", `"user"`, "id, "+users),
		from(credentialValues+value, m.Users(all, nil), "password IS NOT NULL", "account", credentialColumns+column),
		from("key, user_id, "+accounts, m.Identities(all, nil), "reason IS NULL AND NOT folded",
			"account", `id, "userId", `+accounts),
	}
	if m.Source.Profiles.IsUsable() {
		plain = append(plain, from("key, user_id, "+profiles, m.Profiles(all, nil), "reason IS NULL",
			"user_profile", "id, user_id, "+profiles))
	}
	return plain
}
