package providertest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// In a process with the variables of Environment, the default client of net/http reaches the hosts of the providers and
// no other host.
func TestAnotherProcessReachesOnlyTheProviders(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"=1")
	for name, value := range s.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), `"kid":"google-key-1"`) {
		t.Errorf("a process with the variables of Environment: got the error %v and this output, want google-key-1 "+
			"in it:\n%s", err, out)
	}
	if got := s.Refused(); len(got) != 1 || got[0] != "example.com:443" {
		t.Errorf("hosts that the proxy refused: got %q, want only example.com:443", got)
	}
}

// childVariable is set in the process that TestAnotherProcessReachesOnlyTheProviders starts.
const childVariable = "PROVIDERTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := useDefaultClient(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// useDefaultClient writes the keys of Google to out, and checks that another host cannot be reached.
func useDefaultClient(out io.Writer) error {
	response, err := http.Get("https://www.googleapis.com/oauth2/v3/certs")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(out, response.Body); err != nil {
		return err
	}
	if response, err := http.Get("https://example.com/"); err == nil {
		response.Body.Close()
		return errors.New("the request to example.com succeeded, want an error of the proxy")
	}
	return nil
}

// A browser that opens an authorization URL is sent back immediately as the user whom SignIn set.
func TestBrowserIsRedirectedToTheCallback(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	s.SignIn(providertest.Visit{Person: providertest.Person{Subject: "1", Name: "Ada Lovelace", Email: "ada@example.com"}})
	client := http.Client{Transport: s.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	for _, test := range []struct {
		url, location, page string
		status              int
	}{
		{
			"https://discord.com/api/oauth2/authorize?response_type=code&client_id=discord-client&state=s&redirect_uri=" +
				"http%3A%2F%2Flocalhost%2Fapi%2Fauth%2Fcallback%2Fdiscord",
			"http://localhost/api/auth/callback/discord?code=", "", http.StatusFound,
		},
		{
			"https://appleid.apple.com/auth/authorize?response_type=code+id_token&response_mode=form_post&state=s" +
				"&client_id=apple-client&code_challenge_method=S256&code_challenge=" + strings.Repeat("x", 43) +
				"&redirect_uri=http%3A%2F%2Flocalhost%2Fapi%2Fauth%2Fcallback%2Fapple",
			"", `action="http://localhost/api/auth/callback/apple"`, http.StatusOK,
		},
		{"https://discord.com/api/oauth2/authorize?response_type=code", "", "a wrong client_id", http.StatusBadRequest},
	} {
		response, err := client.Get(test.url)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != test.status || !strings.Contains(string(page), test.page) ||
			!strings.HasPrefix(response.Header.Get("Location"), test.location) {
			t.Errorf("GET %s: got %s, the location %q, the page %s and the error %v, want %d, a location that begins with %q "+
				"and %q in the page", test.url, response.Status, response.Header.Get("Location"), page, err, test.status,
				test.location, test.page)
		}
	}
}
