package stepfn

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/rollback"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// PlanResult is the result of the action "plan": a run.Plan with lists and texts of bounded size.
type PlanResult struct {
	MayStart   bool             `json:"mayStart"`
	Refusals   []string         `json:"refusals"`   // the reasons why the run cannot start; at most ten
	Warnings   []string         `json:"warnings"`   // at most ten
	NotChecked []string         `json:"notChecked"` // at most ten
	Referring  []string         `json:"referring"`  // foreign keys of other tables that reference users; at most ten
	Batches    int              `json:"batches"`
	Expected   mapping.Counts   `json:"expected"`
	Collisions map[string]int64 `json:"collisions"`
	Reasons    mapping.Reasons  `json:"reasons"` // the forty most frequent
	// SecondFactors counts the verified second factors of the source, without the lists of users.
	SecondFactors run.SecondFactors `json:"secondFactors"`
	// Providers lists the 25 providers of the source with most users, each with its three most frequent reasons.
	Providers []run.Provider `json:"providers"`
	// MetadataColumns lists the columns of "user" for metadata that the run fills.
	MetadataColumns []string `json:"metadataColumns"`
	// OtherTables describes the tables of the project that the import does not copy.
	OtherTables OtherTables `json:"otherTables"`
	// ProfileCandidates lists the five tables with one row for each user that fill most columns of user_profile. Their
	// options are fields of a Request.
	ProfileCandidates []run.ProfileCandidate `json:"profileCandidates"`
	// Sessions has the numbers of sessions of the source; it is missing if the import cannot read them.
	Sessions *run.SessionPlan `json:"sessions,omitempty"`
}

// OtherTables is a short form of inventory.Inventory.
type OtherTables struct {
	Tables     int      `json:"tables"`
	Rows       int64    `json:"rows"`
	Bytes      int64    `json:"bytes"`
	OfUsers    int      `json:"ofUsers"`    // tables whose rows reach users by foreign keys
	Moved      int      `json:"moved"`      // tables that `xenon migrate tables` moves
	NotMoved   []string `json:"notMoved"`   // the others, each with the reason; at most ten
	Needs      []string `json:"needs"`      // objects that use what the target will not have; at most ten
	Stays      []string `json:"stays"`      // publications, and triggers on tables of Supabase; at most ten
	NameTaken  []string `json:"nameTaken"`  // tables with the name of a table of Xenon; at most ten
	Extensions []string `json:"extensions"` // that the target does not have; at most ten
}

// BeginResult is the result of the action "begin".
type BeginResult struct {
	Pass        int         `json:"pass"`
	Batches     int         `json:"batches"`
	Shards      []run.Shard `json:"lanes"`
	Distributed bool        `json:"distributed"` // the source is so large that each shard runs as a child execution
	Redrives    int         `json:"redrives"`    // number of redrives of the execution so far
}

// StepResult is the result of the actions "copy", "park" and "verify".
type StepResult struct {
	Done bool `json:"done"` // false: the deadline was reached, and the state machine repeats the action
}

// StatusResult is the result of the action "close": the state of the run.
type StatusResult struct {
	State   string          `json:"state"`
	Pass    int             `json:"pass"`
	Batches int             `json:"batches"`
	Open    int             `json:"open"`   // batches that this pass has not done
	Parked  []run.Parked    `json:"parked"` // at most ten
	Counts  mapping.Counts  `json:"counts"`
	Reasons mapping.Reasons `json:"reasons"` // the forty most frequent
	// Sessions has the outcomes of the sessions; it is missing if the run does not import them.
	Sessions *run.SessionCounts `json:"sessions,omitempty"`
}

// VerifyResult is the result of the action "verdict": the verification without the list of rows.
type VerifyResult struct {
	Equal     bool                    `json:"equal"`
	Different int64                   `json:"different"`
	Remain    int64                   `json:"remain"` // rows that are deleted in the source and kept in the target
	Broken    []verify.Equation       `json:"broken"` // equations whose counts differ; at most ten
	Checksums map[string]run.Checksum `json:"checksums"`
}

