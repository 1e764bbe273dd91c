package importer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/importer"
)

// childVariable makes this binary a process that imports, for tests that kill it or look at its memory.
const childVariable = "XENON_SUPABASE_TEST_CHILD"

// child is what such a process is told to do.
type child struct {
	From, To    string
	Options     importer.Options
	Concurrency int
	Measure     bool // print the largest live heap, in bytes, at the end
}

func TestMain(m *testing.M) {
	if order, ok := os.LookupEnv(childVariable); ok {
		if err := imports(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func imports(order string) error {
	var c child
	if err := json.Unmarshal([]byte(order), &c); err != nil {
		return err
	}
	m := importer.Import{From: c.From, To: c.To, Holder: fmt.Sprintf("process %d", os.Getpid()), Now: time.Now}
	var most uint64
	if c.Measure {
		m.Progress = func(importer.Event) { most = max(most, liveHeap()) }
	}
	fmt.Println("ready")
	if _, err := m.Run(context.Background(), c.Options, false, c.Concurrency); err != nil {
		return err
	}
	fmt.Println(most)
	return nil
}

func liveHeap() uint64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// command is the child process.
func (c child) command(t *testing.T) *exec.Cmd {
	t.Helper()
	order, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(order))
	return cmd
}
