package mail

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

var changeEmail = Message{
	Kind:     ChangeEmailConfirmation,
	To:       "ada@example.com",
	URL:      "https://learn.example.com/api/auth/verify-email?token=t0k3n&callbackURL=%2F",
	Token:    "t0k3n",
	NewEmail: "countess@example.com",
	At:       time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC),
}

func TestSendFailsWithoutMail(t *testing.T) {
	t.Parallel()
	checkNoSecrets(t, New(config.API{Mail: config.MailNone}).Send(t.Context(), changeEmail))
}

// newOutbox returns the Sender of an outbox and the path of its file. The folders of the path do not exist yet.
func newOutbox(t *testing.T) (Sender, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "not", "there", "mail.jsonl")
	return New(config.API{Mail: config.MailOutbox, MailFile: file}), file
}

func readLines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
}

func TestOutboxHasOneLineForEachMail(t *testing.T) {
	t.Parallel()
	box, file := newOutbox(t)
	reset := Message{
		Kind: ResetPassword, To: "bob@example.com", URL: "https://learn.example.com/r", Token: "r", At: changeEmail.At,
	}
	for _, m := range []Message{changeEmail, {Kind: Nothing, To: "nobody@example.com", At: changeEmail.At}, reset} {
		if err := box.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`{"kind":"change-email-confirmation","to":"ada@example.com",` +
			`"url":"https://learn.example.com/api/auth/verify-email?token=t0k3n&callbackURL=%2F",` +
			`"token":"t0k3n","newEmail":"countess@example.com","at":"2026-01-02T03:04:05.6Z"}` + "\n",
		`{"kind":"reset-password","to":"bob@example.com","url":"https://learn.example.com/r",` +
			`"token":"r","at":"2026-01-02T03:04:05.6Z"}`,
	}
	if diff := cmp.Diff(readLines(t, file), want); diff != "" {
		t.Errorf("lines of the outbox file (-got +want):\n%s", diff)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the outbox file has the mode %v, %v, want 0600, because it contains valid links", info.Mode(), err)
	}
}

// Two servers write one file concurrently: no line is lost or interleaved with another.
func TestOutboxKeepsConcurrentLines(t *testing.T) {
	t.Parallel()
	first, file := newOutbox(t)
	second := New(config.API{Mail: config.MailOutbox, MailFile: file})
	const each = 100
	var wg sync.WaitGroup
	for i := range each {
		for j, box := range []Sender{first, second} {
			wg.Go(func() {
				m := changeEmail
				m.Token, m.URL = fmt.Sprint(j, "-", i), strings.Repeat("x", 5000)
				if err := box.Send(t.Context(), m); err != nil {
					t.Errorf("Send: %v", err)
				}
			})
		}
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, line := range readLines(t, file) {
		var m Message
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		seen[m.Token] = true
	}
	if len(seen) != 2*each {
		t.Errorf("the outbox file has %d different mails, want %d", len(seen), 2*each)
	}
}

func TestOutboxErrorShowsNoLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // cannot be opened as a file
	err := New(config.API{Mail: config.MailOutbox, MailFile: dir}).Send(t.Context(), changeEmail)
	checkNoSecrets(t, err)
}

// checkNoSecrets fails the test if the error contains a value of changeEmail.
func checkNoSecrets(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("Send returned no error, want one")
	}
	for _, secret := range []string{changeEmail.To, changeEmail.NewEmail, changeEmail.Token, changeEmail.URL} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a value of the mail: %v", err)
		}
	}
}

// The body of a mail of kind Nothing is as long as that of a usual mail. All bodies decode to what was sent.
func TestQueueBodiesHaveTheSameSize(t *testing.T) {
	t.Parallel()
	long := changeEmail
	long.URL += strings.Repeat("x", 3*bodyLengthUnitBytes)
	for name, tc := range map[string]struct {
		m    Message
		want int
	}{
		"a mail":      {changeEmail, bodyLengthUnitBytes},
		"no mail":     {Message{Kind: Nothing, At: changeEmail.At}, bodyLengthUnitBytes},
		"a long mail": {long, 4 * bodyLengthUnitBytes},
	} {
		text, err := paddedJSON(tc.m)
		if err != nil || len(text) != tc.want {
			t.Errorf("body of %s: got %d bytes, %v, want %d", name, len(text), err, tc.want)
		}
		var back Message
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Errorf("decode the body of %s: %v", name, err)
		}
		if diff := cmp.Diff(back, tc.m); diff != "" {
			t.Errorf("decoded body of %s (-got +want):\n%s", name, diff)
		}
	}
}