// ReportResult is the result of the action "report". `xenon migrate report` reads the complete report from the target.
type ReportResult struct {
	Digest       string          `json:"digest"` // of the report without its time, so that equal data has the same digest
	Status       StatusResult    `json:"stand"`
	Verification *VerifyResult   `json:"verdict,omitempty"`
	Rollback     *RollbackResult `json:"undone,omitempty"`
	// AfterMove counts who has signed in, and what became of sessions and second factors. It is missing after a rollback.
	AfterMove *run.AfterMove `json:"afterMove,omitempty"`
	// Tables is the move of the other tables. It is not part of the digest.
	Tables *TablesResult `json:"tables,omitempty"`
}

// RollbackResult is the result of the action "rollback", without the ids of users.
type RollbackResult struct {
	Done     bool             `json:"done"` // false: the deadline was reached, and the state machine repeats the action
	Removed  map[string]int64 `json:"removed"`
	Sessions int64            `json:"sessions"`
	Cascaded map[string]int64 `json:"cascaded"` // rows of other tables deleted with users; the ten tables with most rows
	Changed  map[string]int64 `json:"changed"`  // rows of other tables whose reference was removed; ten tables as above
	Holding  map[string]int64 `json:"holding"`  // rows of other tables that refer to kept users; ten tables as above
	Left     int64            `json:"left"`     // users that the rollback kept; the report lists up to 1,000
}

// GateResult is the result of the action "gate". Again is true if the execution was redriven and the state machine has
// to begin the run again, because a batch is open or parked or the verification is not equal.
type GateResult struct {
	Again bool `json:"again"`
}

const (
	maxTextBytes         = 400 // bytes
	maxTableTextBytes    = 200 // of a text about a table or another object
	maxListElements      = 10  // of a list, and of a map from tables to numbers
	maxReasons           = 40
	maxProviders         = 25
	maxProviderReasons   = 3
	maxProviderNameBytes = 60 // bytes
	maxCandidates        = 5
	maxColumnNameBytes   = 63  // the limit of Postgres
	maxTableNameBytes    = 131 // bytes: two quoted names of Postgres and a dot
)

// firstElements returns the first maxListElements elements.
func firstElements[T any](all []T) []T { return all[:min(len(all), maxListElements)] }

// firstTexts returns the first maxListElements texts, each cut to maxTextBytes bytes.
func firstTexts(all []string) []string { return firstTextsOf(all, maxTextBytes) }

// firstTextsOf returns the first maxListElements texts, each cut to this number of bytes.
func firstTextsOf(all []string, limit int) []string {
	kept := append([]string{}, firstElements(all)...) // not nil, which is null as JSON
	for i := range kept {
		kept[i] = truncate(kept[i], limit)
	}
	return kept
}

// truncate returns the first bytes of a text. limit is their maximum number. It does not cut inside a character.
func truncate(text string, limit int) string {
	return strings.ToValidUTF8(text[:min(len(text), limit)], "")
}

// largestEntries returns the entries with the largest numbers. limit is the maximum number of entries.
func largestEntries[M ~map[string]int64](all M, limit int) M {
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if all[a] != all[b] {
			return int(max(-1, min(1, all[b]-all[a])))
		}
		return strings.Compare(a, b)
	})
	kept := M{}
	for _, key := range keys[:min(len(keys), limit)] {
		kept[key] = all[key]
	}
	return kept
}

