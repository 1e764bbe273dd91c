package supabase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func (o Options) defaults() (Options, error) {
	if o.Run == "" {
		o.Run = "supabase"
	}
	if o.BatchSize == 0 {
		o.BatchSize = 5000
	}
	if o.Unconfirmed == "" {
		o.Unconfirmed = "hold"
	}
	if o.Profiles == "" {
		o.Profiles = "public.profiles"
	}
	switch {
	case o.BatchSize < 1 || o.BatchSize > 50_000:
		return o, fmt.Errorf("%w: batch size %d is not within 1 and 50,000", ErrRefused, o.BatchSize)
	case o.Unconfirmed != "hold" && o.Unconfirmed != "allow":
		return o, fmt.Errorf("%w: unconfirmed is hold or allow, not %q", ErrRefused, o.Unconfirmed)
	case !slices.Contains([]string{"", "hold", "allow"}, o.MFA):
		return o, fmt.Errorf("%w: mfa is hold or allow, not %q", ErrRefused, o.MFA)
	case len(o.Run) > 100:
		return o, fmt.Errorf("%w: the run's name is longer than 100 characters", ErrRefused)
	}
	for field := range o.ProfileValues {
		if !slices.Contains(choices, field) {
			return o, fmt.Errorf("%w: no profile field %q takes a map of values; there are %s", ErrRefused, field, strings.Join(choices, ", "))
		}
	}
	return o, nil
}

// both opens one connection to either side.
func (m *Import) both(ctx context.Context) (src, dst *pgx.Conn, err error) {
	if src, err = m.source(ctx); err != nil {
		return nil, nil, err
	}
	if dst, err = m.target(ctx, ""); err != nil {
		closed(src)
		return nil, nil, err
	}
	return src, dst, nil
}

// askBoth does something with a connection to either side, again when one breaks.
func (m *Import) askBoth(ctx context.Context, f func(ctx context.Context, src, dst *pgx.Conn) error) error {
	return again(ctx, func() error {
		src, dst, err := m.both(ctx)
		if err != nil {
			return err
		}
		defer closed(src)
		defer closed(dst)
		return f(ctx, src, dst)
	})
}

// look makes the mapping of a run from both catalogs.
func look(ctx context.Context, src, dst *pgx.Conn, o Options) (mapping, error) {
	m := mapping{o: o}
	var err error
	if m.src, err = lookAtSource(ctx, src, o.Profiles); err != nil {
		return m, err
	}
	m.dst, err = lookAtTarget(ctx, dst)
	return m, err
}

// Plan says what a run with these options would do. It writes nothing anywhere.
func (m *Import) Plan(ctx context.Context, o Options) (Plan, error) {
	o, err := o.defaults()
	if err != nil {
		return Plan{}, err
	}
	var p Plan
	err = m.askBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) (err error) {
		p, _, err = m.plan(ctx, src, dst, o)
		return err
	})
	return p, err
}

func (m *Import) plan(ctx context.Context, src, dst *pgx.Conn, o Options) (Plan, mapping, error) {
	p := Plan{
		Run: o.Run, Options: o, Expected: Counts{}, Reasons: Reasons{}, Hashes: map[string]int64{}, Collisions: map[string]int64{},
		NotCarried: map[string]int64{}, NotChecked: []string{}, Warnings: []string{},
	}
	mp, err := look(ctx, src, dst, o)
	if err != nil {
		return p, mp, err
	}
	p.Source = Side{Server: mp.src.server, Rows: map[string]int64{}, Columns: mp.src.digest()}
	p.Target = Side{Server: mp.dst.server, Rows: map[string]int64{}, Columns: mp.dst.digest()}
	p.Refusals = append(mp.src.unreadable(), mp.dst.unfit()...)
	if err := src.QueryRow(ctx, "select now(), now()::text").Scan(&p.At, &mp.asOf); err != nil {
		return p, mp, fmt.Errorf("ask the source for the time: %w", err)
	}
	if len(p.Refusals) > 0 {
		return p, mp, nil
	}
	for _, step := range []func(context.Context, *pgx.Conn, *pgx.Conn, *mapping, *Plan) error{countRows, countOthers, foresee, collisions} {
		if err := step(ctx, src, dst, &mp, &p); err != nil {
			return p, mp, err
		}
		if len(p.Refusals) > 0 {
			break
		}
	}
	users := p.Source.Rows["auth.users"]
	p.Batches = max(1, int((users+int64(o.BatchSize)-1)/int64(o.BatchSize)))
	return p, mp, nil
}

