package edge

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The scripts let pip install only packages with a known hash, so that a compromised registry cannot change what a
// deployment uses.
func TestPipInstallsPackagesWithHashesOnly(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("../../scripts/*")
	if err != nil {
		t.Fatal(err)
	}
	// scripts/python-venv calls pip with these options, and the other scripts call scripts/python-venv.
	install := regexp.MustCompile(`(?m)(pip install |scripts/python-venv "[^\n]*-r ).*$`)
	wanted := regexp.MustCompile(`-r ((?:scripts/requirements/|examples/)[a-z/]+\.txt)$`)
	const onlyCall = `pip install --quiet --no-compile --disable-pip-version-check --no-deps --require-hashes "$@"`
	found := 0
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			continue // skip folders
		}
		for _, line := range install.FindAllString(strings.ReplaceAll(string(text), "\\\n\t", ""), -1) {
			if filepath.Base(script) == "python-venv" && line == onlyCall {
				continue
			}
			found++
			m := wanted.FindStringSubmatch(line)
			if m == nil || !strings.HasPrefix(line, "scripts/python-venv") {
				t.Errorf("the call of pip in %s: got %q, want scripts/python-venv with the option -r "+
					"scripts/requirements/NAME.txt or a file of examples/", script, line)
				continue
			}
			checkRequirementsHaveHashes(t, filepath.Join("../..", m[1]))
		}
	}
	if found < 3 {
		t.Errorf("calls of pip install in scripts: found %d, want at least 3", found)
	}
}

func checkRequirementsHaveHashes(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	joined := strings.ReplaceAll(string(text), "\\\n", " ")
	requirements := 0
	for line := range strings.Lines(joined) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		requirements++
		if !regexp.MustCompile(`^[\w.\[\],-]+==\S+.* --hash=sha256:[0-9a-f]{64}`).MatchString(line) {
			t.Errorf("%s: the requirement %.80s has no version or no hash, want both", file, line)
		}
	}
	if requirements < 1 {
		t.Errorf("%s has %d requirements, want at least 1", file, requirements)
	}
}

// Without the vulnerability database scripts/vuln exits with 3 and prints that it has checked nothing.
func TestVulnReportsThatNothingWasChecked(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"file://" + t.TempDir(), "http://127.0.0.1:1"} {
		cmd := exec.CommandContext(t.Context(), "../../scripts/vuln")
		cmd.Env = append(os.Environ(), "GOVULNDB="+database)
		out, err := cmd.CombinedOutput()
		exitsWith3 := cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 3
		text := string(out)
		if !exitsWith3 || !strings.Contains(text, "NOT CHECKED") || !strings.Contains(text, "GOVULNDB") {
			t.Errorf("scripts/vuln with the database %s: got %v, want exit status 3, NOT CHECKED and GOVULNDB in:\n%s",
				database, err, out)
		}
	}
}
