package copy

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Plain is one COPY of the mapping: a query on the source, and the target table and columns for its rows.
type Plain struct{ Query, Into string }

// ListPlain returns one Plain for each kind of target row, users before their accounts and profiles. They have the
// columns and the SQL of a run, but they detect no conflicts and ignore the rows that the target already has. A
// benchmark compares a run with these plain copies. ListPlain writes nothing.
func ListPlain(ctx context.Context, env *run.Env, o mapping.Options) (all []Plain, err error) {
	err = env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		m, err := run.ReadMapping(ctx, src, dst, o)
		if err == nil {
			all = listPlain(m)
		}
		return err
	})
	return all, err
}

func listPlain(m mapping.Mapping) []Plain {
	all := mapping.AllUsers
	from := func(values, projection, condition, table, columns string) Plain {
		return Plain{"SELECT " + values + "\nFROM (" + projection + ") s\nWHERE " + condition, table + " (" + columns + ")"}
	}
	users, accounts := mapping.ColumnList(m.UserColumns()), mapping.ColumnList(m.AccountColumns())
	profiles := mapping.ColumnList(m.ProfileColumns())
	column, value := issuerColumn(m)
	plain := []Plain{
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
