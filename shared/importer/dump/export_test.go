package dump

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/password"
)

// exportUsersQuery has the users of the target by their id at the service, which is in the metadata.
const (
	exportUsersQuery = `select row(u.email, u."emailVerified", u.name, u.image, u.banned,
		to_char(u."createdAt" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'))::text from "user" u order by u.email`
	exportAccountsQuery = `select row(u.email, a."providerId", a."accountId")::text
		from account a join "user" u on u.id = a."userId" where a."providerId" <> 'credential' order by 1`
	exportQuarantineQuery = `select concat_ws(' ', source, nullif(field, ''), reason, count(*))
		from supabase_import.quarantine group by source, field, reason order by 1`
)

// importExport imports a file that a service has exported, and checks that no row got lost.
func importExport(t *testing.T, path string, f Options, o importer.Options) *importer.Import {
	t.Helper()
	m, err := loadWithOptions(t, path, f)
	if err != nil {
		t.Fatal(err)
	}
	status := importtest.RunToCompletion(t, m, o)
	for table, kind := range map[string]mapping.Kind{
		usersTable: mapping.User, "auth.identities": mapping.Identity, "auth.mfa_factors": mapping.Factor,
	} {
		var ledger int64
		for _, n := range status.Counts[kind] {
			ledger += n
		}
		if ledger != m.File.Rows[table] {
			t.Errorf("%s: got %d rows in the ledger, want the %d of the file", table, ledger, m.File.Rows[table])
		}
	}
	importtest.CheckEqual(t, m, "after the import")
	return m
}

func checkColumn(t *testing.T, m *importer.Import, query string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, importtest.Column(t, m.To, query)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

// checkWarnings checks that the file has a warning that begins with each text, and no other.
func checkWarnings(t *testing.T, m *importer.Import, want ...string) {
	t.Helper()
	got := slices.Clone(m.File.Warnings)
	for _, text := range want {
		n := len(got)
		got = slices.DeleteFunc(got, func(w string) bool { return strings.HasPrefix(w, text) })
		if len(got) == n {
			t.Errorf("got the warnings %q, want one that begins with %q", m.File.Warnings, text)
		}
	}
	if len(got) > 0 {
		t.Errorf("got the warnings %q, too", got)
	}
}

// checkPasswords checks which password each user has in the target. "" means that the user has none.
func checkPasswords(t *testing.T, m *importer.Import, want map[string]string) {
	t.Helper()
	h := password.NewCheap()
	for email, text := range want {
		const query = `select coalesce((select a.password from account a join "user" u on u.id = a."userId"
			where u.email = $1 and a."providerId" = 'credential'), '')`
		stored := dbtest.Value[string](t, m.To, query, email)
		if text == "" {
			if stored != "" {
				t.Errorf("%s: got a password, want none", email)
			}
			continue
		}
		if ok, err := h.Verify(t.Context(), stored, text); err != nil || !ok {
			t.Errorf("%s: Verify of the password %q: got %v and %v, want true", email, text, ok, err)
		}
		if ok, err := h.Verify(t.Context(), stored, text+"x"); err != nil || ok {
			t.Errorf("%s: Verify of another password: got %v and %v, want false", email, ok, err)
		}
	}
}

// The UUIDs were computed with Python's uuid.uuid5, as docs/leave-clerk-firebase.md does it in Postgres.
func TestIdsOfServicesBecomeUUIDs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s        service
		id, want string
	}{
		{clerk{}, "user_2gRua7G8WRYBglzXE5sxRbIRkfJ", "fcd2f51c-b3ff-5890-a75b-c7bd5aeee1d5"},
		{firebase{}, "kq2fJd0vVZQ1aN8m3hLtYx5oRbC2", "a12a9bc8-bda1-5e3f-9d25-510991a94c97"},
		{firebase{}, "6F1C4F0E-35b8-4f0e-9f86-0d4d1f3f8f5e", "6f1c4f0e-35b8-4f0e-9f86-0d4d1f3f8f5e"},
	} {
		if got := c.s.info().userID(c.id); got != c.want {
			t.Errorf("the UUID of %s: got %s, want %s", c.id, got, c.want)
		}
	}
}

func TestIdOfAClerkUserHasTheTimeOfItsCreation(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]time.Time{
		"user_2gRua7G8WRYBglzXE5sxRbIRkfJ":  time.Date(2024, 5, 14, 7, 46, 11, 0, time.UTC),
		"user_zzzzzzzzzzzzzzzzzzzzzzzzzzz":  {},
		"user_2gRua7G8WRYBglzXE5sxRbIRkf":   {},
		"user_2gRua7G8WRYBglzXE5sxRbIRkf-J": {},
		"2gRua7G8WRYBglzXE5sxRbIRkfJ":       {},
		"":                                  {},
	} {
		if got := ksuidTime(id); !got.Equal(want) {
			t.Errorf("the time of %q: got %v, want %v", id, got, want)
		}
	}
}

