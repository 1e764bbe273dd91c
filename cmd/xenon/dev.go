package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const (
	devPoolConnections = 10               // connections to Postgres; one process serves the routes of all functions
	devAuditRecords    = 10_000           // the audit records that administrators can list
	devConnectionWait  = 8 * time.Second  // for a free connection: in the cloud, each function has its own connection
	devRequestTimeout  = 15 * time.Second // the Timeout of most functions in template.yaml
	stopTimeout        = 5 * time.Second  // for requests that are not finished when the server stops
)

type devCmd struct {
	Addr        string `help:"The host and port to listen on; default: localhost:3000" default:"localhost:3000" placeholder:"HOST:PORT"`
	DatabaseURL string `help:"Use this Postgres server; do not start one. Overrides DATABASE_URL." placeholder:"URL"`
	MailFile    string `help:"The file for mails, one JSON line each; default: mail.jsonl in --dir. Overrides MAIL_FILE." placeholder:"FILE"`
	NoSite      bool   `help:"Serve the API without the site." xor:"site"`
	Site        string `help:"Serve another site: the directory of a built site, or the URL of a development server, such as http://localhost:3001." placeholder:"DIR|URL" xor:"site"`
	CSP         string `name:"csp" enum:"strict,docusaurus" default:"strict" help:"The Content-Security-Policy of the site: strict, or docusaurus for a site with inline styles." placeholder:"NAME"`
	CheckAddr   bool   `hidden:"" help:"Only check that no other program listens on --addr; make dev calls this before it builds the site."`
	Dir         string `help:"The directory of the database, the secret, the signing keys and the mails; default: .xenon" default:".xenon" placeholder:"DIR"`
}

func (devCmd) Help() string {
	return `Starts a Postgres server, unless you give the URL of a database. Applies the migrations. Generates a secret and
signing keys if there are none. Then serves every route of template.yaml and Xenon's site, or your own with --site.
Ctrl-C stops everything; the data stays. Settings are environment variables; the file .env in the working directory has
the values of variables that are not set.

  xenon dev
  xenon dev --addr localhost:4000 --database-url postgres://me@localhost/learn
  xenon dev --site http://localhost:3001
  xenon dev --site ../my-site/build --csp docusaurus`
}

// Run serves until the context ends.
func (c devCmd) Run(ctx context.Context, getenv environment, std streams) error {
	log := &logBuffer{to: std.err}
	defer log.Close()
	auditLog := auditlog.NewBuffer(slog.NewTextHandler(log, nil), devAuditRecords)
	slog.SetDefault(slog.New(auditLog))
	listener, err := c.listen(ctx)
	if err != nil {
		return err
	}
	if c.CheckAddr {
		return listener.Close()
	}
	defer listener.Close() //nolint:errcheck // it is open only if Run returns before the server starts
	if getenv, err = withEnvFile(getenv, envFile, std.err); err != nil {
		return err
	}
	t, err := readTemplate()
	if err != nil {
		return err
	}
	local, err := newLocalResources(c, getenv, std.err)
	if err != nil {
		return err
	}
	cfg, mails, err := loadDevSettings(ctx, local.getenv(getenv, listener.Addr()))
	if err != nil {
		return err
	}
	mailSender, stopMails, err := openMailSender(cfg, mails)
	if err != nil {
		return err
	}
	defer stopMails()
	fields, err := loadProfileFields(cfg)
	if err != nil {
		return err
	}
	site, err := c.openSite(ctx, cfg)
	if err != nil {
		return err
	}
	if site.api.document, err = describeAPI(fields); err != nil {
		return err
	}
	defer local.stop()
	direct := "" // with --database-url, the migrations use that URL, too
	if c.DatabaseURL == "" && local.databaseURL != "" {
		direct = getenv("DIRECT_DATABASE_URL")
	}
	if err := local.prepareDatabase(ctx, direct, cfg, fields, std.err); err != nil {
		return err
	}
	cfg.DatabaseURL = config.Secret(local.databaseURL)
	if err := generateKeys(cfg.SigningKeysFile, cfg.JWTAlg, std.err); err != nil {
		return err
	}
	appSecrets := secrets.New(cfg, time.Now)
	db := openDevStore(appSecrets, cfg).UseProfileFields(fields)
	defer db.Close()
	stopEvents, err := startEvents(ctx, cfg, appSecrets)
	if err != nil {
		return err
	}
	defer stopEvents()
	routes, err := templateRoutes(t, routesByFunction(cfg, appSecrets, db, time.Now, auditLog, mailSender))
	if err != nil {
		return err
	}
	c.printStart(std.out, listener.Addr(), local.urlToPrint(), cfg, site)
	return serve(ctx, listener, withMailPage(cfg, mails, withOriginHints(cfg, site.withAPI(routes, cfg))))
}

