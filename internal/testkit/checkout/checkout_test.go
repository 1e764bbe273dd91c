package checkout

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestRootIsTheFolderOfTheWorkspace(t *testing.T) {
	want, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if got := Root(); got != want {
		t.Errorf("root: got %s, want %s", got, want)
	}
}

func TestBuiltCommandRuns(t *testing.T) {
	program, err := BuildCommand()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program, "--help").CombinedOutput(); err != nil {
		t.Errorf("xenon --help: got %v, want no error\n%s", err, out)
	}
}

func TestSecondBuildKeepsTheExecutable(t *testing.T) {
	program, err := BuildCommand()
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	builds.Clear() // as in another test process
	if _, err := BuildCommand(); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("executable after a second build: got a new file, want the one of the first build")
	}
}

func TestBuildErrorNamesTheFolder(t *testing.T) {
	_, err := BuildFunction("functions/missing")
	if err == nil || !strings.Contains(err.Error(), "functions/missing") {
		t.Fatalf("error of a folder that does not exist: got %v, want one that names the folder", err)
	}
}
