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

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/shared/postgres"
)

var gotrueProgram = flag.String("gotrue", "../../.tools/gotrue", "Supabase's auth server, as scripts/gotrue builds it")

// gotrue is Supabase's real auth server on a database of the test. It confirms every email and phone number
// immediately.
type gotrue struct {
	t        *testing.T
	url      string
	config   string            // path of its settings file, which has secrets
	log      string            // path of the file with the output of GoTrue
	redacted *strings.Replacer // replaces the secrets in an output of GoTrue
	admin    string            // token of the service role
}

// startGoTrue creates the schema auth in an empty database with the migrations of the server, and runs the server until
// the end of the test. As in a hosted project, the schema belongs to a role that is not a superuser.
func startGoTrue(t *testing.T, databaseURL string) *gotrue {
	t.Helper()
	g := &gotrue{t: t}
	g.configure(databaseURL)
	g.runMigrations()
	log, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server, err := postgres.Account{}.Spawn(postgres.Command{
		Argv: []string{g.binaryPath(), "serve", "-c", g.config}, Dir: t.TempDir(), Output: log, Signal: "TERM",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() }) // Stop returns an error, because a signal ends GoTrue
	g.waitUntilReady(server)
	return g
}

// binaryPath returns the path of the GoTrue binary. The test fails if the binary does not exist.
func (g *gotrue) binaryPath() string {
	g.t.Helper()
	program, err := filepath.Abs(*gotrueProgram)
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		g.t.Fatalf("there is no GoTrue: %v; run scripts/gotrue, which builds it, or set its path with -gotrue", err)
	}
	return program
}

// configure creates the database role of GoTrue and its settings file.
func (g *gotrue) configure(databaseURL string) {
	g.t.Helper()
	role, password, secret := "gotrue_"+strings.ToLower(rand.Text()), rand.Text(), rand.Text()
	g.createSchemaWithOwner(databaseURL, role, password)
	u, err := url.Parse(databaseURL)
	if err != nil {
		g.t.Fatal("the database URL is not a URL") // the error itself would show the password
	}
	u.User = url.UserPassword(role, password)
	address := freeport.Address(g.t)
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

// createSchemaWithOwner creates the schema auth and the role that owns it. In a hosted project it is
// supabase_auth_admin. Roles belong to the whole server, so this role has a unique name and is dropped at the end of
// the test.
func (g *gotrue) createSchemaWithOwner(databaseURL, role, password string) {
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
		g.t.Fatalf("create the role of GoTrue: %s", strings.ReplaceAll(err.Error(), password, "…"))
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

// runMigrations runs the migrations that the GoTrue binary contains.
func (g *gotrue) runMigrations() {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), g.binaryPath(), "migrate", "-c", g.config)
	cmd.Env = []string{"LC_ALL=C"} // GoTrue must not read variables of the test process
	cmd.Dir = g.t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		g.t.Fatalf("GoTrue's migrations: %v\n%s", err, g.redacted.Replace(string(out)))
	}
}

func (g *gotrue) waitUntilReady(server *postgres.Child) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Minute)
	defer cancel()
	for {
		status, answer := g.send("GET", "/health", nil)
		if status == http.StatusOK {
			g.t.Logf("GoTrue %v", answer["version"])
			return
		}
		select {
		case <-server.Done():
			text, _ := os.ReadFile(g.log)
			g.t.Fatalf("GoTrue stopped at its start:\n%s", g.redacted.Replace(string(text)))
		case <-ctx.Done():
			g.t.Fatal("GoTrue did not answer within a minute")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// signUp creates a user and returns the id.
func (g *gotrue) signUp(login, password string) string {
	g.t.Helper()
	return g.createdID(g.send("POST", "/signup", map[string]any{loginField(login): login, "password": password}))
}

// adminCreate creates a user with a hash, which GoTrue stores unchanged, and returns the id.
func (g *gotrue) adminCreate(email, hash string) string {
	g.t.Helper()
	return g.createdID(g.send("POST", "/admin/users", map[string]any{
		"email": email, "password_hash": hash, "email_confirm": true,
	}))
}

// createdID returns the id in the answer to a request that created a user.
func (g *gotrue) createdID(status int, answer map[string]any) string {
	g.t.Helper()
	if user, ok := answer["user"].(map[string]any); ok { // the answer to a sign-up is a session
		answer = user
	}
	id, _ := answer["id"].(string)
	if status != http.StatusOK || id == "" {
		g.t.Fatalf("GoTrue created no user: got the status %d, the code %v and the message %v, want 200 and an id",
			status, answer["error_code"], answer["msg"])
	}
	return id
}

// goTrueRejections lists the answers of GoTrue to a sign-in that it rejects. GoTrue answers "unexpected_failure" if it
// cannot read the row, for example because of NULL in a text column or an invalid hash.
var goTrueRejections = []string{
	"400 invalid_credentials", "400 email_not_confirmed", "400 phone_not_confirmed", "400 user_banned",
	"500 unexpected_failure",
}

// signIn reports whether GoTrue accepts the password for an email or phone number.
func (g *gotrue) signIn(login, password string) bool {
	g.t.Helper()
	status, answer := g.send(
		"POST",
		"/token?grant_type=password",
		map[string]any{loginField(login): login, "password": password},
	)
	result := fmt.Sprint(status, " ", answer["error_code"], " ", answer["msg"])
	known := slices.ContainsFunc(goTrueRejections, func(r string) bool { return strings.HasPrefix(result, r) })
	if status != http.StatusOK && !known {
		g.t.Fatalf("sign-in of %s to GoTrue: got %s, want 200 or one of the known rejections", login, result)
	}
	return status == http.StatusOK
}

func loginField(login string) string {
	if strings.Contains(login, "@") {
		return "email"
	}
	return "phone"
}

// send sends a request as the service role. Status 0 means that there was no answer.
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
		g.t.Fatalf("the answer of GoTrue to %s %s, status %d, is not JSON: %v", method, path, response.StatusCode, err)
	}
	return response.StatusCode, answer
}

// serviceToken returns a token of the service role without an effective expiry.
func serviceToken(secret string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		encode([]byte(`{"role":"service_role","aud":"authenticated","exp":32503680000}`))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