func newPlanResult(p run.Plan) PlanResult {
	var referring []string
	for _, r := range p.Referring {
		referring = append(referring, r.Table+" → "+r.To+": "+run.OnDeleteTexts[r.OnDelete])
	}
	p.SecondFactors.SocialUserIDs, p.SecondFactors.NotCarriedFactors = nil, nil
	return PlanResult{
		MayStart: len(p.Refusals) == 0,
		Refusals: firstTexts(p.Refusals), Warnings: firstTexts(p.Warnings), NotChecked: firstTexts(p.NotChecked),
		Referring: firstTexts(referring), Batches: p.Batches, Expected: p.Expected, Collisions: p.Collisions,
		Reasons: largestEntries(p.Reasons, maxReasons), Providers: providersWithMostUsers(p.Providers),
		OtherTables: summarizeOtherTables(p.OtherTables), ProfileCandidates: boundedCandidates(p.ProfileCandidates),
		MetadataColumns: p.MetadataColumns, SecondFactors: p.SecondFactors, Sessions: p.Sessions,
	}
}

// boundedCandidates returns the maxCandidates candidates that fill most columns, with names of bounded size.
func boundedCandidates(all []run.ProfileCandidate) []run.ProfileCandidate {
	kept := append([]run.ProfileCandidate{}, all...)
	slices.SortStableFunc(kept, func(a, b run.ProfileCandidate) int { return len(b.Fields) - len(a.Fields) })
	kept = kept[:min(len(kept), maxCandidates)]
	for i := range kept {
		c := &kept[i]
		c.Table, c.Key = truncate(c.Table, maxTableNameBytes), truncate(c.Key, maxColumnNameBytes)
		c.Options.Profiles = truncate(c.Options.Profiles, maxTableNameBytes)
		c.Options.ProfileKey = truncate(c.Options.ProfileKey, maxColumnNameBytes)
		columns := c.Options.ProfileColumns
		c.Options.ProfileColumns = nil
		for from, to := range columns {
			if c.Options.ProfileColumns == nil {
				c.Options.ProfileColumns = map[string]string{}
			}
			c.Options.ProfileColumns[truncate(from, maxColumnNameBytes)] = to
		}
	}
	return kept
}

func summarizeOtherTables(v *inventory.Inventory) (o OtherTables) {
	if v == nil {
		return o
	}
	o.Tables, o.Rows, o.Bytes = len(v.Tables), v.Rows(), v.Bytes()
	var taken, missing, notMoved, needs []string
	for _, t := range v.Tables {
		if t.Next == inventory.Moved {
			o.Moved++
		} else {
			notMoved = append(notMoved, t.Name+": "+t.Next)
		}
		if len(t.ReachesUsers) > 0 {
			o.OfUsers++
		}
		if t.NameTaken {
			taken = append(taken, truncate(t.Name, maxTableNameBytes))
		}
	}
	for _, e := range v.Extensions {
		if e.Target == inventory.Missing {
			missing = append(missing, truncate(e.Name, maxTableNameBytes))
		}
	}
	for _, object := range v.UsesAuth {
		if len(object.Missing()) > 0 {
			needs = append(needs, object.Kind+" "+object.Name+" "+object.Next)
		}
	}
	o.Stays = whatStays(v)
	o.NameTaken, o.Extensions = firstTexts(taken), firstTexts(missing)
	o.NotMoved, o.Needs = firstTextsOf(notMoved, maxTableTextBytes), firstTextsOf(needs, maxTableTextBytes)
	return o
}

// whatStays lists what a project has added to Supabase's tables and services, with what to do instead.
func whatStays(v *inventory.Inventory) []string {
	var stays []string
	for _, p := range v.Publications {
		stays = append(stays, "publication "+p.Name+" "+p.Next)
	}
	for _, t := range v.SupabaseTriggers {
		stays = append(stays, "trigger "+t.Name+" "+t.Next)
	}
	return firstTextsOf(stays, maxTableTextBytes)
}

// providersWithMostUsers returns at most maxProviders providers, with texts and reasons of bounded size.
func providersWithMostUsers(all []run.Provider) []run.Provider {
	kept := append([]run.Provider{}, all...)
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].Users > kept[j].Users })
	kept = kept[:min(len(kept), maxProviders)]
	for i := range kept {
		p := &kept[i]
		p.Name, p.ID = truncate(p.Name, maxProviderNameBytes), truncate(p.ID, maxProviderNameBytes)
		p.CallbackPath = truncate(p.CallbackPath, len("/api/auth/callback/")+maxProviderNameBytes)
		p.NotImported = largestEntries(p.NotImported, maxProviderReasons)
	}
	return kept
}

