package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// raw copies the tables as they are.
func (s *move) raw(b *testing.B, to string) time.Duration {
	b.Helper()
	dst := s.connect(b, to)
	defer dst.Close(b.Context())
	tables := map[string]string{"users": "auth.users", "identities": "auth.identities", "profiles": "public.profiles"}
	for name, table := range tables {
		if _, err := dst.Exec(b.Context(), "CREATE TABLE "+name+" ("+s.columns(b, table)+")"); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	for name, table := range tables {
		s.stream(b, to, "SELECT * FROM "+table, name)
	}
	return time.Since(start)
}

// columns are the bare columns of a table at the source.
func (s *move) columns(b *testing.B, table string) (definition string) {
	b.Helper()
	src := s.connect(b, s.from)
	defer src.Close(b.Context())
	err := src.QueryRow(b.Context(), `SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped`, table).Scan(&definition)
	if err != nil {
		b.Fatal(err)
	}
	return definition
}

// plain is the mapping as one would write it by hand for rows without surprises.
func (s *move) plain(b *testing.B, to string) time.Duration {
	b.Helper()
	start := time.Now()
	s.stream(b, to, plainUsers, `"user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", banned, "banReason", "banExpires")`)
	s.stream(b, to, plainAccounts, `account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")`)
	s.stream(b, to, plainProfiles, `user_profile (id, user_id, age_range, education_level, tech_background, primary_goal, learning_mode, learning_speed,
		time_per_week, preferred_language, created_at, updated_at)`)
	return time.Since(start)
}

const plainUsers = `
	SELECT u.id, coalesce(own.name, oldest.name, nullif(split_part(u.email, '@', 1), ''), 'Unknown'),
		lower(u.email::text COLLATE "und-x-icu"), u.email_confirmed_at IS NOT NULL, coalesce(own.image, oldest.image), u.created_at, u.updated_at,
		u.banned_until IS NOT NULL, CASE WHEN u.banned_until IS NOT NULL THEN 'supabase: banned_until' END, u.banned_until
	FROM auth.users u
	CROSS JOIN LATERAL (SELECT u.raw_user_meta_data AS m) data
	CROSS JOIN LATERAL (SELECT coalesce(m->>'name', m->>'full_name', m->>'username', m->>'user_name', m->>'preferred_username') AS name,
		coalesce(m->>'avatar_url', m->>'picture') AS image) own
	LEFT JOIN LATERAL (
		SELECT coalesce(i.identity_data->>'name', i.identity_data->>'full_name', i.identity_data->>'user_name') AS name,
			coalesce(i.identity_data->>'avatar_url', i.identity_data->>'picture') AS image
		FROM auth.identities i WHERE i.user_id = u.id AND (own.name IS NULL OR own.image IS NULL) ORDER BY i.created_at, i.id LIMIT 1
	) oldest ON true
	WHERE u.deleted_at IS NULL`

const plainAccounts = `
	SELECT u.id, u.id::text, 'credential', u.id, u.encrypted_password::text, u.created_at, u.updated_at
	FROM auth.users u WHERE u.deleted_at IS NULL AND u.email_confirmed_at IS NOT NULL
		AND u.encrypted_password ~ '^\$2[aby]?\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]+$' AND length(u.encrypted_password) = 60
	UNION ALL
	SELECT i.id, i.provider_id, i.provider, i.user_id, NULL, i.created_at, i.updated_at
	FROM auth.identities i JOIN auth.users u ON u.id = i.user_id
	WHERE u.deleted_at IS NULL AND i.provider IN ('google', 'github', 'apple', 'facebook', 'discord')`

const plainProfiles = `
	SELECT p.user_id, p.user_id, CASE WHEN p.age_range IN ('under_18', '18_24', '25_34', '35_plus') THEN p.age_range END,
		CASE WHEN p.education_level IN ('high_school', 'undergrad', 'masters', 'phd', 'self_taught') THEN p.education_level END,
		CASE WHEN p.tech_background IN ('software_engineer', 'hardware_engineer', 'student', 'hobbyist') THEN p.tech_background END,
		CASE WHEN p.primary_goal IN ('career_switch', 'academic', 'hobby_project', 'startup_founder') THEN p.primary_goal END,
		CASE WHEN p.learning_mode IN ('visual', 'textual', 'code_first') THEN p.learning_mode END,
		CASE WHEN p.learning_speed IN ('intensive', 'balanced', 'casual') THEN p.learning_speed END,
		CASE WHEN p.time_per_week >= 0 THEN p.time_per_week END, left(p.preferred_language, 10), p.created_at, p.updated_at
	FROM public.profiles p JOIN auth.users u ON u.id = p.user_id
	WHERE u.deleted_at IS NULL`

// stream pipes what a query at the source yields into a table of the target.
func (s *move) stream(b *testing.B, to, query, into string) {
	b.Helper()
	src, dst := s.connect(b, s.from), s.connect(b, to)
	defer src.Close(b.Context())
	defer dst.Close(b.Context())
	in, out := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(out, 1<<16)
		_, err := src.PgConn().CopyTo(b.Context(), buffered, "COPY ("+query+") TO STDOUT (FORMAT binary)")
		if err == nil {
			err = buffered.Flush()
		}
		_ = out.CloseWithError(err) // which is nil always, and the reader's from now on
	}()
	if _, err := dst.PgConn().CopyFrom(b.Context(), in, "COPY "+into+" FROM STDIN (FORMAT binary)"); err != nil {
		b.Fatalf("copy into %.20s: %v", into, err)
	}
}

