//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// guardScript runs a command, and ends the command when the script's standard input closes. The standard input is a
// pipe from the parent process, which closes when the parent ends, also after SIGKILL. The script signals the process
// group, whose leader is the shell, and not a process id, because the system may have reused the id.
const guardScript = `
signal=$1 remove=$2
shift 2
exec 3<&0 </dev/null
(trap '' INT TERM; read -r line <&3; kill -s "$signal" 0) &
trap : "$signal"
"$@" 3<&-
code=$?
[ -z "$remove" ] || rm -rf "$remove"
exit $code`

// Command describes a child process, which ends when this process ends.
type Command struct {
	Argv   []string // program, as an absolute path, and arguments
	Dir    string   // working directory
	Output *os.File // for its standard output and error; with a file, the command never waits for a reader
	Signal string   // "INT" or "TERM": the signal that ends the command
	Remove string   // a directory to remove when the command has ended; "" means none
}

// Child is a running Command. Ctrl-C in the terminal does not reach it. It ends when this process ends.
type Child struct {
	guard io.Closer // closing this pipe ends the command
	done  chan struct{}
	err   error // its exit status; set when done is closed
	stop  sync.Once
}

// Spawn starts c as the account.
func (a Account) Spawn(c Command) (*Child, error) {
	rm, err := exec.LookPath("rm")
	if err != nil {
		return nil, fmt.Errorf("find rm: %w", err)
	}
	args := append([]string{"-c", guardScript, "guard", c.Signal, c.Remove}, c.Argv...)
	cmd := exec.Command("/bin/sh", args...) //nolint:gosec // this package and dbtest choose the programs
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, c.Output, c.Output
	// The server gets no variables of this process, such as PG* and credentials.
	cmd.Env = []string{"LC_ALL=C", "PATH=" + filepath.Dir(rm)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: a.credential()}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("create the pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run %s: %w", c.Argv[0], err)
	}
	child := &Child{guard: stdin, done: make(chan struct{})}
	go func() {
		child.err = cmd.Wait()
		close(child.done)
	}()
	return child, nil
}

// Done is closed when the command has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Stop ends the command and waits until it has ended. The error is its exit status if that is not 0.
func (c *Child) Stop() error {
	var err error
	c.stop.Do(func() {
		if err = c.guard.Close(); errors.Is(err, os.ErrClosed) {
			err = nil // the command has already ended
		}
	})
	<-c.done
	return errors.Join(err, c.err)
}
