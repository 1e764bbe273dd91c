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

func TestReturnToSourceWritesPasswordsAndEmailsThatChanged(t *testing.T) {
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
		targetSQL, sourceSQL string            // changes in the target and in the source before the return
		want                 map[string]string // the lines of selectSourceUsers that change, by user; "": no user
		users, unreadable    int               // the two numbers that ReturnToSource returns
		counts               string            // what the last query of the file returns
	}{
		"no change": {"", "", nil, 0, 0, "0 0 0 0"},
		"changed password": {
			setPasswordSQL("1", argon2idHash), "",
			map[string]string{"1": "1 one@example.com one@example.com false confirmed jNEW"},
			1, 0, "1 0 0 0",
		},
		"first password": {
			insertPasswordSQL("3", argon2idHash), "",
			map[string]string{"3": "3 three@example.com three@example.com false confirmed jNEW"},
			1, 0, "1 0 0 0",
		},
		"unreadable password hash": {setPasswordSQL("1", scryptHash), "", nil, 0, 1, "0 0 0 0"},
		"email confirmed in the target": {
			insertPasswordSQL("4", argon2idHash) +
				`update "user" set "emailVerified" = true where id = ` + userIDLiteral("4"), "",
			map[string]string{"4": "4 four@example.com four@example.com false confirmed jNEW"},
			1, 0, "1 0 0 0",
		},
		"changed email": {
			changeEmailSQL("2", "second@example.com"), "",
			map[string]string{"2": "2 second@example.com second@example.com true confirmed 4DIW"},
			1, 0, "0 0 1 0",
		},
		"unconfirmed new email": {
			changeEmailSQL("1", "first@example.com") +
				`update "user" set "emailVerified" = false where id = ` + userIDLiteral("1"), "",
			map[string]string{"1": "1 first@example.com first@example.com false 4DIW"},
			1, 0, "0 0 1 0",
		},
		"first email": {
			changeEmailSQL("5", "fifth@example.com") + insertPasswordSQL("5", argon2idHash), "",
			map[string]string{"5": "5 fifth@example.com - - confirmed jNEW"},
			1, 0, "1 0 1 0",
		},
		"changed email and unreadable password hash": {
			changeEmailSQL("1", "first@example.com") + setPasswordSQL("1", scryptHash), "",
			map[string]string{"1": "1 first@example.com first@example.com true confirmed 4DIW"},
			1, 1, "0 0 1 0",
		},
		"changed name": {
			`update "user" set name = 'Another', "updatedAt" = now()`, "", nil, 0, 0,
			"0 0 0 0",
		},
		"new user": {
			`insert into "user" (name, email, "emailVerified") values ('New', 'new@example.com', true)`,
			"", nil, 0, 0, "0 0 0 0",
		},
		"also changed in the source": {
			setPasswordSQL("1", argon2idHash) + changeEmailSQL("1", "first@example.com"),
			`update auth.users set encrypted_password = 'their own', email = 'uno@example.com' where id = ` + userIDLiteral("1"),
			map[string]string{"1": "1 uno@example.com one@example.com false confirmed  own"},
			1, 0, "0 1 0 1",
		},
		"deleted in the source": {
			setPasswordSQL("1", argon2idHash), `delete from auth.users where id = ` + userIDLiteral("1"),
			map[string]string{"1": ""},
			1, 0, "0 1 0 0",
		},
		"soft-deleted in the source": {
			insertPasswordSQL("3", argon2idHash),
			`update auth.users set deleted_at = now() where id = ` + userIDLiteral("3"), nil, 1, 0, "0 1 0 0",
		},
		"two users swap emails": {
			changeEmailSQL("1", "moving@example.com") + changeEmailSQL("6", "one@example.com") +
				changeEmailSQL("1", "six@example.com"),
			"",
			map[string]string{
				"1": "1 six@example.com six@example.com true confirmed 4DIW",
				"6": "6 one@example.com one@example.com true confirmed 4DIW",
			},
			2, 0, "0 0 2 0",
		},
		"new email taken in the source": {
			changeEmailSQL("1", "free@example.com"),
			`update auth.users set email = 'Free@example.com' where id = ` + userIDLiteral("3"),
			map[string]string{"3": "3 Free@example.com three@example.com false confirmed -"},
			1, 0, "0 0 0 1",
		},
		"chain of email changes with a taken email": {
			changeEmailSQL("1", "free@example.com") + changeEmailSQL("6", "one@example.com"),
			`update auth.users set email = 'free@example.com' where id = ` + userIDLiteral("3"),
			map[string]string{"3": "3 free@example.com three@example.com false confirmed -"},
			2, 0, "0 0 0 2",
		},
		"same email in another spelling in the source": {
			"", `update auth.users set email = 'One@example.com' where id = ` +
				userIDLiteral("1"),
			map[string]string{"1": "1 One@example.com one@example.com false confirmed 4DIW"},
			0, 0,
			"0 0 0 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			runSQL(
				t,
				m.To,
				`truncate "user" cascade; insert into "user" table was.users; insert into account table was.accounts`,
			)
			runSQL(t, m.From, `truncate auth.users cascade;`+insertSourceUsers)
			if diff := cmp.Diff(importtest.Column(t, m.From, selectSourceUsers), was); diff != "" {
				t.Fatal(diff)
			}
			runSQL(t, m.To, test.targetSQL)
			text, users, unreadable := writeReturnSQL(t, m)
			if users != test.users || unreadable != test.unreadable {
				t.Errorf("ReturnToSource: got %d users in the file and %d whose password Supabase cannot read, want %d and %d",
					users, unreadable, test.users, test.unreadable)
			}
			runSQL(t, m.From, test.sourceSQL)
			for range 2 { // the second execution changes nothing
				if got := strings.Join(runSQL(t, m.From, text), " "); got != test.counts {
					t.Errorf("the last query of the file returns %s, want %s: passwords, passwords not changed, emails, emails "+
						"not changed", got, test.counts)
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
			if diff := cmp.Diff(importtest.Column(t, m.From, selectSourceUsers), want); diff != "" {
				t.Errorf("users of the source after the return (-got +want):\n%s", diff)
			}
		})
	}
}

