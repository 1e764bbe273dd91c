package samlocal

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The test runs scripts/sam-local with a PATH that has only dirname and grep, and no docker or a script named docker
// that fails.
func TestSamLocalReportsMissingPrerequisites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ docker, want string }{
		"no Docker": {"", "docker is missing. Install Docker"},
		"Docker is not running": {
			"#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n",
			"Docker does not answer: Cannot connect to the Docker daemon\n  Start it",
		},
		"Docker has no bridge": {"#!/bin/sh\n[ $1 = version ] && echo amd64\n", "Docker has no bridge network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			for _, program := range []string{"dirname", "grep"} {
				found, err := exec.LookPath(program)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(found, filepath.Join(path, program)); err != nil {
					t.Fatal(err)
				}
			}
			if c.docker != "" {
				if err := os.WriteFile(filepath.Join(path, "docker"), []byte(c.docker), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			script := exec.Command("/bin/sh", "../../scripts/sam-local")
			script.Env = []string{"PATH=" + path}
			out, err := script.CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("scripts/sam-local: got the error %v and the output %s, want an error and %q in the output",
					err, out, c.want)
			}
		})
	}
}
