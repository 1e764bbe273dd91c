package auth_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
)

const (
	changePasswordPath   = "/api/auth/change-password"
	verifyPasswordPath   = "/api/auth/verify-password"
	requestResetPath     = "/api/auth/request-password-reset"
	resetPath            = "/api/auth/reset-password"
	sendVerificationPath = "/api/auth/send-verification-email"
	verifyEmailPath      = "/api/auth/verify-email"
	changeEmailPath      = "/api/auth/change-email"
	deleteUserPath       = "/api/auth/delete-user"
	deleteCallbackPath   = "/api/auth/delete-user/callback"
)

// mailbox is a mail.Sender that keeps the mails instead of sending them.
type mailbox struct {
	mu    sync.Mutex
	mails []mail.Message
}

func (m *mailbox) Send(_ context.Context, message mail.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, message)
	return nil
}

// takeKindsAndRecipients returns the mails since the last call, each as "kind recipient", and removes them.
func (m *mailbox) takeKindsAndRecipients() (list []string) {
	for _, message := range m.takeAll() {
		list = append(list, string(message.Kind)+" "+message.To)
	}
	return list
}

// takeAll returns the mails since the last call and removes them.
func (m *mailbox) takeAll() []mail.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	mails := m.mails
	m.mails = nil
	return mails
}

// takeOne is like take, but fails the test unless there is exactly one mail.
func (m *mailbox) takeOne(t *testing.T) mail.Message {
	t.Helper()
	mails := m.takeAll()
	if len(mails) != 1 {
		t.Fatalf("mails since the last call: got %d, want 1: %v", len(mails), mails)
	}
	return mails[0]
}

// newMailServer is like newServer, with a mailbox for its mails and with settings in the form "NAME=value".
func newMailServer(t *testing.T, settings ...string) (*server, *mailbox) {
	t.Helper()
	s := newServer(t, func(env map[string]string) {
		for _, setting := range settings {
			name, value, _ := strings.Cut(setting, "=")
			env[name] = value
		}
	})
	box := &mailbox{}
	s.svc.Mail = box
	return s, box
}

// resetForNextCase deletes all users, links and mails, sets the clock to startOfTests and changes the settings, for the
// next case of a test. A new database for each case would take minutes.
func (s *server) resetForNextCase(box *mailbox, settings ...string) {
	s.t.Helper()
	env := map[string]string{"DATABASE_URL": s.url, "BETTER_AUTH_SECRET": string(s.cfg.AuthSecret), "RATE_LIMIT": "off"}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		s.t.Fatal(err)
	}
	s.svc.Options, s.svc.Mail = cfg, box
	s.now = time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC)
	box.takeAll()
	s.exec(`DELETE FROM "user"; DELETE FROM verification`)
}

// bearerHeader returns the Authorization header, name and value, that a client sends after this response to a sign-up
// or sign-in.
func (a answer) bearerHeader() []string {
	return []string{"Authorization", "Bearer " + a.header.Get("Set-Auth-Token")}
}

// openLink sends the request of a browser that opens the link in a mail.
func (s *server) openLink(m mail.Message, headers ...string) answer {
	s.t.Helper()
	return s.do("GET", strings.TrimPrefix(m.URL, origin), "", headers...)
}

// canSignIn reports whether a sign-in with the email and the password succeeds.
func (s *server) canSignIn(email, password string) bool {
	s.t.Helper()
	return s.do("POST", signInPath, `{"email":"`+email+`","password":"`+password+`"}`).status == http.StatusOK
}

// insertUser stores a user without an account and returns the id.
func (s *server) insertUser(email string) string {
	s.t.Helper()
	return query[string](s, `INSERT INTO "user" (name, email, "emailVerified") VALUES ('', $1, false) RETURNING id::text`,
		email)
}

// checkStatusAndCode compares the status and the code of a response. name names the request.
func (a answer) checkStatusAndCode(t *testing.T, name string, status int, code string) {
	t.Helper()
	if a.status != status || a.errorCode() != code {
		t.Errorf("%s: got %d %s, want %d %s", name, a.status, a.body, status, code)
	}
}
