package sessions_test

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/bridge"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

const secret = "a-secret-of-at-least-32-characters"

// withSessions are options with which a small source has several batches.
var withSessions = importer.Options{BatchSize: 7, MFA: "allow", Sessions: true}

// newImport returns an import of a source into a new target, with the secret of the server.
func newImport(t *testing.T, from string) *importer.Import {
	t.Helper()
	m := importtest.NewImport(t, from)
	m.Secret = func(context.Context) (cipher.Keys, error) { return cipher.ParseKeys("", secret) }
	return m
}

// newSource returns a source with users and sessions of all kinds.
func newSource(t *testing.T, users, sessions int) string {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.CreateSessionTables(t, from)
	supabasetest.FillBulk(t, from, users, users, 0)
	supabasetest.FillSessions(t, from, sessions)
	return from
}

// countsOf runs an import to completion and returns the outcomes of the sessions.
func countsOf(t *testing.T, m *importer.Import) run.SessionCounts {
	t.Helper()
	st := importtest.RunToCompletion(t, m, withSessions)
	if st.Sessions == nil {
		t.Fatal("the status of the run has no sessions")
	}
	return *st.Sessions
}

// digest returns the digest of a refresh token in hexadecimal, or "" if the text is no refresh token.
func digest(t *testing.T, token string) string {
	t.Helper()
	d, err := bridge.Digest(bridge.Key([]byte(secret)), token)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(d)
}

// levels returns the digests in the target, each with aal1 or aal2: the lower one of digest and session.
func levels(t *testing.T, to string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, line := range importtest.Column(t, to, `select encode(c.digest, 'hex') || case when c.aal2 and s.aal2
		then 'aal2' else 'aal1' end from "supabaseCredential" c join "supabaseSession" s on s.id = c."supabaseSessionId"`) {
		got[line[:len(line)-4]] = line[len(line)-4:]
	}
	return got
}

// rowsOfSessions has queries for the tables of sessions.
var rowsOfSessions = map[string]string{
	"sessions": `select r::text from "supabaseSession" r order by id`,
	"digests":  `select r::text from "supabaseCredential" r order by digest`,
}
