package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// namedInVerdict bounds how many differences a Verification names.
const namedInVerdict = 1000

// Verdict is what the verification found so far, with the conservation equations, for which it counts anew. Its time is
// zero when no batch was verified. Equal is false when a batch was not, or not since the last pass began.
func (m *Import) Verdict(ctx context.Context, run string) (Verification, error) {
	var v Verification
	err := m.askBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		v = Verification{Checksums: map[string]Checksum{}, Differences: []Difference{}, Equations: []Equation{}, Remaining: []Remaining{}}
		return v.conclude(ctx, src, dst, run)
	})
	return v, err
}

func (v *Verification) conclude(ctx context.Context, src, dst *pgx.Conn, run string) error {
	id, _, _, p, err := stored(ctx, dst, run)
	if err != nil {
		return err
	}
	mp, err := look(ctx, src, dst, p.Options)
	if err != nil {
		return err
	}
	settled, err := v.gather(ctx, dst, id)
	if err != nil {
		return fmt.Errorf("read the verification: %w", err)
	}
	if err := v.remaining(ctx, dst, id); err != nil {
		return fmt.Errorf("read who is gone from the source and stays: %w", err)
	}
	if v.Equations, err = v.equations(ctx, src, dst, id, mp.src); err != nil {
		return err
	}
	v.Equal = settled && v.Different == 0
	for _, c := range v.Checksums {
		v.Equal = v.Equal && c.SourceRows == c.TargetRows && c.SourceSum == c.TargetSum
	}
	for _, e := range v.Equations {
		v.Equal = v.Equal && e.Holds
	}
	return nil
}

// gather adds up what the batches say. settled: every batch is copied, and was verified after that.
func (v *Verification) gather(ctx context.Context, dst *pgx.Conn, id int) (settled bool, err error) {
	const current = " from supabase_import.batch b join supabase_import.run r on r.id = b.run where r.id = $1 and r.verification > 0 and b.verification = r.verification"
	var at *time.Time
	err = dst.QueryRow(ctx, `select max(verified_at), count(*), coalesce(sum(different), 0)::bigint, count(*) > 0 and count(*) filter (where b.verified_pass = r.pass and b.pass = r.pass and b.parked is null)
  = (select count(*) from supabase_import.batch where run = $1)`+current, id).Scan(&at, &v.Batches, &v.Different, &settled)
	if err != nil {
		return false, err
	}
	if at != nil {
		v.At = *at
	}
	rows, err := dst.Query(ctx, `select c.key, sum((c.value->>'sourceRows')::bigint)::bigint, sum((c.value->>'sourceSum')::numeric)::text, sum((c.value->>'targetRows')::bigint)::bigint, sum((c.value->>'targetSum')::numeric)::text
from (select b.checksums`+current+`) x cross join jsonb_each(x.checksums) c group by 1`, id)
	if err != nil {
		return false, err
	}
	var table string
	var c Checksum
	if _, err = pgx.ForEachRow(rows, []any{&table, &c.SourceRows, &c.SourceSum, &c.TargetRows, &c.TargetSum}, func() error { v.Checksums[table] = c; return nil }); err != nil {
		return false, err
	}
	named, err := column1(ctx, dst, `select d.value::text from (select b.number, b.differences`+current+` and b.different > 0) x
cross join jsonb_array_elements(x.differences) with ordinality d (value, place) order by x.number, d.place limit `+fmt.Sprint(namedInVerdict), id)
	if err != nil {
		return false, err
	}
	for _, text := range named {
		var d Difference
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return false, err
		}
		v.Differences = append(v.Differences, d)
	}
	return settled, nil
}

// remaining lists what is gone from the source and stays.
func (v *Verification) remaining(ctx context.Context, dst *pgx.Conn, id int) error {
	const from = " from supabase_import.quarantine where run = $1 and reason = '" + removedAtSource + "' and resolved is null"
	if err := dst.QueryRow(ctx, "select count(*)"+from, id).Scan(&v.Remain); err != nil {
		return err
	}
	rows, err := dst.Query(ctx, "select source::text, key::text, coalesce(detail, '')"+from+" order by source, key limit "+fmt.Sprint(namedInVerdict), id)
	if err != nil {
		return err
	}
	v.Remaining, err = pgx.AppendRows(v.Remaining, rows, pgx.RowToStructByPos[Remaining])
	return err
}

