package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/follow"
)

func TestMigrateRunFollowsTheSourceUntilItIsIdle(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 300)
	args := []string{"migrate", "run", "--mfa", "allow", "--batch-size", "100", "--follow", "--until-idle", "--interval", "1ms"}
	code, out, stderr := runXenon(t, args, env...)
	if code != exitDone || !strings.Contains(stderr, "follow: poll 1, a pass over all users") ||
		!strings.Contains(stderr, "a freeze would take about") || !strings.Contains(out, "xenon migrate run --freeze-check") {
		t.Errorf("run --follow: got the exit code %d, want 0, a pass, a poll and the next command\n%s%s", code, out, stderr)
	}
	dbtest.Exec(t, env[1], "update auth.users set raw_user_meta_data = '{\"name\": \"New\"}' where deleted_at is null")
	code, out, stderr = runXenon(t, append(args, "--json"), env...)
	var polls []follow.Poll
	for line := range strings.Lines(out) {
		var p follow.Poll
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("run --follow --json: got the line %q, want JSON: %v", line, err)
		}
		polls = append(polls, p)
	}
	if code != exitDone || len(polls) != 2 || polls[0].Changed < 200 || polls[1].Changed != 0 || polls[0].WholePass {
		t.Errorf("run --follow --json: got the exit code %d, want 0 and two polls, of which the first copies changes\n%s%s",
			code, out, stderr)
	}
	code, out, stderr = runXenon(t, []string{"migrate", "run", "--freeze-check"}, env...)
	if code != exitDone || !strings.Contains(out, "Frozen: only sign-ins change the source") {
		t.Errorf("run --freeze-check: got the exit code %d, want 0\n%s%s", code, out, stderr)
	}
	dbtest.Exec(t, target, `update "user" set name = 'Changed here'`)
	dbtest.Exec(t, env[1], "update auth.users set last_sign_in_at = now()")
	code, _, stderr = runXenon(t, []string{"migrate", "run", "--freeze-check"}, env...)
	if code != exitNeedsDecision || !strings.Contains(stderr, "not frozen: ") {
		t.Errorf("run --freeze-check of a target that differs: got the exit code %d, want 3 and the reason\n%s", code, stderr)
	}
}

// cancelAfterSecondPoll cancels the command after its second poll, as Ctrl-C does.
type cancelAfterSecondPoll struct {
	bytes.Buffer
	stop func()
}

func (s *cancelAfterSecondPoll) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("follow: poll 2")) {
		s.stop()
	}
	return s.Buffer.Write(b)
}

func TestCtrlCEndsMigrateRunFollowWithSuccess(t *testing.T) {
	t.Parallel()
	_, _, env := newMigration(t, 20)
	settings := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		settings[env[i]] = env[i+1]
	}
	ctx, stop := context.WithCancel(t.Context())
	stderr := &cancelAfterSecondPoll{stop: stop}
	args := []string{"migrate", "run", "--mfa", "allow", "--follow", "--interval", "1ms"}
	code := run(ctx, args, func(name string) string { return settings[name] }, streams{nil, &stderr.Buffer, stderr})
	if code != exitDone || !strings.Contains(stderr.String(), "Stopped. Everything that was committed") {
		t.Errorf("Ctrl-C after a poll: got the exit code %d, want 0\n%s", code, stderr)
	}
}

func TestMigrateRunRejectsFlagsThatContradictFollow(t *testing.T) {
	t.Parallel()
	for want, flags := range map[string][]string{
		"cannot be used together":                {"--follow", "--freeze-check"},
		"need --follow":                          {"--until-idle"},
		"cannot be used with --quick":            {"--follow", "--quick"},
		"--interval must be a positive time":     {"--follow", "--interval=-1s"},
		"--freeze-check cannot be used with --q": {"--freeze-check", "--dry-run"},
	} {
		args := append([]string{"migrate", "run", "--from", unreachableURL, "--to", unreachableURL}, flags...)
		code, _, stderr := runXenon(t, args)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("xenon %v: got the exit code %d, want %d and the error %q\n%s", args, code, exitUsage, want, stderr)
		}
	}
}

func TestMigrateRunRefusesToFollowAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data.sql")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{
		{"--from", file, "--follow"},
		{"--from", file, "--freeze-check"},
		{"--from", file, "--from-format", "clerk", "--follow"},
		{"--from", unreachableURL, "--from-format", "firebase", "--freeze-check"},
	} {
		args := append([]string{"migrate", "run", "--to", unreachableURL}, flags...)
		code, _, stderr := runXenon(t, args)
		if want := "need the database of the project"; code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("xenon %v: got the exit code %d, want %d and the error %q\n%s", args, code, exitUsage, want, stderr)
		}
	}
}