const rowByRowUsers = 5000

// person is a user of the source with its identities.
type person struct {
	ID, Email, Name     string
	Confirmed           bool
	Password            *string
	Created, Updated    time.Time
	Providers, Subjects []string
}

// rowByRow is what Better Auth's guide for Supabase does, without its JavaScript: for every user an INSERT, and for every
// identity a look at the accounts that are there and an INSERT, each waiting for the one before and for the disk. It has
// read everything before the clock starts, and leaves the profiles out.
func (s *move) rowByRow(b *testing.B, to string) time.Duration {
	b.Helper()
	people := s.people(b)
	dst := s.connect(b, to)
	defer dst.Close(b.Context())
	do := func(sql string, arguments ...any) {
		if _, err := dst.Exec(b.Context(), sql, arguments...); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	for _, p := range people {
		do(`INSERT INTO "user" (id, email, name, "emailVerified", "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $5, $6)`,
			p.ID, p.Email, p.Name, p.Confirmed, p.Created, p.Updated)
		for i, provider := range p.Providers {
			subject, password := p.Subjects[i], (*string)(nil)
			if provider == "email" {
				provider, subject, password = "credential", p.ID, p.Password
			}
			do(`SELECT * FROM account WHERE "userId" = $1`, p.ID)
			do(`INSERT INTO account ("userId", "providerId", "accountId", password, "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $5, $6)`,
				p.ID, provider, subject, password, p.Created, p.Updated)
		}
	}
	return time.Since(start)
}

// guide is the same with the library itself, if it is there (make conformance brings it); 0 if not.
func (s *move) guide(b *testing.B, to string) time.Duration {
	b.Helper()
	if _, err := os.Stat("../conformance/node_modules/better-auth"); err != nil {
		return 0
	}
	script, err := os.Open("guide.mjs")
	if err != nil {
		b.Fatal(err)
	}
	defer script.Close()
	cmd := exec.Command("node", "--input-type=module", "-")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "../conformance", script, os.Stderr
	cmd.Env = append(os.Environ(), "FROM="+s.from, "TO="+to, fmt.Sprintf("USERS=%d", rowByRowUsers))
	said, err := cmd.Output()
	if err != nil {
		b.Fatalf("the guide: %v", err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(said)), 64)
	if err != nil {
		b.Fatalf("the guide: %v", err)
	}
	return time.Duration(seconds * float64(time.Second))
}

func (s *move) people(b *testing.B) []person {
	b.Helper()
	src := s.connect(b, s.from)
	defer src.Close(b.Context())
	rows, err := src.Query(b.Context(), `
		SELECT u.id::text, u.email, u.raw_user_meta_data->>'name', u.email_confirmed_at IS NOT NULL, u.encrypted_password, u.created_at, u.updated_at,
			array(SELECT i.provider FROM auth.identities i WHERE i.user_id = u.id ORDER BY i.id),
			array(SELECT i.provider_id FROM auth.identities i WHERE i.user_id = u.id ORDER BY i.id)
		FROM auth.users u LIMIT $1`, rowByRowUsers)
	if err != nil {
		b.Fatal(err)
	}
	people, err := pgx.CollectRows(rows, pgx.RowToStructByPos[person])
	if err != nil {
		b.Fatal(err)
	}
	return people
}
