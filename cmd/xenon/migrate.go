package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/sessions"
	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/stringify"
)

type migrateCmd struct {
	Plan     migratePlanCmd     `cmd:"" help:"Show what a run would do. Writes nothing."`
	Run      migrateRunCmd      `cmd:"" help:"Copy users, identities and profiles. If you run it again, it copies what has changed since the last pass."`
	Verify   migrateVerifyCmd   `cmd:"" help:"Compare all copied rows with the source."`
	Tables   migrateTablesCmd   `cmd:"" help:"Move the other tables of the project, with row security."`
	Rollback migrateRollbackCmd `cmd:"" help:"Remove the rows that a run copied and that have not changed since."`
	Report   migrateReportCmd   `cmd:"" help:"Write the signed report of a run, or check the signature of a report."`
	Finalize migrateFinalizeCmd `cmd:"" help:"End a run and delete its imported password hashes."`
}

// importFlags are common to the commands that work on a run.
type importFlags struct {
	From string `help:"The Supabase database: the direct host or the session pooler, port 5432. Or a file: a dump of supabase db dump --data-only or pg_dump, a CSV of auth.users, the JSON of auth.admin.listUsers, or the export of Clerk or Firebase. Overrides FROM_DATABASE_URL." placeholder:"URL|FILE"`
	To   string `help:"The target database, by its direct host. Overrides TO_DATABASE_URL." placeholder:"URL"`
	Name string `name:"run" help:"Name of the run; default: supabase" default:"supabase" placeholder:"NAME"`
	JSON bool   `name:"json" help:"Print the result as JSON."`

	EncryptionKey      []string `help:"A key of Supabase's database encryption, base64url, for a run with --mfa carry or --sessions if the project encrypts second factors or sessions. Repeatable." sep:"none" placeholder:"ID=KEY"`
	FromFormat         string   `help:"What the file of --from is; default: recognized by its first bytes" enum:",supabase,clerk,firebase" default:"" placeholder:"supabase|clerk|firebase"`
	FirebaseHashConfig string   `help:"For a file of Firebase: a file with the password hash parameters that the console shows, or none to leave the passwords out." placeholder:"FILE|none"`
}

// open returns the import from the source to the target, and the printer of its progress. It checks the form of the
// URLs but does not connect.
func (f importFlags) open(ctx context.Context, getenv environment, std streams) (*importer.Import, *progress, error) {
	s, err := f.readSecrets(ctx, getenv)
	if err != nil {
		return nil, nil, err
	}
	if f.isFile() {
		s.From = ""
		return openImport(s, getenv, std)
	}
	if err := checkURL("--from", s.From); err != nil {
		return nil, nil, err
	}
	return openImport(s, getenv, std)
}

// openTarget is like open, for commands that do not need the source. The source may no longer exist.
func (f importFlags) openTarget(
	ctx context.Context,
	getenv environment,
	std streams,
) (*importer.Import, *progress, error) {
	if f.From == "" {
		f.From = "postgres://not.needed/here"
	}
	s, err := f.readSecrets(ctx, getenv)
	if err != nil {
		return nil, nil, err
	}
	s.From = ""
	return openImport(s, getenv, std)
}

func openImport(s importSecrets, getenv environment, std streams) (*importer.Import, *progress, error) {
	if err := checkURL("--to", s.To); err != nil {
		return nil, nil, err
	}
	name, err := config.LoadSchemaName(getenv)
	if err != nil {
		return nil, nil, err
	}
	keys, err := atrest.ParseKeys(s.EncryptionKeys)
	if err != nil {
		return nil, nil, newUsageError("%s", err)
	}
	on, path, err := config.LoadProfile(getenv)
	if err != nil {
		return nil, nil, err
	}
	fields, err := loadImportFields(on, path)
	if err != nil {
		return nil, nil, err
	}
	printIgnored(std, "--from", s.From)
	printIgnored(std, "--to", s.To)
	p := newProgress(std.err, time.Now)
	return &importer.Import{
		From:     s.From,
		To:       s.To,
		Schema:   name,
		Holder:   processName(),
		Progress: p.handleEvent,
		Now:      time.Now,

		Secret:         s.authSecrets,
		EncryptionKeys: keys,
		PublicKeys:     sessions.ReadPublicKeys(s.publicKeys),
		ProfileFields:  fields,
		ProfilesOff:    !on,
	}, p, nil
}

// printIgnored prints the parameters of a database URL that Xenon ignores.
func printIgnored(std streams, name, databaseURL string) {
	if ignored := pg.IgnoredParameters(databaseURL); ignored != nil {
		fmt.Fprintf(
			std.err,
			"%s: parameters that only other drivers use are ignored: %s\n",
			name,
			strings.Join(ignored, ", "),
		)
	}
}

