package importer_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// kelvinSign is U+212A, the Kelvin sign. Its lower case is the letter k.
const kelvinSign = "\u212a"

// insertUsersWithSameFoldedEmail inserts two users into the source whose emails are equal in lower case. It returns the
// id of the user with a Kelvin sign in the email, who signed up first, and the id of the user with the ASCII email,
// kate.n@example.com.
func insertUsersWithSameFoldedEmail(t *testing.T, from string, n int) (withKelvin, owner string) {
	t.Helper()
	withKelvin = fmt.Sprintf("00000000-0000-4000-9000-%012d", 2*n)
	owner = fmt.Sprintf("00000000-0000-4000-9000-%012d", 2*n+1)
	importtest.Exec(
		t,
		from,
		fmt.Sprintf(
			`insert into auth.users (id, email, encrypted_password, email_confirmed_at, created_at, updated_at,
				raw_user_meta_data) values
('%s', '%sate.%d@example.com', '$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e', '2020-01-01',
  '2020-01-01', '2020-01-01', '{}'),
('%s', 'kate.%d@example.com', '$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e', '2024-01-01',
  '2024-01-01', '2024-01-01', '{}')`,
			withKelvin,
			kelvinSign,
			n,
			owner,
			n,
		),
	)
	return withKelvin, owner
}

func TestASCIIEmailWinsConflictWithKelvinSignEmail(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	owners := map[string]string{}
	for i, sql := range []string{
		``,
		`update auth.users set email_confirmed_at = null where id = $2`,
		`update auth.users set is_sso_user = true where id = $2`,
		`update auth.users set created_at = null where id = $2`,
		`update auth.users set email = upper(email) where id = $2`,
		`update auth.users set email = replace(email, 'example.com', 'EXAMPLE.com'), last_sign_in_at = now() where id = $1`,
	} {
		withKelvin, owner := insertUsersWithSameFoldedEmail(t, from, i)
		importtest.Exec(t, from, strings.NewReplacer("$1", "'"+withKelvin+"'", "$2", "'"+owner+"'").Replace(sql))
		owners[fmt.Sprintf("kate.%d@example.com", i)] = owner
	}
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	got := map[string]string{}
	var id, email string
	importtest.ForEachRow(
		t,
		importtest.Connect(t, m.To),
		`select id::text, email from "user" where email like 'kate%'`,
		[]any{&id, &email},
		func() { got[email] = id },
	)
	if diff := cmp.Diff(got, owners); diff != "" {
		t.Errorf("users of the target by email, want the users with the ASCII emails (-got +want):\n%s", diff)
	}
	checkTargetMatchesSource(t, m, importtest.BatchesOf40)
	importtest.CheckEqual(t, m, "after the import")
}

// A user who confirmed an email with a Kelvin sign has not proved to own the ASCII email that is stored.
func TestKelvinSignEmailIsNotConfirmed(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	alone, owner := insertUsersWithSameFoldedEmail(t, from, 1)
	late, lateOwner := insertUsersWithSameFoldedEmail(t, from, 2)
	importtest.Exec(t, from, `delete from auth.users where id in ('`+owner+`', '`+lateOwner+`')`)
	m := importtest.NewImport(t, from)
	holder := insertSignUp(t, m.To, "kate.1@example.com")
	plan, err := m.Plan(t.Context(), importtest.BatchesOf40)
	if err != nil || plan.Collisions["target_email_taken"] != 1 || len(plan.Refusals) > 0 {
		t.Errorf("the plan has the collisions %v, the refusals %v and the error %v, want one target_email_taken",
			plan.Collisions, plan.Refusals, err)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if got := importtest.Value(t, m.To, selectIDByEmail, "kate.1@example.com"); got != holder {
		t.Errorf("the user %s has the ASCII email, want the user of the target, %s, not the user with the Kelvin sign, %s",
			got, holder, alone)
	}
	got := importtest.Value(
		t,
		m.To,
		`select concat_ws(' ', id, "emailVerified", (select count(*) from account where "userId" = u.id)) from "user" u
			where email = 'kate.2@example.com'`,
	)
	if want := late + " f 0"; got != want {
		t.Errorf("no other user has the ASCII email: got id, emailVerified and number of accounts %q, want %q", got, want)
	}
	importtest.Exec(
		t,
		from,
		`insert into auth.users (id, email, email_confirmed_at, created_at, updated_at) values ('`+lateOwner+
			`', 'kate.2@example.com', now(), now(), now())`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if got := importtest.Value(t, m.To, selectIDByEmail, "kate.2@example.com"); got != lateOwner {
		t.Errorf("after a user signed up in Supabase with the ASCII email: the user %s has it, want %s", got, lateOwner)
	}
	importtest.CheckSameAsNewImport(
		t,
		&importer.Import{From: from, To: deleteSignUpsAndRunPass(t, m), Holder: "test", Now: m.Now},
		importtest.BatchesOf40,
	)
}

// deleteSignUpsAndRunPass deletes the users who signed up in the target, runs a pass, and returns the URL of the
// target.
func deleteSignUpsAndRunPass(t *testing.T, m *importer.Import) string {
	t.Helper()
	importtest.Exec(t, m.To, `delete from "user" where name = 'Signed Up'`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	return m.To
}

// Which non-ASCII letters get an ASCII letter as lower case depends on the implementation. The import stores the lower
// case of ICU, which is that of JavaScript. TestFoldsToASCIIFindsTheSameLettersAsTheCollation of package mapping tests
// a source without ICU.
func TestImplementationsOfLowerCaseFoldDifferentLettersToASCII(t *testing.T) {
	t.Parallel()
	url := supabasetest.New(t)
	// folds returns "code point>lower case" of each letter whose lower case, an SQL expression on c, has an ASCII letter.
	folds := func(lower string) []string {
		return importtest.Column(
			t,
			url,
			`select format('%s>%s', to_hex(i), l) from generate_series(128, 1114111) i cross join lateral (select chr(i) as c) c
				cross join lateral (select `+lower+
				` as l) l
where i not between 55296 and 57343 and l <> c and l ~ '[\u0001-\u007f]' order by i`,
		)
	}
	for name, c := range map[string]struct {
		got, want []string
	}{
		"ICU":             {folds(`lower(c collate "und-x-icu")`), []string{"130>i\u0307", "212a>k"}},
		"the C collation": {folds(`lower(c collate "C")`), []string{}},
		"Go's ToLower":    {lettersThatGoFolds(strings.ToLower), []string{"130>i", "212a>k"}},
		"x/text's lower":  {lettersThatGoFolds(toLower.String), []string{"130>i\u0307", "212a>k"}},
	} {
		if diff := cmp.Diff(c.got, c.want, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: letters whose lower case has an ASCII letter (-got +want):\n%s", name, diff)
		}
	}
}

// lettersThatGoFolds returns "code point>lower case" of each non-ASCII letter whose lower case has an ASCII letter.
func lettersThatGoFolds(lower func(string) string) (all []string) {
	for r := rune(128); r <= utf8.MaxRune; r++ {
		if l := lower(string(r)); utf8.ValidRune(r) && strings.ContainsFunc(l, func(c rune) bool { return c < 128 }) {
			all = append(all, fmt.Sprintf("%x>%s", r, l))
		}
	}
	return all
}
