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

// figures are what a process takes, of memory what is left after everything unused was collected.
type figures struct {
	Goroutines  int
	Heap        uint64 // bytes that live
	Objects     uint64
	Resident    uint64 `json:"-"` // bytes, of all the process
	Files       int    `json:"-"` // descriptors
	Connections int    `json:"-"` // to the database
}

// runServer is every endpoint in a process of its own, which says its address and then its figures for every line it reads.
func runServer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	cfg, err := config.LoadAPI(atListener(l, os.Getenv))
	if err != nil {
		panic(err)
	}
	mux, _ := endpoints(cfg, pool, nil)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { panic(server.Serve(l)) }()
	fmt.Println(l.Addr())
	out := json.NewEncoder(os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		runtime.GC()
		runtime.GC() // the first leaves what pools hold
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if err := out.Encode(figures{Goroutines: runtime.NumGoroutine(), Heap: m.HeapAlloc, Objects: m.HeapObjects}); err != nil {
			panic(err)
		}
	}
}

// child is this binary in another role.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func spawn(tb testing.TB, as string, env map[string]string) *child {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"="+as)
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
		_ = cmd.Wait() // killed: its exit code says nothing
	})
	return &child{cmd, in, bufio.NewReader(out)}
}

// line is the next one that the child writes.
func (c *child) line(tb testing.TB) string {
	tb.Helper()
	text, err := c.out.ReadString('\n')
	if err != nil {
		tb.Fatalf("the process has ended: %v", err)
	}
	return strings.TrimSpace(text)
}

// figures asks the child, Linux and the database.
func (c *child) figures(tb testing.TB, database string) (f figures) {
	tb.Helper()
	if _, err := c.in.Write([]byte("\n")); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal([]byte(c.line(tb)), &f); err != nil {
		tb.Fatal(err)
	}
	f.Resident = memory(tb, c.cmd.Process.Pid, "status", "VmRSS")
	files, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid), "fd"))
	if err != nil {
		tb.Fatal(err)
	}
	f.Files, f.Connections = len(files), connections(tb, database)
	return f
}

// memory is an amount that a file of /proc/<pid> tells, in bytes.
func memory(tb testing.TB, pid int, file, name string) uint64 {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut("\n"+string(text), "\n"+name+":")
	kB, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseUint(kB, 10, 64)
	if err != nil {
		tb.Fatalf("process %d has no %s", pid, name)
	}
	return n << 10
}
