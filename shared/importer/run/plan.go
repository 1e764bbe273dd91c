package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Plan is what a run would do. It holds no personal data. It is stored with the run as JSON.
type Plan struct {
	Run     string          `json:"run"`
	At      time.Time       `json:"at"` // the source's clock
	Options mapping.Options `json:"options"`
	Source  Database        `json:"source"`
	Target  Database        `json:"target"`

	Expected mapping.Counts   `json:"expected"` // outcomes, as far as the source alone decides them
	Reasons  mapping.Reasons  `json:"reasons"`  // expected quarantine entries
	Hashes   map[string]int64 `json:"hashes"`   // passwords by format
	// Collisions are users that cannot have the email or number they have in Supabase: "email_conflict", "phone_conflict",
	// "account_conflict" within the source, "target_email_taken" and "target_id_taken" against the target.
	Collisions map[string]int64 `json:"collisions"`
	Batches    int              `json:"batches"`
	// ProfileColumns says where the columns of the profile table go.
	ProfileColumns mapping.ProfileColumnPlaces `json:"profileColumns"`
	// Referring are foreign keys of other tables of the target that lead to users, directly or over further tables.
	Referring  []Referring      `json:"referring"`
	NotCarried map[string]int64 `json:"notCarried"` // sessions, tokens and the like: rows counted, never copied
	NotChecked []string         `json:"notChecked"` // tables that are absent or may not be read, with why
	Warnings   []string         `json:"warnings"`
	Refusals   []string         `json:"refusals"` // why the run may not start; empty when it may
}

// Referring is a foreign key of a table that the import does not write.
type Referring struct {
	Table    string   `json:"table"`
	Columns  []string `json:"columns"`
	To       string   `json:"to"`       // the referenced table
	OnDelete string   `json:"onDelete"` // what happens to the row when the referenced one is deleted: see OnDelete
}

// Database describes one of the two databases.
type Database struct {
	Server  string           `json:"server"`  // server_version
	Rows    map[string]int64 `json:"rows"`    // by table
	Columns string           `json:"columns"` // digest of the tables; a run does not go on when it changes
}

func newPlan(o mapping.Options) Plan {
	return Plan{
		Run: o.Run, Options: o, Expected: mapping.Counts{}, Reasons: mapping.Reasons{}, Hashes: map[string]int64{},
		Collisions: map[string]int64{}, Referring: []Referring{}, NotCarried: map[string]int64{}, NotChecked: []string{},
		Warnings: []string{},
	}
}

func (p *Plan) refuse(format string, args ...any) {
	p.Refusals = append(p.Refusals, fmt.Sprintf(format, args...))
}

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

func withDefaults(o mapping.Options) (mapping.Options, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return o, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return o, nil
}

// MakePlan says what a run with these options would do. It writes nothing anywhere.
func MakePlan(ctx context.Context, env *Env, o mapping.Options) (Plan, error) {
	o, err := withDefaults(o)
	if err != nil {
		return Plan{}, err
	}
	var p Plan
	err = env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		planner, err := makePlan(ctx, env, src, dst, o)
		p = planner.Plan
		return err
	})
	return p, err
}

// planner makes a plan.
type planner struct {
	Plan
	env       *Env
	src, dst  *pgx.Conn
	mapping   mapping.Mapping
	conflicts []mapping.Rejection // between rows of the source
}

// makePlan does one step after the other, as long as nothing is refused.
func makePlan(ctx context.Context, env *Env, src, dst *pgx.Conn, o mapping.Options) (*planner, error) {
	p := &planner{Plan: newPlan(o), env: env, src: src, dst: dst}
	if err := p.readCatalogs(ctx); err != nil || len(p.Refusals) > 0 {
		return p, err
	}
	for _, step := range []func(context.Context) error{
		p.countRows, p.countNotCarried, p.findReferring, p.estimate, p.findCollisions,
	} {
		if err := step(ctx); err != nil {
			return p, err
		}
		if len(p.Refusals) > 0 {
			break
		}
	}
	p.countBatches()
	return p, nil
}

