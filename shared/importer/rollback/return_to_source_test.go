package rollback_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/password"
)

// returnSQL returns the SQL and the counts in its header.
func returnSQL(t *testing.T, m *importer.Import) (text string, covered, not int) {
	t.Helper()
	var out bytes.Buffer
	covered, not, err := m.ReturnToSource(t.Context(), "supabase", &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), covered, not
}

// runSQL runs a text of many statements, and returns the numbers of its last query.
func runSQL(t *testing.T, url, text string) []string {
	t.Helper()
	results, err := importtest.Connect(t, url).PgConn().Exec(t.Context(), text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var last []string
	for _, r := range results {
		for _, row := range r.Rows {
			last = nil
			for _, v := range row {
				last = append(last, string(v))
			}
		}
	}
	return last
}

// a few users of the source, by what is special about them.
const people = `
insert into auth.users (id, email, encrypted_password, email_confirmed_at, created_at, updated_at, aud, is_sso_user,
  is_anonymous) values
  ('10000000-0000-4000-8000-000000000001', 'one@example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', now(), now(), now(), 'authenticated', false, false),
  ('10000000-0000-4000-8000-000000000002', 'Two@Example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', now(), now(), now(), 'authenticated', false, false),
  ('10000000-0000-4000-8000-000000000003', 'three@example.com', null, now(), now(), now(), 'authenticated', false,
  false),
  ('10000000-0000-4000-8000-000000000004', 'four@example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', null, now(), now(), 'authenticated', false, false),
  ('10000000-0000-4000-8000-000000000005', null, '', null, now(), now(), 'authenticated', false, true),
  ('10000000-0000-4000-8000-000000000006', 'six@example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', now(), now(), now(), 'authenticated', false, false);
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select gen_random_uuid(), id, 'email', id, jsonb_build_object('sub', id, 'email', email, 'email_verified', false),
  now(), now() from auth.users where email is not null;`

// importedProject is an import of a project with these users.
func importedProject(t *testing.T) *importer.Import {
	t.Helper()
	from := supabasetest.New(t)
	importtest.Exec(t, from, people)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	return m
}

// asTheyAre reads the users of the source: the last character of the id, the email, whether it is confirmed, and the
// end of the hash.
const asTheyAre = `select right(u.id::text, 1) || ' ' || coalesce(u.email, '-') || ' ' ||
	coalesce(i.identity_data->>'email', '-') || ' ' || coalesce(i.identity_data->>'email_verified', '-')
  || case when u.email_confirmed_at is null then '' else ' confirmed'
  end || ' ' || coalesce(right(u.encrypted_password, 4), '-')
from auth.users u left join auth.identities i on i.user_id = u.id order by u.id`

func number(n string) string { return "'10000000-0000-4000-8000-00000000000" + n + "'" }

// set changes a password in the target.
func set(n, hash string) string {
	return `update account set password = '` + hash +
		`', "updatedAt" = now() where "providerId" = 'credential' and "userId" = ` + number(
		n,
	) + `;`
}

// first stores the first password of a user of the target.
func first(n, hash string) string {
	return `insert into account ("accountId", "providerId", "userId", password, "updatedAt") values (` + number(
		n,
	) + `, 'credential', ` + number(
		n,
	) + `, '` + hash + `', now());`
}

func move(n, to string) string {
	return `update "user" set email = '` + to + `', "emailVerified" = true, "updatedAt" = now() where id = ` + number(
		n,
	) + `;`
}

const (
	argon  = `$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$ZkcAbjF/agaQq9td0IORxl9f1a0gAwzjCA0/iy4jNEW`
	scrypt = hex16 + ":" + hex16 + hex16 + hex16 + hex16
	hex16  = "00112233445566778899aabbccddeeff"
)

func TestReturnToSource_WhatComesBack(t *testing.T) {
	t.Parallel()
	m := importedProject(t)
	runSQL(
		t,
		m.To,
		`create schema was; create table was.users as table "user"; create table was.accounts as table account`,
	)
	was := []string{
		"1 one@example.com one@example.com false confirmed 4DIW",
		"2 Two@Example.com Two@Example.com false confirmed 4DIW",
		"3 three@example.com three@example.com false confirmed -",
		"4 four@example.com four@example.com false 4DIW",
		"5 - - - ",
		"6 six@example.com six@example.com false confirmed 4DIW",
	}
	for name, test := range map[string]struct {
		here, there  string            // SQL for the target and for the source before the return
		want         map[string]string // the lines that change
		covered, not int
		counts       string
	}{
		"nothing": {"", "", nil, 0, 0, "0 0 0 0"},
		"a password": {
			set("1", argon), "",
			map[string]string{"1": "1 one@example.com one@example.com false confirmed jNEW"},
			1, 0, "1 0 0 0",
		},
		"a first password": {
			first("3", argon), "",
			map[string]string{"3": "3 three@example.com three@example.com false confirmed jNEW"},
			1, 0, "1 0 0 0",
		},
		"an unreadable one": {set("1", scrypt), "", nil, 0, 1, "0 0 0 0"},
		"one that proves": {
			first("4", argon) +
				`update "user" set "emailVerified" = true where id = ` + number("4"), "",
			map[string]string{"4": "4 four@example.com four@example.com false confirmed jNEW"},
			1, 0, "1 0 0 0",
		},
		"an email": {
			move("2", "second@example.com"), "",
			map[string]string{"2": "2 second@example.com second@example.com true confirmed 4DIW"},
			1, 0, "0 0 1 0",
		},
		"an unproved email": {
			move("1", "first@example.com") +
				`update "user" set "emailVerified" = false where id = ` + number("1"), "",
			map[string]string{"1": "1 first@example.com first@example.com false 4DIW"},
			1, 0, "0 0 1 0",
		},
		"a first email": {
			move("5", "fifth@example.com") + first("5", argon), "",
			map[string]string{"5": "5 fifth@example.com - - confirmed jNEW"},
			1, 0, "1 0 1 0",
		},
		"email and scrypt": {
			move("1", "first@example.com") + set("1", scrypt), "",
			map[string]string{"1": "1 first@example.com first@example.com true confirmed 4DIW"},
			1, 1, "0 0 1 0",
		},
		"a name": {
			`update "user" set name = 'Another', "updatedAt" = now()`, "", nil, 0, 0,
			"0 0 0 0",
		},
		"a new user": {
			`insert into "user" (name, email, "emailVerified") values ('New', 'new@example.com', true)`,
			"", nil, 0, 0, "0 0 0 0",
		},
		"changed there too": {
			set("1", argon) + move("1", "first@example.com"),
			`update auth.users set encrypted_password = 'their own', email = 'uno@example.com' where id = ` + number("1"),
			map[string]string{"1": "1 uno@example.com one@example.com false confirmed  own"},
			1, 0, "0 1 0 1",
		},
		"gone there": {
			set("1", argon), `delete from auth.users where id = ` + number("1"),
			map[string]string{"1": ""},
			1, 0, "0 1 0 0",
		},
		"soft-deleted there": {
			first("3", argon),
			`update auth.users set deleted_at = now() where id = ` + number("3"), nil, 1, 0, "0 1 0 0",
		},
		"two change places": {move("1", "moving@example.com") + move("6", "one@example.com") + move("1",
			"six@example.com"), "", map[string]string{
			"1": "1 six@example.com six@example.com true confirmed 4DIW",
			"6": "6 one@example.com one@example.com true confirmed 4DIW",
		}, 2, 0, "0 0 2 0"},
		"an email taken": {
			move("1", "free@example.com"),
			`update auth.users set email = 'Free@example.com' where id = ` + number("3"),
			map[string]string{"3": "3 Free@example.com three@example.com false confirmed -"},
			1, 0, "0 0 0 1",
		},
		"a chain that is held": {
			move("1", "free@example.com") + move("6", "one@example.com"),
			`update auth.users set email = 'free@example.com' where id = ` + number("3"),
			map[string]string{"3": "3 free@example.com three@example.com false confirmed -"},
			2, 0, "0 0 0 2",
		},
		"the same email spelled otherwise there": {"", `update auth.users set email = 'One@example.com' where id = ` +
			number("1"), map[string]string{"1": "1 One@example.com one@example.com false confirmed 4DIW"}, 0, 0, "0 0 0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			runSQL(
				t,
				m.To,
				`truncate "user" cascade; insert into "user" table was.users; insert into account table was.accounts`,
			)
			runSQL(t, m.From, `truncate auth.users cascade;`+people)
			if diff := cmp.Diff(importtest.Column(t, m.From, asTheyAre), was); diff != "" {
				t.Fatal(diff)
			}
			runSQL(t, m.To, test.here)
			text, covered, not := returnSQL(t, m)
			if covered != test.covered || not != test.not {
				t.Errorf("covers %d and not %d, want %d and %d", covered, not, test.covered, test.not)
			}
			runSQL(t, m.From, test.there)
			for range 2 { // the second run changes nothing
				if got := strings.Join(runSQL(t, m.From, text), " "); got != test.counts {
					t.Errorf("it counts %s, want %s", got, test.counts)
				}
			}
			var want []string
			for _, line := range was {
				if now, ok := test.want[line[:1]]; !ok {
					want = append(want, line)
				} else if now != "" {
					want = append(want, now)
				}
			}
			if diff := cmp.Diff(importtest.Column(t, m.From, asTheyAre), want); diff != "" {
				t.Errorf("the source, got - want +:\n%s", diff)
			}
		})
	}
}

