package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// usersPerComparison is the number of users of the target that one statement compares with the source. Each statement
// reads all users of the source, so the number is large.
const usersPerComparison = 20_000

// findCollisions adds to the plan how many users of the target have the id or the email of a user of the source. It
// ignores users that the run wrote.
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
		ids, emails, err := queryPairs(ctx, p.dst, query, last, usersPerComparison)
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
	p.countEmailHolders(holders)
	if n := p.Collisions[mapping.TargetIDTaken]; n > 0 {
		p.addWarning(
			"%d users have the id of a user of the target that this run did not write: the run keeps identical users "+
				"and puts the others into the quarantine; the counts above show all of them as copied",
			n,
		)
	}
	return nil
}

// queryPairs returns the values of the two columns of a query.
func queryPairs(ctx context.Context, db *pgx.Conn, sql string, args ...any) (first, second []string, err error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, err
	}
	var one, two string
	_, err = pgx.ForEachRow(rows, []any{&one, &two}, func() error {
		first, second = append(first, one), append(second, two)
		return nil
	})
	return first, second, err
}

func (p *planner) countSameIDs(ctx context.Context, ids []string) error {
	var same int64
	err := p.src.QueryRow(ctx, "SELECT count(*) FROM auth.users u WHERE u.id = ANY ($1::uuid[])", ids).Scan(&same)
	if err == nil && same > 0 {
		p.Collisions[mapping.TargetIDTaken] += same
	}
	return Wrap("compare with the target's users", err)
}

// emailHolder is a user of the target whose email a user of the source with another id has.
type emailHolder struct {
	id, source string // the ids of both users
	confirmed  bool   // the user of the source confirmed the email
	verified   bool   // the user of the target verified the email
	keepReason string // why the run cannot release the email, or ""
}

// findEmailHolders returns the users of the target whose email a user of the source with another id has. It looks only
// at the users with these ids, whose emails the caller has read.
func (p *planner) findEmailHolders(ctx context.Context, ids, emails []string) ([]emailHolder, error) {
	all, err := p.queryEmailHolders(ctx, ids, emails)
	if err != nil || len(all) == 0 {
		return nil, Wrap("compare with the target's emails", err)
	}
	exists, err := hasLedger(ctx, p.dst)
	if err != nil {
		return nil, err
	}
	references, err := ReadReferences(ctx, p.dst, p.mapping.CarriesFactors())
	if err != nil {
		return nil, err
	}
	query := `SELECT u."emailVerified", coalesce(` + keepReason(p.mapping, references, exists) + `, '')
FROM "user" u
WHERE u.id = $1::uuid`
	for i := range all {
		err := p.dst.QueryRow(ctx, query, all[i].id).Scan(&all[i].verified, &all[i].keepReason)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) { // no row: the user was deleted since
			return nil, fmt.Errorf("read a user of the target with an email of the source: %w", err)
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

// countEmailHolders adds the number of email holders to the plan, by what the run will do with their email. A warning
// names the users who lose it, and a refusal names the users from whom the run cannot take it.
func (p *Plan) countEmailHolders(all []emailHolder) {
	var released, kept []string
	for _, h := range all {
		switch {
		case !h.confirmed || h.verified:
			p.Collisions[mapping.TargetEmailTaken]++
		case h.keepReason == "":
			p.Collisions[mapping.EmailReleased]++
			p.Reasons["user "+mapping.EmailReleased]++
			released = append(released, h.id)
		default:
			p.Collisions[mapping.TargetEmailUnverified]++
			kept = append(kept, fmt.Sprintf("%s, who %s, has the email of %s", h.id, h.keepReason, h.source))
		}
	}
	if len(released) > 0 {
		p.addWarning(
			"%s of the target signed up with an email that is confirmed in %s, and never verified it; the run "+
				"removes their email, password and sessions: %s",
			countUsers(len(released)),
			p.File.ServiceName(),
			joinFirst(released, ", "),
		)
	}
	if len(kept) > 0 {
		p.addRefusal(
			"%s of the target signed up with an email that is confirmed in %s and never verified it, and the run "+
				"cannot release the email: %s. Delete these users or give them another email; if the email is theirs, set "+
				"\"emailVerified\"",
			countUsers(len(kept)),
			p.File.ServiceName(),
			joinFirst(kept, "; "),
		)
	}
}

func countUsers(n int) string {
	if n == 1 {
		return "1 user"
	}
	return WithThousandsCommas(n) + " users"
}

// WithThousandsCommas writes a number with commas between the thousands.
func WithThousandsCommas[N int | int64](n N) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// CountNoun returns the number n with one, the singular of a noun, or with many, its plural.
func CountNoun(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return WithThousandsCommas(n) + " " + many
}

// joinFirst joins the first 20 texts and says how many more there are.
func joinFirst(all []string, with string) string {
	text := strings.Join(all[:min(len(all), 20)], with)
	if more := len(all) - 20; more > 0 {
		text += fmt.Sprintf("%sand %d more", with, more)
	}
	return text
}