func checkURL(flag, databaseURL string) error {
	if err := importer.CheckURL(databaseURL); err != nil {
		return newUsageError("%s: %s", flag, strings.TrimPrefix(err.Error(), importer.ErrRefused.Error()+": "))
	}
	return nil
}

// importSecrets are the secrets of an import.
type importSecrets struct {
	secrets.ImportSecret
	// authSecrets returns the secrets of the deployment, which only a run with --mfa carry or --sessions needs.
	authSecrets func(context.Context) (cipher.Keys, error)
	publicKeys  string // the file or the URL of the public keys of the project, or ""
}

// readSecrets returns the secrets of an import: from the flags, else from the variables, else from the secret.
func (f importFlags) readSecrets(ctx context.Context, getenv environment) (importSecrets, error) {
	if f.isFile() {
		f.From = "postgres://not.needed/here"
	}
	given := map[string]string{"FROM_DATABASE_URL": f.From, "TO_DATABASE_URL": f.To}
	cfg, err := config.LoadImport(func(name string) string {
		if v := given[name]; v != "" {
			return v
		}
		if name == "MIGRATE_SECRET_ARN" && f.From != "" && f.To != "" {
			return "" // both URLs are given, so the secret is not needed
		}
		return getenv(name)
	})
	if err != nil {
		return importSecrets{}, newUsageError("%s\n  Give the databases with --from and --to, or in the environment.", err)
	}
	if cfg.SecretARN != "" {
		if cfg.AWS, err = loadAWSProfile(ctx, cfg.AWS); err != nil {
			return importSecrets{}, err
		}
	}
	read, err := secrets.ReadImportSecret(ctx, cfg)
	if f.From != "" {
		read.From = f.From
	}
	if f.To != "" {
		read.To = f.To
	}
	read.EncryptionKeys = append(read.EncryptionKeys, f.EncryptionKey...)
	return importSecrets{read, authSecretsReader(cfg), cfg.PublicKeys}, err
}

// authSecretsReader returns a function that reads the secrets of the deployment.
func authSecretsReader(cfg config.Import) func(context.Context) (cipher.Keys, error) {
	return func(ctx context.Context) (_ cipher.Keys, err error) {
		if cfg.AppSecretARN != "" {
			if cfg.AWS, err = loadAWSProfile(ctx, cfg.AWS); err != nil {
				return cipher.Keys{}, err
			}
		}
		return secrets.ImportAuthSecrets(ctx, cfg)
	}
}

func newUsageError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errUsage}, args...)...)
}

// processName returns a name of this process. It is stored with the lease of the run, and another process that cannot
// get the lease prints it.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("xenon migrate on %s, pid %d", host, os.Getpid())
}

// hostAndDatabase returns the host and the name of a database, without user and password.
func hostAndDatabase(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "a database"
	}
	return u.Hostname() + u.EscapedPath()
}

// withImportAdvice adds advice to an error of package importer.
func withImportAdvice(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	text := errors.New(importer.ErrorText(err)) // contains no data of rows
	switch {
	case ctx.Err() != nil:
		return withAdvice(errStopped, "Finished batches are kept. Run the same command again to continue.")
	case errors.Is(err, importer.ErrHeld):
		return withAdvice(
			text,
			"Wait until the other process has finished. If it crashed, its lease ends within two minutes.",
		)
	case errors.Is(err, importer.ErrNoRun):
		return withAdvice(text, "Start a run with xenon migrate run, or give the name of an existing run with --run.")
	case errors.Is(err, importer.ErrUnavailable):
		return withAdvice(text, "Check that the database runs and that its URL is correct. Then run the same command again.")
	case errors.Is(err, importer.ErrRefused):
		return text
	}
	return withAdvice(text, "Run the same command again to continue.")
}

var errStopped = errors.New("stopped")

// needsDecisionError is the error of a command that succeeded with a result that an operator must check.
type needsDecisionError string

func (n needsDecisionError) Error() string { return string(n) }

func printJSON(std streams, v any) error {
	text, err := stringify.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s\n", text)
	return err
}

// loadImportFields returns the fields of the profile for an import, nil for those of the shipped declaration.
func loadImportFields(on bool, path string) ([]mapping.ProfileField, error) {
	if path == "" {
		return nil, nil
	}
	fields, err := loadProfileFields(config.API{Profile: on, ProfileFields: path})
	return mapping.ProfileFieldsOf(fields), err
}
