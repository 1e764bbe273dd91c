package sessions_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestVerificationFindsDifferencesOfSessions(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 10, 24))
	countsOf(t, m)
	importtest.CheckVerificationIsEqual(t, m)
	for name, c := range map[string]struct{ change, kind, columns string }{
		"a digest": {
			`update "supabaseCredential" set digest = sha256(digest) where "supabaseSessionId" = md5('session' || 0)::uuid`,
			"different", "digest",
		},
		"the level of a digest": {
			`update "supabaseCredential" set aal2 = true where "supabaseSessionId" = md5('session' || 1)::uuid`,
			"different", "digest",
		},
		"the level of a session": {
			`update "supabaseSession" set aal2 = true where id = md5('session' || 3)::uuid`, "different", "aal2",
		},
		"the end of a session": {
			`update "supabaseSession" set "expiresAt" = now() where id = md5('session' || 4)::uuid`, "different", "expiresAt",
		},
		"a missing session": {`delete from "supabaseSession" where id = md5('session' || 8)::uuid`, "missing", ""},
		"an extra session": {
			`insert into "supabaseSession" (id, "userId", aal2, "createdAt") select md5('x')::uuid, "userId", true, now()
				from "supabaseSession" limit 1`, "extra", "",
		},
	} {
		before := importtest.Contents(t, m.To, rowsOfSessions)
		importtest.Exec(t, m.To, c.change)
		v := importtest.Verify(t, m)
		if v.Equal || v.Different != 1 || len(v.Differences) != 1 {
			t.Errorf("%s was changed: got %d differences, want one: %v", name, v.Different, v.Differences)
		} else if d := v.Differences[0]; d.Table != "supabaseSession" || d.Kind != c.kind ||
			strings.Join(d.Columns, " ") != c.columns || d.Why != "target changed since" {
			t.Errorf("%s was changed: got the difference %+v, want one of supabaseSession, %s %s, target changed since",
				name, d, c.kind, c.columns)
		}
		importtest.Exec(t, m.To, `delete from "supabaseSession" where id = md5('x')::uuid`)
		countsOf(t, m) // another pass writes what the source has
		if diff := importtest.Diff(importtest.Contents(t, m.To, rowsOfSessions), before); diff != "" {
			t.Errorf("%s was changed: the next pass does not restore the rows:%s", name, diff)
		}
	}
}

// In a source that is in use, sessions change all the time. That does not make the verification unequal.
func TestSessionsThatChangedInTheSourceAreNoDifferences(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 10, 16))
	countsOf(t, m)
	importtest.Exec(t, m.From, `
		delete from auth.sessions where id = md5('session' || 0)::uuid;
		update auth.sessions set refresh_token_counter = refresh_token_counter + 1 where id = md5('session' || 3)::uuid;
		insert into auth.sessions (id, user_id, created_at) select md5('new')::uuid, id, now() from auth.users limit 1;
		insert into auth.refresh_tokens (token, revoked, created_at, session_id)
		values ('aaaabbbbcccc', false, now(), md5('new')::uuid)`)
	importtest.CheckVerificationIsEqual(t, m)
	st, err := m.Status(t.Context(), "supabase")
	if err != nil || st.Sessions == nil || st.Sessions.Changed != 3 {
		t.Errorf("sessions that changed in the source: got %+v and the error %v, want three", st.Sessions, err)
	}
	// Sessions that are used meanwhile are no differences either.
	importtest.Exec(t, m.To, `update "supabaseSession" set "usedAt" = now() where id = md5('session' || 1)::uuid`)
	importtest.CheckVerificationIsEqual(t, m)
	if c := countsOf(t, m); c.Changed != 0 || c.Kept != 1 {
		t.Errorf("after another pass: got %+v, want no change and one kept session", c)
	}
}

// Digests with another secret are useless, and every row would differ.
func TestAnotherSecretIsRefusedByTheVerificationAndRewrittenByAPass(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 5, 8))
	countsOf(t, m)
	before := importtest.Contents(t, m.To, rowsOfSessions)
	m.Secret = func(context.Context) (cipher.Keys, error) {
		return cipher.ParseKeys("", "another-secret-of-at-least-32-bytes")
	}
	_, err := m.Verify(t.Context(), "supabase", 1)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "BETTER_AUTH_SECRET") {
		t.Errorf("verification with another secret: got the error %v, want a refusal that names BETTER_AUTH_SECRET", err)
	}
	countsOf(t, m)
	if diff := importtest.Diff(importtest.Contents(t, m.To, rowsOfSessions), before); !strings.Contains(diff, "digests") {
		t.Errorf("pass with another secret: got the differences %q, want other digests", diff)
	}
	importtest.CheckVerificationIsEqual(t, m)
}
