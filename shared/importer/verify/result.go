package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// maxListedRows is the maximum number of differences, and of remaining rows, that a Result lists.
const maxListedRows = 1000

// Result is the result of a verification: a comparison of the source with the target.
type Result struct {
	At          time.Time               `json:"at"`
	Batches     int                     `json:"batches"`
	Checksums   map[string]run.Checksum `json:"checksums"`   // by table: user, account, twoFactor and others
	Equations   []Equation              `json:"equations"`   // checks that no row is missing or duplicated
	Differences []run.Difference        `json:"differences"` // a list of at most 1,000
	Different   int64                   `json:"different"`   // number of all differences
	Remaining   []run.Remaining         `json:"remaining"`   // deleted in the source, kept in the target; at most 1,000
	Remain      int64                   `json:"remain"`      // number of all remaining rows; no checksum includes them
	Equal       bool                    `json:"equal"`       // nothing differs, and IsCurrent
	IsCurrent   bool                    `json:"-"`           // see run.Verified
}

// Equation is a check that two counts are equal.
type Equation struct {
	Text  string `json:"says"` // the two counts in words: "quantity on the left = quantity on the right"
	Left  int64  `json:"left"`
	Right int64  `json:"right"`
	Holds bool   `json:"holds"`
}

// ReadResult returns the result so far, and computes the equations. At is zero if no batch is verified. Equal is false
// if a batch is not verified, or not since the last pass began.
func ReadResult(ctx context.Context, env *run.Env, name string) (Result, error) {
	var r Result
	err := env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) (err error) {
		r, err = readResult(ctx, env.File, src, dst, name)
		return err
	})
	return r, err
}

func readResult(ctx context.Context, file *run.SourceFile, src, dst *pgx.Conn, name string) (Result, error) {
	stored, err := run.Find(ctx, dst, name)
	if err == nil {
		err = stored.CheckFile(file)
	}
	if err != nil {
		return Result{}, err
	}
	tables, err := stored.SourceTables(ctx, src, dst)
	if err != nil {
		return Result{}, err
	}
	v, err := run.ReadVerified(ctx, dst, stored.ID, maxListedRows)
	if err != nil {
		return Result{}, fmt.Errorf("read the verification: %w", err)
	}
	r := Result{
		At: v.At, Batches: v.Batches, Checksums: v.Checksums, Differences: v.Differences, Different: v.Different,
	}
	if r.Remain, r.Remaining, err = run.ReadRemaining(ctx, dst, stored.ID, maxListedRows); err != nil {
		return Result{}, fmt.Errorf("read the rows that are deleted in the source and kept in the target: %w", err)
	}
	e := equations{
		src: src, dst: dst, file: file, id: stored.ID, source: tables, sums: r.Checksums, remain: r.Remain,
		carriesFactors: stored.Plan.Options.MFA == mapping.CarryFactors,
	}
	if err := e.readAll(ctx); err != nil {
		return Result{}, err
	}
	if err := e.addSessionEquations(ctx, stored); err != nil {
		return Result{}, err
	}
	r.Equations = e.list
	r.IsCurrent = v.IsCurrent
	r.Equal = r.IsCurrent && r.isEqual()
	return r, nil
}

// isEqual reports whether all checksums are equal, all equations hold and no row differs.
func (r Result) isEqual() bool {
	for _, e := range r.Equations {
		if !e.Holds {
			return false
		}
	}
	return r.Different == 0 && len(r.tablesWithUnequalSums()) == 0
}

// tablesWithUnequalSums returns the sorted names of the tables whose checksums in source and target differ.
func (r Result) tablesWithUnequalSums() (tables []string) {
	for table, c := range r.Checksums {
		if !c.Equal() {
			tables = append(tables, table)
		}
	}
	slices.Sort(tables)
	return tables
}

// WhyNotEqual returns the causes for which Equal is false, as a part of a sentence. The equations are a cause only if
// the verification is current, because they use the counts of the verified batches.
func (r Result) WhyNotEqual() string {
	var causes []string
	if r.Different > 0 {
		causes = append(causes,
			run.CountNoun(r.Different, "row differs", "rows differ")+" between the source and the target")
	} else if tables := r.tablesWithUnequalSums(); len(tables) > 0 {
		causes = append(causes, "the checksums of source and target differ ("+strings.Join(tables, ", ")+")")
	}
	broken := int64(0)
	for _, e := range r.Equations {
		if !e.Holds {
			broken++
		}
	}
	switch {
	case !r.IsCurrent:
		causes = append(causes, "not every batch was copied and verified since the last pass began")
	case broken > 0:
		causes = append(causes, run.CountNoun(broken, "check of the row counts fails", "checks of the row counts fail"))
	}
	return strings.Join(causes, ", and ")
}

// equations compares the current row counts of the source with the ledger, and the ledger with the counts that the
// verification found in the target.
type equations struct {
	src, dst *pgx.Conn
	file     *run.SourceFile // the file that the source was loaded from, or nil
	id       int             // id of the run
	source   mapping.SourceCatalog
	sums     map[string]run.Checksum
	remain   int64

	carriesFactors bool // the run copies TOTP factors

	list []Equation
}