// openDevStore returns the Store of all functions together. A request waits longer for a free connection than in a
// function, because many simultaneous requests are normal in tests of an application.
func openDevStore(source store.URLSource, cfg config.API) *store.Store {
	return store.Open(source, devPoolConnections).WaitForConnection(devConnectionWait).
		UseSchema(cfg.Schema).UsePlugins(cfg.Plugins).UseCustomClaims(cfg.CustomClaims).UseEvents(cfg.Events.On)
}

// loadDevSettings reads the settings, and the credentials of the AWS profile if the settings need AWS.
func loadDevSettings(ctx context.Context, getenv environment) (config.API, config.Mailer, error) {
	cfg, err := config.LoadAPI(getenv)
	mails, errMails := config.LoadLocalMailer(getenv)
	if err = errors.Join(err, errMails); err != nil {
		return cfg, mails, withAdvice(err, "Correct the settings in the environment or in .env; "+
			".env.example explains each setting.")
	}
	if cfg.Events.On && cfg.AppSecretARN != "" { // LoadAPI reads no target then, because a function sends no events
		delivery, err := config.LoadDelivery(getenv)
		if err != nil {
			return cfg, mails, err
		}
		cfg.Events = delivery.Events
	}
	if cfg.AppSecretARN != "" || cfg.SigningKeysARN != "" || cfg.Mail == config.MailQueue || cfg.Events.BusARN != "" {
		cfg.AWS, err = loadAWSProfile(ctx, cfg.AWS)
	}
	return cfg, mails, err
}

// printStart prints that the server runs, and commands to try.
func (c devCmd) printStart(out io.Writer, addr net.Addr, databaseURL string, cfg config.API, site devSite) {
	fmt.Fprintln(out, "Listening on", addr)
	fmt.Fprintln(out, "The database is", databaseURL)
	if cfg.Mail == config.MailOutbox {
		fmt.Fprintf(out, "Mails go to %s; %s/mail shows them\n", cfg.MailFile, cfg.Origin)
	}
	if cfg.Mail == config.MailSMTP {
		fmt.Fprintln(out, "Mails are sent by SMTP")
	}
	if cfg.Events.On {
		fmt.Fprintln(out, "Events go to", cmp.Or(cfg.Events.BusARN, originOf(cfg.Events.WebhookURL)))
	}
	fmt.Fprint(out, site.note, commandsToTry(cfg, site.path, c.Dir))
}

func (c devCmd) listen(ctx context.Context) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		command := "xenon dev --addr " + c.freeAddr(ctx)
		if c.CheckAddr {
			command = "make dev ARGS='--addr " + c.freeAddr(ctx) + "'"
		}
		return nil, withAdvice(fmt.Errorf("another program listens on %s", c.Addr),
			"Stop that program, or choose another port: %s", command)
	}
	if err != nil {
		return nil, withAdvice(err, "Give a host and a port with --addr, such as --addr localhost:3000.")
	}
	return l, nil
}

// devAPI returns a handler that serves the routes with the header limits of API Gateway and CloudFront, and with
// devRequestTimeout for each request that is not a GET.
func devAPI(routes web.Routes, cfg config.API) http.Handler {
	return web.WithGatewayLimits(withDeadline(routes.Mux(cfg)))
}

// withDeadline cancels the context of a request after devRequestTimeout, unless it is a GET. These hash no password,
// and their statements and their calls of other servers have limits of their own. A timer for each request would be a
// twentieth of the work of the fastest ones.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), devRequestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: devRequestTimeout}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return srv.Close() // Shutdown waits for connections on which a browser has not sent a request yet
}

const siteNotBuiltText = `
The site is not built yet. "make dev" builds it, or: npm ci && cd website && npm run build
`

// newStartPage returns a handler that serves a text in place of the site, if there is no site.
func newStartPage(text string) web.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := io.WriteString(w, text)
		return err
	}
}

// commandsToTry returns the text that xenon dev prints at its start: the URL of the site's home page, and commands to
// try, which register, read the session and create a profile, if there is a profile API.
func commandsToTry(cfg config.API, path, dir string) string {
	body := `{"learning_mode":"code_first","time_per_week":5}`
	if cfg.ProfileFields != "" {
		body = "{}"
	}
	const readJWT = `$(curl -sb cookies.txt %[1]s/api/auth/token | cut -d '"' -f 4)`
	profile := fmt.Sprintf(`curl -H "Authorization: Bearer `+readJWT+`" -H 'Content-Type: application/json' -d '%[2]s' `+
		`%[1]s/api/profile`+"\n", cfg.Origin, body)
	if !cfg.Profile {
		profile = ""
	}
	return fmt.Sprintf(`
Xenon is running at %[1]s%[3]s - open it in a browser, or try it from here:

curl -c cookies.txt -H 'Content-Type: application/json' -d '{"name":"Ada","email":"ada'$RANDOM'@example.com","password":"correct horse"}' %[1]s/api/auth/sign-up/email
curl -b cookies.txt %[1]s/api/auth/get-session
%[4]s
A page with a form for every operation: %[1]s/api

Ctrl-C stops it. The data stays in %[2]s; delete this directory to start anew.
`, cfg.Origin, dir, path, profile)
}
