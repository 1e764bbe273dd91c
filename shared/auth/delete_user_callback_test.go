package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// Two routes accept the token: the mailed link and POST delete-user.
func TestDeletionTokenDeletesOnlyItsUser(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	for _, c := range []struct {
		name, setup string
		age         time.Duration
		who         string
		deleted     bool
		status      int // of the mailed link; the POST has other statuses for success and without a session
		code        string
		left        int // number of tokens after the request
	}{
		{name: "deleted", who: "ada", deleted: true, status: 302},
		{name: "in its last millisecond", age: 24 * time.Hour, who: "ada", deleted: true, status: 302},
		{name: "expired", age: 24*time.Hour + time.Millisecond, who: "ada", status: 404, code: "INVALID_TOKEN"},
		{name: "another user's session, which uses up the token", who: "bob", status: 404, code: "INVALID_TOKEN"},
		{name: "no session", status: 404, code: "FAILED_TO_GET_USER_INFO", left: 1},
		{
			name:  "a reset token",
			setup: `UPDATE verification SET identifier = replace(identifier, 'delete-account-', 'reset-password:')`, who: "ada",
			status: 404, code: "INVALID_TOKEN", left: 1,
		},
	} {
		for _, post := range []bool{false, true} {
			s.resetForNextCase(box, "DELETE_USER_VERIFICATION=on")
			users := map[string]answer{"ada": s.signUpAda(), "bob": s.do("POST", signUpPath,
				strings.Replace(signUpBody, "ada@", "bob@", 1))}
			m := s.requestDeletionLink(box, users["ada"], `{"callbackURL":"/bye"}`)
			if c.setup != "" {
				s.exec(c.setup)
			}
			s.now = s.now.Add(c.age)
			var headers []string
			if c.who != "" {
				headers = users[c.who].bearerHeader()
			}
			status, code, location := c.status, c.code, ""
			var a answer
			if post {
				a = s.do("POST", deleteUserPath, `{"token":"`+m.Token+`"}`, headers...)
				if c.who == "" {
					status, code = 401, "UNAUTHORIZED"
				} else if c.deleted {
					status = 200
				}
			} else {
				a = s.openLink(m, headers...)
				if c.deleted {
					location = "/bye"
				}
			}
			if a.status != status || a.errorCode() != code || a.header.Get("Location") != location {
				t.Errorf("token %s, sent by POST: %v: got %d %s to %q, want %d %s to %q",
					c.name, post, a.status, a.body, a.header.Get("Location"), status, code, location)
			}
			s.checkIfAdaIsDeleted(c.name, c.deleted)
			if got := query[int](s, `SELECT count(*) FROM verification`); got != c.left {
				t.Errorf("token %s, sent by POST: %v: got %d tokens afterwards, want %d", c.name, post, got, c.left)
			}
		}
	}
}

func TestDeleteUserCallbackAnswersJSON(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "DELETE_USER_VERIFICATION=on")
	a := s.signUpAda()
	m := s.requestDeletionLink(box, a, `{}`)
	got := s.do("GET", deleteCallbackPath+"?token="+m.Token, "", a.bearerHeader()...)
	if got.status != 200 || got.body != userDeletedReply || !strings.Contains(strings.Join(got.header["Set-Cookie"], "\n"),
		"Max-Age=0") {
		t.Errorf("open the link: got %d %s, cookies %q, want 200 %s and cleared cookies",
			got.status, got.body, got.header["Set-Cookie"], userDeletedReply)
	}
	s, _ = newMailServer(t, "DELETE_USER=off")
	got = s.do("GET", deleteCallbackPath+"?token=x", "")
	if got.status != 404 || got.body != `{"message":"Not found","code":"NOT_FOUND"}` {
		t.Errorf("open a link with DELETE_USER=off: got %d %s, want 404 NOT_FOUND", got.status, got.body)
	}
}

func TestR41_DeletionOnceUnderFiftyConcurrentTries(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "DELETE_USER_VERIFICATION=on")
	a := s.signUpAda()
	m := s.requestDeletionLink(box, a, `{"callbackURL":"/bye"}`)
	var group sync.WaitGroup
	answers := make([]answer, 50)
	for i := range answers {
		group.Go(func() { answers[i] = s.openLink(m, a.bearerHeader()...) })
	}
	group.Wait()
	done := 0
	for _, a := range answers {
		switch {
		case a.status == 302:
			done++
		case a.status != 404 || a.errorCode() != "INVALID_TOKEN" && a.errorCode() != "FAILED_TO_GET_USER_INFO":
			t.Errorf("concurrent deletion: got %d %s, want 302, or 404 with INVALID_TOKEN or FAILED_TO_GET_USER_INFO",
				a.status, a.body)
		}
	}
	if done != 1 {
		t.Errorf("50 concurrent requests with one deletion link: %d succeeded, want 1", done)
	}
}
