package attack

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// supabaseUser is a user of Supabase with a confirmed email and a password.
type supabaseUser struct{ id, email, password, createdAt string }

// createSupabaseProject creates a Supabase database with these users and returns its URL.
func createSupabaseProject(t *testing.T, accounts ...supabaseUser) string {
	t.Helper()
	url := supabasetest.New(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, a := range accounts {
		hash, err := bcrypt.GenerateFromPassword([]byte(a.password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), `INSERT INTO auth.users
			(id, email, encrypted_password, email_confirmed_at, created_at, updated_at, raw_user_meta_data)
			VALUES ($1::text::uuid, $2, $3, $4::text::timestamptz, $4::text::timestamptz, $4::text::timestamptz, '{}')`,
			a.id, a.email, string(hash), a.createdAt)
		if err != nil {
			t.Fatal(err)
		}
	}
	return url
}

// importSupabaseProject imports a whole Supabase project into the database of the server.
func (s *testServer) importSupabaseProject(t *testing.T, project string) {
	t.Helper()
	m := &importer.Import{From: project, To: s.db, Holder: "test", Now: time.Now}
	st, err := m.Run(t.Context(), importer.Options{}, false, 2)
	if err != nil || st.State != "complete" {
		t.Fatalf("import: got the state %q and the error %v, want complete and no error", st.State, err)
	}
}

// checkSignIn fails the test unless the password signs in as the user with that id.
func (s *testServer) checkSignIn(t *testing.T, email, password, id string) {
	t.Helper()
	w := s.post("/sign-in/email", `{"email":"`+email+`","password":"`+password+`"}`, requestHeaders("", ownerIP))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), id) {
		t.Errorf("sign-in as %s: got %d %s, want 200 with the user id %s", email, w.Code, w.Body, id)
	}
}

// The attacker knows who will be imported, signs up with the victim's email before the import, and keeps the session,
// the password and a reset link. After the import none of them works, and the victim has the account.
func TestImportDoesNotLeaveAnEmailToAnUnverifiedSignUp(t *testing.T) {
	t.Parallel()
	victim := supabaseUser{"00000000-0000-4000-9000-000000000001", userEmail, "the victim's password", "2024-01-01"}
	project := createSupabaseProject(t, victim)
	s := newTestServer(t)
	session := s.signUp(t, victim.email, "attacker's password", attackerIP).Header().Get("Set-Auth-Token")
	if w := s.post(
		"/request-password-reset",
		`{"email":"`+victim.email+`"}`,
		requestHeaders("", attackerIP),
	); w.Code != http.StatusOK {
		t.Fatalf("request-password-reset: got %d %s, want 200", w.Code, w.Body)
	}
	reset := s.newestMail(t, "reset-password", victim.email)

	s.importSupabaseProject(t, project)

	s.checkSignIn(t, victim.email, victim.password, victim.id)
	if code, _ := s.signIn(victim.email, "attacker's password", attackerIP); code != http.StatusUnauthorized {
		t.Errorf("sign-in with the attacker's password: got %d, want 401", code)
	}
	if w := s.do("GET", "/api/auth/get-session", "", requestHeaders(session, attackerIP)); w.Body.String() != "null" {
		t.Errorf("get-session of the attacker: got %d %s, want null", w.Code, w.Body)
	}
	w := s.post(
		"/reset-password",
		`{"token":"`+reset.Token+`","newPassword":"attacker's password"}`,
		requestHeaders("", attackerIP),
	)
	if w.Code != http.StatusBadRequest {
		t.Errorf("the reset link from before the import: got %d %s, want 400", w.Code, w.Body)
	}

	if w := s.post(
		"/request-password-reset",
		`{"email":"`+victim.email+`"}`,
		requestHeaders("", ownerIP),
	); w.Code != http.StatusOK {
		t.Fatalf("request-password-reset: got %d %s, want 200", w.Code, w.Body)
	}
	reset = s.newestMail(t, "reset-password", victim.email)
	w = s.post(
		"/reset-password",
		`{"token":"`+reset.Token+`","newPassword":"battery staple"}`,
		requestHeaders("", ownerIP),
	)
	if w.Code != http.StatusOK {
		t.Fatalf("reset-password: got %d %s, want 200", w.Code, w.Body)
	}
	s.checkSignIn(t, victim.email, "battery staple", victim.id)
}

// The attacker has confirmed emails at Supabase that begin with a Kelvin sign, which becomes k in lower case. The
// attacker's accounts are older than those of the owners of the emails with k. The import gives the attacker no access
// to the owners' accounts.
func TestImportGivesNoAccessToAnEmailThatLowersToAnother(t *testing.T) {
	t.Parallel()
	const kelvin = "\u212a"
	attackers := []supabaseUser{
		{"00000000-0000-4000-9000-000000000001", kelvin + "ate@example.com", "attacker's password", "2020-01-01"},
		{"00000000-0000-4000-9000-000000000002", kelvin + "im@example.com", "attacker's password", "2020-01-01"},
	}
	kate := supabaseUser{"00000000-0000-4000-9000-000000000003", "kate@example.com", "the owner's password", "2024-01-01"}
	s := newTestServer(t)
	w := s.signUp(t, "kim@example.com", "Kim's password", ownerIP) // the email of this user is not verified
	_, kim, _ := strings.Cut(w.Body.String(), `"id":"`)
	kim = kim[:36]

	s.importSupabaseProject(t, createSupabaseProject(t, append(attackers, kate)...))

	s.checkSignIn(t, "kate@example.com", kate.password, kate.id)
	s.checkSignIn(t, "kim@example.com", "Kim's password", kim)
	for _, email := range []string{"kate@example.com", "kim@example.com", attackers[0].email, attackers[1].email} {
		if code, _ := s.signIn(email, "attacker's password", attackerIP); code == http.StatusOK {
			t.Errorf("sign-in of the attacker as %q: got 200, want another status", email)
		}
	}
}
