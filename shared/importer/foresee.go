package importer

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// foreseen is how many source rows share a fate.
type foreseen struct {
	source       Source
	reason, form string // form is a password's
	fields       []string
	folded       bool
	rows         int64
}

// foresee runs the projections over everything and counts what comes out.
func (m *Import) foresee(ctx context.Context, src *pgx.Conn, mp mapping, lost []ruling, p *Plan) error {
	r := rulings{}
	for _, l := range lost {
		r.add(l)
		p.Collisions[l.reason]++
	}
	all := scope{low: lowest}
	const counted = "'{}'::text[], false, '', count(*) from ("
	users := []string{"select 'user', coalesce(reason, ''), coalesce(fields, '{}'), false, coalesce(form, 'none'), count(*) from (" + mp.usersAnd("a.form", all, r) + ") x group by 2, 3, 5"}
	p.Expected[User], p.Expected[Identity] = map[Outcome]int64{}, map[Outcome]int64{}
	rest := []string{"select 'identity', coalesce(reason, ''), '{}'::text[], folded and reason is null, '', count(*) from (" + mp.identities(all, r) + ") x group by 2, 4"}
	if mp.src.profiles.there() {
		p.Expected[Profile] = map[Outcome]int64{}
		rest = append(rest, "select 'profile', coalesce(reason, ''), coalesce(fields, '{}'), false, '', count(*) from ("+mp.profiles(all, r)+") x group by 2, 3")
	}
	if q := mp.others(all); q != "" {
		p.Expected[Factor], p.Expected[Passkey] = map[Outcome]int64{}, map[Outcome]int64{}
		rest = append(rest, "select source, reason, "+counted+q+") x group by 1, 2")
	}
	var one, two []foreseen
	err := m.twofold(ctx, src,
		func(ctx context.Context, db *pgx.Conn) (err error) { one, err = fates(ctx, db, users); return err },
		func(ctx context.Context, db *pgx.Conn) (err error) { two, err = fates(ctx, db, rest); return err })
	if err != nil {
		return fmt.Errorf("foresee what becomes of the rows: %w", err)
	}
	for _, f := range append(one, two...) {
		p.expect(f)
	}
	p.judge()
	return nil
}

func fates(ctx context.Context, db *pgx.Conn, queries []string) (all []foreseen, err error) {
	for _, q := range queries {
		rows, err := db.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		var f foreseen
		_, err = pgx.ForEachRow(rows, []any{&f.source, &f.reason, &f.fields, &f.folded, &f.form, &f.rows}, func() error { all = append(all, f); return nil })
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (p *Plan) expect(f foreseen) {
	switch out := p.Expected[f.source]; {
	case f.reason != "":
		out[Quarantined] += f.rows
		p.Reasons[string(f.source)+" "+f.reason] += f.rows
	case f.folded:
		out[Folded] += f.rows
	default:
		out[Copied] += f.rows
	}
	for _, field := range f.fields {
		name, why, _ := strings.Cut(field, ":")
		p.Reasons[string(f.source)+"."+name+" "+why] += f.rows
	}
	if f.source == User {
		p.Hashes[f.form] += f.rows
	}
}

// judge refuses or warns where a person has to know what is expected.
func (p *Plan) judge() {
	if n := p.Reasons["factor mfa_not_portable"]; n > 0 && p.Options.MFA == "" {
		p.Refusals = append(p.Refusals, fmt.Sprintf("%d verified second factors cannot be carried over: say --mfa hold to withhold the passwords of their owners, or --mfa allow to let them in with the password alone", n))
	}
	if n := p.Reasons["user.encrypted_password unconfirmed_held"]; n > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d users whose address was never confirmed as it is spelled here keep their account but not their password (--unconfirmed allow imports it)", n))
	}
}

// twofold asks the source two things at once about all that it has. What sorts and hashes every row there shall not go to
// its disk if it need not.
func (m *Import) twofold(ctx context.Context, src *pgx.Conn, one, two func(context.Context, *pgx.Conn) error) error {
	other, err := m.source(ctx)
	if err != nil {
		return err
	}
	defer closed(other)
	ask := func(db *pgx.Conn, f func(context.Context, *pgx.Conn) error) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := run(ctx, db, "set work_mem = '32MB'"); err != nil {
				return err
			}
			return f(ctx, db)
		}
	}
	return together(ctx, ask(src, one), ask(other, two))
}

