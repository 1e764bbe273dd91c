//go:build gotrue

package importer_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/postgres"
)

var gotrueProgram = flag.String("gotrue", "../../.tools/gotrue", "Supabase's auth server, as scripts/gotrue builds it")

// gotrue is Supabase's real auth server on a database of the test. It confirms every email and phone number at once.
type gotrue struct {
	t        *testing.T
	url      string
	config   string // file of its settings, with the secrets that redacted hides
	log      string // file of what it prints
	redacted *strings.Replacer
	admin    string // token of the service role
}

// startGoTrue makes the schema auth in an empty database with the server's own migrations and runs the server until the
// end of the test. As in a project, the schema belongs to a role that is not a superuser.
func startGoTrue(t *testing.T, databaseURL string) *gotrue {
	t.Helper()
	g := &gotrue{t: t}
	g.configure(databaseURL)
	g.migrate()
	log, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server, err := postgres.Account{}.Spawn(postgres.Command{
		Argv: []string{g.program(), "serve", "-c", g.config}, Dir: t.TempDir(), Output: log, Signal: "TERM",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() }) // its exit status is that of the signal
	g.await(server)
	return g
}

// program returns the path of the binary; the test fails without one.
func (g *gotrue) program() string {
	g.t.Helper()
	program, err := filepath.Abs(*gotrueProgram)
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		g.t.Fatalf("there is no GoTrue: %v; run scripts/gotrue, which builds it, or name one with -gotrue", err)
	}
	return program
}

// configure makes the server's role and its file of settings.
func (g *gotrue) configure(databaseURL string) {
	g.t.Helper()
	role, password, secret := "gotrue_"+strings.ToLower(rand.Text()), rand.Text(), rand.Text()
	g.ownSchema(databaseURL, role, password)
	u, err := url.Parse(databaseURL)
	if err != nil {
		g.t.Fatal("the database URL is not a URL") // the error itself would show the password
	}
	u.User = url.UserPassword(role, password)
	address := freeAddress(g.t)
	host, port, _ := net.SplitHostPort(address)
	g.url = "http://" + address
	g.admin = serviceToken(secret)
	g.redacted = strings.NewReplacer(password, "…", secret, "…")
	dir := g.t.TempDir()
	g.config, g.log = filepath.Join(dir, "config"), filepath.Join(dir, "log")
	settings := strings.Join([]string{
		"DATABASE_URL='" + u.String() + "'", "GOTRUE_DB_DRIVER=postgres", "DB_NAMESPACE=auth",
		"GOTRUE_API_HOST=" + host, "PORT=" + port, "API_EXTERNAL_URL=" + g.url, "GOTRUE_SITE_URL=" + g.url,
		"GOTRUE_JWT_SECRET=" + secret, "GOTRUE_JWT_AUD=authenticated", "GOTRUE_JWT_DEFAULT_GROUP_NAME=authenticated",
		"GOTRUE_JWT_ADMIN_ROLES=service_role", "GOTRUE_MAILER_AUTOCONFIRM=true", "GOTRUE_EXTERNAL_EMAIL_ENABLED=true",
		"GOTRUE_SMS_AUTOCONFIRM=true", "GOTRUE_EXTERNAL_PHONE_ENABLED=true",
	}, "\n")
	if err := os.WriteFile(g.config, []byte(settings), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// ownSchema makes the role that owns the schema auth, as a project has it under the name supabase_auth_admin. Roles
// belong to the whole server, so this one has a name of its own and goes with the test.
func (g *gotrue) ownSchema(databaseURL, role, password string) {
	g.t.Helper()
	conn, err := pgx.Connect(g.t.Context(), databaseURL)
	if err != nil {
		g.t.Fatal(err)
	}
	defer conn.Close(g.t.Context())
	_, err = conn.Exec(g.t.Context(), fmt.Sprintf(`
		CREATE ROLE %[1]s LOGIN NOINHERIT PASSWORD '%[2]s';
		CREATE SCHEMA auth AUTHORIZATION %[1]s;
		ALTER ROLE %[1]s SET search_path = auth;
		DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %%I TO %[1]s', current_database()); END $$`, role, password))
	if err != nil {
		g.t.Fatalf("make the role of GoTrue: %s", strings.ReplaceAll(err.Error(), password, "…"))
	}
	g.t.Cleanup(func() {
		ctx := context.WithoutCancel(g.t.Context())
		conn, err := pgx.Connect(ctx, databaseURL)
		if err == nil {
			_, err = conn.Exec(ctx, fmt.Sprintf("DROP OWNED BY %[1]s CASCADE; DROP ROLE %[1]s", role))
			_ = conn.Close(ctx)
		}
		if err != nil {
			g.t.Errorf("drop the role of GoTrue: %v", err)
		}
	})
}

// migrate runs the migrations that are inside the binary.
func (g *gotrue) migrate() {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), g.program(), "migrate", "-c", g.config)
	cmd.Env = []string{"LC_ALL=C"} // no variables of this process
	cmd.Dir = g.t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		g.t.Fatalf("GoTrue's migrations: %v\n%s", err, g.redacted.Replace(string(out)))
	}
}