// countRows counts what will be read. Row security that hides rows is an error here, never a zero.
func countRows(ctx context.Context, src, dst *pgx.Conn, mp *mapping, p *Plan) error {
	for _, t := range []table{mp.src.users, mp.src.identities, mp.src.profiles, mp.src.factors, mp.src.passkeys} {
		switch {
		case t.name == "":
			continue
		case !t.exists:
			p.NotChecked = append(p.NotChecked, t.name+": not there")
			continue
		case !t.readable:
			p.NotChecked = append(p.NotChecked, t.name+": no grant to read it")
			continue
		}
		n, guess, err := count(ctx, src, t)
		if hidden(err) {
			p.Refusals = append(p.Refusals, t.name+" is hidden by row security: use the role postgres, or one with BYPASSRLS")
			continue
		}
		if err != nil {
			return fmt.Errorf("count %s: %w", t.name, err)
		}
		if n == 0 && guess > 0 && t.name == "auth.users" {
			p.Refusals = append(p.Refusals, fmt.Sprintf("auth.users shows no row, but the catalog knows of about %.0f: something hides them", guess))
		}
		p.Source.Rows[t.name] = n
	}
	if !mp.src.factors.there() && p.Options.MFA != "allow" {
		p.Refusals = append(p.Refusals, "auth.mfa_factors cannot be read, so nobody knows who has a second factor: grant select on it, or say --mfa allow")
	}
	for _, t := range []table{mp.dst.user, mp.dst.account, mp.dst.profile} {
		n, _, err := count(ctx, dst, t)
		if err != nil {
			return fmt.Errorf("count the target's %s: %w", t.name, err)
		}
		p.Target.Rows[t.name] = n
	}
	if c, _ := mp.src.profiles.column("user_id"); mp.src.profiles.there() && c.typ != "uuid" {
		var odd int64
		if err := src.QueryRow(ctx, "select count(*) from "+mp.src.profiles.sql()+" p where "+mp.profileKey()+" is null").Scan(&odd); err != nil {
			return fmt.Errorf("look for profiles without a uuid: %w", err)
		}
		if odd > 0 {
			p.Refusals = append(p.Refusals, fmt.Sprintf("%d rows of %s have a user_id that is no uuid: mend or remove them first", odd, mp.src.profiles.name))
		}
	}
	return nil
}

