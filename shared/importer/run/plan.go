package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/schema"
)

// Plan describes what a run would do. It contains no personal data. The row of the run stores it as JSON.
type Plan struct {
	Run     string          `json:"run"`
	At      time.Time       `json:"at"` // by the clock of the source
	Options mapping.Options `json:"options"`
	Source  Database        `json:"source"`
	// File is the file that the source was loaded from, or nil if the source is a Supabase database.
	File   *SourceFile `json:"file,omitempty"`
	Target Database    `json:"target"`

	Expected mapping.Counts   `json:"expected"` // rows by kind and outcome, computed from the source alone
	Reasons  mapping.Reasons  `json:"reasons"`  // numbers of expected quarantine entries
	Hashes   map[string]int64 `json:"hashes"`   // numbers of users by the format of their password
	// Collisions counts by reason the rows with a unique value that another row has: "email_conflict", "phone_conflict"
	// and "account_conflict" within the source; "target_id_taken", "target_email_taken", "target_email_unverified" and
	// "address_released" against the target.
	Collisions map[string]int64 `json:"collisions"`
	Batches    int              `json:"batches"`
	// SecondFactors counts the verified second factors.
	SecondFactors SecondFactors `json:"secondFactors,omitzero"`
	// Providers lists the providers of the source, with the number of their users. A plan of an older release has none.
	Providers []Provider `json:"providers"`
	// ProfileColumns lists the columns of the profile table, by where the import stores them.
	ProfileColumns mapping.ProfileColumnPlaces `json:"profileColumns"`
	// ProfileCandidates lists the tables of the project with one row for each user. A plan of an older release has none.
	ProfileCandidates []ProfileCandidate `json:"profileCandidates"`
	// MetadataColumns lists the columns for metadata that the run fills. The run does not fill columns that were added
	// after it began. It is nil in a plan of an older release.
	MetadataColumns []string `json:"metadataColumns"`
	// Referring lists the foreign keys of other tables of the target that reference users, directly or through further
	// tables.
	Referring []Referring `json:"referring"`
	// OtherTables describes the tables of the project that the import does not copy. It is nil in a plan of an older
	// release.
	OtherTables *inventory.Inventory `json:"otherTables"`

	// Sessions describes the sessions of the source. It is nil if the import cannot read them, and in a plan of an older
	// release.
	Sessions *SessionPlan `json:"sessions,omitempty"`

	NotCarried map[string]int64 `json:"notCarried"` // numbers of rows that are not copied: sessions, tokens and others
	NotChecked []string         `json:"notChecked"` // tables that do not exist or cannot be read, with the reason
	Warnings   []string         `json:"warnings"`
	Refusals   []string         `json:"refusals"` // why the run cannot start; empty if it can
}

// Referring is a foreign key of a table that the import does not write.
type Referring struct {
	Table    string   `json:"table"`
	Columns  []string `json:"columns"`
	To       string   `json:"to"`       // the referenced table
	OnDelete string   `json:"onDelete"` // what happens to the row when the referenced row is deleted: an OnDelete
}

// Database describes the source or the target.
type Database struct {
	Server  string           `json:"server"`  // server_version
	Rows    map[string]int64 `json:"rows"`    // number of rows by table
	Columns string           `json:"columns"` // digest of the tables; if it changes, the run cannot continue
}

func newPlan(o mapping.Options) Plan {
	return Plan{
		Run: o.Run, Options: o, Expected: mapping.Counts{}, Reasons: mapping.Reasons{}, Hashes: map[string]int64{},
		Collisions: map[string]int64{}, Referring: []Referring{}, NotCarried: map[string]int64{}, NotChecked: []string{},
		Warnings: []string{}, Providers: []Provider{}, ProfileCandidates: []ProfileCandidate{},
		MetadataColumns: []string{},
	}
}

func (p *Plan) addRefusal(format string, args ...any) {
	p.Refusals = append(p.Refusals, fmt.Sprintf(format, args...))
}

