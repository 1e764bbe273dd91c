package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// compareAtOnce is how many users of the target are compared with the source in one statement, which reads all users of
// the source.
const compareAtOnce = 20_000

// findCollisions asks whether the target already has ids and emails of the source. Rows that the run wrote do
// not count.
func (p *planner) findCollisions(ctx context.Context) error {
	exists, err := hasLedger(ctx, p.dst)
	if err != nil {
		return err
	}
	query := `SELECT u.id::text, u.email FROM "user" u WHERE u.id > $1::uuid`
	if exists {
		query += " AND NOT EXISTS (" + entryOfRunNamed(p.Run) + ")"
	}
	query += " ORDER BY u.id LIMIT $2"
	var holders []emailHolder
	for last := mapping.MinUUID; ; {
		ids, emails, err := queryPairs(ctx, p.dst, query, last, compareAtOnce)
		if err != nil {
			return fmt.Errorf("read the target's users: %w", err)
		}
		if len(ids) == 0 {
			break
		}
		last = ids[len(ids)-1]
		if err := p.countSameIDs(ctx, ids); err != nil {
			return err
		}
		found, err := p.findEmailHolders(ctx, ids, emails)
		if err != nil {
			return err
		}
		holders = append(holders, found...)
	}
	p.countHolders(holders)
	if n := p.Collisions[mapping.TargetIDTaken]; n > 0 {
		p.warn("%d users have an id that a user of the target has, whom this run did not write: the run leaves those that "+
			"are the same as they are (identical) and puts the others into the quarantine; above they are counted as copied", n)
	}
	return nil
}

func queryPairs(ctx context.Context, db *pgx.Conn, sql string, args ...any) (a, b []string, err error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, err
	}
	var one, two string
	_, err = pgx.ForEachRow(rows, []any{&one, &two}, func() error { a, b = append(a, one), append(b, two); return nil })
	return a, b, err
}

func (p *planner) countSameIDs(ctx context.Context, ids []string) error {
	var same int64
	err := p.src.QueryRow(ctx, "SELECT count(*) FROM auth.users u WHERE u.id = ANY ($1::uuid[])", ids).Scan(&same)
	if err == nil && same > 0 {
		p.Collisions[mapping.TargetIDTaken] += same
	}
	return Wrap("compare with the target's users", err)
}

// emailHolder is a user of the target with the email of another user of the source.
type emailHolder struct {
	id, source string
	confirmed  bool   // by the user of the source
	verified   bool   // by the user of the target
	keeps      string // why the user of the target cannot give the email up, or ""
}

// findEmailHolders finds users of the target, given by id and email, who hold the email of another user of the source.
func (p *planner) findEmailHolders(ctx context.Context, ids, emails []string) ([]emailHolder, error) {
	all, err := p.queryEmailHolders(ctx, ids, emails)
	if err != nil || len(all) == 0 {
		return nil, Wrap("compare with the target's emails", err)
	}
	exists, err := hasLedger(ctx, p.dst)
	if err != nil {
		return nil, err
	}
	references, err := ReadReferences(ctx, p.dst)
	if err != nil {
		return nil, err
	}
	query := `SELECT u."emailVerified", coalesce(` + keepsEmail(p.mapping, references, exists) + `, '')
FROM "user" u
WHERE u.id = $1::uuid`
	for i := range all {
		err := p.dst.QueryRow(ctx, query, all[i].id).Scan(&all[i].verified, &all[i].keeps)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) { // deleted meanwhile
			return nil, fmt.Errorf("look at who holds an email: %w", err)
		}
	}
	return all, nil
}

func (p *planner) queryEmailHolders(ctx context.Context, ids, emails []string) ([]emailHolder, error) {
	r, m := mapping.Rejections{}, p.mapping
	for _, c := range p.conflicts {
		r.Add(c)
	}
	rows, err := p.src.Query(ctx, `SELECT t.id::text, s.id::text, s.confirmed
FROM unnest($1::uuid[], $2::text[]) t (id, email)
JOIN (
  SELECT u.id, `+m.Email()+` AS email, `+m.Confirmed()+` AS confirmed
  FROM auth.users u
  WHERE u.email ~ '\S' AND (`+m.UserReason(r)+`) IS NULL AND NOT `+mapping.WithoutEmail(r)+`
  OFFSET 0
) s ON s.email = t.email AND s.id <> t.id
ORDER BY 1`, ids, emails)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h emailHolder, err error) {
		err = row.Scan(&h.id, &h.source, &h.confirmed)
		return h, err
	})
}

// countHolders says in the plan what becomes of emails that users of the target hold.
func (p *Plan) countHolders(all []emailHolder) {
	var released, kept []string
	for _, h := range all {
		switch {
		case !h.confirmed || h.verified:
			p.Collisions[mapping.TargetEmailTaken]++
		case h.keeps == "":
			p.Collisions[mapping.EmailReleased]++
			p.Reasons["user "+mapping.EmailReleased]++
			released = append(released, h.id)
		default:
			p.Collisions[mapping.TargetEmailUnverified]++
			kept = append(kept, fmt.Sprintf("%s, who %s, holds the email of %s", h.id, h.keeps, h.source))
		}
	}
	if len(released) > 0 {
		p.warn("%s of the target signed up with an email that is confirmed in Supabase, and never verified it; they lose "+
			"the email, the password and the sessions: %s", users(len(released)), firstOf(released, ", "))
	}
	if len(kept) > 0 {
		p.refuse("%s of the target signed up with an email that is confirmed in Supabase, never verified it, and cannot be "+
			"moved: %s. Remove them, or give them another email; or set \"emailVerified\" where you know that the email is "+
			"theirs", users(len(kept)), firstOf(kept, "; "))
	}
}

func users(n int) string {
	if n == 1 {
		return "1 user"
	}
	return Thousands(n) + " users"
}

// Thousands writes a number with commas between the thousands.
func Thousands[N int | int64](n N) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// firstOf joins the first 20 texts.
func firstOf(all []string, with string) string {
	text := strings.Join(all[:min(len(all), 20)], with)
	if more := len(all) - 20; more > 0 {
		text += fmt.Sprintf("%sand %d more", with, more)
	}
	return text
}