func hidden(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

func count(ctx context.Context, db *pgx.Conn, t table) (n int64, guess float64, err error) {
	err = db.QueryRow(ctx, "select (select count(*) from "+t.sql()+"), (select reltuples from pg_class where oid = "+literal(t.sql())+"::regclass)").Scan(&n, &guess)
	return n, guess, err
}

// What stays behind: everybody signs in once, and single sign-on is set up anew.
var leftBehind = []string{
	"auth.sessions", "auth.refresh_tokens", "auth.one_time_tokens", "auth.flow_state", "auth.mfa_challenges", "auth.mfa_amr_claims",
	"auth.saml_relay_states", "auth.oauth_clients", "auth.oauth_authorizations", "auth.oauth_consents", "auth.webauthn_challenges",
	"auth.sso_providers", "auth.sso_domains", "auth.saml_providers", "auth.audit_log_entries",
}

func countOthers(ctx context.Context, src, _ *pgx.Conn, _ *mapping, p *Plan) error {
	for _, name := range leftBehind {
		t, err := describe(ctx, src, name)
		if err != nil {
			return err
		}
		if !t.exists {
			continue
		}
		n, _, err := count(ctx, src, t)
		switch {
		case !t.readable || hidden(err):
			p.NotChecked = append(p.NotChecked, name+": no grant to read it")
		case err != nil:
			return fmt.Errorf("count %s: %w", name, err)
		default:
			p.NotCarried[name] = n
		}
	}
	return nil
}

// foresee runs the projections over everything and counts what comes out.
func foresee(ctx context.Context, src, _ *pgx.Conn, mp *mapping, p *Plan) error {
	lost, err := mp.contests(ctx, src)
	if err != nil {
		return err
	}
	r := rulings{}
	for _, l := range lost {
		r.add(l)
		p.Collisions[l.reason]++
	}
	all := scope{low: lowest}
	everything := map[Source]string{User: mp.users(all, r), Identity: mp.identities(all, r)}
	if mp.src.profiles.there() {
		everything[Profile] = mp.profiles(all, r)
	}
	for source, q := range everything {
		folded := "false"
		if source == Identity {
			folded = "folded"
		}
		if err := p.expect(ctx, src, source, "select coalesce(reason, ''), coalesce(fields, '{}'), "+folded+" and reason is null, count(*) from ("+q+") x group by 1, 2, 3"); err != nil {
			return err
		}
	}
	if q := mp.others(all); q != "" {
		for _, source := range []Source{Factor, Passkey} {
			if err := p.expect(ctx, src, source, "select reason, '{}'::text[], false, count(*) from ("+q+") x where source = '"+string(source)+"' group by 1"); err != nil {
				return err
			}
		}
	}
	rows, err := src.Query(ctx, "select coalesce("+form("u.encrypted_password")+", 'none'), count(*) from auth.users u group by 1")
	if err != nil {
		return fmt.Errorf("sort the passwords: %w", err)
	}
	var name string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &n}, func() error { p.Hashes[name] = n; return nil }); err != nil {
		return fmt.Errorf("sort the passwords: %w", err)
	}
	if n := p.Reasons["factor mfa_not_portable"]; n > 0 && p.Options.MFA == "" {
		p.Refusals = append(p.Refusals, fmt.Sprintf("%d verified second factors cannot be carried over: say --mfa hold to withhold the passwords of their owners, or --mfa allow to let them in with the password alone", n))
	}
	if n := p.Reasons["user.encrypted_password unconfirmed_held"]; n > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d users whose address was never confirmed keep their account but not their password (--unconfirmed allow imports it)", n))
	}
	return nil
}

func (p *Plan) expect(ctx context.Context, src *pgx.Conn, source Source, q string) error {
	rows, err := src.Query(ctx, q)
	if err != nil {
		return fmt.Errorf("foresee what becomes of each %s: %w", source, err)
	}
	out := map[Outcome]int64{}
	var reason string
	var fields []string
	var folded bool
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&reason, &fields, &folded, &n}, func() error {
		switch {
		case reason != "":
			out[Quarantined] += n
			p.Reasons[string(source)+" "+reason] += n
		case folded:
			out[Folded] += n
		default:
			out[Copied] += n
		}
		for _, f := range fields {
			field, why, _ := strings.Cut(f, ":")
			p.Reasons[string(source)+"."+field+" "+why] += n
		}
		return nil
	})
	p.Expected[source] = out
	if err != nil {
		return fmt.Errorf("foresee what becomes of each %s: %w", source, err)
	}
	return nil
}

const lowest = "00000000-0000-0000-0000-000000000000"

