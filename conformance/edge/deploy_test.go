//go:build node

package edge

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runDeploy runs scripts/deploy for a built site, with shell scripts in place of the programs sam, aws and make. It
// returns the calls of these programs, the configuration for sam, and the output of scripts/deploy.
func runDeploy(t *testing.T, site, csp string) (calls, config, output string, err error) {
	t.Helper()
	dir := t.TempDir()
	writeProgram(t, dir, "aws", "")
	writeProgram(t, dir, "make", "")
	// sam deploy keeps a copy of the configuration, and sam list prints the outputs of the stack.
	sam := writeProgram(t, dir, "sam", `case $1 in
deploy) while [ $# -gt 1 ]; do [ "$1" = --config-file ] && cp "$2" `+dir+`/config; shift; done ;;
list) printf '%s' '`+stackOutputs+`' ;;
esac`)
	run := exec.CommandContext(t.Context(), filepath.Join(repositoryRoot, "scripts", "deploy"), "dev")
	run.Env = append(os.Environ(), "SAM="+sam, "PATH="+dir+":"+os.Getenv("PATH"), "SITE="+site, "CSP="+csp,
		"DIRECT_DATABASE_URL=postgres://localhost/learn")
	out, err := run.CombinedOutput()
	called, _ := os.ReadFile(filepath.Join(dir, "calls")) // the file does not exist if no program was called
	written, _ := os.ReadFile(filepath.Join(dir, "config"))
	return string(called), string(written), string(out), err
}

// With a site that is not Xenon's own, scripts/deploy uploads it, and passes its Content-Security-Policy to sam deploy:
// the hash of its inline script, and the sources of its styles.
func TestDeployPublishesAnotherSiteWithItsPolicy(t *testing.T) {
	site := t.TempDir()
	page := []byte(`<p style="color:red"><script>alert(1)</script>`)
	if err := os.WriteFile(filepath.Join(site, "index.html"), page, 0o600); err != nil {
		t.Fatal(err)
	}
	calls, config, output, err := runDeploy(t, site, "docusaurus")
	if err != nil {
		t.Fatalf("scripts/deploy with another site: got the error %v\n%s", err, output)
	}
	for _, want := range []string{
		`    "ScriptHashes=\"'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='\"",`,
		`    "StyleSources=\"'self' 'unsafe-inline'\"",`,
		`    "PublicOrigin=https://dev.learn.example.com",`,
	} {
		if strings.Count(config, want+"\n") != 1 {
			t.Errorf("the configuration for sam deploy: got %d lines %s, want one\n%s",
				strings.Count(config, want+"\n"), want, config)
		}
	}
	if !strings.Contains(calls, "aws s3 sync "+site+" s3://a-bucket ") || strings.Contains(calls, "node_modules") {
		t.Errorf("scripts/deploy with another site: got the calls\n%s\nwant an upload of %s and no build of Xenon's site",
			calls, site)
	}
}

