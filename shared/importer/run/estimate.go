package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// estimate is how many source rows have the same outcome.
type estimate struct {
	kind           mapping.Kind
	reason, format string // format is a password's
	fields         []string
	folded         bool
	rows           int64
}

// estimate finds the conflicts, runs the projections over everything, and counts what comes out.
func (p *planner) estimate(ctx context.Context) (err error) {
	if p.conflicts, err = findConflicts(ctx, p.env, p.src, p.mapping); err != nil {
		return err
	}
	r := mapping.Rejections{}
	for _, c := range p.conflicts {
		r.Add(c)
		p.Collisions[c.Reason]++
	}
	users, others := p.estimateQueries(r)
	var one, two []estimate
	err = inTwo(ctx, p.env, p.src,
		func(ctx context.Context, db *pgx.Conn) (err error) {
			one, err = queryEstimates(ctx, db, users)
			return err
		},
		func(ctx context.Context, db *pgx.Conn) (err error) {
			two, err = queryEstimates(ctx, db, others)
			return err
		})
	if err != nil {
		return fmt.Errorf("estimate what becomes of the rows: %w", err)
	}
	for _, e := range append(one, two...) {
		p.add(e)
	}
	p.decide()
	return nil
}

// estimateQueries are the queries about users, and those about everything else.
func (p *planner) estimateQueries(r mapping.Rejections) (users, others []string) {
	m, all := p.mapping, mapping.AllUsers
	expect := func(kinds ...mapping.Kind) {
		for _, k := range kinds {
			p.Expected[k] = map[mapping.Outcome]int64{}
		}
	}
	expect(mapping.User, mapping.Identity)
	users = []string{`SELECT 'user', coalesce(reason, ''), coalesce(fields, '{}'), false,
  coalesce(format, 'none'), count(*)
FROM (` + m.UsersWithFormat(all, r) + `) x
GROUP BY 2, 3, 5`}
	others = []string{`SELECT 'identity', coalesce(reason, ''), '{}'::text[], folded AND reason IS NULL, '', count(*)
FROM (` + m.Identities(all, r) + `) x
GROUP BY 2, 4`}
	if m.Source.Profiles.Usable() {
		expect(mapping.Profile)
		others = append(others, `SELECT 'profile', coalesce(reason, ''), coalesce(fields, '{}'), false, '', count(*)
FROM (`+m.Profiles(all, r)+`) x
GROUP BY 2, 3`)
	}
	if q := m.Others(all); q != "" {
		expect(mapping.Factor, mapping.Passkey)
		others = append(others, `SELECT source, reason, '{}'::text[], false, '', count(*)
FROM (`+q+`) x
GROUP BY 1, 2`)
	}
	return users, others
}

func queryEstimates(ctx context.Context, db *pgx.Conn, queries []string) (all []estimate, err error) {
	for _, q := range queries {
		rows, err := db.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		var e estimate
		_, err = pgx.ForEachRow(rows, []any{&e.kind, &e.reason, &e.fields, &e.folded, &e.format, &e.rows}, func() error {
			all = append(all, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (p *Plan) add(e estimate) {
	switch expected := p.Expected[e.kind]; {
	case e.reason != "":
		expected[mapping.Quarantined] += e.rows
		p.Reasons[string(e.kind)+" "+e.reason] += e.rows
	case e.folded:
		expected[mapping.Folded] += e.rows
	default:
		expected[mapping.Copied] += e.rows
	}
	for _, field := range e.fields {
		name, why, _ := strings.Cut(field, ":")
		p.Reasons[string(e.kind)+"."+name+" "+why] += e.rows
	}
	if e.kind == mapping.User {
		p.Hashes[e.format] += e.rows
	}
}

// decide refuses or warns where a person has to know what the import expects.
func (p *Plan) decide() {
	if n := p.Reasons["factor mfa_not_portable"]; n > 0 && p.Options.MFA == "" {
		p.refuse("%d verified second factors cannot be carried over: say --mfa hold to withhold the passwords of their "+
			"owners, or --mfa allow to let them in with the password alone", n)
	}
	if n := p.Reasons["user.encrypted_password unconfirmed_held"]; n > 0 {
		p.warn("%d users whose email was never confirmed as it is spelled here keep their account but not their password "+
			"(--unconfirmed allow imports it)", n)
	}
}

// inTwo asks the source two questions at once about all its rows. work_mem is raised, so that Postgres sorts and hashes
// in memory what fits.
func inTwo(ctx context.Context, env *Env, src *pgx.Conn, one, two func(context.Context, *pgx.Conn) error) error {
	other, err := env.Source(ctx)
	if err != nil {
		return err
	}
	defer Close(other)
	ask := func(db *pgx.Conn, f func(context.Context, *pgx.Conn) error) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := Exec(ctx, db, "SET work_mem = '32MB'"); err != nil {
				return err
			}
			return f(ctx, db)
		}
	}
	return RunBoth(ctx, ask(src, one), ask(other, two))
}