// Emails and hashes with characters that SQL must quote; psql reads them too, if it is installed.
func TestReturnToSource_HostileStrings(t *testing.T) {
	t.Parallel()
	hostile := []string{
		`o'brien''@example.com`,
		`back\slash\'@example.com`,
		"new\nline\r\t@example.com",
		`:variable :'quoted' $1 $$@example.com`,
		`"--/* jürgen*/;\q`,
		"\\.\n\\! echo@example.com",
	}
	m := importedProject(t)
	importtest.Exec(t, m.From, `update auth.users set email = 'it''s \old' where id = `+number("1"))
	importtest.Complete(t, m, importtest.Allow)
	db := importtest.Connect(t, m.To)
	for i, email := range hostile {
		if _, err := db.Exec(
			t.Context(),
			`update "user" set email = $1, "emailVerified" = true, "updatedAt" = now() where id = `+number(string(rune('1'+i))),
			email,
		); err != nil {
			t.Fatal(err)
		}
	}
	text, covered, _ := returnSQL(t, m)
	if covered != len(hostile) {
		t.Fatalf("it covers %d, want %d", covered, len(hostile))
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "--") && strings.Contains(line, "@") {
			t.Errorf("a comment has an email")
		}
	}
	if psql, err := exec.LookPath("psql"); err == nil {
		cmd := exec.CommandContext(t.Context(), psql, "-X", "-v", "ON_ERROR_STOP=1", m.From)
		cmd.Stdin = strings.NewReader("set standard_conforming_strings = off;\n" + text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("psql: %v\n%s", err, out)
		}
	} else {
		runSQL(t, m.From, "set standard_conforming_strings = off;\n"+text)
	}
	if diff := cmp.Diff(
		importtest.Column(t, m.From, "select email::text from auth.users order by id"),
		hostile,
	); diff != "" {
		t.Errorf("emails, got - want +:\n%s", diff)
	}
}

