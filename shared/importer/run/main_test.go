package run_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/childtest"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
)

// child holds the arguments of a child process that runs an import.
type child struct {
	From, To    string
	Options     importer.Options
	Concurrency int
	Secret      string // of the deployment, for an import of second factors or sessions
	Measure     bool   // the process prints its largest live heap, in bytes, at the end
}

func TestMain(m *testing.M) { childtest.Main(m, runChild) }

func runChild(c child) error {
	m := importer.Import{From: c.From, To: c.To, Holder: fmt.Sprintf("process %d", os.Getpid()), Now: time.Now}
	if c.Secret != "" {
		m.Secret = func(context.Context) (cipher.Keys, error) { return cipher.ParseKeys("", c.Secret) }
	}
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

// liveHeap returns the bytes of live heap objects, after a garbage collection.
func liveHeap() uint64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// command returns the command that starts the child process.
func (c child) command(t *testing.T) *exec.Cmd {
	t.Helper()
	return childtest.Command(t, c)
}

// TestMemoryDoesNotGrowWithUsers compares the largest live heap of a small and of a large import.
func TestMemoryDoesNotGrowWithUsers(t *testing.T) {
	t.Parallel()
	largestHeap := func(users int) uint64 {
		c := child{
			From:        supabasetest.New(t),
			To:          dbtest.New(t),
			Options:     importer.Options{BatchSize: 500},
			Concurrency: 1,
			Measure:     true,
		}
		supabasetest.FillBulk(t, c.From, users, users, users/2)
		out, err := c.command(t).Output()
		if err != nil {
			t.Fatalf("the import of %d users: %v", users, err)
		}
		last := ""
		for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
			last = s.Text()
		}
		n, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	size := 1000
	if sample.RunsAllCases() {
		size = 2000
	}
	few, many := largestHeap(size), largestHeap(10*size)
	t.Logf("the largest heap: %d KB with %d users, %d KB with %d", few>>10, size, many>>10, 10*size)
	if many > few+few/2 {
		t.Errorf("the largest heap is %d bytes with %d users, want at most 1.5 times the %d bytes with %d users",
			many, 10*size, few, size)
	}
}
