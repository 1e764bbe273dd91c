package sessions_test

import (
	"errors"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestEverySessionHasAnOutcome(t *testing.T) {
	t.Parallel()
	const users, all = 30, 83
	m := newImport(t, newSource(t, users, all))
	plan, err := m.Plan(t.Context(), withSessions)
	if err != nil || plan.Sessions == nil {
		t.Fatalf("plan: got the sessions %v and the error %v, want sessions", plan.Sessions, err)
	}
	c := countsOf(t, m)
	bridged, digests, skipped := int64(0), 0, map[string]int64{}
	for i := range all {
		kind := supabasetest.SessionKinds[i%len(supabasetest.SessionKinds)]
		digests += kind.Tokens
		if kind.Reason != "" {
			skipped[kind.Reason]++
		} else {
			bridged++
		}
	}
	if c.Read != all || c.Bridged != bridged || c.Kept != 0 || c.Gone != 0 {
		t.Errorf("outcomes: got %+v, want %d sessions read and %d bridged", c, all, bridged)
	}
	if diff := cmp.Diff(skipped, c.Skipped); diff != "" {
		t.Errorf("sessions that are not imported, by reason (-want +got):\n%s", diff)
	}
	if plan.Sessions.Total != all || plan.Sessions.Bridged != bridged || !maps.Equal(plan.Sessions.Skipped, skipped) {
		t.Errorf("plan: got %+v, want the outcomes of the run: %d bridged, and %v", plan.Sessions, bridged, skipped)
	}
	if got := len(levels(t, m.To)); got != digests {
		t.Errorf("digests in the target: got %d, want %d", got, digests)
	}
	importtest.CheckVerificationIsEqual(t, m)
	before := importtest.Contents(t, m.To, rowsOfSessions)
	if again := countsOf(t, m); again.Bridged != bridged {
		t.Errorf("second pass: got %+v, want the outcomes of the first", again)
	}
	if diff := importtest.Diff(importtest.Contents(t, m.To, rowsOfSessions), before); diff != "" {
		t.Errorf("the second pass changed rows although the source is unchanged:%s", diff)
	}
}

func TestPassStoresItsTime(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 5, 8))
	countsOf(t, m)
	const query = `select ("lastPassAt" > now() - interval '1 hour' and jwks is null)::text from "supabaseBridge"`
	if got := importtest.Value(t, m.To, query); got != "true" {
		t.Error("time of the last pass: got another one, want one of the last hour and no public keys")
	}
}

// A session that was used or revoked in the target stays as it is. A session that changed in the source since is
// replaced, one that has ended there is removed, and a new one is added.
func TestLaterPassFollowsTheSourceAndLeavesUsedSessionsAlone(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 10, 16))
	first := countsOf(t, m)
	session := func(i int) string { // the i-th session of the source; 0 and 8 have a token of version 1
		return "md5('session' || " + strconv.Itoa(i) + ")::uuid"
	}
	importtest.Exec(t, m.To, `
		update "supabaseSession" set "usedAt" = now(), "sessionId" = gen_random_uuid() where id = `+session(0)+`;
		update "supabaseSession" set "revokedAt" = now() where id = `+session(1))
	used := importtest.Contents(t, m.To, map[string]string{
		"used": `select r::text from "supabaseSession" r where id in (` + session(0) + `, ` + session(1) + `)`,
	})
	importtest.Exec(t, m.From, `
		delete from auth.sessions where id in (`+session(0)+`, `+session(3)+`);
		update auth.refresh_tokens set revoked = true where session_id = `+session(8)+` and not revoked;
		update auth.sessions set refresh_token_counter = 40, refreshed_at = now() where id = `+session(4)+`;
		insert into auth.sessions (id, user_id, created_at) select md5('new')::uuid, id, now() from auth.users limit 1;
		insert into auth.refresh_tokens (token, revoked, created_at, session_id)
		values ('aaaabbbbcccc', false, now(), md5('new')::uuid)`)
	second := countsOf(t, m)
	if second.Kept != 1 || second.Gone != 1 || second.Outcomes() != second.Read {
		t.Errorf("second pass: got %+v after the first had %+v, want one kept and one gone", second, first)
	}
	after := importtest.Contents(t, m.To, map[string]string{
		"used": `select r::text from "supabaseSession" r where id in (` + session(0) + `, ` + session(1) + `)`,
	})
	if diff := importtest.Diff(after, used); diff != "" {
		t.Errorf("the pass changed a session that was used or revoked:%s", diff)
	}
	got := importtest.Value(t, m.To, `select concat_ws(' ',
		(select count(*) from "supabaseSession" where id in (`+session(3)+`, `+session(8)+`)),
		(select count(*) from "supabaseSession" where id = md5('new')::uuid),
		(select count(*) from "supabaseCredential" where "supabaseSessionId" = `+session(4)+`))`)
	if got != "0 1 4" {
		t.Errorf("sessions that ended, a new one, digests of a refreshed one: got %s, want 0 1 4", got)
	}
	importtest.CheckVerificationIsEqual(t, m)
}

