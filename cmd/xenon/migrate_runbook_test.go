package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
)

// runbookStep is a command of "The move, day by day" in docs/migrate.md.
type runbookStep struct {
	command string
	code    int
	want    string // in the output
}

// The steps of each section. A run that copies rows ends with 3, because the phone factor is in the quarantine.
var (
	rehearsalSteps = []runbookStep{
		{"xenon schema up", exitDone, ""},
		{"xenon migrate plan --mfa carry --sessions", exitDone, "Second factors that do not come: 1"},
		{
			"xenon migrate run --mfa carry --sessions", exitNeedsDecision,
			"sessions = bridged + kept + skipped: 16 and 16, equal",
		},
		{"xenon migrate verify", exitDone, "All copied rows are equal to the source"},
		{"xenon migrate report --html rehearsal.html", exitDone, "sha256:"},
		{"xenon migrate rollback --dry-run", exitDone, "user would be removed"},
		{"xenon migrate rollback --yes", exitDone, "user removed"},
	}
	weekBeforeSteps = []runbookStep{
		{"xenon schema up", exitDone, ""},
		{"xenon migrate plan --mfa carry --sessions", exitDone, "Next:"},
		{"xenon migrate run --mfa carry --sessions", exitNeedsDecision, "is complete"},
		{"xenon migrate verify", exitDone, "All copied rows are equal to the source"},
		{"xenon migrate run --follow", exitDone, "--freeze-check"},
		{"xenon migrate verify", exitDone, "All copied rows are equal to the source"},
		{"xenon migrate run --follow", exitDone, "--freeze-check"},
	}
	hourSteps = []runbookStep{
		{"xenon migrate run --freeze-check", exitDone, "Frozen: "},
		{"xenon migrate tables", exitDone, "profiles"},
		{"xenon migrate tables --verify", exitDone, ""},
		{"xenon migrate report --html moved.html --out moved.json", exitDone, "sha256:"},
	}
	weekAfterSteps = []runbookStep{
		{"xenon migrate report", exitDone, "2  have signed in since the run began"},
		{"xenon bridge status", exitDone, "1 used"},
		{"xenon migrate run", exitNeedsDecision, "is complete"},
		{"xenon migrate report --html end.html --out end.json", exitDone, "sha256:"},
		{"xenon migrate finalize --yes", exitDone, "is finalized"},
		{"xenon bridge purge --yes", exitDone, "Deleted 10 sessions of Supabase, of which 9 were unused."},
	}
)

// commandsOfTheRunbook returns the commands of a section of docs/migrate.md that begin with "xenon".
func commandsOfTheRunbook(t *testing.T, section string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "migrate.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n### "+section+"\n")
	if !ok {
		t.Fatalf("docs/migrate.md has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	rest, _, _ = strings.Cut(rest, "\n### ")
	for i, block := range strings.Split(rest, "```") {
		if i%2 == 0 {
			continue // the text between two blocks
		}
		for line := range strings.Lines(block) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "xenon ") {
				commands = append(commands, line)
			}
		}
	}
	return commands
}

// newProjectToMove creates a source whose users have sessions and second factors. One has a phone factor.
func newProjectToMove(t *testing.T) string {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.CreateSessionTables(t, from)
	supabasetest.FillBulk(t, from, 40, 40, 10)
	supabasetest.FillSessions(t, from, 16)
	supabasetest.FillFactors(t, from, 3)
	dbtest.Exec(t, from, `INSERT INTO auth.mfa_factors (id, user_id, factor_type, status, phone, created_at, updated_at)
		SELECT gen_random_uuid(), max(id::text)::uuid, 'phone', 'verified', '+15550001', now(), now() FROM auth.users`)
	return from
}

// The commands of the runbook, in their order, from the rehearsal to the end.
func TestEveryCommandOfTheRunbookRuns(t *testing.T) {
	t.Parallel()
	from, files := newProjectToMove(t), t.TempDir()
	set, err := keys.Generate(time.Now(), config.RS256)
	if err == nil {
		err = keys.SaveFile(filepath.Join(files, "keys.json"), set)
	}
	if err != nil {
		t.Fatal(err)
	}
	runSteps := func(target, section string, steps []runbookStep) {
		t.Helper()
		var listed []string
		for _, s := range steps {
			listed = append(listed, s.command)
		}
		if diff := cmp.Diff(commandsOfTheRunbook(t, section), listed); diff != "" {
			t.Fatalf("commands of %q (-docs/migrate.md +test):\n%s", section, diff)
		}
		for _, s := range steps {
			args := strings.Fields(s.command)[1:]
			for i, arg := range args {
				switch filepath.Ext(arg) {
				case ".html", ".json":
					args[i] = filepath.Join(files, arg)
				}
			}
			if args[len(args)-1] == "--follow" {
				args = append(args, "--until-idle") // instead of Ctrl-C
			}
			code, out, stderr := runXenon(t, args, "FROM_DATABASE_URL", from, "TO_DATABASE_URL", target,
				"DIRECT_DATABASE_URL", target, "BETTER_AUTH_SECRET", "a secret of the tests, long enough",
				"SIGNING_KEYS_FILE", filepath.Join(files, "keys.json"))
			if code != s.code || !strings.Contains(out+stderr, s.want) {
				t.Fatalf("%s, in %q: got the exit code %d, want %d and %q in the output\n%s%s",
					s.command, section, code, s.code, s.want, out, stderr)
			}
		}
	}
	runSteps(dbtest.NewEmpty(t), "Rehearsal on a branch", rehearsalSteps)
	target := dbtest.NewEmpty(t)
	runSteps(target, "The week before", weekBeforeSteps)
	runSteps(target, "The hour", hourSteps)
	dbtest.Exec(t, target, `
		UPDATE "supabaseSession" SET "usedAt" = now() WHERE id = md5('session0')::uuid;
		INSERT INTO session (token, "userId", "updatedAt", "expiresAt")
		SELECT 'token', max(id::text)::uuid, now(), now() + interval '1 day' FROM "user"`)
	runSteps(target, "The week after", weekAfterSteps)
}
