package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/event"
)

var update = flag.Bool("update", false, "write the examples into docs/events.md")

// changes are statements that write every type of event.
var changes = []string{
	`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
		VALUES ('0f8b2c1e-52a5-4b0c-8d0e-0e6f9bb1f2b1', 'Ada Lovelace', 'ada@example.com', false,
			'2026-09-02 08:11:40.5Z', '2026-09-02 08:11:40.5Z')`,
	`INSERT INTO account (id, "userId", "providerId", "accountId", password, "updatedAt")
		VALUES ('5b1f7a44-3f0e-4c57-9a4e-2f6f0d8c7e10', '0f8b2c1e-52a5-4b0c-8d0e-0e6f9bb1f2b1', 'credential',
			'0f8b2c1e-52a5-4b0c-8d0e-0e6f9bb1f2b1', 'a hash', now())`,
	`INSERT INTO session (id, token, "userId", "createdAt", "updatedAt", "expiresAt", "ipAddress", "userAgent")
		VALUES ('9d3c6e70-1a2b-4c3d-8e4f-5a6b7c8d9e0f', 'a token', '0f8b2c1e-52a5-4b0c-8d0e-0e6f9bb1f2b1',
			'2026-09-02 08:11:40.5Z', '2026-09-02 08:11:40.5Z', '2026-09-09 08:11:40.5Z', '192.0.2.12', 'Mozilla/5.0')`,
	`UPDATE "user" SET name = 'Ada King', "updatedAt" = '2026-09-03 10:00:00Z'`,
	`UPDATE "user" SET "emailVerified" = true, "updatedAt" = '2026-09-03 10:05:00Z'`,
	`UPDATE account SET password = 'another hash'`,
	`UPDATE "user" SET banned = true, "banReason" = 'spam', "banExpires" = '2026-10-01 00:00:00Z'`,
	`UPDATE "user" SET banned = false, "banReason" = NULL, "banExpires" = NULL`,
	`DELETE FROM session`,
	`DELETE FROM account`,
	`DELETE FROM "user"`,
}

// meanings are the texts of docs/events.md.
var meanings = map[string]string{
	"user.created": "A user has signed up, or was created by an administrator or another program.",
	"user.updated": "A member of `user` has changed; `changed` has the names. A change of `updatedAt` alone is no event.",
	"user.deleted": "The user is deleted, with all sessions and accounts, which have no events of their own then. " +
		"`user` is how it was before.",
	"email.verified": "The current email has become verified. It follows a `user.updated`. A user who is created with a " +
		"verified email, for example by Google, has no such event: `user.created` says it.",
	"user.banned": "The user is banned, until `banExpires`, or without an end. It follows a `user.updated`.",
	"user.unbanned": "The ban is lifted. It follows a `user.updated`. A ban that expires changes nothing, so it is no " +
		"event.",
	"session.created":  "The user has signed in. `impersonatedBy` is the administrator, if it is an impersonation.",
	"session.deleted":  "The session has ended, by a sign-out, a revocation or a cleanup after `expiresAt`.",
	"account.linked":   "The user has a new way to sign in: `credential` is the password, others are providers.",
	"account.unlinked": "The user can no longer sign in this way.",
	"password.changed": "The password was changed, set by a reset or removed. A hash that is replaced at a sign-in is " +
		"no event.",
}

// docs/events.md has an example of every event, as a receiver gets it.
func TestManualShowsEveryEvent(t *testing.T) {
	t.Parallel()
	var to target
	url, r := newDatabase(t, &to)
	conn := connect(t, url)
	for _, sql := range changes {
		exec(t, conn, sql)
	}
	exec(t, conn, `UPDATE user_event SET id = ('2f1d7c1a-7c56-4f0e-9d3b-' || lpad(to_hex(sequence), 12, '0'))::uuid,
		created_at = timestamptz '2026-09-03 10:00:00.25Z' + sequence * interval '1 minute'`)
	sendUntil(t, r, func(n event.Result) bool { return n.Sent >= 14 })
	examples := map[string]string{}
	for _, batch := range to.batches {
		for _, e := range batch {
			var text bytes.Buffer
			if err := json.Indent(&text, e.Body, "", "  "); err != nil {
				t.Fatal(err)
			}
			if examples[e.Type] == "" {
				examples[e.Type] = text.String()
			}
		}
	}
	if len(examples) != len(event.Types) || len(meanings) != len(event.Types) {
		t.Errorf("types of events: got %d written and %d explained, want the %d of event.Types",
			len(examples), len(meanings), len(event.Types))
	}
	var want strings.Builder
	for _, name := range event.Types {
		fmt.Fprintf(&want, "\n### `%s`\n\n%s\n\n```json\n%s\n```\n", name, wrap(meanings[name]), examples[name])
	}
	checkPage(t, want.String())
}

// checkPage compares the part of docs/events.md between two headings with the wanted text. With -update it writes it.
func checkPage(t *testing.T, want string) {
	t.Helper()
	const page, begin, end = "../../docs/events.md", "\n## Every event\n", "\n## Receive\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), begin)
	got, tail, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("docs/events.md does not have the headings %q and %q", begin, end)
	}
	if *update {
		if err := os.WriteFile(page, []byte(head+begin+want+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/events.md is out of date; run this test with -update (-want +got):\n%s", diff)
	}
}

// wrap breaks a text into lines of at most 120 characters.
func wrap(text string) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > 120 {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return strings.Join(append(lines, line), "\n")
}
