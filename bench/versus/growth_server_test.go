package versus

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/passwordless"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/social"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/twofactor"
	"github.com/xenon-auth/xenon/shared/web"
)

// pluginServer is a Xenon in this process with all plugins, social sign-in at Google and the sessions of Supabase, with
// rate limits. It hashes passwords cheaply, because the time of a real hash would hide that of the statements.
type pluginServer struct {
	server
	tb        testing.TB
	users     int // the users with whom the tables were filled
	db        *pgx.Conn
	providers *providertest.Server
	hash      string // of userPassword

	mails     *bufio.Reader // of the outbox
	sent      int           // the number of calls, for their IP addresses
	made      int           // the number of users of newUser
	adminUser pluginUser
}

// startPluginServer starts a pluginServer on a database of newDatabaseWithUsers with n users and rowsOfPlugins.
func startPluginServer(tb testing.TB, database string, n int, providers *providertest.Server) *pluginServer {
	tb.Helper()
	dir := tb.TempDir()
	l := httptest.NewUnstartedServer(nil)
	p := &pluginServer{
		server: server{address: l.Listener.Addr().String(), database: database}, tb: tb, users: n,
		db: connect(tb, database), providers: providers,
	}
	tb.Cleanup(func() { _ = p.db.Close(tb.Context()) })
	mails := filepath.Join(dir, "mail.jsonl")
	env := map[string]string{
		"DATABASE_URL": database, "BETTER_AUTH_SECRET": cookieSecret, "BETTER_AUTH_URL": "http://" + p.host(),
		"SIGNING_KEYS_FILE": filepath.Join(dir, "keys.json"), "MAIL_FILE": mails, "CLIENT_IP": "xff:1",
		"MAGIC_LINK": "on", "EMAIL_OTP": "on", "TWO_FACTOR": "on", "ADMIN": "on", "SUPABASE_BRIDGE": "on",
		"SUPABASE_REF": supabaseProject, "SUPABASE_JWT_SECRET": supabaseSecret,
		"GOOGLE_ACCESS_TYPE": "offline", "GOOGLE_PROMPT": "consent", // so that Google gives refresh tokens
	}
	for name, value := range providertest.ClientSettings("google") {
		env[name] = value
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		tb.Fatal(err)
	}
	set, err := keys.Generate(time.Now(), config.RS256)
	if err == nil {
		err = keys.SaveFile(cfg.SigningKeysFile, set)
	}
	if err != nil {
		tb.Fatal(err)
	}
	l.Config.Handler = p.newHandler(cfg)
	l.Start()
	tb.Cleanup(l.Close)
	p.openOutbox(mails)
	p.adminUser = p.newUser()
	p.exec(`UPDATE "user" SET role = 'admin' WHERE id = $1`, p.adminUser.id)
	return p
}

// newHandler returns the handler of all routes that are measured.
func (p *pluginServer) newHandler(cfg config.API) http.Handler {
	p.tb.Helper()
	secretStore := secrets.New(cfg, time.Now)
	db := store.Open(secretStore, 1).UsePlugins(cfg.Plugins)
	p.tb.Cleanup(db.Close)
	a := auth.New(cfg, db, secretStore, time.Now)
	a.Hasher = password.NewCheap()
	var err error
	if p.hash, err = a.Hasher.Hash(p.tb.Context(), userPassword); err != nil {
		p.tb.Fatal(err)
	}
	original := http.DefaultTransport
	http.DefaultTransport = p.providers.Transport() // social.New copies it
	socialRoutes := social.New(a, secretStore).SocialRoutes()
	http.DefaultTransport = original
	all := web.Routes{}
	for _, served := range []web.Routes{
		a.SigninRoutes(), a.SessionRoutes(), a.AccountRoutes(), a.PasswordRoutes(), a.EmailRoutes(), socialRoutes,
		passwordless.New(a).PasswordlessRoutes(), twofactor.New(a).TwoFactorRoutes(),
		admin.New(a, auditlog.NewBuffer(slog.DiscardHandler, 1)).AdminRoutes(),
	} {
		for route, h := range served {
			all[route] = h
		}
	}
	return all.Mux(cfg)
}

