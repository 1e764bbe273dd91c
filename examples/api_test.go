package examples

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// deployment is a running Xenon.
type deployment struct {
	issuer   string
	url      string
	keysFile string
	database string
	claims   string // JWT_CLAIMS
}

// tokenForms are settings of deployments whose tokens an API has to accept: each of the algorithms, and the claims of
// Supabase.
func tokenForms(algorithms ...string) [][]string {
	forms := [][]string{{claimsOfSupabase}}
	for _, alg := range algorithms {
		forms = append(forms, []string{"JWT_ALG=" + alg})
	}
	return forms
}

const claimsOfSupabase = "JWT_CLAIMS=" + config.SupabaseClaims

// startXenon starts Xenon with further settings.
func startXenon(t *testing.T, settings ...string) deployment {
	t.Helper()
	dir, database := t.TempDir(), dbtest.New(t)
	env := append([]string{"DATABASE_URL=" + database, "RATE_LIMIT=off", "MAIL=none"}, settings...)
	x, stop, err := xenontest.StartProcess(dir, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("xenon dev exited with the error %v and logged:\n%s", err, x.Log())
		}
	})
	d := deployment{issuer: x.Origin, url: x.URL, keysFile: filepath.Join(dir, "signing-keys.json"), database: database}
	if slices.Contains(settings, claimsOfSupabase) {
		d.claims = config.SupabaseClaims
	}
	return d
}

// user is a registered user with a JWT (token) and the token of the session.
type user struct{ id, email, token, session string }

// register signs a user up and gets a token.
func (d deployment) register(t *testing.T, email string) user {
	t.Helper()
	var signedUp struct {
		Token string
		User  struct{ ID string }
	}
	body := `{"name":"Ada","email":"` + email + `","password":"correct horse"}`
	d.send(t, "POST", "/api/auth/sign-up/email", body, "", &signedUp)
	u := user{id: signedUp.User.ID, email: email, session: signedUp.Token}
	u.token = d.tokenOf(t, u)
	return u
}

// tokenOf gets a token of a user.
func (d deployment) tokenOf(t *testing.T, u user) string {
	t.Helper()
	var issued struct{ Token string }
	d.send(t, "GET", "/api/auth/token", "", u.session, &issued)
	return issued.Token
}

// send sends a request to the deployment, expects 200, and decodes the response into the argument into.
func (d deployment) send(t *testing.T, method, path, body, bearer string, into any) {
	t.Helper()
	status, _, text := send(t, method, d.url+path, body, "Bearer "+bearer)
	if err := json.Unmarshal(text, into); status != http.StatusOK || err != nil {
		t.Fatalf("%s %s: got %d %s, %v, want 200", method, path, status, text, err)
	}
}

func send(t *testing.T, method, url, body, authorization string) (status int, header http.Header, text []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" && authorization != "Bearer " {
		r.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, text
}