func (g *gotrue) await(server *postgres.Child) {
	g.t.Helper()
	for {
		status, answer := g.send("GET", "/health", nil)
		if status == http.StatusOK {
			g.t.Logf("GoTrue %v", answer["version"])
			return
		}
		select {
		case <-server.Done():
			text, _ := os.ReadFile(g.log)
			g.t.Fatalf("GoTrue ended at once:\n%s", g.redacted.Replace(string(text)))
		case <-g.t.Context().Done():
			g.t.Fatalf("GoTrue does not answer")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// signUp makes a user and returns the id.
func (g *gotrue) signUp(login, password string) string {
	g.t.Helper()
	return g.made(g.send("POST", "/signup", map[string]any{loginField(login): login, "password": password}))
}

// adminCreate makes a user with a hash that is stored as it is, and returns the id.
func (g *gotrue) adminCreate(email, hash string) string {
	g.t.Helper()
	return g.made(g.send("POST", "/admin/users", map[string]any{
		"email": email, "password_hash": hash, "email_confirm": true,
	}))
}

func (g *gotrue) made(status int, answer map[string]any) string {
	g.t.Helper()
	if user, ok := answer["user"].(map[string]any); ok { // a sign-up answers with a session
		answer = user
	}
	id, _ := answer["id"].(string)
	if status != http.StatusOK || id == "" {
		g.t.Fatalf("GoTrue makes no user: %d %v %v", status, answer["error_code"], answer["msg"])
	}
	return id
}

// refusals are GoTrue's answers when it refuses a sign-in. The last is its answer for what it cannot read: a
// row from SQL with NULL where it wants text, a hash that is none.
var refusals = []string{
	"400 invalid_credentials", "400 email_not_confirmed", "400 phone_not_confirmed", "400 user_banned",
	"500 unexpected_failure",
}

// signIn reports whether the password opens the account of an email or phone number.
func (g *gotrue) signIn(login, password string) bool {
	g.t.Helper()
	status, answer := g.send(
		"POST",
		"/token?grant_type=password",
		map[string]any{loginField(login): login, "password": password},
	)
	said := fmt.Sprint(status, " ", answer["error_code"], " ", answer["msg"])
	known := slices.ContainsFunc(refusals, func(r string) bool { return strings.HasPrefix(said, r) })
	if status != http.StatusOK && !known {
		g.t.Fatalf("GoTrue, asked to sign %s in: %s", login, said)
	}
	return status == http.StatusOK
}

func loginField(login string) string {
	if strings.Contains(login, "@") {
		return "email"
	}
	return "phone"
}

// send sends a request as the service role. Status 0 is no answer.
func (g *gotrue) send(method, path string, body map[string]any) (status int, answer map[string]any) {
	g.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, bytes.NewReader(text))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+g.admin)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	if text, err = io.ReadAll(response.Body); err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		g.t.Fatalf("%s %s: %d: %v", method, path, response.StatusCode, err)
	}
	return response.StatusCode, answer
}

// serviceToken is a token that lets its bearer do everything, valid for ever.
func serviceToken(secret string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		encode([]byte(`{"role":"service_role","aud":"authenticated","exp":32503680000}`))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
