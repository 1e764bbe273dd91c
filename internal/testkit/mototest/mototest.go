//go:build moto

// Package mototest starts a real moto server, an emulator of AWS, for the tests of one process.
package mototest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/shared/config"
)

const (
	region      = "eu-central-1"
	accessKeyID = "AKIDEXAMPLE" // moto accepts any value
)

// Server is a running moto server.
type Server struct {
	URL  *url.URL
	stop func()
}

// startServer runs moto_server on a free port. It runs in a shell that ends it when this process ends, even if SIGKILL
// ends this process.
func startServer() (*Server, error) {
	program, err := findProgram()
	if err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	const script = `"$0" -H 127.0.0.1 -p 0 & cat >/dev/null; kill $!`
	cmd := exec.Command("sh", "-c", script, program) //nolint:gosec // the path comes from findProgram
	cmd.Stdout, cmd.Stderr = in, in
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	stop := func() {
		stdin.Close()
		_ = cmd.Wait() // the error only says that the shell ended the server
	}
	address, err := awaitAddress(out)
	if err != nil {
		stop()
		return nil, err
	}
	return &Server{URL: address, stop: stop}, nil
}

// RunMain starts a server, calls use with it, runs the tests of the package and exits. TestMain calls it.
func RunMain(m *testing.M, use func(*Server)) {
	server, err := startServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	use(server)
	code := m.Run()
	server.stop()
	os.Exit(code)
}

// findProgram returns the path of the moto_server that scripts/moto has installed, or else of one in PATH.
func findProgram() (string, error) {
	program := filepath.Join(checkout.Root(), ".tools", "venv", "bin", "moto_server")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	program, err := exec.LookPath("moto_server")
	if err != nil {
		return "", errors.New("moto_server is neither in .tools/venv nor in PATH: run scripts/moto first")
	}
	return program, nil
}

func awaitAddress(out io.Reader) (*url.URL, error) {
	address := regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)
	lines := bufio.NewScanner(out)
	defer func() { go io.Copy(io.Discard, out) }() //nolint:errcheck // it only keeps the pipe from filling up
	var output []string
	for len(output) < 20 && lines.Scan() {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			return url.Parse(found[1])
		}
		output = append(output, lines.Text())
	}
	return nil, fmt.Errorf("moto_server did not start:\n%s", strings.Join(output, "\n"))
}

// Environment returns environment variables that make the AWS SDK use the server. They also override the AWS settings
// of this machine.
func (s *Server) Environment() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": s.URL.String(), "AWS_REGION": region, "AWS_ACCESS_KEY_ID": accessKeyID,
		"AWS_SECRET_ACCESS_KEY": "test",
		"AWS_SESSION_TOKEN":     "", "AWS_PROFILE": "", "AWS_CA_BUNDLE": "", "AWS_EC2_METADATA_DISABLED": "true",
	}
}

// Config returns a configuration with which clients of the AWS SDK use the server.
func (s *Server) Config(t testing.TB) aws.Config {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithBaseEndpoint(s.URL.String()),
		awsconfig.WithRegion(region), awsconfig.WithCredentialsProvider(
			aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: "test"}, nil
			})))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Mail is a mail that SES accepted. moto stores only one body of a mail, the HTML.
type Mail struct {
	Source       string
	Subject      string
	Body         string
	Destinations struct{ ToAddresses []string }
}

// Mails returns the mails that SES accepted, in order. It calls an endpoint of moto that AWS does not have.
func (s *Server) Mails(t testing.TB) []Mail {
	t.Helper()
	resp, err := http.Get(s.URL.JoinPath("/moto-api/data.json").String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var data struct {
		SES struct{ Message []Mail } `json:"ses"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&data); err != nil {
		t.Fatal(err)
	}
	return data.SES.Message
}

// CheckSignatures makes the server reject requests with an invalid signature until AcceptAnySignature is called or the
// test ends.
func (s *Server) CheckSignatures(t testing.TB) {
	t.Helper()
	s.post(t, "/moto-api/reset-auth", "0")
	t.Cleanup(func() { s.AcceptAnySignature(t) })
}

// AcceptAnySignature makes the server accept requests with any signature, as it does after its start.
func (s *Server) AcceptAnySignature(t testing.TB) {
	t.Helper()
	s.post(t, "/moto-api/reset-auth", "inf")
}

func (s *Server) post(t testing.TB, path, body string) {
	t.Helper()
	resp, err := http.Post(s.URL.JoinPath(path).String(), "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s to moto: got %s, want 200 OK", path, resp.Status)
	}
}

// ResetAndConfigure deletes everything that the server stores, and sets the variables of Environment until the end of
// the test. Therefore the test cannot be parallel.
func (s *Server) ResetAndConfigure(t testing.TB) {
	t.Helper()
	s.post(t, "/moto-api/reset", "")
	for name, value := range s.Environment() {
		t.Setenv(name, value)
	}
}

// AWSSettings returns the AWS settings of the current environment variables, as a Lambda function reads them.
func AWSSettings(t testing.TB) config.AWS {
	t.Helper()
	cfg, err := config.FromEnv(config.LoadKeySettings)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.AWS
}
