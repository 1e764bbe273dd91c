//go:build docker

package samlocal

import (
	"archive/tar"
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

// repositoryRoot is the folder of the checkout.
const repositoryRoot = "../.."

// requireContainerEngine skips the test if NO_DOCKER has a reason why no container engine can run here. Otherwise it
// fails the test if Docker does not answer. isOurs is true if scripts/docker-engine has started the engine for the
// tests. Other engines can pull AWS's base image.
func requireContainerEngine(t *testing.T) (isOurs bool) {
	t.Helper()
	if why := os.Getenv("NO_DOCKER"); why != "" {
		t.Skip("no container engine can run here: " + why)
	}
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		t.Fatalf("docker version: got the error %v, want none; `make test-sam-local` starts an engine:\n%s", err, out)
	}
	return strings.Contains(os.Getenv("DOCKER_HOST"), "/docker-engine.")
}

// imageArguments returns SAM's arguments for AWS's base image. In an engine that scripts/docker-engine has started, it
// replaces that image by another one, which has what SAM needs: a shell, mv and chmod, and the folders that the
// emulator and the functions expect.
func imageArguments(t *testing.T) []string {
	t.Helper()
	if !requireContainerEngine(t) {
		return nil
	}
	shell, err := os.ReadFile(buildForContainer(t, "./conformance/samlocal/standin", "sh"))
	if err != nil {
		t.Fatal(err)
	}
	var image bytes.Buffer
	w := tar.NewWriter(&image)
	for _, dir := range []string{"tmp/", "var/task/"} {
		if err := w.WriteHeader(&tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o1777}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: "bin/sh", Mode: 0o755, Size: int64(len(shell))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(shell); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	load := exec.Command("docker", "import", "--platform", "linux/"+runtime.GOARCH, "-",
		"public.ecr.aws/lambda/provided:al2023-"+samArch())
	load.Stdin = &image
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("docker import: %v\n%s", err, out)
	}
	return []string{"--skip-pull-image"}
}

// samArch returns AWS's name for the architecture of this machine.
func samArch() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// buildForContainer compiles a Go command for a container, and returns the path of the executable.
func buildForContainer(t *testing.T, path, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-o", out, path)
	cmd.Dir = repositoryRoot
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", path, err, text)
	}
	return out
}

// server is a program that listens on this machine.
type server struct {
	port    string
	cmd     *exec.Cmd
	printed syncbuf.Buffer
}

func (s *server) address() string { return "http://127.0.0.1:" + s.port }
func (s *server) origin() string  { return "http://localhost:" + s.port }

// startProgram runs a program until the test ends, and waits until it accepts connections. args and env return the
// command line and the environment variables for a port, on which the program must listen.
func startProgram(t *testing.T, args, env func(port string) []string) *server {
	t.Helper()
	s := &server{port: strconv.Itoa(freeport.Port(t))}
	line := args(s.port)
	s.cmd = exec.Command(line[0], line[1:]...)
	s.cmd.Dir = repositoryRoot
	s.cmd.Env = append(s.cmd.Environ(), env(s.port)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.printed, &s.printed
	s.cmd.WaitDelay = time.Minute
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // the script handles it as Ctrl-C
		if err := <-ended; err != nil {
			t.Errorf("%s exited with %v after SIGTERM, want no error:\n%s", line[0], err, s.printed.String())
		}
	})
	for range 1800 {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s exited with %v before it accepted connections, want it to run:\n%s",
				line[0], err, s.printed.String())
		case <-time.After(100 * time.Millisecond):
		}
		conn, err := net.Dial("tcp", "127.0.0.1:"+s.port)
		if err == nil {
			conn.Close()
			return s
		}
	}
	t.Fatalf("%s accepted no connection within 180 seconds:\n%s", line[0], s.printed.String())
	return nil
}

// listContainers returns the ids of SAM's containers.
func listContainers(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=sam.cli.container.type=lambda").CombinedOutput()
	if err != nil {
		t.Fatalf("docker ps: %v\n%s", err, out)
	}
	return string(out)
}
