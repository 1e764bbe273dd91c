package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

// resourceUsage are the resources that a process uses. Heap and Objects are measured after a garbage collection.
type resourceUsage struct {
	Goroutines  int
	Heap        uint64 // bytes
	Objects     uint64
	Resident    uint64 `json:"-"` // bytes of the whole process
	Files       int    `json:"-"` // number of open file descriptors
	Connections int    `json:"-"` // number of connections to the database
}

// runServer serves all endpoints in its own process. It prints the host and port on which it listens. For every line
// that it reads from standard input it prints its resource usage.
func runServer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	cfg, err := config.LoadAPI(withJWKSURL(l, os.Getenv))
	if err != nil {
		panic(err)
	}
	mux, _ := newHandler(cfg, poolSize, nil)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { panic(server.Serve(l)) }()
	fmt.Println(l.Addr())
	out := json.NewEncoder(os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		runtime.GC()
		runtime.GC() // a sync.Pool keeps its content during one garbage collection
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		f := resourceUsage{Goroutines: runtime.NumGoroutine(), Heap: m.HeapAlloc, Objects: m.HeapObjects}
		if err := out.Encode(f); err != nil {
			panic(err)
		}
	}
}

// childProcess is a process of this test binary in the role of a server or an execution environment.
type childProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startChild starts a child in a role (serverRole or environmentRole), which is stopped at the end of the test.
func startChild(tb testing.TB, as string, env map[string]string) *childProcess {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+as)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // the error is that it was killed
	})
	return &childProcess{cmd, in, bufio.NewReader(out)}
}

// readLine returns the next line of the child's output.
func (c *childProcess) readLine(tb testing.TB) string {
	tb.Helper()
	text, err := c.out.ReadString('\n')
	if err != nil {
		tb.Fatalf("read a line from the server's process: %v; want the process to run", err)
	}
	return strings.TrimSpace(text)
}

// readResourceUsage measures the server: the child reports its goroutines and its heap, /proc has the memory and the
// open files of its process, and the database counts the connections.
func (c *childProcess) readResourceUsage(tb testing.TB, database string) (f resourceUsage) {
	tb.Helper()
	if _, err := c.in.Write([]byte("\n")); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal([]byte(c.readLine(tb)), &f); err != nil {
		tb.Fatal(err)
	}
	f.Resident = readMemory(tb, c.cmd.Process.Pid, "status", "VmRSS")
	files, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid), "fd"))
	if err != nil {
		tb.Fatal(err)
	}
	f.Files, f.Connections = len(files), countConnections(tb, database)
	return f
}

// readMemory returns the value called name in a file of /proc/<pid>, in bytes.
func readMemory(tb testing.TB, pid int, file, name string) uint64 {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut("\n"+string(text), "\n"+name+":")
	kB, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseUint(kB, 10, 64)
	if err != nil {
		tb.Fatalf("/proc/%d/%s has no line %s with a number of kB, want one", pid, file, name)
	}
	return n << 10
}
