package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// confirmPrompt is the prompt of a confirmation. The other prompts are for passwords.
const confirmPrompt = "Type yes: "

// awaitNoEcho returns when the terminal does not show what the user types.
func awaitNoEcho(t *testing.T, master *os.File) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		state, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
	}
	t.Error("the terminal shows what the user types a minute after the prompt for a password, want no echo")
}

// typeAnswers reads what a command prints to a terminal. After each prompt it types the answer. It returns the output.
func typeAnswers(t *testing.T, master *os.File, answers [][2]string) (shown string) {
	t.Helper()
	var text strings.Builder
	buffer := make([]byte, 4096)
	seen := 0
	for {
		n, err := master.Read(buffer)
		text.Write(buffer[:n])
		if err != nil { // EIO: the command has ended
			return text.String()
		}
		if len(answers) > 0 && strings.Contains(text.String()[seen:], answers[0][0]) {
			seen = text.Len()
			if answers[0][0] != confirmPrompt {
				awaitNoEcho(t, master)
			}
			if _, err := master.WriteString(answers[0][1] + "\n"); err != nil {
				t.Error(err)
			}
			answers = answers[1:]
		}
	}
}

// On a terminal the command asks for a confirmation, and the terminal does not show the password.
func TestUsersSetPasswordReadsFromTheTerminalWithoutEcho(t *testing.T) {
	t.Parallel()
	url := newUsersDatabase(t)
	for _, c := range []struct {
		name    string
		answers [][2]string
		code    int
		want    string
		changed bool
	}{
		{"no", [][2]string{{confirmPrompt, "no"}}, exitFailed, "nothing was done", false},
		{
			"two passwords",
			[][2]string{{confirmPrompt, "yes"}, {"New password: ", "correct horse"}, {"same again: ", "battery staple"}},
			exitFailed, "the two passwords differ", false,
		},
		{
			"the same password",
			[][2]string{{confirmPrompt, "yes"}, {"New password: ", "correct horse"}, {"same again: ", "correct horse"}},
			exitDone, `"event":"admin-password-change"`, true,
		},
	} {
		master, slave := openTerminal(t, 200)
		var out bytes.Buffer
		code := make(chan int, 1)
		go func() {
			defer slave.Close()
			getenv := func(name string) string { return map[string]string{"DATABASE_URL": url}[name] }
			code <- run(t.Context(), []string{"users", "set-password", graceID}, getenv, streams{slave, &out, slave})
		}()
		shown := typeAnswers(t, master, c.answers)
		if got := <-code; got != c.code || !strings.Contains(shown, c.want) ||
			!strings.Contains(shown, "Set the password of grace@example.com?") {
			t.Errorf("%s: got the exit code %d, want %d and %q\n%s%s", c.name, got, c.code, c.want, shown, out.String())
		}
		if strings.Contains(shown, "correct horse") || strings.Contains(shown, "battery staple") {
			t.Errorf("%s: the terminal shows the password\n%s", c.name, shown)
		}
		changed := dbtest.Value[string](t, url, `
			SELECT password FROM account WHERE "userId" = $1 AND "providerId" = 'credential'`, graceID) != "S3CRET-hash"
		if changed != c.changed {
			t.Errorf("%s: got a new password: %v, want %v", c.name, changed, c.changed)
		}
	}
}