func (p *planner) readCatalogs(ctx context.Context) (err error) {
	if p.mapping, err = readMapping(ctx, p.src, p.dst, p.Options); err != nil {
		return err
	}
	m := p.mapping
	p.Source = Database{Server: m.Source.Server, Rows: map[string]int64{}, Columns: m.Source.Digest()}
	p.Target = Database{Server: m.Target.Server, Rows: map[string]int64{}, Columns: m.Target.Digest()}
	profiles, err := checkProfileTable(ctx, p.src, m)
	if err != nil {
		return err
	}
	p.Refusals = slices.Concat(m.Source.Refusals(), profiles, m.Target.Refusals())
	if m.Target.Profile.Usable() {
		p.ProfileColumns = m.ProfilePlaces()
		if m.Source.Profiles.Usable() && len(p.ProfileColumns.Mapped) == 0 {
			p.warn("no column of %s has a place in user_profile: its users get an empty profile, and its rows are kept in "+
				"the ledger (--profiles none leaves them out)", m.Source.Profiles.Name)
		}
	}
	err = p.src.QueryRow(ctx, "SELECT now(), now()::text").Scan(&p.At, &p.mapping.AsOf)
	return Wrap("ask the source for the time", err)
}

// countRows counts what will be read. Row security that hides rows is a refusal here, never a zero.
func (p *planner) countRows(ctx context.Context) error {
	s, t := p.mapping.Source, p.mapping.Target
	for _, t := range []mapping.Table{s.Users, s.Identities, s.Profiles, s.Factors, s.Passkeys} {
		if err := p.countSource(ctx, t); err != nil {
			return err
		}
	}
	if !s.Factors.Usable() && p.Options.MFA != "allow" {
		p.refuse("auth.mfa_factors cannot be read, so the import cannot know who has a second factor: " +
			"grant select on it, or say --mfa allow")
	}
	for _, t := range []mapping.Table{t.User, t.Account, t.Profile} {
		n, _, err := count(ctx, p.dst, t)
		if err != nil {
			return fmt.Errorf("count the target's %s: %w", t.Name, err)
		}
		p.Target.Rows[t.Name] = n
	}
	return nil
}

func (p *planner) countSource(ctx context.Context, t mapping.Table) error {
	switch {
	case t.Name == "":
		return nil
	case !t.Exists:
		p.NotChecked = append(p.NotChecked, t.Name+": not there")
		return nil
	case !t.Readable:
		p.NotChecked = append(p.NotChecked, t.Name+": no grant to read it")
		return nil
	}
	n, estimate, err := count(ctx, p.src, t)
	switch {
	case isNoGrant(err):
		p.refuse("%s is hidden by row security: use the role postgres, or one with BYPASSRLS", t.Name)
		return nil
	case err != nil:
		return fmt.Errorf("count %s: %w", t.Name, err)
	case n == 0 && estimate > 0 && t.Name == "auth.users":
		p.refuse("auth.users shows no row, but the catalog knows of about %.0f: something hides them", estimate)
	}
	p.Source.Rows[t.Name] = n
	return nil
}

// count also says how many rows the catalog expects.
func count(ctx context.Context, db *pgx.Conn, t mapping.Table) (n int64, estimate float64, err error) {
	err = db.QueryRow(ctx, "SELECT (SELECT count(*) FROM "+t.SQL()+"),\n"+
		"  (SELECT reltuples FROM pg_class WHERE oid = "+mapping.Literal(t.SQL())+"::regclass)").Scan(&n, &estimate)
	return n, estimate, err
}

// notCarried are tables that are counted and not copied: every user signs in once, and single sign-on is set up anew.
var notCarried = []string{
	"auth.sessions", "auth.refresh_tokens", "auth.one_time_tokens", "auth.flow_state", "auth.mfa_challenges",
	"auth.mfa_amr_claims", "auth.saml_relay_states", "auth.oauth_clients", "auth.oauth_authorizations",
	"auth.oauth_consents", "auth.webauthn_challenges", "auth.sso_providers", "auth.sso_domains", "auth.saml_providers",
	"auth.audit_log_entries",
}

func (p *planner) countNotCarried(ctx context.Context) error {
	for _, name := range notCarried {
		t, err := describe(ctx, p.src, name)
		if err != nil {
			return err
		}
		if !t.Exists {
			continue
		}
		n, _, err := count(ctx, p.src, t)
		switch {
		case !t.Readable || isNoGrant(err):
			p.NotChecked = append(p.NotChecked, name+": no grant to read it")
		case err != nil:
			return fmt.Errorf("count %s: %w", name, err)
		default:
			p.NotCarried[name] = n
		}
	}
	return nil
}

// findReferring lists the foreign keys that lead to users.
func (p *planner) findReferring(ctx context.Context) error {
	all, err := ReadReferences(ctx, p.dst)
	for _, r := range all {
		parent := strings.TrimPrefix(r.Parent, "ONLY ")
		p.Referring = append(p.Referring, Referring{r.Table, r.Columns, parent, string(r.Effect)})
	}
	return err
}

func (p *planner) countBatches() {
	users, size := p.Source.Rows["auth.users"], int64(p.Options.BatchSize)
	p.Batches = max(1, int((users+size-1)/size))
}
