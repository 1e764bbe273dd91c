package examples

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// notesSeenBy returns the texts of the notes that a user sees.
func notesSeenBy(t *testing.T, url, token string) (texts []string) {
	t.Helper()
	status, _, body := send(t, "GET", url+"/notes", "", "Bearer "+token)
	var all []struct{ Text string }
	if err := json.Unmarshal(body, &all); status != http.StatusOK || err != nil {
		t.Fatalf("GET /notes: got %d %s, %v, want 200", status, body, err)
	}
	for _, n := range all {
		texts = append(texts, n.Text)
	}
	return texts
}

func TestPostgresRLSExampleShowsUsersOnlyTheirNotes(t *testing.T) {
	t.Parallel()
	schema, err := os.ReadFile("postgres-rls/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	database := dbtest.NewEmpty(t)
	dbtest.Exec(t, database, string(schema))
	d := startXenon(t)
	env := []string{"XENON_ISSUER=" + d.issuer, "DATABASE_URL=" + database + "&pool_max_conns=1"}
	url := startProgram(t, "listening on", exec.Command(buildProgram(t, "postgres-rls")), env...)

	ada, zoe := d.register(t, "ada@example.com"), d.register(t, "zoe@example.com")
	for _, c := range []struct {
		as   user
		text string
	}{{ada, "of Ada"}, {zoe, "of Zoë"}, {ada, "again"}} {
		status, _, body := send(t, "POST", url+"/notes", `{"text":"`+c.text+`"}`, "Bearer "+c.as.token)
		if status != http.StatusOK {
			t.Errorf("POST /notes: got %d %s, want 200", status, body)
		}
	}
	if got, want := notesSeenBy(t, url, ada.token), []string{"of Ada", "again"}; !slices.Equal(got, want) {
		t.Errorf("Ada sees %q, want %q", got, want)
	}
	if got, want := notesSeenBy(t, url, zoe.token), []string{"of Zoë"}; !slices.Equal(got, want) {
		t.Errorf("Zoë sees %q, want %q", got, want)
	}
	if status, _, body := send(t, "GET", url+"/notes", "", "Bearer "+ada.token+"x"); status != 401 {
		t.Errorf("a token that is not valid: got %d %s, want 401", status, body)
	}
	if status, _, body := send(t, "POST", url+"/notes", `{}`, "Bearer "+ada.token); status != 400 {
		t.Errorf("a note without a text: got %d %s, want 400", status, body)
	}
	checkRoleSeesOwnNotesOnly(t, database, ada.id, zoe.id)
}

// The role of requests sees nothing without claims, and cannot write a note of another user.
func checkRoleSeesOwnNotesOnly(t *testing.T, database, ada, zoe string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	exec := func(sql string, args ...any) error {
		_, err := db.Exec(t.Context(), sql, args...)
		return err
	}
	count := func() (n int) {
		t.Helper()
		if err := db.QueryRow(t.Context(), `SELECT count(*) FROM notes.note`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := exec(`SET ROLE notes_api`); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 0 {
		t.Errorf("without claims: got %d notes, want 0", got)
	}
	if err := exec(`SELECT set_config('request.jwt.claims', $1, false)`, `{"sub":"`+ada+`"}`); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 2 {
		t.Errorf("with the claims of Ada: got %d notes, want 2", got)
	}
	for _, sql := range []string{
		`INSERT INTO notes.note (text, owner) VALUES ('forged', '` + zoe + `')`,
		`UPDATE notes.note SET owner = '` + zoe + `'`,
		`ALTER TABLE notes.note DISABLE ROW LEVEL SECURITY`,
	} {
		if exec(sql) == nil {
			t.Errorf("%s: got no error, want permission denied", sql)
		}
	}
	if err := exec(`DELETE FROM notes.note`); err != nil {
		t.Fatal(err)
	}
	if err := exec(`RESET ROLE`); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 1 {
		t.Errorf("after Ada deleted all notes that she sees: got %d notes, want 1", got)
	}
}
