package follow_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
)

// changeSessions ends about every tenth session, refreshes another tenth, revokes the tokens of a third one without a
// change of the session, and adds a session for every tenth user.
func changeSessions(t *testing.T, from string, seed uint64) {
	t.Helper()
	tenth := func(id string, n int) string {
		return "(hashtext(" + id + "::text || '" + strconv.FormatUint(seed, 10) + "') & 1023) % 10 = " + strconv.Itoa(n)
	}
	made := "md5('later' || id || '" + strconv.FormatUint(seed, 10) + "')"
	importtest.Exec(t, from, `
delete from auth.sessions where `+tenth("id", 0)+`;
update auth.sessions set refreshed_at = now(), refresh_token_counter = refresh_token_counter + 1 where `+tenth("id", 1)+`;
update auth.refresh_tokens set revoked = true where not revoked and `+tenth("session_id", 2)+`;
insert into auth.sessions (id, user_id, created_at, aal)
select `+made+`::uuid, id, now(), 'aal1' from auth.users where `+tenth("id", 3)+`;
insert into auth.refresh_tokens (token, revoked, created_at, session_id)
select left(`+made+`, 12), false, now(), `+made+`::uuid from auth.users where `+tenth("id", 3))
}

// newSessionSource returns an import with sessions, from a source with users and sessions of all kinds.
func newSessionSource(t *testing.T) *importer.Import {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.CreateSessionTables(t, from)
	supabasetest.FillBulk(t, from, 250, 250, 0)
	supabasetest.FillSessions(t, from, 400)
	m := importtest.NewImport(t, from)
	m.Secret = testSecret
	return m
}

// checkSameSessions verifies the import, and checks that a new import has the same sessions.
func checkSameSessions(t *testing.T, m *importer.Import) {
	t.Helper()
	importtest.CheckVerificationIsEqual(t, m)
	other := importtest.NewImport(t, m.From)
	other.Secret = testSecret
	importtest.RunToCompletion(t, other, withSessions)
	queries := map[string]string{
		"sessions": `select r::text from "supabaseSession" r order by id`,
		"digests":  `select r::text from "supabaseCredential" r order by digest`,
		"outcomes": `select id || outcome || coalesce(written, 0) from supabase_import.session order by id`,
	}
	if diff := importtest.Diff(importtest.Contents(t, m.To, queries), importtest.Contents(t, other.To, queries)); diff != "" {
		t.Errorf("the sessions differ from those of a new import of the source, want the same rows: %s", diff)
	}
}

func TestFollowCopiesSessionsThatBeginAreRefreshedOrEnd(t *testing.T) {
	t.Parallel()
	m := newSessionSource(t)
	before := ""
	polls := followWith(t, m, withSessions, func(number int) {
		if number == 1 {
			changeSessions(t, m.From, 1)
			before = importtest.Value(t, m.To, `select "lastPassAt"::text from "supabaseBridge"`)
		}
	})
	if last := polls[len(polls)-1]; len(polls) != 2 || last.Changed != 0 || last.Sessions == 0 {
		t.Errorf("the polls: got %+v, want a second one that copies sessions and finds no changed user", polls)
	}
	checkSameSessions(t, m)
	if after := importtest.Value(t, m.To, `select "lastPassAt"::text from "supabaseBridge"`); after <= before {
		t.Errorf("the time from which the sessions can be used: got %s, want it after %s", after, before)
	}
}

// The sessions of a user can change because the user does.
func TestFollowRemovesSessionsOfAUserWhoIsDeletedOrHeld(t *testing.T) {
	t.Parallel()
	m := newSessionSource(t)
	followWith(t, m, withSessions, func(number int) {
		if number == 1 {
			importtest.Exec(t, m.From, `
delete from auth.users where id in (select id from auth.users order by id limit 2);
update auth.users set email_confirmed_at = null where id in (select id from auth.users order by id offset 3 limit 2)`)
		}
	})
	checkSameSessions(t, m)
}

func TestFollowLeavesUsedSessionsAlone(t *testing.T) {
	t.Parallel()
	m := newSessionSource(t)
	const used = `select r::text from "supabaseSession" r where "usedAt" is not null order by id`
	var before []string
	followWith(t, m, withSessions, func(number int) {
		if number == 1 {
			importtest.Exec(t, m.To, `update "supabaseSession" set "usedAt" = now()`)
			before = importtest.Column(t, m.To, used)
			changeSessions(t, m.From, 2)
		}
	})
	if missing := importtest.RowsMissingIn(importtest.Column(t, m.To, used), before); len(missing) > 0 {
		t.Errorf("used sessions that changed: got %d of %d, want none", len(missing), len(before))
	}
	importtest.CheckVerificationIsEqual(t, m)
}

func TestFollowWithSessionsBeginsWithAPassIfTheRunHasNone(t *testing.T) {
	t.Parallel()
	m := newSessionSource(t)
	followUntilIdle(t, m, nil)
	if polls := followWith(t, m, withSessions, nil); !polls[0].WholePass {
		t.Errorf("the first poll with sessions: got %+v, want a pass over all users", polls[0])
	}
	checkSameSessions(t, m)
}

func TestFollowRefusesAnotherSecretThanThatOfTheSessions(t *testing.T) {
	t.Parallel()
	m := newSessionSource(t)
	followWith(t, m, withSessions, nil)
	m.Secret = func(context.Context) (cipher.Keys, error) {
		return cipher.ParseKeys("", "another-secret-of-at-least-32-characters")
	}
	_, err := follow.Run(t.Context(), m.Env(), untilIdle(withSessions, nil))
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "BETTER_AUTH_SECRET") {
		t.Errorf("follow with another secret: got %v, want ErrRefused that names BETTER_AUTH_SECRET", err)
	}
}

// Sign-ins make sessions, token refreshes change them, and sign-outs end them.
func TestSourceIsFrozenWhileSessionsChange(t *testing.T) {
	t.Parallel()
	m := newSessionSource(t)
	followWith(t, m, withSessions, nil)
	f := checkFreeze(t, m, func(p follow.Poll) { changeSessions(t, m.From, uint64(10+p.Number)) })
	if !f.IsFrozen {
		t.Errorf("sessions that change: got %q, want a frozen source: %+v", f.WhyNot(), f.Polls)
	}
	if f = checkFreeze(t, m, nil); !f.IsFrozen {
		t.Errorf("sessions that change no more: got %q, want a frozen source", f.WhyNot())
	}
	checkSameSessions(t, m)
}
