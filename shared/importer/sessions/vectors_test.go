package sessions_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
)

// vectors are sessions of Supabase's auth server, with the tokens that it issued.
type vectors struct {
	EncryptionKey string
	Sessions      []vector
	Attacks       []struct{ Name, Why, Token string }
}

type vector struct {
	Name, Note, User            string
	Session, RefreshTokens, AMR json.RawMessage // rows of the tables; the session is null if it has ended
	Tokens                      []struct{ Made, Token, Accepted string }
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Sessions) < 13 || len(v.Attacks) < 3 {
		t.Fatalf("vectors: got %d sessions and %d attacks, want at least 13 and 3", len(v.Sessions), len(v.Attacks))
	}
	return v
}

// newSourceOfVectors returns a source with the rows of the vectors.
func newSourceOfVectors(t *testing.T, v vectors) string {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.CreateSessionTables(t, from)
	for _, s := range v.Sessions {
		session := "[" + string(s.Session) + "]"
		if session == "[null]" {
			session = "[]"
		}
		importtest.Exec(t, from, fmt.Sprintf(`
			insert into auth.users (id, email, email_confirmed_at) values ('%[1]s', '%[1]s@example.com', now());
			insert into auth.sessions select * from jsonb_populate_recordset(null::auth.sessions, '%[2]s');
			insert into auth.refresh_tokens (id, token, parent, revoked, created_at, updated_at, session_id, user_id)
			select r.id, r.token, r.parent, r.revoked, r.created_at, r.updated_at, s.id, '%[1]s'
			from jsonb_populate_recordset(null::auth.refresh_tokens, '%[3]s') r
			join auth.sessions s on s.user_id = '%[1]s';
			insert into auth.mfa_amr_claims
			select s.id, c.created_at, c.created_at, c.authentication_method, gen_random_uuid()
			from jsonb_populate_recordset(null::auth.mfa_amr_claims, '%[4]s') c
			join auth.sessions s on s.user_id = '%[1]s'`, s.User, session, s.RefreshTokens, s.AMR))
	}
	return from
}

// Supabase's auth server and the import agree on every refresh token.
func TestTokensThatSupabaseAcceptsAreImportedWithTheirLevel(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	m := newImport(t, newSourceOfVectors(t, v))
	keys, err := atrest.ParseKeys([]string{v.EncryptionKey})
	if err != nil {
		t.Fatal(err)
	}
	m.EncryptionKeys = keys
	countsOf(t, m)
	got := levels(t, m.To)
	tokens := 0
	for _, s := range v.Sessions {
		for _, token := range s.Tokens {
			tokens++
			level := got[digest(t, token.Token)]
			if level == "" {
				level = "no"
			}
			if level != token.Accepted {
				t.Errorf("%s (%s), token %s: imported %s, want %s", s.Name, s.Note, token.Made, level, token.Accepted)
			}
		}
	}
	if tokens < 25 {
		t.Errorf("compared %d tokens, want at least 25", tokens)
	}
	for _, a := range v.Attacks {
		if level := got[digest(t, a.Token)]; level != "" {
			t.Errorf("token that the server did not issue (%s): imported with %s, want not imported", a.Why, level)
		}
	}
	importtest.CheckVerificationIsEqual(t, m)
}

// An access token leads to the session, so the session is imported without refresh tokens.
func TestSessionWithAnEncryptedKeyIsImportedWithoutTokens(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	const id = "a1e9e293-a822-4acd-b197-beba8353aafc"
	for reason, key := range map[string][]byte{"session_key_encrypted": nil, "session_key_unreadable": make([]byte, 32)} {
		m := newImport(t, newSourceOfVectors(t, v))
		if key != nil {
			m.EncryptionKeys = map[string][]byte{"key-1": key}
		}
		c := countsOf(t, m)
		if c.Skipped[reason] != 1 || c.Outcomes() != c.Read {
			t.Errorf("outcomes: got %+v, want one session with the reason %s, and an outcome for each", c, reason)
		}
		got := importtest.Column(t, m.To, `select count(c.digest)::text || ' ' || s.aal2 from "supabaseSession" s
			left join "supabaseCredential" c on c."supabaseSessionId" = s.id where s.id = $1 group by s.aal2`, id)
		if len(got) != 1 || got[0] != "0 true" {
			t.Errorf("%s: got the digests and level %v of the session, want no digest and the second factor", reason, got)
		}
		importtest.CheckVerificationIsEqual(t, m)
	}
}
