package sessions_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// A table that the role cannot read is an error, and never a project without sessions.
func TestTablesWithoutPrivilegeAreRefusedAndListedAsNotChecked(t *testing.T) {
	t.Parallel()
	from := newSource(t, 5, 8)
	for _, table := range []string{"auth.sessions", "auth.refresh_tokens", "auth.mfa_amr_claims"} {
		m := newImport(t, importtest.CreateRole(t, from, "grant usage on schema auth to %[1]s; "+
			"grant select on all tables in schema auth to %[1]s; alter role %[1]s bypassrls; "+
			"grant select on public.profiles to %[1]s; revoke select on "+table+" from %[1]s"))
		_, err := m.Run(t.Context(), withSessions, false, 1)
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), table+" cannot be read") {
			t.Errorf("run without the privilege on %s: got the error %v, want a refusal that names the table", table, err)
		}
		without := withSessions
		without.Sessions = false
		p, err := m.Plan(t.Context(), without)
		isListed := slices.ContainsFunc(p.NotChecked, func(s string) bool { return strings.HasPrefix(s, table+": ") })
		if err != nil || p.Sessions != nil || !isListed {
			t.Errorf("plan without the privilege on %s: got the sessions %v, not checked %v and the error %v, want no number",
				table, p.Sessions, p.NotChecked, err)
		}
	}
}

func TestRunWithSessionsNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	from := newSource(t, 5, 8)
	withoutTables := supabasetest.New(t)
	supabasetest.FillBulk(t, withoutTables, 5, 5, 0)
	for name, c := range map[string]struct {
		m    *importer.Import
		want string
	}{
		"no secret":         {importtest.NewImport(t, from), "BETTER_AUTH_SECRET"},
		"no refresh tokens": {newImport(t, withoutTables), "auth.refresh_tokens does not exist"},
		"an old target":     {newImport(t, from), "xenon schema up"},
	} {
		if name == "an old target" {
			importtest.Exec(t, c.m.To, `drop table "supabaseCredential", "supabaseSession"`)
		}
		p, err := c.m.Plan(t.Context(), withSessions)
		if err != nil || !strings.Contains(strings.Join(p.Refusals, "\n"), c.want) {
			t.Errorf("plan, %s: got the refusals %q and the error %v, want one with %q", name, p.Refusals, err, c.want)
		}
		_, err = c.m.Run(t.Context(), withSessions, false, 1)
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("run, %s: got the error %v, want a refusal with %q", name, err, c.want)
		}
	}
}

// Row security that hides rows is an error, too.
func TestRowSecurityOfSessionsIsRefused(t *testing.T) {
	t.Parallel()
	from := newSource(t, 5, 8)
	importtest.Exec(t, from, `alter table auth.users disable row level security;
		alter table auth.identities disable row level security; alter table auth.mfa_factors disable row level security`)
	m := newImport(t, importtest.CreateRole(t, from, "grant usage on schema auth to %[1]s; "+
		"grant select on all tables in schema auth to %[1]s; grant select on public.profiles to %[1]s"))
	p, err := m.Plan(t.Context(), withSessions)
	if text := strings.Join(p.Refusals, "\n"); err != nil || !strings.Contains(text, "row security hides") {
		t.Errorf("plan: got the refusals %q and the error %v, want one about row security", p.Refusals, err)
	}
}

// Projects of older releases lack the columns and the table of later ones.
func TestOlderSchemaIsImported(t *testing.T) {
	t.Parallel()
	from := newSource(t, 5, 16)
	importtest.Exec(t, from, `delete from auth.sessions where oauth_client_id is not null or not_after is not null;
		alter table auth.sessions drop column not_after, drop column oauth_client_id, drop column refreshed_at,
			drop column refresh_token_hmac_key, drop column refresh_token_counter, drop column aal;
		drop table auth.mfa_amr_claims`)
	m := newImport(t, from)
	c := countsOf(t, m)
	if c.Read != 12 || c.Bridged != 4 || c.Skipped["session_no_token"] != 8 {
		t.Errorf("outcomes: got %+v, want four bridged sessions and eight without a token", c)
	}
	importtest.CheckVerificationIsEqual(t, m)
	importtest.Exec(t, from, "alter table auth.refresh_tokens drop column session_id")
	_, err := newImport(t, from).Run(t.Context(), withSessions, false, 1)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "auth.refresh_tokens.session_id") {
		t.Errorf("without session_id: got the error %v, want a refusal that names the column", err)
	}
}

func TestWrongLimitsAreRefused(t *testing.T) {
	t.Parallel()
	m := newImport(t, "postgres://nothing/here")
	for _, text := range []string{"30d", "-1h", "0", "720"} {
		_, err := m.Plan(t.Context(), importer.Options{Sessions: true, SessionInactivity: text})
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), text) {
			t.Errorf("inactivity %q: got the error %v, want a refusal", text, err)
		}
	}
}
