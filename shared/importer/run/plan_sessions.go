package run

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// SessionPlan has the numbers of sessions of the source, and what the run would do with them.
type SessionPlan struct {
	Total int64 `json:"total"` // rows of auth.sessions
	// Bridged are the sessions that Options.Sessions imports. Without that option it also counts sessions of users who
	// are not imported.
	Bridged int64            `json:"bridged"`
	Skipped map[string]int64 `json:"skipped"` // not imported, by reason
	Chosen  bool             `json:"chosen"`  // the run imports them
}

// planSessions counts the sessions of the source. With Options.Sessions it adds a refusal if the import cannot read
// them, or lacks something that it needs.
func (p *planner) planSessions(ctx context.Context) error {
	why, err := p.env.prepareSessions(ctx, p.mapping)
	if err != nil {
		return err
	}
	p.Refusals = append(p.Refusals, why...)
	if p.Options.Sessions {
		if _, err := p.env.readPublicKeys(ctx); err != nil {
			p.addRefusal("%s", ErrorText(err))
		}
	}
	if len(p.Refusals) > 0 {
		return nil
	}
	if !p.Options.Sessions && !p.canReadSessions() {
		return nil // the plan lists the tables as not checked
	}
	s := SessionPlan{Skipped: map[string]int64{}, Chosen: p.Options.Sessions}
	switch err := s.count(ctx, p); {
	case isPermissionDenied(err) && p.Options.Sessions:
		p.addRefusal("row security hides sessions or refresh tokens: use the role postgres, or one with BYPASSRLS")
		return nil
	case isPermissionDenied(err):
		return nil
	case err != nil:
		return fmt.Errorf("count the sessions: %w", err)
	}
	p.Sessions = &s
	return nil
}

// canReadSessions reports whether the tables of the source tell which sessions are valid.
func (p *planner) canReadSessions() bool {
	m := p.mapping
	m.Target.SessionTables = true
	return len(m.SessionRefusals()) == 0
}

// count counts the sessions of each half of the users at the same time.
func (s *SessionPlan) count(ctx context.Context, p *planner) error {
	rejections := p.rejections()
	ids := slices.Sorted(maps.Keys(p.env.EncryptionKeys))
	low, high := mapping.Halves()
	var counts [2]map[string]int64
	countHalf := func(i int, scope mapping.Scope) func(context.Context, *pgx.Conn) error {
		return func(ctx context.Context, db *pgx.Conn) (err error) {
			counts[i], err = queryCounts(ctx, db, p.mapping.SessionReasons(scope, ids, s.Chosen, rejections))
			return err
		}
	}
	if err := queryConcurrently(ctx, p.env, p.src, countHalf(0, low), countHalf(1, high)); err != nil {
		return err
	}
	for _, half := range counts {
		for reason, n := range half {
			s.Total += n
			if reason == "" {
				s.Bridged += n
			} else {
				s.Skipped[reason] += n
			}
		}
	}
	return nil
}

// queryCounts reads a query with the columns name and number of rows.
func queryCounts(ctx context.Context, db *pgx.Conn, sql string) (map[string]int64, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	all := map[string]int64{}
	var name string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error { all[name] = n; return nil })
	return all, err
}
