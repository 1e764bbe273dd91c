// Package checkout finds the root of the repository for tests, and builds the programs that several test packages run.
package checkout

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// Root returns the root directory of the repository: the working directory or a parent of it that contains go.work. If
// there is none, it returns the working directory.
func Root() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err) // a test always has a working directory
	}
	for above := dir; above != filepath.Dir(above); above = filepath.Dir(above) {
		if _, err := os.Stat(filepath.Join(above, "go.work")); err == nil {
			return above
		}
	}
	return dir
}

// BuildCommand builds the command xenon and returns the path of the executable.
func BuildCommand() (string, error) { return build("cmd/xenon", "xenon", "CGO_ENABLED=1") }

// BuildFunction builds the function in a folder, for example functions/signin, for this machine with the flags of the
// Makefile, and returns the path of the executable.
func BuildFunction(folder string) (string, error) {
	return build(folder, "lambda-"+filepath.Base(folder), "CGO_ENABLED=0",
		"-tags", "lambda.norpc", "-ldflags", "-s -w -buildid=")
}

// BuildFunctionWithRaceDetector is BuildFunction with the race detector, which needs cgo.
func BuildFunctionWithRaceDetector(folder string) (string, error) {
	return build(folder, "race-"+filepath.Base(folder), "CGO_ENABLED=1", "-tags", "lambda.norpc", "-race")
}

var builds sync.Map // by the name of the executable: a func() error

// build builds the package in a folder once in a process. All test processes use the same file in bin/test: go build
// links a program again only if something has changed.
func build(folder, name, env string, flags ...string) (string, error) {
	out := filepath.Join(Root(), "bin", "test", name) // make clean deletes it
	once, _ := builds.LoadOrStore(name, sync.OnceValue(func() error {
		unlock, err := lock(filepath.Dir(out), name)
		if err != nil {
			return err
		}
		defer unlock()
		args := append([]string{"build", "-trimpath", "-buildvcs=false", "-o", out}, flags...)
		cmd := exec.Command("go", append(args, "./"+folder)...) //nolint:gosec // constant arguments
		cmd.Dir = Root()
		cmd.Env = append(cmd.Environ(), env)
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", folder, err, text)
		}
		return nil
	}))
	return out, once.(func() error)()
}

// lock waits until no other process builds the program.
func lock(dir, name string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a build result
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644) //nolint:gosec // an empty file
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil // closing the file releases the lock
}