// Also a used row that is no longer in the target does not come back.
func TestUsedSessionDoesNotComeBackAfterItsRowIsDeleted(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 5, 8))
	countsOf(t, m)
	importtest.Exec(t, m.To, `update "supabaseSession" set "usedAt" = now()`)
	countsOf(t, m)
	importtest.Exec(t, m.To, `delete from "supabaseSession"`)
	c := countsOf(t, m)
	if n := importtest.Value(t, m.To, `select count(*)::text from "supabaseSession"`); n != "0" || c.Kept == 0 {
		t.Errorf("after the used sessions were deleted: got %s sessions and the outcomes %+v, want none", n, c)
	}
}

func TestSessionsOfUsersWhoAreNotImportedAreSkipped(t *testing.T) {
	t.Parallel()
	from := newSource(t, 6, 12) // the sessions 0, 1, 3, 4, 8, 9, 11 are valid; the i-th belongs to user i mod 6
	user := func(n string) string { return "(select id from auth.users order by id offset " + n + " limit 1)" }
	importtest.Exec(t, from, `
		update auth.users set deleted_at = now() where id = `+user("0")+`;
		update auth.users set email_confirmed_at = null, encrypted_password = '$2a$10$'||repeat('a', 53)
		where id = `+user("1"))
	m := newImport(t, from)
	plan, err := m.Plan(t.Context(), withSessions)
	if err != nil || plan.Sessions == nil {
		t.Fatalf("plan: got the error %v and the sessions %v", err, plan.Sessions)
	}
	c := countsOf(t, m)
	if c.Skipped["user_not_imported"] != 2 || c.Skipped["user_held"] != 2 || c.Outcomes() != c.Read {
		t.Errorf("outcomes: got %+v, want two sessions of a user who is not imported, and two of a user who is held", c)
	}
	if !maps.Equal(plan.Sessions.Skipped, c.Skipped) {
		t.Errorf("plan: got %v, want the reasons of the run, %v", plan.Sessions.Skipped, c.Skipped)
	}
	deleted := importtest.Value(t, m.To, `delete from "user" where id = (select "userId" from "supabaseSession" limit 1)
		returning id::text`)
	if c = countsOf(t, m); c.Skipped["user_not_imported"] != 4 {
		t.Errorf("after the user %s was deleted in the target: got %+v, want four sessions that are not imported", deleted, c)
	}
	importtest.Exec(t, m.From, `update auth.users set email_confirmed_at = now() where email_confirmed_at is null`)
	if c = countsOf(t, m); c.Skipped["user_held"] != 0 {
		t.Errorf("after the user confirmed the email: got %+v, want no session of a held user", c)
	}
}