// signToken returns a token of u that was issued the duration age ago, with the keys and the settings of the deployment
// after change has changed them.
func (d deployment) signToken(t *testing.T, u user, age time.Duration, change func(*config.API)) string {
	t.Helper()
	cfg := config.API{
		SigningKeysFile: d.keysFile, JWTIssuer: d.issuer, JWTAudience: d.issuer, JWTExpiresIn: time.Hour, JWTClaims: d.claims,
	}
	change(&cfg)
	now := func() time.Time { return time.Now().Add(-age) }
	token, err := keys.New(secrets.New(cfg, now), cfg, now).Sign(t.Context(), keys.Claims{
		Subject: u.id, SessionID: "5f3c1c0a-2f67-4c2b-8f0e-0f7f8a1d2b3c", User: []byte(`{"email":"` + u.email + `"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// keysFileOfOtherDeployment writes a key set, as that of another deployment, into a file and returns its path.
func keysFileOfOtherDeployment(t *testing.T) string {
	t.Helper()
	set, err := keys.Generate(time.Now(), config.ES256)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := keys.SaveFile(file, set); err != nil {
		t.Fatal(err)
	}
	return file
}

// checkAPI checks that GET /me of an API accepts the tokens of a deployment and answers 401 to all others.
func checkAPI(t *testing.T, url string, d deployment) {
	t.Helper()
	ada := d.register(t, "ada@example.com")
	same := func(*config.API) {}
	toAnother := func(c *config.API) { c.JWTAudience = "https://other.example" }
	fromAnother := func(c *config.API) { c.JWTIssuer = "https://other.example" }
	withOtherKeys := func(c *config.API) { c.SigningKeysFile = keysFileOfOtherDeployment(t) }
	for name, token := range map[string]string{
		"a token of Xenon": ada.token, "a token with its keys": d.signToken(t, ada, 0, same),
	} {
		status, _, text := send(t, "GET", url+"/me", "", "Bearer "+token)
		var got struct{ ID, Session, Email string }
		err := json.Unmarshal(text, &got)
		if status != 200 || err != nil || got.ID != ada.id || got.Email != ada.email || len(got.Session) != len(ada.id) {
			t.Errorf("%s: got %d %s, want 200 and the user %s", name, status, text, ada.id)
		}
	}
	dot := strings.LastIndexByte(ada.token, '.')
	for name, authorization := range map[string]string{
		"no token":               "",
		"another scheme":         "Basic " + ada.token,
		"no JWT":                 "Bearer nonsense",
		"an empty signature":     "Bearer " + ada.token[:dot+1],
		"another signature":      "Bearer " + ada.token[:dot+1] + strings.Repeat("A", len(ada.token)-dot-1),
		"an expired token":       "Bearer " + d.signToken(t, ada, 2*time.Hour, same),
		"another audience":       "Bearer " + d.signToken(t, ada, 0, toAnother),
		"another issuer":         "Bearer " + d.signToken(t, ada, 0, fromAnother),
		"another deployment":     "Bearer " + d.signToken(t, ada, 0, withOtherKeys),
		"the session token":      "Bearer " + strings.Repeat("a", 32),
		"alg none, no signature": "Bearer eyJhbGciOiJub25lIn0." + strings.Split(ada.token, ".")[1] + ".",
	} {
		status, header, text := send(t, "GET", url+"/me", "", authorization)
		if status != 401 || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: got %d %s, WWW-Authenticate %q, want 401 and Bearer", name, status, text,
				header.Get("WWW-Authenticate"))
		}
	}
}

// checkOutage checks that an API answers 503 while the keys cannot be fetched.
func checkOutage(t *testing.T, url string, d deployment) {
	t.Helper()
	token := d.register(t, "zoe@example.com").token
	if status, header, text := send(t, "GET", url+"/me", "", "Bearer "+token); status != 503 ||
		header.Get("Retry-After") == "" {
		t.Errorf("without keys: got %d %s, want 503 and Retry-After", status, text)
	}
}

// startProgram runs a program that listens on the port in PORT, until the end of the test, and returns its URL. The
// program is ready when it has printed the text ready.
func startProgram(t *testing.T, ready string, cmd *exec.Cmd, env ...string) string {
	t.Helper()
	url, _ := startProgramWithLog(t, ready, cmd, env...)
	return url
}

// startProgramWithLog does the same as startProgram, and returns also what the program prints.
func startProgramWithLog(
	t *testing.T, ready string, cmd *exec.Cmd, env ...string,
) (url string, log *syncbuf.Buffer) {
	t.Helper()
	log = &syncbuf.Buffer{}
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(append(os.Environ(), "PORT="+port), env...)
	for i, arg := range cmd.Args {
		cmd.Args[i] = strings.ReplaceAll(arg, "$PORT", port)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close() // the program has a copy of it
	isReady := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(io.TeeReader(reader, log))
		for lines.Scan() {
			if bytes.Contains(lines.Bytes(), []byte(ready)) {
				isReady <- true
			}
		}
		isReady <- false
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails if it has exited
		_ = cmd.Wait()         // the error says that it was killed
		_ = reader.Close()
		if t.Failed() {
			t.Logf("%v printed:\n%s", cmd.Args, log.String())
		}
	})
	if !<-isReady {
		t.Fatalf("%v ended without printing %q", cmd.Args, ready)
	}
	return "http://" + address, log
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