func (p *Plan) addWarning(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

func withDefaults(o mapping.Options) (mapping.Options, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return o, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return o, nil
}

// MakePlan plans a run with these options. It writes to neither database.
func MakePlan(ctx context.Context, env *Env, o mapping.Options) (Plan, error) {
	o, err := env.withProfile(o)
	if err != nil {
		return Plan{}, err
	}
	if _, err := withDefaults(o); err != nil {
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

// planner computes a plan.
type planner struct {
	Plan
	env       *Env
	src, dst  *pgx.Conn
	given     mapping.Options // the options without defaults
	mapping   mapping.Mapping
	conflicts []mapping.Rejection // conflicts between rows of the source
}

// makePlan runs the steps in order, and stops after a step that adds a refusal. It sets the defaults of the options.
func makePlan(ctx context.Context, env *Env, src, dst *pgx.Conn, given mapping.Options) (*planner, error) {
	o, err := withDefaults(given)
	p := &planner{Plan: newPlan(o), env: env, src: src, dst: dst, given: given}
	if err != nil {
		return p, err
	}
	if err := p.readCatalogs(ctx); err != nil || len(p.Refusals) > 0 {
		return p, err
	}
	for _, step := range []func(context.Context) error{
		p.countRows, p.countNotCarried, p.findReferring, p.readOtherTables, p.findProfileCandidates, p.estimate,
		p.findCollisions, p.planSessions,
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
	p.leaveOutOwnTable()
	if p.env.ProfilesOff {
		p.addWarning("PROFILE is off, so the import leaves out the profiles")
	}
	p.addFile()
	m := p.mapping
	p.MetadataColumns = m.Target.MetadataColumns()
	p.Source = Database{Server: m.Source.Server, Rows: map[string]int64{}, Columns: m.Source.Digest()}
	p.Target = Database{Server: m.Target.Server, Rows: map[string]int64{}, Columns: m.Target.Digest()}
	profiles, err := checkProfileTable(ctx, p.src, m)
	if err != nil {
		return err
	}
	factors, err := p.checkFactors(ctx)
	if err != nil {
		return err
	}
	p.Refusals = slices.Concat(m.Source.Refusals(), profiles, m.Target.Refusals(), factors)
	if m.Target.Profile.IsUsable() {
		p.ProfileColumns = m.ProfilePlaces()
		if m.Source.Profiles.IsUsable() && len(p.ProfileColumns.Mapped) == 0 {
			p.addWarning("user_profile has no column of %s: the users get an empty profile, and the ledger keeps the rows "+
				"(--profiles none leaves them out)", m.Source.Profiles.Name)
		}
	}
	err = p.src.QueryRow(ctx, "SELECT now(), now()::text").Scan(&p.At, &p.mapping.AsOf)
	return Wrap("read the time of the source", err)
}

// countRows counts the rows of both databases. It adds a refusal if row security or a view hides rows of the source, or
// if the import cannot read which users have a second factor.
func (p *planner) countRows(ctx context.Context) error {
	s, t := p.mapping.Source, p.mapping.Target
	for _, t := range []mapping.Table{s.Users, s.Identities, s.Profiles, s.Factors, s.Passkeys} {
		if err := p.countSource(ctx, t); err != nil {
			return err
		}
	}
	switch {
	case s.Factors.IsUsable() || p.Options.MFA == "allow":
	case p.File != nil && p.File.Service != "":
		p.addRefusal("the file does not say who has a second factor in %s: use --mfa allow", p.File.Service)
	default:
		remedy := "grant select on it"
		if p.File != nil {
			remedy = "use a file that has this table"
		}
		p.addRefusal("auth.mfa_factors cannot be read, so the import cannot know who has a second factor: %s, or use "+
			"--mfa allow", remedy)
	}
	for _, t := range []mapping.Table{t.User, t.Account, t.Profile} {
		n, _, err := countRows(ctx, p.dst, t)
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
		p.NotChecked = append(p.NotChecked, t.Name+": does not exist")
		return nil
	case !t.Readable:
		p.NotChecked = append(p.NotChecked, t.Name+": no privilege to read it")
		return nil
	}
	n, estimate, err := countRows(ctx, p.src, t)
	switch {
	case isPermissionDenied(err):
		p.addRefusal("row security hides rows of %s: use the role postgres, or one with BYPASSRLS", t.Name)
		return nil
	case err != nil:
		return fmt.Errorf("count %s: %w", t.Name, err)
	case n == 0 && estimate > 0 && t.Name == "auth.users":
		p.addRefusal("auth.users returns no row, but the statistics have about %.0f: row security or a view may hide them",
			estimate)
	}
	p.Source.Rows[t.Name] = n
	return nil
}

// countRows returns the number of rows of a table, and the estimate in pg_class.
func countRows(ctx context.Context, db *pgx.Conn, t mapping.Table) (n int64, estimate float64, err error) {
	err = db.QueryRow(ctx, "SELECT (SELECT count(*) FROM "+t.SQL()+"),\n"+
		"  (SELECT reltuples FROM pg_class WHERE oid = "+mapping.Literal(t.SQL())+"::regclass)").Scan(&n, &estimate)
	return n, estimate, err
}

// notCarried are tables whose rows are counted but not copied: single sign-on has to be configured again and, without
// Options.Sessions, every user has to sign in again.
var notCarried = []string{
	"auth.sessions", "auth.refresh_tokens", "auth.one_time_tokens", "auth.flow_state", "auth.mfa_challenges",
	"auth.mfa_amr_claims", "auth.saml_relay_states", "auth.oauth_clients", "auth.oauth_authorizations",
	"auth.oauth_consents", "auth.webauthn_challenges", "auth.sso_providers", "auth.sso_domains", "auth.saml_providers",
	"auth.audit_log_entries",
}

// tablesOfSessions are the tables that an import with Options.Sessions reads.
var tablesOfSessions = []string{"auth.sessions", "auth.refresh_tokens", "auth.mfa_amr_claims"}

func (p *planner) countNotCarried(ctx context.Context) error {
	all, err := describeTables(ctx, p.src, notCarried, nil)
	if err != nil {
		return err
	}
	for _, t := range all {
		if !t.Exists || p.Options.Sessions && slices.Contains(tablesOfSessions, t.Name) {
			continue
		}
		n, _, err := countRows(ctx, p.src, t)
		switch {
		case !t.Readable || isPermissionDenied(err):
			p.NotChecked = append(p.NotChecked, t.Name+": no privilege to read it")
		case err != nil:
			return fmt.Errorf("count %s: %w", t.Name, err)
		default:
			p.NotCarried[t.Name] = n
		}
	}
	return nil
}

// findReferring adds the foreign keys that reference users to the plan.
func (p *planner) findReferring(ctx context.Context) error {
	all, err := ReadReferences(ctx, p.dst, p.mapping.CarriesFactors())
	for _, r := range all {
		parent := strings.TrimPrefix(r.Parent, "ONLY ")
		p.Referring = append(p.Referring, Referring{r.Table, r.Columns, parent, string(r.Effect)})
	}
	return err
}

// readOtherTables adds the tables that the import does not copy. The profile table is one of them, because the import
// copies only those of its columns that user_profile has.
func (p *planner) readOtherTables(ctx context.Context) error {
	if p.File != nil {
		return nil // the file has other tables, but the source only those of users
	}
	v, err := inventory.Read(ctx, p.src, p.dst, p.mapping.Target.Schema, schema.TableNames())
	p.OtherTables = &v
	return err
}

func (p *planner) countBatches() {
	users, size := p.Source.Rows["auth.users"], int64(p.Options.BatchSize)
	p.Batches = max(1, int((users+size-1)/size))
}