func (e *equations) add(text string, left, right int64) {
	e.list = append(e.list, Equation{text, left, right, left == right})
}

func (e *equations) readAll(ctx context.Context) error {
	ledger, err := run.ReadLedgerCounts(ctx, e.dst, e.id)
	if err != nil {
		return err
	}
	if err := e.addSourceEquations(ctx, ledger); err != nil {
		return err
	}
	if err := e.addFactorEquation(ctx); err != nil {
		return err
	}
	held, err := run.CountUnverifiedEmails(ctx, e.dst, e.id)
	if err != nil {
		return err
	}
	e.add("confirmed source users whose email an unverified target user has = 0", held, 0)
	e.addTargetEquations(ledger)
	return nil
}

// addSourceEquations adds the equations that the ledger has as many rows of each kind as the source.
func (e *equations) addSourceEquations(ctx context.Context, ledger run.LedgerCounts) error {
	const copied, identical, kept, quarantined = mapping.Copied, mapping.Identical, mapping.Kept, mapping.Quarantined
	for _, k := range []sourceEquation{
		{
			mapping.User, e.source.Users, "copied + identical + kept + quarantined users",
			[]mapping.Outcome{copied, identical, kept, quarantined},
		},
		{
			mapping.Identity, e.source.Identities, "copied + identical + kept + folded + quarantined identities",
			[]mapping.Outcome{copied, identical, kept, mapping.Folded, quarantined},
		},
		{
			mapping.Profile, e.source.Profiles, "copied + identical + kept + quarantined profiles",
			[]mapping.Outcome{copied, identical, kept, quarantined},
		},
		e.secondFactors(),
		{mapping.Passkey, e.source.Passkeys, "quarantined passkeys", []mapping.Outcome{quarantined}},
	} {
		if !k.table.IsUsable() {
			continue // the plan lists this table as not checked
		}
		known := ledger.Counts.Sum(k.kind, k.outcomes...) - ledger.Gone[k.kind]
		if e.file != nil { // the counts of the file, so that no row is lost while it is loaded
			e.add("rows of "+k.table.Name+" in the file = "+k.text, e.file.Rows[k.table.Name], known)
			continue
		}
		var now int64
		if err := e.src.QueryRow(ctx, "SELECT count(*) FROM "+k.table.SQL()).Scan(&now); err != nil {
			return fmt.Errorf("count %s: %w", k.table.Name, err)
		}
		e.add("rows of "+k.table.Name+" = "+k.text, now, known)
	}
	return nil
}

// sourceEquation says which outcomes the rows of a table of the source have.
type sourceEquation struct {
	kind     mapping.Kind
	table    mapping.Table
	text     string
	outcomes []mapping.Outcome
}

// addSessionEquations adds the equations that every session has an outcome, and that the target has the sessions that
// the run wrote.
func (e *equations) addSessionEquations(ctx context.Context, stored run.Run) error {
	c, err := run.ReadSessionCounts(ctx, e.dst, stored)
	if err != nil || c == nil {
		return err
	}
	inTarget, err := run.CountWrittenSessions(ctx, e.dst, e.id)
	if err != nil {
		return err
	}
	if e.file != nil {
		e.add("rows of auth.sessions in the file = those that the last pass read", e.file.Rows["auth.sessions"], c.Read)
	}
	e.add("rows of auth.sessions in the last pass = bridged + kept + skipped sessions", c.Read, c.Outcomes())
	e.add("sessions in the target that the last pass wrote = bridged sessions, and those with an unreadable key",
		inTarget, c.Written())
	return nil
}

// addTargetEquations adds the equations that the target has as many rows of each kind as the ledger lists as copied.
func (e *equations) addTargetEquations(ledger run.LedgerCounts) {
	inTarget := func(k mapping.Kind) int64 {
		return ledger.Counts.Sum(k, mapping.Copied, mapping.Identical, mapping.Kept) - ledger.Remain[k]
	}
	kept := "kept"
	if e.remain > 0 {
		kept = "kept (without those deleted in the source)"
	}
	credential := e.sums["credential"]
	e.add("users in the target = copied + identical + "+kept+" users", e.sums["user"].TargetRows, inTarget(mapping.User))
	e.add("accounts in the target = copied + identical + "+kept+" identities + passwords copied",
		e.sums["account"].TargetRows+credential.TargetRows, inTarget(mapping.Identity)+credential.SourceRows)
	e.add("accounts with a password = users copied whose password has a known format and is not withheld",
		credential.TargetRows, credential.SourceRows)
	if e.source.Profiles.IsUsable() {
		e.add("profiles in the target = copied + identical + "+kept+" profiles",
			e.sums["user_profile"].TargetRows, inTarget(mapping.Profile))
	}
	if e.carriesFactors {
		e.add("second factors in the target = copied + identical + "+kept+" second factors",
			e.sums[factorTable].TargetRows, inTarget(mapping.Factor))
	}
}
