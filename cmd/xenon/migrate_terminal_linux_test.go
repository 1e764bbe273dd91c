package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// openTerminal opens a pseudo-terminal with this number of columns. The command uses slave as its terminal. The test
// writes to master what the user types, and reads from it what the command prints.
func openTerminal(t *testing.T, columns uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

var ansiSequence = regexp.MustCompile("\x1b\\[[0-9]*[A-Z]")

func TestProgressPrintsBarOnTerminal(t *testing.T) {
	t.Parallel()
	const columns = 100
	master, slave := openTerminal(t, columns)
	clock := time.Unix(1_790_000_000, 0)
	p := newProgress(slave, func() time.Time { return clock })
	p.printOnTerminal("Planning first …")
	sendEventsOfPass(p, &clock)
	slave.Close()
	shown, _ := io.ReadAll(master) // ends with EIO when the slave is closed
	text := ansiSequence.ReplaceAllString(string(shown), "")
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' })
	var last string
	for _, l := range lines {
		if n := utf8.RuneCountInString(l); n > columns {
			t.Errorf("a line of the progress: got %d columns, want at most the %d of the terminal: %s", n, columns, l)
		}
		if strings.TrimSpace(l) != "" {
			last = l
		}
	}
	for _, want := range []string{
		"Planning first …", "copy 1/4 batches, 12,500 rows/s, 400 quarantined, 3s left",
		"copy 2/4 batches, 12,500 rows/s, 800 quarantined, 2s left",
		"batch 2, 2 of 4 done: parked: SQLSTATE 53100",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("progress on a terminal: want %q in it, got\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if !strings.Contains(last, " 100% ███") || strings.Contains(last, "░") ||
		!strings.Contains(last, "copy 4/4 batches, 9,375 rows/s, 1,200 quarantined, 4s") ||
		!strings.HasSuffix(text, "\n") {
		t.Errorf("got the last bar %q, want 100 %% and the numbers of the pass", last)
	}
}

func TestRollbackAsksOnTerminal(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 200)
	if code, _, stderr := runXenon(t, []string{"migrate", "run", "--mfa", "allow"}, env...); code != exitNeedsDecision {
		t.Fatalf("migrate run: got the exit code %d, want 3\n%s", code, stderr)
	}
	copied := dbtest.Value[int](t, target, countUsers)
	settings := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		settings[env[i]] = env[i+1]
	}
	for _, c := range []struct {
		typed string
		code  int
		left  int
		want  string
	}{
		{"\n", exitFailed, copied, "xenon: nothing was done"},
		{"no\n", exitFailed, copied, "xenon: nothing was done"},
		{"\x04", exitFailed, copied, "xenon: nothing was done"}, // Ctrl-D
		{"yes\n", exitDone, 0, "user would be removed"},
	} {
		master, slave := openTerminal(t, 80)
		if _, err := master.WriteString(c.typed); err != nil {
			t.Fatal(err)
		}
		var out, stderr strings.Builder
		code := run(
			t.Context(),
			[]string{"migrate", "rollback"},
			func(name string) string { return settings[name] },
			streams{slave, &out, &stderr},
		)
		if code != c.code || !strings.Contains(stderr.String(), c.want) || !strings.Contains(stderr.String(), "Type yes: ") {
			t.Errorf("xenon migrate rollback with the answer %q: got the exit code %d, want %d, the question and %q\n%s%s",
				c.typed, code, c.code, c.want, &out, &stderr)
		}
		if left := dbtest.Value[int](t, target, countUsers); left != c.left {
			t.Errorf("users in the target after the answer %q: got %d, want %d", c.typed, left, c.left)
		}
	}
}