func newBeginResult(s run.Status, a Action) BeginResult {
	return BeginResult{
		Pass: s.Pass, Batches: s.Batches, Shards: splitIntoShards(s.Batches, a.Job.Concurrency),
		Distributed: s.Batches > maxBatchesInOneExecution, Redrives: a.Execution.RedriveCount,
	}
}

func newStatusResult(s run.Status) StatusResult {
	parked := slices.Clone(firstElements(s.Parked))
	for i := range parked {
		parked[i].Why = truncate(parked[i].Why, maxTextBytes)
	}
	return StatusResult{
		State: s.State, Pass: s.Pass, Batches: s.Batches, Open: s.Batches - s.Done, Parked: parked,
		Counts: s.Counts, Reasons: largestEntries(s.Reasons, maxReasons), Sessions: s.Sessions,
	}
}

func newVerifyResult(v verify.Result) VerifyResult {
	broken := slices.DeleteFunc(slices.Clone(v.Equations), func(e verify.Equation) bool { return e.Holds })
	return VerifyResult{
		Equal: v.Equal, Different: v.Different, Remain: v.Remain, Broken: firstElements(broken), Checksums: v.Checksums,
	}
}

func newRollbackResult(r rollback.Result) RollbackResult {
	return RollbackResult{
		Done: r.Done, Removed: r.Removed, Sessions: r.Sessions, Left: r.Left,
		Cascaded: largestEntries(r.Cascaded, maxListElements), Changed: largestEntries(r.Changed, maxListElements),
		Holding: largestEntries(r.Holding, maxListElements),
	}
}

// reportContents has the fields of report.Report, in the same order. The function does not import package report,
// because that package depends on the packages that sign. A test compares the digests.
type reportContents struct {
	Made         time.Time        `json:"made"`
	Status       run.Status       `json:"status"`
	Plan         run.Plan         `json:"plan"`
	Verification *verify.Result   `json:"verification,omitempty"`
	Rollback     *rollback.Result `json:"undone,omitempty"`
	Batches      []run.BatchLine  `json:"batches"`
	AfterMove    *run.AfterMove   `json:"afterMove,omitempty"`
}

func readReport(ctx context.Context, env *run.Env, a Action) (ReportResult, error) {
	name := a.Job.Run
	record, err := run.ReadRecord(ctx, env, name)
	if err != nil {
		return ReportResult{}, err
	}
	c := reportContents{
		Status: record.Status, Plan: record.Plan, Batches: record.Batches, AfterMove: record.AfterMove,
	}
	if c.Rollback, err = rollback.Decode(record.Rollback); err != nil {
		return ReportResult{}, err
	}
	if c.Status.State != run.RolledBack {
		v, err := verify.ReadResult(ctx, env, name)
		if err != nil {
			return ReportResult{}, err
		}
		if !v.At.IsZero() {
			c.Verification = &v
		}
	}
	r, err := newReportResult(c)
	if a.Tables.State != "" {
		r.Tables = &a.Tables
	}
	return r, err
}

func newReportResult(c reportContents) (ReportResult, error) {
	c.Made = time.Time{} // so that equal data has the same digest
	text, err := stringify.Marshal(c)
	if err != nil {
		return ReportResult{}, fmt.Errorf("write the report: %w", err)
	}
	r := ReportResult{Digest: run.Digest(text), Status: newStatusResult(c.Status), AfterMove: c.AfterMove}
	if c.Verification != nil {
		v := newVerifyResult(*c.Verification)
		r.Verification = &v
	}
	if c.Rollback != nil {
		u := newRollbackResult(*c.Rollback)
		r.Rollback = &u
	}
	return r, nil
}
