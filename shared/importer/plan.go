package importer

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
		o.Profiles = defaultProfiles
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
	return m.again(ctx, func() error {
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
		p, _, _, err = m.plan(ctx, src, dst, o)
		return err
	})
	return p, err
}

// plan also returns the mapping that it is about, and who loses a contest.
func (m *Import) plan(ctx context.Context, src, dst *pgx.Conn, o Options) (p Plan, mp mapping, lost []ruling, err error) {
	p = Plan{
		Run: o.Run, Options: o, Expected: Counts{}, Reasons: Reasons{}, Hashes: map[string]int64{}, Collisions: map[string]int64{},
		Referring: []Referring{}, NotCarried: map[string]int64{}, NotChecked: []string{}, Warnings: []string{},
	}
	if mp, err = look(ctx, src, dst, o); err != nil {
		return p, mp, nil, err
	}
	p.Source = Side{Server: mp.src.server, Rows: map[string]int64{}, Columns: mp.src.digest()}
	p.Target = Side{Server: mp.dst.server, Rows: map[string]int64{}, Columns: mp.dst.digest()}
	unfit, err := mp.unfitProfiles(ctx, src)
	if err != nil {
		return p, mp, nil, err
	}
	p.Refusals = slices.Concat(mp.src.unreadable(), unfit, mp.dst.unfit())
	if mp.dst.profile.there() {
		p.ProfileColumns = mp.profilePlaces()
	}
	if mp.src.profiles.there() && mp.dst.profile.there() && len(p.ProfileColumns.Placed) == 0 {
		p.Warnings = append(p.Warnings, "no column of "+mp.src.profiles.name+" has a place in user_profile: its users get an empty profile, and its rows are kept in the ledger's residue (--profiles none leaves them out)")
	}
	if err := src.QueryRow(ctx, "select now(), now()::text").Scan(&p.At, &mp.asOf); err != nil {
		return p, mp, nil, fmt.Errorf("ask the source for the time: %w", err)
	}
	if len(p.Refusals) > 0 {
		return p, mp, nil, nil
	}
	foresee := func(ctx context.Context, src, _ *pgx.Conn, mp *mapping, p *Plan) error {
		if lost, err = m.contests(ctx, src, *mp); err != nil {
			return err
		}
		return m.foresee(ctx, src, *mp, lost, p)
	}
	collisions := func(ctx context.Context, src, dst *pgx.Conn, mp *mapping, p *Plan) error {
		return collisions(ctx, src, dst, *mp, lost, p)
	}
	for _, step := range []func(context.Context, *pgx.Conn, *pgx.Conn, *mapping, *Plan) error{countRows, countOthers, findReferring, foresee, collisions} {
		if err := step(ctx, src, dst, &mp, &p); err != nil {
			return p, mp, nil, err
		}
		if len(p.Refusals) > 0 {
			break
		}
	}
	users := p.Source.Rows["auth.users"]
	p.Batches = max(1, int((users+int64(o.BatchSize)-1)/int64(o.BatchSize)))
	return p, mp, lost, nil
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
	return nil
}

// findReferring lists the foreign keys that lead to users.
func findReferring(ctx context.Context, _, dst *pgx.Conn, _ *mapping, p *Plan) error {
	all, err := references(ctx, dst)
	for _, r := range all {
		p.Referring = append(p.Referring, Referring{r.table, r.columns, strings.TrimPrefix(r.parent, "ONLY "), string(r.effect)})
	}
	return err
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

const lowest = "00000000-0000-0000-0000-000000000000"

// compareAtOnce is how many users of the target are compared with the source in one statement, which reads all of its
// users.
const compareAtOnce = 20_000

// collisions asks whether the target already has ids and addresses that the source brings. Rows that the run wrote do
// not count. lost are the rulings about conflicts within the source.
func collisions(ctx context.Context, src, dst *pgx.Conn, mp mapping, lost []ruling, p *Plan) error {
	r := rulings{}
	for _, l := range lost {
		r.add(l)
	}
	known := ""
	if there, err := hasLedger(ctx, dst); err != nil {
		return err
	} else if there {
		known = ` and not exists (select from supabase_import.ledger l join supabase_import.run r on r.id = l.run where r.name = ` + literal(p.Run) + ` and l.user_id = u.id and l.source = 'user' and l.written is not null)`
	}
	var holders []addressHolder
	for last := lowest; ; {
		rows, err := dst.Query(ctx, `select u.id::text, u.email from "user" u where u.id > $1::uuid`+known+` order by u.id limit $2`, last, compareAtOnce)
		if err != nil {
			return fmt.Errorf("read the target's users: %w", err)
		}
		var ids, emails []string
		var id, email string
		if _, err := pgx.ForEachRow(rows, []any{&id, &email}, func() error { ids, emails = append(ids, id), append(emails, email); return nil }); err != nil {
			return fmt.Errorf("read the target's users: %w", err)
		}
		if len(ids) == 0 {
			break
		}
		last = ids[len(ids)-1]
		var sameID int64
		if err := src.QueryRow(ctx, `select count(*) from auth.users u where u.id = any($1::uuid[])`, ids).Scan(&sameID); err != nil {
			return fmt.Errorf("compare with the target's users: %w", err)
		}
		if sameID > 0 {
			p.Collisions["target_id_taken"] += sameID
		}
		found, err := mp.holders(ctx, src, dst, r, ids, emails)
		if err != nil {
			return err
		}
		holders = append(holders, found...)
	}
	p.countHolders(holders)
	if n := p.Collisions["target_id_taken"]; n > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d users have an id that a user of the target has, whom this run did not write: the run leaves those that are the same as they are (identical) and puts the others into the quarantine; above they are counted as copied", n))
	}
	return nil
}
