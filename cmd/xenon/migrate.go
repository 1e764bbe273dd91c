package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/stringify"
)

type migrateCmd struct {
	Plan     migratePlanCmd     `cmd:"" help:"Say what a run would do, and write nothing."`
	Run      migrateRunCmd      `cmd:"" help:"Copy users, identities and profiles. Run again, it copies what has changed since the last run."`
	Verify   migrateVerifyCmd   `cmd:"" help:"Compare everything copied with the source."`
	Rollback migrateRollbackCmd `cmd:"" help:"Remove what a run copied and nothing has changed since."`
	Report   migrateReportCmd   `cmd:"" help:"Write the signed report of a run, or check one."`
	Finalize migrateFinalizeCmd `cmd:"" help:"End a run and delete its imported password hashes."`
}

// importFlags are common to the commands that work on a run.
type importFlags struct {
	From string `help:"The Supabase database: direct, or the session pooler, port 5432. Beats FROM_DATABASE_URL." placeholder:"URL"`
	To   string `help:"The target's direct endpoint. Beats TO_DATABASE_URL." placeholder:"URL"`
	Name string `name:"run" help:"Name of the run; default: supabase" default:"supabase" placeholder:"NAME"`
	JSON bool   `name:"json" help:"Print the result as JSON."`
}

// open makes the import and looks at nothing but the form of the URLs.
func (f importFlags) open(ctx context.Context, getenv environment, std streams) (*importer.Import, *progress, error) {
	from, to, err := f.urls(ctx, getenv)
	if err != nil {
		return nil, nil, err
	}
	if err := checkURL("--from", from); err != nil {
		return nil, nil, err
	}
	return begin(from, to, getenv, std)
}

// openTarget is open for what needs no source, which may be gone by then.
func (f importFlags) openTarget(
	ctx context.Context,
	getenv environment,
	std streams,
) (*importer.Import, *progress, error) {
	if f.From == "" {
		f.From = "postgres://not.needed/here"
	}
	_, to, err := f.urls(ctx, getenv)
	if err != nil {
		return nil, nil, err
	}
	return begin("", to, getenv, std)
}

func begin(from, to string, getenv environment, std streams) (*importer.Import, *progress, error) {
	if err := checkURL("--to", to); err != nil {
		return nil, nil, err
	}
	name, err := config.SchemaName(getenv)
	if err != nil {
		return nil, nil, err
	}
	tellIgnored(std, "--from", from)
	tellIgnored(std, "--to", to)
	p := newProgress(std.err, time.Now)
	return &importer.Import{From: from, To: to, Schema: name, Holder: holder(), Progress: p.event, Now: time.Now}, p, nil
}

// tellIgnored says which parameters of a database URL have no meaning here.
func tellIgnored(std streams, name, address string) {
	if ignored := pg.Ignored(address); ignored != nil {
		fmt.Fprintf(
			std.err,
			"%s: parameters that only other drivers know are ignored: %s\n",
			name,
			strings.Join(ignored, ", "),
		)
	}
}

func checkURL(flag, address string) error {
	if err := importer.CheckURL(address); err != nil {
		return wrongUse("%s: %s", flag, strings.TrimPrefix(err.Error(), importer.ErrRefused.Error()+": "))
	}
	return nil
}

// urls are those of the flags, else the variables, else the secret.
func (f importFlags) urls(ctx context.Context, getenv environment) (from, to string, err error) {
	given := map[string]string{"FROM_DATABASE_URL": f.From, "TO_DATABASE_URL": f.To}
	cfg, err := config.LoadImport(func(name string) string {
		if v := given[name]; v != "" {
			return v
		}
		if name == "MIGRATE_SECRET_ARN" && f.From != "" && f.To != "" {
			return "" // nothing is left to ask it for
		}
		return getenv(name)
	})
	if err != nil {
		return "", "", wrongUse("%s\n  Name the databases with --from and --to, or in the environment.", err)
	}
	if cfg.SecretARN != "" {
		if cfg.AWS, err = loadAWSProfile(ctx, cfg.AWS); err != nil {
			return "", "", err
		}
	}
	from, to, err = secrets.ImportURLs(ctx, cfg)
	if f.From != "" {
		from = f.From
	}
	if f.To != "" {
		to = f.To
	}
	return from, to, err
}

func wrongUse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errUsage}, args...)...)
}

// holder is how another process reads who holds the run.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("xenon migrate on %s, pid %d", host, os.Getpid())
}

// database names a database without user and password.
func database(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a database"
	}
	return u.Hostname() + u.EscapedPath()
}

// explain says what to do about an error of the engine.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	said := errors.New(importer.ErrorText(err)) // which quotes no row
	switch {
	case ctx.Err() != nil:
		return advise(errStopped, "What was finished is kept. The same command goes on where this one stopped.")
	case errors.Is(err, importer.ErrHeld):
		return advise(said, "Wait for it. A holder that died lets go by itself, within two minutes at most.")
	case errors.Is(err, importer.ErrNoRun):
		return advise(said, "xenon migrate run starts one; --run names another.")
	case errors.Is(err, importer.ErrUnavailable):
		return advise(said, "Is the database up, and its URL right? The same command goes on where this one stopped.")
	case errors.Is(err, importer.ErrRefused):
		return said
	}
	return advise(said, "The same command goes on where this one stopped.")
}

var errStopped = errors.New("stopped")

// needsPerson is a command that is done and leaves something for a person to look at.
type needsPerson string

func (n needsPerson) Error() string { return string(n) }

func printJSON(std streams, v any) error {
	text, err := stringify.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s\n", text)
	return err
}