// If the site has no index.html, or the Content-Security-Policy would block a part of the page, scripts/deploy fails
// before it calls a program.
func TestDeployFailsIfThePolicyBlocksThePage(t *testing.T) {
	site := t.TempDir()
	for _, c := range []struct{ page, csp, want string }{
		{"", "strict", "index.html"},
		{`<p style="color:red">`, "strict", "style of <p>"},
		{`<p onclick="x()">`, "docusaurus", "onclick of <p>"},
	} {
		if c.page != "" {
			if err := os.WriteFile(filepath.Join(site, "index.html"), []byte(c.page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		calls, _, output, err := runDeploy(t, site, c.csp)
		if err == nil || calls != "" || !strings.Contains(output, c.want) {
			t.Errorf("scripts/deploy with the page %q and CSP=%s: got the error %v, the calls %q and %s, "+
				"want a failure that names %s before any call", c.page, c.csp, err, calls, output, c.want)
		}
	}
}

// runDeployOfAPI runs scripts/deploy with the parameters in samconfig.toml, and with shell scripts in place of the
// programs sam, make and npm. npm prints the settings with which the site is built, and fails.
func runDeployOfAPI(t *testing.T, site string, parameters ...string) (calls, output string, err error) {
	t.Helper()
	dir := t.TempDir()
	script, err := os.ReadFile(filepath.Join(repositoryRoot, "scripts", "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	writeEmptyFile(t, dir, "website/package.json")
	writeProgram(t, dir, "npm", `echo "built with $BETTER_AUTH_URL, MAGIC_LINK=$MAGIC_LINK, EMAIL_OTP=$EMAIL_OTP, `+
		`TWO_FACTOR=$TWO_FACTOR, ADMIN=$ADMIN" && exit 1`)
	writeProgram(t, dir, "make", "")
	sam := writeProgram(t, dir, "sam", "")
	settings := "[prod.deploy.parameters]\nparameter_overrides = [\n"
	for _, p := range parameters {
		settings += "    \"" + p + "\",\n"
	}
	for name, text := range map[string]string{"scripts/deploy": string(script), "samconfig.toml": settings + "]\n"} {
		writeEmptyFile(t, dir, name)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "scripts", "deploy"), "prod")
	run.Env = append(os.Environ(), "SAM="+sam, "PATH="+dir+":"+os.Getenv("PATH"), "SITE="+site,
		"DIRECT_DATABASE_URL=postgres://localhost/learn")
	out, err := run.CombinedOutput()
	called, _ := os.ReadFile(filepath.Join(dir, "calls")) // the file does not exist if no program was called
	return string(called), string(out), err
}

func TestDeployWithoutASiteDeploysOnlyTheAPI(t *testing.T) {
	t.Parallel()
	for _, site := range []string{"", "none"} {
		calls, output, err := runDeployOfAPI(t, site, "PublicOrigin=https://auth.example.com", "Site=none")
		want := "sam build --config-env prod\nmake --no-print-directory schema ARGS=--events off\n" +
			"sam deploy --config-env prod\n"
		if err != nil || calls != want ||
			!strings.Contains(output, "https://auth.example.com to the output ApiDomainTarget") {
			t.Errorf("scripts/deploy with Site=none and SITE=%s: got the error %v, the calls\n%s\nand %s\nwant the calls\n%s\n"+
				"and the host name of the API", site, err, calls, output, want)
		}
	}
}

// The triggers that write events exist if Events is on.
func TestDeployMakesTheTriggersOfEvents(t *testing.T) {
	t.Parallel()
	for _, events := range []string{"on", "off"} {
		calls, output, err := runDeployOfAPI(t, "", "PublicOrigin=https://auth.example.com", "Site=none", "Events="+events)
		if want := "\nmake --no-print-directory schema ARGS=--events " + events + "\n"; err != nil ||
			!strings.Contains(calls, want) {
			t.Errorf("scripts/deploy with Events=%s: got the error %v, the calls\n%s\nand %s\nwant the call %s",
				events, err, calls, output, want)
		}
	}
}

func TestDeployFailsIfSITEContradictsTheSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ site, parameter, want string }{
		{"../my-site/build", "Site=none", "no bucket for SITE=../my-site/build"},
		{"none", "Site=bucket", `add "Site=none"`},
		{"none", "MailFrom=no-reply@example.com", `add "Site=none"`},
	} {
		calls, output, err := runDeployOfAPI(t, c.site, "PublicOrigin=https://auth.example.com", c.parameter)
		if err == nil || calls != "" || !strings.Contains(output, c.want) {
			t.Errorf("scripts/deploy with %s and SITE=%s: got the error %v, the calls %q and %s, want a failure that says %s",
				c.parameter, c.site, err, calls, output, c.want)
		}
	}
}

// The site has the pages of the plugins that the stack switches on.
func TestDeployBuildsTheSiteWithThePluginsOfTheStack(t *testing.T) {
	t.Parallel()
	for want, parameters := range map[string][]string{
		"MAGIC_LINK=on, EMAIL_OTP=on, TWO_FACTOR=on, ADMIN=on\n": {
			"MagicLink=on", "EmailOtp=on", "TwoFactor=on", "Admin=on", "AdminUserIds=a", "TwoFactorFor=all",
		},
		"MAGIC_LINK=, EMAIL_OTP=, TWO_FACTOR=, ADMIN=\n": {"AdminUserIds=a", "TwoFactorFor=all", "MagicLinkConfirm=on"},
	} {
		origin := "https://learn.example.com"
		calls, output, err := runDeployOfAPI(t, "", append(parameters, "PublicOrigin="+origin)...)
		if err == nil || !strings.Contains(output, "built with "+origin+", "+want) {
			t.Errorf("scripts/deploy with %v: got the error %v, the calls\n%s\nand %s\nwant a build with %s", parameters, err,
				calls, output, want)
		}
	}
}