// refusedExports are files that are not whole, or not the export of a service. No refusal has a value of the file.
func TestExportsThatAreNotWholeAreRefused(t *testing.T) {
	t.Parallel()
	const (
		header  = "id,first_name,last_name,username,primary_email_address,password_digest,password_hasher\n"
		clerkID = "user_2gRua7G8WRYBglzXE5sxRbIRkfJ"
	)
	hashes := writeFile(t, "hash_config.txt", []byte(hashConfigText))
	fire := firebaseCSV(t, []map[string]any{{"localId": "a", "email": "secret@example.com"}})
	for name, c := range map[string]struct{ format, config, content, want string }{
		"Clerk, cut in quotes":      {"", "", header + clerkID + `,"secret`, "record 1, near line 2"},
		"Clerk, cut in a record":    {"", "", header + clerkID + ",secret", "wrong number of fields"},
		"Clerk, header only":        {"", "", header, "has no users"},
		"Clerk, no id":              {"", "", header + ",secret,,,s@example.com,,\n", "user 1 of export has no id"},
		"Clerk, the same id twice":  {"", "", header + strings.Repeat(clerkID+",,,,,,\n", 2), "same id"},
		"Clerk, a column twice":     {"clerk", "", "id,id,email\n1,2,3\n", "the column id twice"},
		"Clerk, another table":      {"clerk", "", "uid,email\nsecret,s@example.com\n", "no column id, but uid, email"},
		"Clerk, semicolons":         {"clerk", "", strings.ReplaceAll(header, ",", ";"), "no column id"},
		"Clerk, SQL":                {"clerk", "", "SELECT 1;\n", "no column id"},
		"Clerk, empty":              {"clerk", "", " \n", "is empty"},
		"Clerk, an archive":         {"clerk", "", "PGDMP\x01\x0e\x00", "is not an export of clerk"},
		"Clerk, hash parameters":    {"", hashes, header, "not an export of Firebase"},
		"Clerk, cut JSON":           {"", "", `[{"id": "` + clerkID + `"}, {"id": "secret`, "cut short"},
		"Clerk, JSON of Firebase":   {"clerk", "", `{"users": [{"localId": "secret"}]}`, "user 1 of export has no id"},
		"Clerk, a page":             {"", "", `{"data": [{"id": "` + clerkID + `"}], "totalCount": 7}`, "has 1 of 7 users"},
		"Firebase, no parameters":   {"", "", `{"users": [{"localId": "a", "passwordHash": "secret"}]}`, "--firebase-hash"},
		"Firebase, cut JSON":        {"", hashes, `{"users": [{"localId": "a"}, {"localId"`, "the JSON ends after 1 users"},
		"Firebase, without users":   {"firebase", hashes, `{"users": []}`, "has no users"},
		"Firebase, invalid JSON":    {"", hashes, `{"users": [{"localId": "a"} {`, "not valid JSON of Firebase"},
		"Firebase, JSON of another": {"firebase", hashes, `{"error": "secret"}`, "no list of users"},
		"Firebase, CSV, cut":        {"", hashes, fire + fire[:len(fire)/2], "wrong number of fields"},
		"Firebase, CSV of Clerk":    {"firebase", hashes, header, "record 1 has 7 values instead of 28"},
		"Firebase, a quote":         {"", hashes, fire + strings.Replace(fire, ",,", `,"secret,`, 1), "export users.json"},
		"Firebase, a quote in front of much": {
			"", hashes, fire + `"` + strings.Repeat("secret, ", 1<<20), "record 2: the record has more than 4 MiB",
		},
		"Firebase, two values more": {"firebase", hashes, strings.Replace(fire, "\n", "x,\n", 1), "values instead of 28"},
	} {
		_, err := loadWithOptions(t, writeFile(t, "export", []byte(c.content)),
			Options{Format: c.format, FirebaseHashConfig: c.config})
		if !errorsIsRefusal(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want a refusal with %q", name, err, c.want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has a value of the file: %v", name, err)
		}
	}
}

// A CSV file whose last value may be cut is read, and the plan says so.
func TestLastLineWithoutAnEndIsNamed(t *testing.T) {
	t.Parallel()
	content := []byte("id,primary_email_address\nuser_1,a@example.com")
	m, err := loadWithOptions(t, writeFile(t, "users.csv", content), Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkWarnings(t, m, "the last line of the file has no end", "the file does not say who has a second factor in Clerk")
}

// An export may be packed, as a dump.
func TestPackedExportIsRead(t *testing.T) {
	t.Parallel()
	content := []byte("\ufeffid,primary_email_address\r\nuser_1,a@example.com\r\n")
	packed := gzipped(t, tarOf(t, map[string][]byte{"users.csv": content}))
	m, err := loadWithOptions(t, writeFile(t, "users.tgz", packed), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Clerk's export, CSV, gzip, tar"; m.File.Format != want || m.File.Rows[usersTable] != 1 {
		t.Errorf("got the format %q and %d users, want %q and 1", m.File.Format, m.File.Rows[usersTable], want)
	}
	if _, err := loadWithOptions(t, writeFile(t, "users.tgz", packed[:len(packed)/2]),
		Options{}); !errorsIsRefusal(err) {
		t.Errorf("a cut file: got the error %v, want a refusal", err)
	}
}
