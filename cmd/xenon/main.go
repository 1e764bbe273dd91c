// Command xenon runs Xenon for local development and manages a deployment: dev, schema, profile, users, mails, keys,
// secrets, migrate, bridge.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes, the same for every command.
const (
	exitDone          = 0
	exitFailed        = 1
	exitUsage         = 2
	exitNeedsDecision = 3 // the command succeeded, and the user has to decide something
)

// streams are the input and output of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

type commands struct {
	Dev     devCmd            `cmd:"" help:"Run Xenon for local development: a database, schema, keys, and all functions in one process."`
	Init    initCmd           `cmd:"" help:"Create a directory to start with: an example site, settings, a script."`
	Schema  schemaCmd         `cmd:"" help:"Apply the migrations of the database schema, or list which are applied."`
	Profile profileCmd        `cmd:"" help:"Check the declared fields of the profile, or print the description of the API with them."`
	Migrate migrateCmd        `cmd:"" help:"Import the users of a Supabase project: plan, run, verify, report, roll back or finalize."`
	Bridge  bridgeCmd         `cmd:"" help:"Show or delete the imported sessions of Supabase."`
	Users   usersCmd          `cmd:"" help:"Find, show, export, ban, sign out or delete users, set passwords, count."`
	Mails   mailsCmd          `cmd:"" help:"Check templates of mails, or write the built-in ones."`
	Keys    keysCmd           `cmd:"" help:"Show or rotate the signing keys."`
	Secrets secretsCmd        `cmd:"" help:"Count the encrypted texts in the database by their secret, or encrypt them again after a change of the secret."`
	Version versionCmd        `cmd:"" help:"Print the version of this program, of Better Auth and of the schema."`
	Origin  originSecretCmd   `cmd:"" name:"origin-secret" hidden:"" help:"Rotate the secret that CloudFront sends to the API; make deploy calls this."`
	Site    siteParametersCmd `cmd:"" name:"site-parameters" hidden:"" help:"Print the parameters of template.yaml for a built site; make deploy calls this."`
	Sam     samCmd            `cmd:"" hidden:"" help:"Create the files that sam local needs, start the database, and run a command; make sam-local calls this."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // after the first Ctrl-C, a second one ends the process immediately
	std := streams{os.Stdin, os.Stdout, os.Stderr}
	os.Exit(run(ctx, os.Args[1:], os.Getenv, std)) //nolint:forbidigo // commands read variables through this argument
}

type exitCode int

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, getenv func(string) string, std streams) (code int) {
	defer func() { // kong calls Exit after --help: Exit panics, and this function recovers and sets the exit code
		if r := recover(); r != nil {
			c, ok := r.(exitCode)
			if !ok {
				panic(r)
			}
			code = int(c)
		}
	}()
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("xenon"),
		kong.Description("Authentication for static sites on serverless Postgres."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(c int) { panic(exitCode(c)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(environment(getenv), std),
	)
	if err != nil {
		panic(err) // the command types are wrong
	}
	cmd, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(std.err, "xenon: %s\nTry: xenon --help\n", err)
		return exitUsage
	}
	return printError(cmd.Run(), std.err)
}

// environment is a function that returns the value of an environment variable. Commands read their settings with it.
type environment func(string) string

// userError is an error message for the user. It says what happened and what the user can do.
type userError struct {
	err    error
	advice string
}

func (p userError) Error() string { return p.err.Error() + "\n  " + p.advice }
func (p userError) Unwrap() error { return p.err }

func withAdvice(err error, format string, args ...any) error {
	return userError{err, fmt.Sprintf(format, args...)}
}

var errUsage = errors.New("wrong use")

// printError prints the error of a command, if there is one, and returns the exit code.
func printError(err error, out io.Writer) int {
	var left needsDecisionError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &left):
		fmt.Fprintln(out, "xenon:", left)
		return exitNeedsDecision
	case errors.Is(err, errUsage):
		fmt.Fprintln(out, "xenon:", strings.TrimPrefix(err.Error(), errUsage.Error()+": "))
		return exitUsage
	}
	fmt.Fprintln(out, "xenon:", err)
	return exitFailed
}
