package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// estimate is a group of source rows with the same expected outcome. Its fields have the order of the columns that
// estimateQueries selects.
type estimate struct {
	Kind   mapping.Kind
	Reason string
	Fields []string
	Folded bool
	Format string // format of the password; "" for other kinds of rows than users
	Rows   int64
}

// estimate adds the expected outcomes to the plan: it finds the conflicts, runs the projections over all users, and
// counts the results.
func (p *planner) estimate(ctx context.Context) (err error) {
	if p.conflicts, err = findConflicts(ctx, p.env, p.src, p.mapping); err != nil {
		return err
	}
	r := p.rejections()
	for _, c := range p.conflicts {
		if c.Kind != mapping.Factor {
			p.Collisions[c.Reason]++
		}
	}
	first, second := p.estimateQueries(r)
	var estimates, more []estimate
	var providers []Provider
	err = queryConcurrently(ctx, p.env, p.src,
		func(ctx context.Context, db *pgx.Conn) (err error) {
			estimates, err = queryEstimates(ctx, db, first)
			return err
		},
		func(ctx context.Context, db *pgx.Conn) (err error) {
			if more, err = queryEstimates(ctx, db, second); err != nil {
				return err
			}
			providers, err = queryProviders(ctx, db, p.mapping.ProviderUsers(r))
			return err
		})
	if err != nil {
		return fmt.Errorf("estimate the outcomes of the rows: %w", err)
	}
	p.Providers = append(p.Providers, providers...)
	for _, e := range append(estimates, more...) {
		p.addEstimate(e)
	}
	if err := p.countFactors(ctx, r); err != nil {
		return err
	}
	p.addMessages()
	return nil
}

// rejections returns the conflicts between rows of the source.
func (p *planner) rejections() mapping.Rejections {
	r := mapping.Rejections{}
	for _, c := range p.conflicts {
		r.Add(c)
	}
	return r
}

// estimateQueries returns queries for two connections that take about as long: each has half of the users.
func (p *planner) estimateQueries(r mapping.Rejections) (first, second []string) {
	m, all := p.mapping, mapping.AllUsers
	expect := func(kinds ...mapping.Kind) {
		for _, k := range kinds {
			p.Expected[k] = map[mapping.Outcome]int64{}
		}
	}
	expect(mapping.User, mapping.Identity)
	users := func(s mapping.Scope) string {
		return `SELECT 'user', coalesce(reason, ''), coalesce(fields, '{}'), false,
  coalesce(format, 'none'), count(*)
FROM (` + m.UsersWithFormat(s, r) + `) x
GROUP BY 2, 3, 5`
	}
	low, high := mapping.Halves()
	first = []string{users(low), `SELECT 'identity', coalesce(reason, ''), '{}'::text[], folded AND reason IS NULL, '',
  count(*)
FROM (` + m.Identities(all, r) + `) x
GROUP BY 2, 4`}
	second = []string{users(high)}
	if m.Source.Profiles.IsUsable() {
		expect(mapping.Profile)
		first = append(first, `SELECT 'profile', coalesce(reason, ''), coalesce(fields, '{}'), false, '', count(*)
FROM (`+m.Profiles(all, r)+`) x
GROUP BY 2, 3`)
	}
	if m.CarriesFactors() {
		expect(mapping.Factor)
		second = append(second, `SELECT 'factor', coalesce(reason, ''), '{}'::text[], false, '', count(*)
FROM (`+m.Factors(all, r)+`) x
GROUP BY 2`)
	}
	if q := m.FactorsAndPasskeys(all); q != "" {
		expect(mapping.Factor, mapping.Passkey)
		second = append(second, `SELECT source, reason, '{}'::text[], false, '', count(*)
FROM (`+q+`) x
GROUP BY 1, 2`)
	}
	return first, second
}

func queryEstimates(ctx context.Context, db *pgx.Conn, queries []string) (all []estimate, err error) {
	for _, q := range queries {
		rows, err := db.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		if all, err = pgx.AppendRows(all, rows, pgx.RowToStructByPos[estimate]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (p *Plan) addEstimate(e estimate) {
	switch expected := p.Expected[e.Kind]; {
	case e.Reason != "":
		expected[mapping.Quarantined] += e.Rows
		p.Reasons[string(e.Kind)+" "+e.Reason] += e.Rows
	case e.Folded:
		expected[mapping.Folded] += e.Rows
	default:
		expected[mapping.Copied] += e.Rows
	}
	for _, field := range e.Fields {
		name, why, _ := strings.Cut(field, ":")
		p.Reasons[string(e.Kind)+"."+name+" "+why] += e.Rows
	}
	if e.Kind == mapping.User {
		p.Hashes[e.Format] += e.Rows
	}
}

// addMessages adds a refusal if there are second factors and no decision about them, and warnings about passwords that
// are withheld and about second factors that not every sign-in would ask for.
func (p *Plan) addMessages() {
	if n := p.Reasons["factor mfa_not_portable"]; n > 0 && p.Options.MFA == "" {
		p.addRefusal("%d users have set up %d second factors: use --mfa carry to copy those of authenticator apps "+
			"(recommended), --mfa hold to copy none and withhold the passwords of these users, or --mfa allow to let the users "+
			"sign in with the password alone", p.SecondFactors.Users, n)
	}
	if n := p.SecondFactors.SocialUsers; n > 0 {
		p.addWarning("%d users with an authenticator app can also sign in at a provider, and Xenon then asks for no code, "+
			"as Better Auth: set TWO_FACTOR_FOR=all, so that it asks after every way to sign in", n)
	}
	if n := p.Reasons["factor "+mapping.FactorEncrypted]; n > 0 {
		p.addWarning("%d second factors are encrypted by Supabase, and no given key opens them: these users are imported "+
			"without their password (--encryption-key ID=KEY opens them)", n)
	}
	if n := p.Reasons["user.encrypted_password unconfirmed_held"]; n > 0 {
		p.addWarning("%d users never confirmed the email as the import stores it: they are imported without their password "+
			"(--unconfirmed allow imports it)", n)
	}
}

// queryConcurrently calls both functions at the same time, each with a connection to the source. Their queries read all
// rows, so work_mem is larger: Postgres sorts and hashes more rows in memory.
func queryConcurrently(
	ctx context.Context, env *Env, src *pgx.Conn, first, second func(context.Context, *pgx.Conn) error,
) error {
	other, err := env.Source(ctx)
	if err != nil {
		return err
	}
	defer env.release("source", other)
	call := func(db *pgx.Conn, f func(context.Context, *pgx.Conn) error) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := Exec(ctx, db, "SET work_mem = '32MB'"); err != nil {
				return err
			}
			return f(ctx, db)
		}
	}
	return RunBoth(ctx, call(src, first), call(other, second))
}