// If psql is installed, it executes the file, because psql reads backslashes and colons in its own way.
func TestReturnToSourceQuotesSpecialCharactersOfEmails(t *testing.T) {
	t.Parallel()
	emails := []string{
		`o'brien''@example.com`,
		`back\slash\'@example.com`,
		"new\nline\r\t@example.com",
		`:variable :'quoted' $1 $$@example.com`,
		`"--/* jürgen*/;\q`,
		"\\.\n\\! echo@example.com",
	}
	m := importedProject(t)
	importtest.Exec(t, m.From, `update auth.users set email = 'it''s \old' where id = `+userIDLiteral("1"))
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	db := importtest.Connect(t, m.To)
	for i, email := range emails {
		if _, err := db.Exec(
			t.Context(),
			`update "user" set email = $1, "emailVerified" = true, "updatedAt" = now() where id = `+userIDLiteral(
				string(rune('1'+i)),
			),
			email,
		); err != nil {
			t.Fatal(err)
		}
	}
	text, users, _ := writeReturnSQL(t, m)
	if users != len(emails) {
		t.Fatalf("ReturnToSource: got %d users in the file, want %d", users, len(emails))
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "--") && strings.Contains(line, "@") {
			t.Errorf("a comment of the file has an email, want none: %q", line)
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
		emails,
	); diff != "" {
		t.Errorf("emails of the source after the return (-got +want):\n%s", diff)
	}
}

// One user changes the password, and another one the email, first in the target and then in the source. After a pass,
// the file does not change these values of the source.
func TestReturnToSourceKeepsChangesOfTheSource(t *testing.T) {
	t.Parallel()
	m := importedProject(t)
	runSQL(t, m.To, setPasswordSQL("1", argon2idHash)+changeEmailSQL("2", "second@example.com"))
	runSQL(
		t,
		m.From,
		`update auth.users set encrypted_password = '$2a$04$NkforpVuiFe6hLhLQD4QCuECkif1W/nHCHSV0E18PluFsreMS0LzC'
			where id = `+userIDLiteral(
			"1",
		)+`; update auth.users set email = 'due@example.com' where id = `+userIDLiteral(
			"2",
		),
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	text, _, _ := writeReturnSQL(t, m)
	if got, want := strings.Join(runSQL(t, m.From, text), " "), "0 1 0 1"; got != want {
		t.Errorf("the last query of the file returns %s, want %s: one password and one email not changed", got, want)
	}
}

func TestReturnToSourceIsRefusedAfterFinalize(t *testing.T) {
	t.Parallel()
	m := importedProject(t)
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.ReturnToSource(t.Context(), "supabase", &bytes.Buffer{}); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("ReturnToSource after Finalize: got %v, want ErrRefused", err)
	}
}

// After the return to Supabase, the current password of each user matches the hash in the source, also if the user
// changed the password or Xenon rehashed it. TestR57_GoTrue_PasswordsWorkAfterImportAndReturn does the same with a real
// GoTrue.
func TestR57_ReturnedHashesVerify(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	summary := supabasetest.Fill(t, from, 31, 250)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	h, db := password.NewCheap(), importtest.Connect(t, m.To)
	passwords := map[string]string{} // the current passwords, by id of the user
	for i, p := range summary.KnownUsers {
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
			t.Fatalf("%s: %v", p.Kind, err)
		}
		if passwords[p.ID] = p.Password; i%3 == 0 {
			continue // the hash in the target stays the imported one
		}
		if i%3 == 1 {
			passwords[p.ID] = "changed " + p.Password
		} // otherwise a sign-in rehashes the same password
		hash, err := h.Hash(t.Context(), passwords[p.ID])
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
	if len(passwords) < 40 {
		t.Fatalf("%d users have a known password, want at least 40 for the test", len(passwords))
	}
	text, users, unreadablePasswords := writeReturnSQL(t, m)
	if users == 0 || unreadablePasswords != 0 {
		t.Errorf("ReturnToSource: got %d users in the file and %d whose password Supabase cannot read, want some and 0",
			users, unreadablePasswords)
	}
	importtest.RollBack(t, m, true)
	runSQL(t, m.From, text)
	for id, plain := range passwords {
		stored := importtest.Value(t, m.From, "select encrypted_password::text from auth.users where id = $1", id)
		if ok, err := h.Verify(t.Context(), stored, plain); err != nil || !ok {
			t.Errorf("user %s: the current password does not match the hash in the source (error %v)", id, err)
		}
	}
}
