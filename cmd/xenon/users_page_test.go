package main

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/web"
)

var updateRunning = flag.Bool("update-running", false, "write the options of xenon users into docs/running.md")

// usersCommandNames returns the names of the commands below xenon users.
func usersCommandNames() (names []string) {
	commands := reflect.TypeFor[usersCmd]()
	for i := range commands.NumField() {
		words := regexp.MustCompile(`[A-Z][a-z]+`).FindAllString(commands.Field(i).Name, -1)
		names = append(names, strings.ToLower(strings.Join(words, "-")))
	}
	return names
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repositoryRoot, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRunningPageHasTheHelpOfEveryUsersCommand(t *testing.T) {
	t.Parallel()
	jobs, options, found := strings.Cut(readPage(t, "docs/running.md"), "\n## Options\n")
	if !found {
		t.Fatal(`docs/running.md has no section "Options"`)
	}
	var want strings.Builder
	for _, name := range usersCommandNames() {
		code, out, stderr := runXenon(t, []string{"users", name, "--help"})
		if code != exitDone || !strings.Contains(out, "  xenon users "+name) {
			t.Errorf("xenon users %s --help: got the exit code %d, want 0 and an example\n%s%s", name, code, out, stderr)
		}
		if !strings.Contains(jobs, "$ xenon users "+name) {
			t.Errorf("docs/running.md has no job with the output of xenon users %s", name)
		}
		want.WriteString("\n### xenon users " + name + "\n\n```\n" + strings.TrimSpace(out) + "\n```\n")
	}
	if *updateRunning {
		text := jobs + "\n## Options\n" + want.String()
		if err := os.WriteFile(filepath.Join(repositoryRoot, "docs/running.md"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	// The width of a terminal decides where the help breaks its lines.
	if diff := cmp.Diff(strings.Fields(want.String()), strings.Fields(options)); diff != "" {
		t.Errorf("docs/running.md is out of date; run go test ./cmd/xenon -run RunningPage -update-running "+
			"(-help +page):\n%s", diff)
	}
}

func TestRunningPageListsMetricsAndAlarms(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs/running.md")
	for _, m := range web.Metrics {
		dimension := ""
		if m.Dimension != "" {
			dimension = "`" + m.Dimension + "` "
		}
		if row := "\n| `" + m.Name + "` | " + dimension + "| "; !strings.Contains(page, row) {
			t.Errorf("docs/running.md does not have the row %s of a metric", row)
		}
	}
	alarms := regexp.MustCompile(`(?m)^  (\w+Alarm):$`).FindAllStringSubmatch(readPage(t, "template.yaml"), -1)
	if len(alarms) < 9 {
		t.Errorf("alarms in template.yaml: got %d, want at least 9", len(alarms))
	}
	for _, alarm := range alarms {
		if !strings.Contains(page, "`"+alarm[1]+"`") {
			t.Errorf("docs/running.md does not have the alarm %s", alarm[1])
		}
	}
}

func TestAuditPageListsTheCommandsWithRecords(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(readPage(t, "docs/audit-log.md"), "\n## Commands\n")
	listed, want := map[string]string{}, map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `xenon users ([a-z-]+)` \\| `([a-z-]+)` \\|$").
		FindAllStringSubmatch(section, -1) {
		listed[row[1]] = row[2]
	}
	for name, path := range auditedCommands {
		if want[name] = auth.AuditEvent(path); want[name] == "" {
			t.Errorf("the command %s has no event: the path %s has none", name, path)
		}
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("commands and their events (-auditedCommands +docs/audit-log.md):\n%s", diff)
	}
}
