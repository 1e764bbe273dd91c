package auth_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/mail"
)

// mailRequester is a server with rate limits, and the clients that request mails from it. sent counts the queued mails
// by kind; answers are the responses.
type mailRequester struct {
	*server
	box     *mailbox
	sent    map[mail.Kind]int
	answers []string
}

func newMailRequester(t *testing.T) *mailRequester {
	t.Helper()
	f := &mailRequester{
		server: newServer(t, enableRateLimits, setClientIP("xff:1")),
		box:    &mailbox{},
		sent:   map[mail.Kind]int{},
	}
	f.svc.Mail = f.box
	f.signUpAda()
	return f
}

// requestMail requests a mail to the email from an IP address, and moves the clock by a minute.
func (f *mailRequester) requestMail(path, email, ip string) {
	a := f.do("POST", path, `{"email":"`+email+`"}`, "X-Forwarded-For", ip)
	f.answers = append(f.answers, fmt.Sprint(a.status, a.body))
	for _, m := range f.box.takeAll() {
		f.sent[m.Kind]++
	}
	f.now = f.now.Add(time.Minute)
}

// checkSent compares the numbers of mails since the last call with want.
func (f *mailRequester) checkSent(name string, want map[mail.Kind]int) {
	f.t.Helper()
	if diff := cmp.Diff(want, f.sent); diff != "" {
		f.t.Errorf("%s: number of mails by kind (-want +got):\n%s", name, diff)
	}
	clear(f.sent)
}

// One client can cause five mails of a kind to one email in an hour, and all clients together can cause twenty. The
// response does not show whether a mail was dropped.
func TestMailsToOneEmailAreLimited(t *testing.T) {
	t.Parallel()
	f := newMailRequester(t)
	for range 8 {
		f.requestMail(requestResetPath, "Ada@example.com", "192.0.2.1")
	}
	f.checkSent("from one client", map[mail.Kind]int{mail.ResetPassword: 5, mail.Nothing: 3})
	for i := range 20 {
		f.requestMail(requestResetPath, "ada@example.com", fmt.Sprintf("192.0.2.%d", 10+i))
	}
	f.checkSent("from many clients", map[mail.Kind]int{mail.ResetPassword: 15, mail.Nothing: 5})
	f.requestMail(requestResetPath, "nobody@example.com", "192.0.2.1")
	f.checkSent("to another email", map[mail.Kind]int{mail.Nothing: 1})
	f.now = f.now.Add(time.Hour)
	f.requestMail(requestResetPath, "ada@example.com", "192.0.2.1")
	f.checkSent("an hour later", map[mail.Kind]int{mail.ResetPassword: 1})
	if slices.Sort(f.answers); len(slices.Compact(f.answers)) != 1 {
		t.Errorf("requests for reset mails: got the responses %q, want the same response to every request", f.answers)
	}
}

// A mail that the limit of all clients drops does not count against the limit of its client.
func TestMailsDroppedByTheTotalLimitDoNotCount(t *testing.T) {
	t.Parallel()
	f := newMailRequester(t)
	for i := range 20 {
		f.requestMail(requestResetPath, "ada@example.com", fmt.Sprintf("192.0.2.%d", 10+i))
	}
	f.now = f.now.Add(30 * time.Minute)
	for range 10 {
		f.requestMail(requestResetPath, "ada@example.com", "192.0.2.1")
	}
	f.checkSent("from many clients", map[mail.Kind]int{mail.ResetPassword: 20, mail.Nothing: 10})
	f.now = f.now.Add(21 * time.Minute)
	for range 5 {
		f.requestMail(requestResetPath, "ada@example.com", "192.0.2.1")
	}
	f.checkSent("later", map[mail.Kind]int{mail.ResetPassword: 5})
}

// Mails of one kind, and mails that are not sent, do not count against the limit of another kind.
func TestMailLimitsAreByKind(t *testing.T) {
	t.Parallel()
	f := newMailRequester(t)
	for range 7 {
		f.requestMail(sendVerificationPath, "ada@example.com", "192.0.2.1")
	}
	f.checkSent("unverified", map[mail.Kind]int{mail.VerifyEmail: 5, mail.Nothing: 2})
	f.exec(verifyEmailSQL)
	for range 7 {
		f.requestMail(sendVerificationPath, "ada@example.com", "192.0.2.1")
	}
	f.checkSent("verified", map[mail.Kind]int{mail.Nothing: 7})
	f.requestMail(requestResetPath, "ada@example.com", "192.0.2.1")
	f.checkSent("reset", map[mail.Kind]int{mail.ResetPassword: 1})
}

// After a completed reset the owner gets a reset mail again, even if other clients have reached the limit before.
func TestCompletedResetClearsTheCountOfResetMails(t *testing.T) {
	t.Parallel()
	f := newMailRequester(t)
	var last mail.Message
	for i := range 20 {
		f.do("POST", requestResetPath, `{"email":"ada@example.com"}`, "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", 10+i))
		last = f.box.takeOne(t)
	}
	f.requestMail(requestResetPath, "ada@example.com", "192.0.2.1")
	f.checkSent("the owner, at the total limit", map[mail.Kind]int{mail.Nothing: 1})
	f.do("POST", resetPath, `{"newPassword":"battery staple","token":"`+last.Token+`"}`, "X-Forwarded-For",
		"192.0.2.1").checkStatusAndCode(t, "reset with the newest link", 200, "")
	f.requestMail(requestResetPath, "ada@example.com", "192.0.2.1")
	f.checkSent("the owner, after the reset", map[mail.Kind]int{mail.ResetPassword: 1})
}

// If the limit drops the notice to the old email, the new email gets no link either.
func TestEmailChangeIsNotMailedIfItsNoticeIsDropped(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	box := &mailbox{}
	s.svc.Mail = box
	a := s.signUpAda()
	for i := range 7 {
		body := fmt.Sprintf(`{"newEmail":"new%d@example.com"}`, i)
		s.do(
			"POST",
			changeEmailPath,
			body,
			append(a.bearerHeader(), "X-Forwarded-For", "192.0.2.1")...).checkStatusAndCode(
			t,
			body,
			200,
			"",
		)
		s.now = s.now.Add(time.Minute)
		want := []string{"email-change-notice ada@example.com", fmt.Sprintf("verify-email new%d@example.com", i)}
		if i >= 5 {
			want = []string{"nothing ada@example.com", fmt.Sprintf("nothing new%d@example.com", i)}
		}
		if diff := cmp.Diff(want, box.takeKindsAndRecipients()); diff != "" {
			t.Errorf("email change %d: mails (-want +got):\n%s", i, diff)
		}
	}
}

// The audit record of the request names the kind of the dropped mail.
func TestDroppedMailIsInTheAuditLog(t *testing.T) {
	log := captureLog(t)
	f := newMailRequester(t)
	for range 6 {
		takeRecords(t, log)
		f.requestMail(requestResetPath, "ada@example.com", "192.0.2.1")
	}
	got := takeRecords(t, log)
	if len(got) != 1 || got[0]["event"] != "password-reset-request" || got[0]["result"] != "ok" ||
		got[0]["mailDropped"] != "reset-password" {
		t.Errorf("sixth request for a reset mail: got audit records %v, want one with mailDropped", got)
	}
}
