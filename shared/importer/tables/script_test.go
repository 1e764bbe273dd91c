package tables_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// The files are executed with psql and bash, as an operator does it.
func TestScriptMovesTablesAndUndoDropsThem(t *testing.T) {
	t.Parallel()
	for _, project := range []string{"chat", "blog", "documents", "starter-kit"} {
		t.Run(project, func(t *testing.T) {
			t.Parallel()
			m := importUsers(t, project)
			before := objects(t, m.To)
			dir := filepath.Join(t.TempDir(), "script")
			files, err := tables.WriteScript(t.Context(), m.Env(), tables.Options{}, installedPgDumps(t), dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
				t.Errorf("objects of the target after WriteScript (-before +now):\n%s", diff)
			}
			execute := func(file string) {
				cmd := exec.CommandContext(t.Context(), "psql", "-X", "-q", "-d", m.To, "-f", file)
				if strings.HasSuffix(file, ".sh") {
					cmd = exec.CommandContext(t.Context(), "bash", file)
				}
				cmd.Dir = dir
				cmd.Env = append(cmd.Environ(), "FROM_DATABASE_URL="+m.From, "TO_DATABASE_URL="+m.To)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", file, err, out)
				}
			}
			for _, file := range files[:len(files)-1] {
				execute(file)
			}
			checkAnswers(t, m, project)
			execute(files[len(files)-1])
			if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
				t.Errorf("objects of the target after undo.sql (-before +now):\n%s", diff)
			}
		})
	}
}
