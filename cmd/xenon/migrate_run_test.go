package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/importer"
)

func TestMigrateRun(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 300)
	code, out, said := xenon(t, []string{"migrate", "run"}, env...)
	if code != exitFailed || !strings.Contains(said, "say --mfa hold") || out != "" {
		t.Errorf("undecided: got %d\n%s%s", code, out, said)
	}
	code, out, said = xenon(t, []string{"migrate", "run", "--mfa", "allow", "--batch-size", "100"}, env...)
	if code != exitPerson || strings.Count(said, "copy: pass 1, batch ") != 3 || strings.Contains(said, "\r") ||
		!strings.Contains(said, "entries for a person to look at") {
		t.Errorf("run: got %d\n%s", code, said)
	}
	for _, want := range []string{
		`Run "supabase" is complete: pass 1, 3 of 3 batches done.`,
		"users                    300", "email_conflict", "Next:\n  xenon migrate verify",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("run: no %q in\n%s", want, out)
		}
	}
	first := numberOf(t, target, usersThere)
	var status importer.Status
	code, out, said = xenon(t, []string{"migrate", "run", "--json"}, env...)
	if err := json.Unmarshal(
		[]byte(out),
		&status,
	); code != exitPerson || err != nil || status.Pass != 2 ||
		status.State != "complete" {
		t.Errorf("again: got %d, %v\n%s%s", code, err, out, said)
	}
	if again := numberOf(t, target, usersThere); again != first || first < 250 {
		t.Errorf("%d users after the first run, %d after the second", first, again)
	}
	code, _, said = xenon(t, []string{"migrate", "run", "--mfa", "hold"}, env...)
	if code != exitFailed || !strings.Contains(said, "began with mfa allow") {
		t.Errorf("another choice: got %d\n%s", code, said)
	}
}

// stopper is a person who presses Ctrl-C when the first batch is done.
type stopper struct {
	bytes.Buffer
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("copy: ")) {
		s.stop()
	}
	return s.Buffer.Write(b)
}

func TestMigrateRunStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 300)
	settings := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		settings[env[i]] = env[i+1]
	}
	ctx, stop := context.WithCancel(t.Context())
	said := &stopper{stop: stop}
	args := []string{"migrate", "run", "--mfa", "allow", "--batch-size", "10", "--concurrency", "1"}
	code := run(ctx, args, func(name string) string { return settings[name] }, streams{nil, &said.Buffer, said})
	if code != exitFailed ||
		!strings.Contains(
			said.String(),
			"xenon: stopped\n  What was finished is kept. The same command goes on where this one stopped.",
		) {
		t.Errorf("stopped: got %d\n%s", code, said)
	}
	if n := numberOf(t, target, usersThere); n == 0 || n > 100 {
		t.Errorf("%d users after the first batches of ten", n)
	}
	code, out, rest := xenon(t, args, env...)
	if code != exitPerson || !strings.Contains(out, "30 of 30 batches done") || strings.Contains(rest, "batch 0,") ||
		!strings.Contains(rest, "pass 1, batch 29,") {
		t.Errorf("going on: got %d\n%s%s", code, out, rest)
	}
}