// contests decides who keeps an address, a number or a provider's subject that several have. The losers are ruled. It is
// a function of the source's rows, the same on every pass.
func (m *Import) contests(ctx context.Context, src *pgx.Conn, mp mapping) (lost []ruling, err error) {
	live := "u." + quote("id") + " is not null"
	if mp.src.users.has("deleted_at") {
		live = "u.deleted_at is null"
	}
	provider, subject := mp.provider("i.provider"), mp.accountID("i")
	users := []contest{{
		User, "email_conflict", `select u.id, u.id as user_id, ` + mp.address() + ` as mark, ` + mp.flag("is_sso_user") + ` as sso, not ` + mp.confirmed() + ` as unconfirmed, ` + mp.folded() + ` as folded, u.created_at
from auth.users u where ` + live + ` and u.email ~ '\S'`, "c.folded, c.sso, c.unconfirmed, c.created_at nulls last, c.id",
	}}
	rest := []contest{{
		Identity, "account_conflict", `select i.id, i.user_id, row(` + provider + `, ` + subject + `)::text as mark, i.created_at
from auth.identities i join auth.users u on u.id = i.user_id where ` + live + ` and i.provider not in ('email', 'phone') and (` + provider + `) is not null and (` + subject + `) is not null`,
		"c.created_at nulls last, c.id",
	}}
	if mp.full() {
		rest = append(rest, contest{
			User, "phone_conflict", `select u.id, u.id as user_id, ` + mp.phone() + ` as mark, u.phone !~ '^[0-9]+$' as spelled, u.phone_confirmed_at is null as unconfirmed, u.created_at
from auth.users u where ` + live + ` and (` + mp.phone() + `) is not null`, "c.spelled, c.unconfirmed, c.created_at nulls last, c.id",
		})
	}
	var one, two []ruling
	err = m.twofold(ctx, src,
		func(ctx context.Context, db *pgx.Conn) (err error) { one, err = losers(ctx, db, users); return err },
		func(ctx context.Context, db *pgx.Conn) (err error) { two, err = losers(ctx, db, rest); return err })
	return append(append([]ruling{}, one...), two...), err // never nil
}

// contest is about a mark that only one may have.
type contest struct {
	source     Source
	reason     string
	candidates string // (id, user_id, mark, …)
	order      string // of the candidates c of one mark: the first keeps it
}

// losers asks for those who have to give way. There are few, if any: so that the others need not be kept and sorted, the
// first look is at hashes of the marks alone.
func losers(ctx context.Context, src *pgx.Conn, contests []contest) (lost []ruling, err error) {
	for _, c := range contests {
		rows, err := src.Query(ctx, `with twice as materialized (select hashtextextended(mark, 0) as hash from (`+c.candidates+`) c group by 1 having count(*) > 1)
select c.id::text, c.user_id::text from (select c.id, c.user_id, row_number() over (partition by c.mark order by `+c.order+`) as place
  from (`+c.candidates+`) c where hashtextextended(c.mark, 0) in (select hash from twice)) c where c.place > 1`)
		if err != nil {
			return nil, fmt.Errorf("look for collisions (%s): %w", c.reason, err)
		}
		l := ruling{source: c.source, reason: c.reason}
		if _, err := pgx.ForEachRow(rows, []any{&l.key, &l.user}, func() error { lost = append(lost, l); return nil }); err != nil {
			return nil, fmt.Errorf("look for collisions (%s): %w", c.reason, err)
		}
	}
	return lost, nil
}
