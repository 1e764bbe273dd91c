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

// leash runs a command and ends it when standard input closes. The other end of that pipe is held by the process that
// spawned, so it closes at the latest when that process dies, even by SIGKILL, which no handler of its own could see.
// The watcher signals the process group, of which the shell is the leader, so that it never hits a process id used again.
const leash = `
signal=$1 rubbish=$2
shift 2
exec 3<&0 </dev/null
(trap '' INT TERM; read -r line <&3; kill -s "$signal" 0) &
trap : "$signal"
"$@" 3<&-
code=$?
[ -z "$rubbish" ] || rm -rf "$rubbish"
exit $code`

// Command is a process to run on a leash.
type Command struct {
	Argv   []string // program, as an absolute path, and arguments
	Dir    string   // working directory
	Output *os.File // takes what it prints; a file, so that the command never waits for a reader
	Signal string   // "INT" or "TERM": what asks it to end
	Remove string   // a directory to delete after it ended; "" is none
}

// Child is a running Command, out of reach of the terminal's Ctrl-C and gone when this process is gone.
type Child struct {
	leash io.Closer
	done  chan struct{}
	err   error // how it ended; to be read after done
	stop  sync.Once
}

// Spawn starts c as the account.
func (a Account) Spawn(c Command) (*Child, error) {
	rm, err := exec.LookPath("rm")
	if err != nil {
		return nil, fmt.Errorf("look for rm: %w", err)
	}
	args := append([]string{"-c", leash, "leash", c.Signal, c.Remove}, c.Argv...)
	cmd := exec.Command("/bin/sh", args...) //nolint:gosec // the programs are those this package and dbtest look up
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, c.Output, c.Output
	// Nothing of our environment is the server's business, PG* variables and credentials least of all.
	cmd.Env = []string{"LC_ALL=C", "PATH=" + filepath.Dir(rm)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: a.credential()}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make the leash: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run %s: %w", c.Argv[0], err)
	}
	child := &Child{leash: stdin, done: make(chan struct{})}
	go func() {
		child.err = cmd.Wait()
		close(child.done)
	}()
	return child, nil
}

// Done is closed when the command has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Stop asks the command to end and waits until it has. The error is its exit status when that is not 0.
func (c *Child) Stop() error {
	var err error
	c.stop.Do(func() {
		if err = c.leash.Close(); errors.Is(err, os.ErrClosed) {
			err = nil // it has ended already
		}
	})
	<-c.done
	return errors.Join(err, c.err)
}