func (p *pluginServer) exec(sql string, arguments ...any) {
	p.tb.Helper()
	if _, err := p.db.Exec(p.tb.Context(), sql, arguments...); err != nil {
		p.tb.Fatalf("execute %.60s: %v", sql, err)
	}
}

// pluginUser is a user with a verified email, a password and a session.
type pluginUser struct{ id, email, token, cookie string }

// newUser inserts a user.
func (p *pluginServer) newUser() pluginUser {
	p.tb.Helper()
	p.made++
	u := pluginUser{email: fmt.Sprintf("new%d@example.com", p.made)}
	i := 2*millionUsers + p.made // after the users with whom the tables were filled
	u.token, u.cookie = sessionTokenOf(i), sessionCookieOf(i)
	err := p.db.QueryRow(p.tb.Context(), `
		WITH u AS (
			INSERT INTO "user" (name, email, "emailVerified") VALUES ('Ada', $1, true) RETURNING id
		), a AS (
			INSERT INTO account ("accountId", "providerId", "userId", password, "updatedAt")
			SELECT id::text, 'credential', id, $2, now() FROM u
		), s AS (
			INSERT INTO session ("userId", token, "expiresAt", "updatedAt")
			SELECT id, $3, now() + interval '7 days', now() FROM u
		)
		SELECT id::text FROM u`, u.email, p.hash, u.token).Scan(&u.id)
	if err != nil {
		p.tb.Fatal(err)
	}
	return u
}

// call returns a call with a cookie ("" for none) from an IP address of its own, because the rate limits count by IP
// address. body is "" for GET.
func (p *pluginServer) call(path, body, cookie string) httpCall {
	p.sent++
	method := "POST"
	if body == "" {
		method = "GET"
	}
	headers := []string{
		"Origin", "http://" + p.host(),
		"X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", p.sent>>16&255, p.sent>>8&255, p.sent&255),
	}
	if cookie != "" {
		headers = append(headers, "Cookie", cookie)
	}
	return newCall(method, "/api/auth/"+path, p.host(), "{", body, headers...)
}

// do sends a call and returns the cookies and the body of the response. It ends the test unless the status is 200.
func (p *pluginServer) do(path, body, cookie string) (cookies, answer string) {
	p.tb.Helper()
	header, answer := exchange(p.tb, p.address, p.call(path, body, cookie))
	var all []string
	for _, c := range (&http.Response{Header: header}).Cookies() {
		if c.MaxAge >= 0 {
			all = append(all, c.Name+"="+c.Value)
		}
	}
	return strings.Join(all, "; "), answer
}

// openOutbox opens the outbox, into which the server writes one line for each mail.
func (p *pluginServer) openOutbox(name string) {
	p.tb.Helper()
	file, err := os.OpenFile(name, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(func() { _ = file.Close() })
	p.mails = bufio.NewReader(file)
}

// mailedToken returns the token or code of the newest mail of a kind.
func (p *pluginServer) mailedToken(kind mail.Kind) (token string) {
	p.tb.Helper()
	for {
		line, err := p.mails.ReadSlice('\n')
		if errors.Is(err, io.EOF) && token != "" {
			return token
		}
		var m mail.Message
		if err == nil {
			err = json.Unmarshal(line, &m)
		}
		if err != nil {
			p.tb.Fatalf("read the newest %s mail in the outbox: %v", kind, err)
		}
		if m.Kind == kind {
			token = m.Token
		}
	}
}

// pluginRequest is a kind of request whose calls need preparation: next prepares a user and returns the call.
type pluginRequest struct {
	request string
	next    func() httpCall
}

// pluginRequests returns the requests of the plugins, of social sign-in and of the sessions of Supabase that use tables
// which grow with the number of users, and those of accounts that requestsOnGrowingTables does not have.
func (p *pluginServer) pluginRequests() []pluginRequest {
	return slices.Concat(
		p.mailRequests(), p.twoFactorRequests(), p.adminReads(), p.adminChanges(), p.socialRequests(),
		p.supabaseRequests(), p.passwordRequests(), p.emailRequests())
}
