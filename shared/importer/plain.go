package importer

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Plain is a piece of the mapping with no run around it: a query for the source, and where at the target a binary COPY puts
// what it yields.
type Plain struct{ Query, Into string }

// Plain lists what COPY alone would bring over, table by table, users before what hangs on them: the columns that a run
// writes, by the same SQL, and the rows that it would copy. Nobody looks for collisions here, or at what the target has.
// It is what a run is measured against, and writes nothing.
func (m *Import) Plain(ctx context.Context, o Options) (all []Plain, err error) {
	if o, err = o.defaults(); err != nil {
		return nil, err
	}
	err = m.askBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		mp, err := look(ctx, src, dst, o)
		if err != nil {
			return err
		}
		if why := append(mp.src.unreadable(), mp.dst.unfit()...); len(why) > 0 {
			return refused(why)
		}
		if err := src.QueryRow(ctx, "select now()::text").Scan(&mp.asOf); err != nil {
			return named("ask the source for the time", err)
		}
		all = mp.plain()
		return nil
	})
	return all, err
}

func (m mapping) plain() []Plain {
	all := scope{low: lowest}
	from := func(values, projection, condition, table, columns string) Plain {
		return Plain{"select " + values + " from (" + projection + ") s where " + condition, table + " (" + columns + ")"}
	}
	list := func(cols []mapped) string { return strings.Join(names(cols), ", ") }
	users, accounts, profiles := list(m.userColumns()), list(m.accountColumns()), list(m.profileColumns())
	issuer, local := m.issuer()
	plain := []Plain{
		from("key, "+users, m.users(all, nil), "reason is null", `"user"`, "id, "+users),
		from(credentialValues+local, m.users(all, nil), "password is not null", "account", credentialColumns+issuer),
		from("key, user_id, "+accounts, m.identities(all, nil), "reason is null and not folded", "account", `id, "userId", `+accounts),
	}
	if m.src.profiles.there() {
		plain = append(plain, from("key, user_id, "+profiles, m.profiles(all, nil), "reason is null", "user_profile", "id, user_id, "+profiles))
	}
	return plain
}
