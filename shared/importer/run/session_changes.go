package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// addUsersOfEndedSessions adds the users whose sessions have other ids in the source than in the ledger. The end of a
// session leaves no trace in the source.
func (p *Pass) addUsersOfEndedSessions(ctx context.Context, src, dst *pgx.Conn, c *ChangeSet) error {
	current, err := readIDSums(ctx, src, mapping.SessionIDSums(), c.all)
	if err != nil {
		return err
	}
	recorded, err := readIDSums(ctx, dst, mapping.SumIDs(p.ledgerSessions(mapping.AllUsers)), c.all)
	if err != nil {
		return err
	}
	for _, b := range c.all {
		if current[b.Number] == recorded[b.Number] {
			continue
		}
		users, err := p.usersOfOtherSessions(ctx, src, dst, b.Scope)
		if err != nil {
			return err
		}
		c.AddUsers(users)
	}
	return nil
}

// ledgerSessions returns SQL for the sessions that the source should have.
func (p *Pass) ledgerSessions(s mapping.Scope) string {
	return fmt.Sprintf(`SELECT user_id, '' AS source, id AS key
FROM supabase_import.session
WHERE run = %d AND outcome <> '%s' AND %s`, p.ID, SessionGone, s.Contains("user_id"))
}

// usersOfOtherSessions returns the users of a scope whose sessions have other ids in the source than in the ledger.
func (p *Pass) usersOfOtherSessions(ctx context.Context, src, dst *pgx.Conn, s mapping.Scope) (ids []string, err error) {
	current, err := QuerySums(ctx, src, mapping.SumSessionsByUser(mapping.SessionIDs(s)))
	if err != nil {
		return nil, fmt.Errorf("add up the ids of sessions: %w", err)
	}
	recorded, err := QuerySums(ctx, dst, mapping.SumSessionsByUser(p.ledgerSessions(s)))
	if err != nil {
		return nil, fmt.Errorf("add up the ids of sessions in the ledger: %w", err)
	}
	for id, sum := range current {
		if recorded[id] != sum {
			ids = append(ids, id)
		}
	}
	for id := range recorded {
		if _, exists := current[id]; !exists {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// touchBridge moves the end of the time in which sessions of Supabase can be used.
const touchBridge = `UPDATE "supabaseBridge" SET "lastPassAt" = now()`
