package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestMigrateRunCopiesUsersAndRunsAgain(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 300)
	code, out, stderr := runXenon(t, []string{"migrate", "run"}, env...)
	if code != exitFailed || !strings.Contains(stderr, "use --mfa carry") || out != "" {
		t.Errorf("run without a choice for mfa: got the exit code %d, want a failure that names --mfa and no output\n%s%s",
			code, out, stderr)
	}
	code, out, stderr = runXenon(t, []string{"migrate", "run", "--mfa", "allow", "--batch-size", "100"}, env...)
	if code != exitNeedsDecision || strings.Count(stderr, "copy: pass 1, batch ") != 3 || strings.Contains(stderr, "\r") ||
		!strings.Contains(stderr, "entries in the quarantine") {
		t.Errorf("migrate run: got the exit code %d, want 3, one line per batch and the quarantine\n%s",
			code, stderr)
	}
	for _, want := range []string{
		`Run "supabase" is complete: pass 1, 3 of 3 batches done.`,
		"users                    300", "email_conflict", "Next:\n  xenon migrate verify",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output of migrate run: want %q in it, got\n%s", want, out)
		}
	}
	first := dbtest.Value[int](t, target, countUsers)
	var status importer.Status
	code, out, stderr = runXenon(t, []string{"migrate", "run", "--json"}, env...)
	if err := json.Unmarshal(
		[]byte(out),
		&status,
	); code != exitNeedsDecision || err != nil || status.Pass != 2 ||
		status.State != "complete" {
		t.Errorf("second migrate run: got the exit code %d and %v, want 3 and a complete second pass\n%s%s",
			code, err, out, stderr)
	}
	if again := dbtest.Value[int](t, target, countUsers); again != first || first < 250 {
		t.Errorf("users in the target: got %d after the first run and %d after the second, want the same number, "+
			"at least 250", first, again)
	}
	code, _, stderr = runXenon(t, []string{"migrate", "run", "--mfa", "hold"}, env...)
	if code != exitFailed || !strings.Contains(stderr, "began with mfa allow") {
		t.Errorf("run with another choice: got the exit code %d, want a failure that names the first choice\n%s",
			code, stderr)
	}
}

// cancelAfterFirstBatch cancels the command after the first batch, as Ctrl-C does.
type cancelAfterFirstBatch struct {
	bytes.Buffer
	stop func()
}

func (s *cancelAfterFirstBatch) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("copy: ")) {
		s.stop()
	}
	return s.Buffer.Write(b)
}

func TestMigrateRunResumes(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 300)
	settings := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		settings[env[i]] = env[i+1]
	}
	ctx, stop := context.WithCancel(t.Context())
	stderr := &cancelAfterFirstBatch{stop: stop}
	args := []string{"migrate", "run", "--mfa", "allow", "--batch-size", "10", "--concurrency", "1"}
	code := run(ctx, args, func(name string) string { return settings[name] }, streams{nil, &stderr.Buffer, stderr})
	if code != exitFailed ||
		!strings.Contains(
			stderr.String(),
			"xenon: stopped\n  Finished batches are kept. Run the same command again to continue.",
		) {
		t.Errorf("stopped run: got the exit code %d, want a failure that says how to continue\n%s", code, stderr)
	}
	if n := dbtest.Value[int](t, target, countUsers); n == 0 || n > 100 {
		t.Errorf("users in the target after the stopped run: got %d, want 1 to 100", n)
	}
	code, out, rest := runXenon(t, args, env...)
	if code != exitNeedsDecision ||
		!strings.Contains(out, "30 of 30 batches done") || strings.Contains(rest, "batch 0,") ||
		!strings.Contains(rest, "pass 1, batch 29,") {
		t.Errorf("run that continues: got the exit code %d, want 30 of 30 batches, without the first one again\n%s%s",
			code, out, rest)
	}
}