// contests decides who keeps an address, a number or a provider's subject that several have. The losers are ruled. It is
// a function of the source's rows, the same on every pass.
func (m mapping) contests(ctx context.Context, src *pgx.Conn) ([]ruling, error) {
	live := "u." + quote("id") + " is not null"
	if m.src.users.has("deleted_at") {
		live = "u.deleted_at is null"
	}
	sso := m.flag("is_sso_user")
	var lost []ruling
	ask := func(source Source, reason, candidates, order string) error {
		rows, err := src.Query(ctx, `with candidate as materialized (`+candidates+`), twice as (select mark from candidate group by mark having count(*) > 1)
select c.id::text, c.user_id::text from (select c.id, c.user_id, row_number() over (partition by c.mark order by `+order+`) as place from candidate c join twice using (mark)) c where c.place > 1`)
		if err != nil {
			return fmt.Errorf("look for collisions (%s): %w", reason, err)
		}
		l := ruling{source: source, reason: reason}
		if _, err := pgx.ForEachRow(rows, []any{&l.key, &l.user}, func() error { lost = append(lost, l); return nil }); err != nil {
			return fmt.Errorf("look for collisions (%s): %w", reason, err)
		}
		return nil
	}
	err := ask(User, "email_conflict", `select u.id, u.id as user_id, `+m.address()+` as mark, `+sso+` as sso, u.email_confirmed_at is null as unconfirmed, u.created_at
from auth.users u where `+live+` and u.email ~ '\S'`, "c.sso, c.unconfirmed, c.created_at nulls last, c.id")
	if err == nil && m.full() {
		err = ask(User, "phone_conflict", `select u.id, u.id as user_id, `+m.phone()+` as mark, u.phone !~ '^[0-9]+$' as spelled, u.phone_confirmed_at is null as unconfirmed, u.created_at
from auth.users u where `+live+` and (`+m.phone()+`) is not null`, "c.spelled, c.unconfirmed, c.created_at nulls last, c.id")
	}
	if err == nil {
		err = ask(Identity, "account_conflict", `select i.id, i.user_id, row(`+m.provider("i.provider")+`, `+m.accountID("i")+`)::text as mark, i.created_at
from auth.identities i join auth.users u on u.id = i.user_id where `+live+` and i.provider not in ('email', 'phone') and (`+m.provider("i.provider")+`) is not null and (`+m.accountID("i")+`) is not null`,
			"c.created_at nulls last, c.id")
	}
	return lost, err
}

// collisions asks whether the target already has ids and addresses that the source brings, a thousand of the target's users
// at a time. Rows of the run's own do not count.
func collisions(ctx context.Context, src, dst *pgx.Conn, mp *mapping, p *Plan) error {
	known := ""
	if there, err := hasLedger(ctx, dst); err != nil {
		return err
	} else if there {
		known = ` and not exists (select from supabase_import.ledger l join supabase_import.run r on r.id = l.run where r.name = ` + literal(p.Run) + ` and l.user_id = u.id and l.source = 'user' and l.written is not null)`
	}
	for last := lowest; ; {
		rows, err := dst.Query(ctx, `select u.id::text, u.email from "user" u where u.id > $1::uuid`+known+` order by u.id limit 1000`, last)
		if err != nil {
			return fmt.Errorf("read the target's users: %w", err)
		}
		var ids, emails []string
		var id, email string
		if _, err := pgx.ForEachRow(rows, []any{&id, &email}, func() error { ids, emails = append(ids, id), append(emails, email); return nil }); err != nil {
			return fmt.Errorf("read the target's users: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		last = ids[len(ids)-1]
		var sameID, sameEmail int64
		err = src.QueryRow(ctx, `select (select count(*) from auth.users u where u.id = any($1::uuid[])),
  (select count(*) from unnest($1::uuid[], $2::text[]) t (id, email) join auth.users u on u.email = t.email and u.id <> t.id)`, ids, emails).Scan(&sameID, &sameEmail)
		if err != nil {
			return fmt.Errorf("compare with the target's users: %w", err)
		}
		if sameID > 0 {
			p.Collisions["target_id_taken"] += sameID
		}
		if sameEmail > 0 {
			p.Collisions["target_email_taken"] += sameEmail
		}
	}
}