// tallies counts the ledger by kind and outcome. gone are the rows that are no longer in the source and were kept in
// the target: they stand in the ledger, but in no count of the source. remain are those that no checksum has either.
func tallies(ctx context.Context, dst *pgx.Conn, id int) (counts Counts, gone, remain map[Source]int64, err error) {
	rows, err := dst.Query(ctx, `select source::text, outcome::text, count(*), count(*) filter (where outcome = 'kept' and raw is null),
  count(*) filter (where outcome = 'kept' and exists (select from supabase_import.quarantine q where q.run = l.run and q.user_id = l.user_id
    and q.reason = '`+removedAtSource+`' and q.resolved is null and q.field = '' and (q.source = 'user' or q.source = l.source and q.key = l.key)))
from supabase_import.ledger l where run = $1 group by 1, 2`, id)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("count the ledger: %w", err)
	}
	counts, gone, remain = Counts{}, map[Source]int64{}, map[Source]int64{}
	var of, outcome string
	var n, without, stay int64
	_, err = pgx.ForEachRow(rows, []any{&of, &outcome, &n, &without, &stay}, func() error {
		if counts[Source(of)] == nil {
			counts[Source(of)] = map[Outcome]int64{}
		}
		counts[Source(of)][Outcome(outcome)] = n
		gone[Source(of)] += without
		remain[Source(of)] += stay
		return nil
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("count the ledger: %w", err)
	}
	return counts, gone, remain, nil
}

func (c Counts) sum(of Source, outcomes ...Outcome) (n int64) {
	for _, o := range outcomes {
		n += c[of][o]
	}
	return n
}

func equation(says string, left, right int64) Equation {
	return Equation{says, left, right, left == right}
}

// equations compares what the source has now with the ledger, and the ledger with what the verification counted in the
// target.
func (v *Verification) equations(ctx context.Context, src, dst *pgx.Conn, id int, s source) ([]Equation, error) {
	ledger, gone, remain, err := tallies(ctx, dst, id)
	if err != nil {
		return nil, err
	}
	var all []Equation
	for _, kind := range []struct {
		of       Source
		table    table
		says     string
		outcomes []Outcome
	}{
		{User, s.users, "copied + identical + kept + quarantined users", []Outcome{Copied, Identical, Kept, Quarantined}},
		{Identity, s.identities, "copied + identical + kept + folded + quarantined identities", []Outcome{Copied, Identical, Kept, Folded, Quarantined}},
		{Profile, s.profiles, "copied + identical + kept + quarantined profiles", []Outcome{Copied, Identical, Kept, Quarantined}},
		{Factor, s.factors, "quarantined second factors", []Outcome{Quarantined}},
		{Passkey, s.passkeys, "quarantined passkeys", []Outcome{Quarantined}},
	} {
		if !kind.table.there() {
			continue // not checked, as the plan says
		}
		var now int64
		if err := src.QueryRow(ctx, "select count(*) from "+kind.table.sql()).Scan(&now); err != nil {
			return nil, fmt.Errorf("count %s: %w", kind.table.name, err)
		}
		all = append(all, equation("rows of "+kind.table.name+" = "+kind.says, now, ledger.sum(kind.of, kind.outcomes...)-gone[kind.of]))
	}
	var held int64
	if err := dst.QueryRow(ctx, "select count(*) from supabase_import.ruling where run = $1 and reason = $2", id, emailUnverified).Scan(&held); err != nil {
		return nil, fmt.Errorf("count addresses that unverified users hold: %w", err)
	}
	all = append(all, equation("confirmed users whose address an unverified user of the target holds = none", held, 0))
	sums, brought := v.Checksums, []Outcome{Copied, Identical, Kept}
	kept := "kept"
	if v.Remain > 0 {
		kept = "kept (without those gone from the source)"
	}
	all = append(all,
		equation("users in the target = copied + identical + "+kept+" users", sums["user"].TargetRows, ledger.sum(User, brought...)-remain[User]),
		equation("accounts in the target = copied + identical + "+kept+" identities + passwords brought over",
			sums["account"].TargetRows+sums["credential"].TargetRows, ledger.sum(Identity, brought...)-remain[Identity]+sums["credential"].SourceRows),
		equation("accounts with a password = users brought over whose password is of a known form and not withheld",
			sums["credential"].TargetRows, sums["credential"].SourceRows))
	if s.profiles.there() {
		all = append(all, equation("profiles in the target = copied + identical + "+kept+" profiles", sums["user_profile"].TargetRows, ledger.sum(Profile, brought...)-remain[Profile]))
	}
	return all, nil
}
