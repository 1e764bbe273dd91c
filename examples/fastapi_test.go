//go:build moto

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
)

func TestFastAPIExampleAcceptsOnlyValidTokens(t *testing.T) {
	t.Parallel()
	for _, settings := range tokenForms(jwks.Algorithms...) {
		t.Run(settings[0], func(t *testing.T) {
			t.Parallel()
			d := startXenon(t, settings...)
			url, log := startProgramWithLog(t, "Uvicorn running on", fastAPI(t), "XENON_ISSUER="+d.issuer)
			checkAPI(t, url, d)
			checkLogOfRejectedTokens(t, url, d, log)
			checkOutage(t, startProgram(t, "Uvicorn running on", fastAPI(t), "XENON_ISSUER=http://127.0.0.1:1"), d)
		})
	}
}

// checkLogOfRejectedTokens checks that the log has the reason for which each token was rejected, and no token.
func checkLogOfRejectedTokens(t *testing.T, url string, d deployment, log *syncbuf.Buffer) {
	t.Helper()
	bob := d.register(t, "bob@example.com")
	for want, change := range map[string]func(*config.API){
		"ExpiredSignatureError": func(c *config.API) { c.JWTExpiresIn = time.Minute },
		"InvalidAudienceError":  func(c *config.API) { c.JWTAudience = "https://other.example" },
		// The origin of the deployment, with a slash at the end.
		"InvalidIssuerError": func(c *config.API) { c.JWTIssuer += "/" },
	} {
		log.Take()
		token := d.signToken(t, bob, 2*time.Minute, change)
		if status, _, text := send(t, "GET", url+"/me", "", "Bearer "+token); status != 401 {
			t.Errorf("%s: got %d %s, want 401", want, status, text)
		}
		got := waitForText(log, `"GET /me HTTP/1.1" 401`) // uvicorn writes this line after those of the program
		if signature := token[strings.LastIndexByte(token, '.')+1:]; !strings.Contains(got, "rejected a token: "+want) ||
			!strings.Contains(got, d.issuer) || strings.Contains(got, signature) {
			t.Errorf("the log of a rejected token: got %q, want %s, the issuer %s and no token", got, want, d.issuer)
		}
	}
}

// waitForText waits until the log has the text, at most ten seconds, and returns the log.
func waitForText(log *syncbuf.Buffer, text string) string {
	for range 1000 {
		if strings.Contains(log.String(), text) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return log.String()
}

func TestFastAPIExampleSaysThatTheIssuerIsMissing(t *testing.T) {
	t.Parallel()
	cmd := fastAPI(t)
	cmd.Args[len(cmd.Args)-1] = "0" // a free port
	cmd.Env = append(os.Environ(), "XENON_ISSUER=")
	out, err := cmd.CombinedOutput()
	got := strings.TrimSpace(string(out))
	want := "set XENON_ISSUER to the public origin of Xenon, such as https://learn.example.com"
	if err == nil || got != want {
		t.Errorf("without XENON_ISSUER: got %q and the error %v, want %q and an error", got, err, want)
	}
}

// fastAPI returns the command that starts the example with uvicorn.
func fastAPI(t *testing.T) *exec.Cmd {
	t.Helper()
	python, err := filepath.Abs("../.tools/fastapi/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("this test needs the packages that scripts/fastapi installs: %v", err)
	}
	cmd := exec.Command(python, "-B", "-m", "uvicorn", "main:app", "--port", "$PORT")
	cmd.Dir = "fastapi"
	return cmd
}
