//go:build node

package edge

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeProgram writes a shell script into dir. The script appends its name and arguments to the file calls in dir, and
// then runs body. writeProgram returns the path of the script.
func writeProgram(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	script := "#!/bin/sh\necho " + name + ` "$@" >>` + filepath.Join(dir, "calls") + "\n" + body + "\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// runPublish runs scripts/publish with shell scripts in place of the programs aws and sam. It returns the calls of the
// two programs, and the output of scripts/publish.
func runPublish(t *testing.T, outputs, site string) (calls []string, output string, err error) {
	t.Helper()
	dir := t.TempDir()
	writeProgram(t, dir, "aws", "")
	sam := writeProgram(t, dir, "sam", "printf '%s' '"+outputs+"'")
	run := exec.CommandContext(t.Context(), filepath.Join(repositoryRoot, "scripts", "publish"), "prod", site)
	run.Env = append(os.Environ(), "SAM="+sam, "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := run.CombinedOutput()
	text, _ := os.ReadFile(filepath.Join(dir, "calls")) // the file does not exist if no program was called
	lines := strings.ReplaceAll(string(text), site, "SITE")
	return strings.FieldsFunc(lines, func(r rune) bool { return r == '\n' }), string(out), err
}

// stackOutputs are the outputs of the stack, as `sam list stack-outputs` prints them.
const stackOutputs = `[{"OutputKey":"SiteBucketName","OutputValue":"a-bucket"},` +
	`{"OutputKey":"DistributionId","OutputValue":"E1"}]`

func writeEmptyFile(t *testing.T, dir, name string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Assets, whose names contain a hash of their content, are uploaded first, and browsers cache them for a year. Browsers
// revalidate pages at each request.
func TestPublishUploadsAssetsAndPagesAndInvalidatesTheCache(t *testing.T) {
	t.Parallel()
	site := t.TempDir()
	writeEmptyFile(t, site, "index.html")
	writeEmptyFile(t, site, "assets/js/main.0a1b2c.js")
	calls, output, err := runPublish(t, stackOutputs, site)
	if err != nil {
		t.Fatalf("scripts/publish: %v: %s", err, output)
	}
	want := []string{
		"sam list stack-outputs --config-env prod --output json",
		"aws s3 sync SITE/assets s3://a-bucket/assets --no-progress --cache-control public, max-age=31536000, immutable",
		"aws s3 sync SITE s3://a-bucket --no-progress --delete --exclude assets/* " +
			"--cache-control public, max-age=0, s-maxage=31536000, must-revalidate",
		"aws cloudfront create-invalidation --distribution-id E1 --paths /* --query Invalidation.Id --output text",
	}
	if diff := cmp.Diff(calls, want); diff != "" {
		t.Errorf("the commands that scripts/publish runs (-got +want):\n%s", diff)
	}
}

func TestPublishUploadsNothingWithoutASite(t *testing.T) {
	t.Parallel()
	calls, output, err := runPublish(t, stackOutputs, filepath.Join(t.TempDir(), "build"))
	if err != nil || len(calls) != 0 || !strings.Contains(output, "nothing is uploaded") {
		t.Errorf("scripts/publish without a built site: got the calls %v, the output %q and the error %v, want only a "+
			"message", calls, output, err)
	}
}

// If the stack does not have the outputs that scripts/publish needs, the script fails and uploads nothing.
func TestPublishFailsWithoutAStack(t *testing.T) {
	t.Parallel()
	site := t.TempDir()
	writeEmptyFile(t, site, "index.html")
	calls, output, err := runPublish(t, "[]", site)
	if err == nil || len(calls) != 1 || !strings.Contains(output, "has no output SiteBucketName") {
		t.Errorf("scripts/publish without a stack: got the calls %v, the output %q and the error %v, want one call and "+
			"an error", calls, output, err)
	}
}

// scripts/deploy checks its arguments and settings before it builds or deploys anything.
func TestDeploy_ReportsMissingPrerequisites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ env, database, want string }{
		"no such environment": {"staging", "postgres://u:hunter2@db/x", "no environment staging"},
		"no database":         {"prod", "", "DIRECT_DATABASE_URL is missing"},
		"a pooled database":   {"prod", "postgres://u:hunter2@ep-x-pooler.eu.example/x", "is the pooled URL"},
	} {
		dir := t.TempDir()
		run := exec.CommandContext(t.Context(), filepath.Join(repositoryRoot, "scripts", "deploy"), c.env)
		run.Env = append(os.Environ(), "SAM="+writeProgram(t, dir, "sam", ""), "DIRECT_DATABASE_URL="+c.database)
		out, err := run.CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "hunter2") {
			t.Errorf("%s: scripts/deploy: got %q and the error %v, want an error with %q and without the password",
				name, out, err, c.want)
		}
		if _, err := os.Stat(filepath.Join(dir, "calls")); err == nil {
			t.Errorf("%s: scripts/deploy called sam, want no call", name)
		}
	}
}