// A user changes the password here, then at the source, and a pass runs: the source's password stays.
func TestReturnToSource_ComparesWithWhatWasImported(t *testing.T) {
	t.Parallel()
	m := importedProject(t)
	runSQL(t, m.To, set("1", argon)+move("2", "second@example.com"))
	runSQL(
		t,
		m.From,
		`update auth.users set encrypted_password = '$2a$04$NkforpVuiFe6hLhLQD4QCuECkif1W/nHCHSV0E18PluFsreMS0LzC'
			where id = `+number(
			"1",
		)+`; update auth.users set email = 'due@example.com' where id = `+number(
			"2",
		),
	)
	importtest.Complete(t, m, importtest.Allow)
	text, _, _ := returnSQL(t, m)
	if got, want := strings.Join(runSQL(t, m.From, text), " "), "0 1 0 1"; got != want {
		t.Errorf("it counts %s, want %s", got, want)
	}
}

func TestReturnToSource_RefusedWhenFinalized(t *testing.T) {
	t.Parallel()
	m := importedProject(t)
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.ReturnToSource(t.Context(), "supabase", &bytes.Buffer{}); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("got %v, want it refused", err)
	}
}

// Every current password verifies with the source's hash after the return to Supabase, changed ones included. Another
// test does the same with a real GoTrue.
func TestR57_ReturnedHashesVerify(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	census := supabasetest.Fill(t, from, 31, 250)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	h, db := password.Cheap(), importtest.Connect(t, m.To)
	now := map[string]string{}
	for i, p := range census.People {
		var stored string
		if !p.SignsIn {
			continue
		}
		if err := db.QueryRow(
			t.Context(),
			`select password from account where "providerId" = 'credential' and "userId" = $1`,
			p.ID,
		).Scan(
			&stored,
		); err != nil {
			t.Fatalf("%s: %v", p.Shape, err)
		}
		if now[p.ID] = p.Password; i%3 == 0 {
			continue // not imported
		}
		if i%3 == 1 {
			now[p.ID] = "changed " + p.Password
		} // otherwise they signed in and were rehashed
		hash, err := h.Hash(t.Context(), now[p.ID])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(
			t.Context(),
			`update account set password = $1, "updatedAt" = now() where "providerId" = 'credential' and "userId" = $2`,
			hash,
			p.ID,
		); err != nil {
			t.Fatal(err)
		}
	}
	if len(now) < 40 {
		t.Fatalf("%d people, too few for a test", len(now))
	}
	text, covered, not := returnSQL(t, m)
	if covered == 0 || not != 0 {
		t.Errorf("it covers %d and not %d, want all", covered, not)
	}
	importtest.Rollback(t, m, true)
	runSQL(t, m.From, text)
	for id, plain := range now {
		stored := importtest.Value(t, m.From, "select encrypted_password::text from auth.users where id = $1", id)
		if ok, err := h.Verify(t.Context(), stored, plain); err != nil || !ok {
			t.Errorf("%s: the password does not open the source any more (%v)", id, err)
		}
	}
}
