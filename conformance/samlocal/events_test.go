//go:build docker

package samlocal

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the events that SAM sends to shared/lambdahttp/testdata")

// echoTemplate has a function that returns its event, on some routes of template.yaml.
const echoTemplate = `{
  "Transform": "AWS::Serverless-2016-10-31",
  "Resources": {"Echo": {
    "Type": "AWS::Serverless::Function",
    "Properties": {
      "Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": ["ARCH"], "CodeUri": "code",
      "Events": {
        "Link":    {"Type": "HttpApi", "Properties": {"Method": "GET", "Path": "/api/auth/reset-password/{token}"}},
        "SignIn":  {"Type": "HttpApi", "Properties": {"Method": "POST", "Path": "/api/auth/sign-in/email"}},
        "Session": {"Type": "HttpApi", "Properties": {"Method": "GET", "Path": "/api/auth/get-session"}},
        "Health":  {"Type": "HttpApi", "Properties": {"Method": "GET", "Path": "/health"}}
      }
    }
  }}
}`

// requestsByFile are the requests whose events are the golden events, by the name of the file.
var requestsByFile = map[string]struct {
	line    string
	headers []string // pairs of name and value
	body    string
}{
	"sam_get": {
		line: "GET /api/auth/reset-password/a%20b%25%C3%A9?callbackURL=%2Freset&tag=a&tag=b%20c",
		headers: []string{
			"cookie", `better-auth.session_token=k3J9.aGVsbG8%2BLz0%3D; theme="a,b"`,
			"if-modified-since", "Mon, 20 Oct 2025 05:00:34 GMT", "X-Probe", "first", "X-Probe", "second",
		},
	},
	"sam_post": {
		line:    "POST /api/auth/sign-in/email",
		headers: []string{"Content-Type", "application/json"},
		body:    `{"email":"ann@example.com","a":"é"}`,
	},
	"sam_form": {
		line:    "POST /api/auth/sign-in/email",
		headers: []string{"content-type", "application/x-www-form-urlencoded"},
		body:    "email=ann%40example.com&password=correct+horse",
	},
	"sam_health": {line: "GET /health"},
	// Two cookies with the same name, a value with an equals sign, a cookie without a value, and another Host header.
	"sam_cookies": {
		line: "GET /api/auth/get-session?disableCookieCache=true&empty=&plus=a+b",
		headers: []string{
			"Cookie", "a=1; a=2; b=x=y; lonely; c=%22q%22", "Host", "learn.example.com",
			"X-Forwarded-For", "198.51.100.7", "Accept-Language", "en-US,en;q=0.9,de;q=0.8",
		},
	},
}

// plainClient is an HTTP client that adds no Accept-Encoding header.
var plainClient = &http.Client{Transport: &http.Transport{DisableCompression: true}}

// The golden events of SAM in shared/lambdahttp/testdata equal the events that SAM sends to a function.
func TestGoldenEventsEqualEventsOfSAMLocal(t *testing.T) {
	pulled := imageArguments(t)
	dir := t.TempDir()
	template := strings.ReplaceAll(echoTemplate, "ARCH", samArch())
	if err := os.WriteFile(filepath.Join(dir, "template.json"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "code"), 0o755); err != nil {
		t.Fatal(err)
	}
	bootstrap := buildForContainer(t, "./conformance/samlocal/echo", "bootstrap")
	if err := os.Rename(bootstrap, filepath.Join(dir, "code/bootstrap")); err != nil {
		t.Fatal(err)
	}
	sam := startProgram(t, func(port string) []string {
		return append([]string{
			".tools/sam/bin/sam", "local", "start-api", "--template-file", filepath.Join(dir, "template.json"),
			"--port", port, "--warm-containers", "LAZY",
		}, pulled...)
	}, func(string) []string { return []string{"SAM_CLI_TELEMETRY=0", "AWS_DEFAULT_REGION=us-east-1"} })

	for name, r := range requestsByFile {
		method, target, _ := strings.Cut(r.line, " ")
		request, err := http.NewRequestWithContext(t.Context(), method, sam.address()+target, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"User-Agent": {"curl/8.5.0"}, "Accept": {"*/*"}}
		for i := 0; i < len(r.headers); i += 2 {
			if r.headers[i] == "Host" {
				request.Host = r.headers[i+1]
			}
			request.Header[r.headers[i]] = append(request.Header[r.headers[i]], r.headers[i+1])
		}
		response, err := plainClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		event, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("the request %s: got %d, the error %v and the body %s, want 200; sam local printed:\n%s",
				name, response.StatusCode, err, event, sam.printed.String())
		}
		checkGolden(t, name, withGoldenValues(t, event, sam.port))
	}
}

// checkGolden compares an event with the golden event in a file of shared/lambdahttp/testdata. With -update it writes
// the file.
func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join(repositoryRoot, "shared/lambdahttp/testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("the event of the request %s, want the golden event (-SAM +golden):\n%s", name, diff)
	}
}

// fieldsThatVaryByRun are the fields of an event whose values differ in each run: pattern matches the field, and golden
// is the field as in the golden events.
var fieldsThatVaryByRun = []struct {
	pattern *regexp.Regexp
	golden  string
}{
	{regexp.MustCompile(`"requestId": "[^"]+"`), `"requestId": "5f0c2f5e-3c1b-4c55-9f0b-2a64f1f6a9d1"`},
	{regexp.MustCompile(`"time": "[^"]+"`), `"time": "20/Oct/2025:05:00:34 +0000"`},
	{regexp.MustCompile(`"timeEpoch": \d+`), `"timeEpoch": 1760936434`},
}

// withGoldenValues returns an event, indented, with the times, the request id and the port of the golden events.
func withGoldenValues(t *testing.T, event []byte, port string) []byte {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, event, "", "  "); err != nil {
		t.Fatalf("the event is not JSON: %v: %s", err, event)
	}
	text := strings.NewReplacer("127.0.0.1:"+port, "localhost:3001", `"`+port+`"`, `"3001"`).Replace(pretty.String())
	for _, m := range fieldsThatVaryByRun {
		text = m.pattern.ReplaceAllString(text, m.golden)
	}
	return []byte(text + "\n")
}