func TestLimitsOfTheProjectEndSessions(t *testing.T) {
	t.Parallel()
	from := newSource(t, 4, 8) // all sessions were made an hour ago; 0 and 3 were refreshed half an hour ago
	importtest.Exec(t, from, `update auth.refresh_tokens set updated_at = now() - interval '10 minutes'
		where session_id = md5('session' || 1)::uuid;
		update auth.sessions set not_after = created_at + interval '90 minutes' where id = md5('session' || 3)::uuid`)
	for name, c := range map[string]struct {
		timebox, inactivity, want string
	}{
		"time-box of 59 minutes": {
			"59m", "", "session_expired: 1, session_oauth_client: 1, session_timebox: 6",
		},
		"time-box of 100 minutes": {
			"100m", "", "session_expired: 1, session_key_encrypted: 1, session_no_token: 1, session_oauth_client: 1",
		},
		"40 minutes without a refresh": {
			"", "40m", "session_expired: 1, session_inactive: 3, session_oauth_client: 1",
		},
		"20 minutes, and a long time-box": {
			"720h", "20m", "session_expired: 1, session_inactive: 5, session_oauth_client: 1",
		},
	} {
		m := newImport(t, from)
		o := withSessions
		o.SessionTimebox, o.SessionInactivity = c.timebox, c.inactivity
		importtest.RunToCompletion(t, m, o)
		got := importtest.Value(t, m.To, `select string_agg(outcome || ': ' || n, ', ' order by outcome) from (
			select outcome, count(*) as n from supabase_import.session where outcome <> 'bridged' group by 1) x`)
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		importtest.CheckVerificationIsEqual(t, m)
		if c.timebox != "100m" {
			continue
		}
		ends := importtest.Value(t, m.To, `select string_agg(distinct round(extract(epoch from "expiresAt" - "createdAt")
			/ 60)::text, ', ') from "supabaseSession"`)
		if ends != "100, 90" {
			t.Errorf("%s: got sessions that end %s minutes after the sign-in, want 100, and 90 by not_after", name, ends)
		}
	}
}

// The last pass must not leave out batches, because nothing tells which sessions have ended.
func TestQuickPassIsRefusedWithSessions(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 5, 5))
	countsOf(t, m)
	_, err := m.Run(t.Context(), withSessions, true, 1)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "quick") {
		t.Errorf("quick pass: got the error %v, want a refusal that names quick", err)
	}
}

// A run that began without sessions can import them in a later pass, and keeps to it.
func TestLaterPassCanAddSessions(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 20, 20))
	without := withSessions
	without.Sessions = false
	if st := importtest.RunToCompletion(t, m, without); st.Sessions != nil {
		t.Errorf("run without sessions: got the outcomes %+v, want none", st.Sessions)
	}
	want := countsOf(t, m).Bridged
	if want == 0 {
		t.Error("second pass with sessions: got none, want some")
	}
	if st := importtest.RunToCompletion(t, m, without); st.Sessions == nil || st.Sessions.Bridged != want {
		t.Errorf("third pass without the option: got %+v, want the %d sessions to stay", st.Sessions, want)
	}
	importtest.CheckVerificationIsEqual(t, m)
}

// A pass over unchanged sessions reads both sides and writes none of their rows, also if some of the users are not
// imported or some sessions were used.
func TestPassWithoutChangesWritesNoSession(t *testing.T) {
	t.Parallel()
	from := newSource(t, 6, 24)
	importtest.Exec(t, from, `update auth.users set deleted_at = now()
		where id = (select min(id::text)::uuid from auth.users)`)
	m := newImport(t, from)
	countsOf(t, m)
	importtest.Exec(t, m.To, `update "supabaseSession" set "usedAt" = now() where id = (select min(id::text)::uuid
		from "supabaseSession")`)
	versions := map[string]string{
		"ledger":   `select id || ' ' || outcome || ' ' || xmin from supabase_import.session`,
		"sessions": `select id || ' ' || xmin from "supabaseSession"`,
		"digests":  `select encode(digest, 'hex') || ' ' || xmin from "supabaseCredential"`,
	}
	first := importtest.Contents(t, m.To, versions)
	second := countsOf(t, m) // records the use
	written := importtest.Contents(t, m.To, versions)
	if importtest.Diff(written, first) == "" || second.Kept != 1 {
		t.Errorf("pass after a use: got no change and %d kept sessions, want one", second.Kept)
	}
	third := countsOf(t, m)
	if diff := importtest.Diff(importtest.Contents(t, m.To, versions), written); diff != "" {
		t.Errorf("the pass wrote rows although nothing changed:%s", diff)
	}
	if diff := cmp.Diff(second, third); diff != "" {
		t.Errorf("outcomes of a pass without changes (-before +after):\n%s", diff)
	}
}
