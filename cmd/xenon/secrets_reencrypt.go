package main

import (
	"context"
	"fmt"

	"github.com/xenon-auth/xenon/shared/reencrypt"
)

type secretsReencryptCmd struct {
	Yes  bool `help:"Do not ask."`
	JSON bool `name:"json" help:"Print the result as JSON."`
}

func (secretsReencryptCmd) Help() string {
	return `Encrypts the texts that xenon secrets list counts as older with the current secret, the first one of
BETTER_AUTH_SECRETS, in transactions of at most 500 rows. Requests continue meanwhile. It can run any number of times,
and continues after an interruption. Every server of the database, also a Better Auth server, must know the current
secret before. Reads the same settings as xenon secrets list. The exit status is 3 if no secret decrypts some texts;
it does not change them. docs/runbooks/auth-secret.md says when to run it.

  xenon secrets reencrypt
  xenon secrets reencrypt --yes --json`
}

// Run asks for a confirmation and encrypts.
func (c secretsReencryptCmd) Run(ctx context.Context, getenv environment, std streams) error {
	e, err := openEncryption(ctx, getenv, std)
	switch {
	case err != nil:
		return err
	case len(e.keys.Versions()) == 0:
		return newUsageError("BETTER_AUTH_SECRETS is not set, so there is only one secret and nothing to encrypt again")
	case !c.Yes && !isTerminal(std.in):
		return newUsageError("this changes rows: look at xenon secrets list first, then confirm with --yes")
	}
	if !c.Yes {
		if err := e.confirm(ctx, std); err != nil {
			return err
		}
	}
	results, err := reencrypt.Run(ctx, e.url, e.schema, e.keys)
	if err != nil {
		return withAdvice(err, "The texts so far are readable. Correct the cause and run the command again.")
	}
	return c.print(results, std)
}

// confirm prints the numbers of texts and asks for a confirmation.
func (e encryption) confirm(ctx context.Context, std streams) error {
	list, err := e.count(ctx)
	if err != nil {
		return err
	}
	e.print(streams{out: std.err}, list)
	version := e.keys.Versions()[0]
	fmt.Fprintf(std.err, "Every server of this database must have version %d in BETTER_AUTH_SECRETS.\n", version)
	return confirm(std, englishPrinter.Sprintf("Encrypt %d texts in %s with version %d?",
		textsIn(list, textsOlder), hostAndDatabase(e.url), version))
}

func (c secretsReencryptCmd) print(results []reencrypt.Result, std streams) error {
	unreadable := 0
	for _, r := range results {
		unreadable += r.Unreadable
	}
	if c.JSON {
		if err := printJSON(std, map[string]any{"columns": append([]reencrypt.Result{}, results...)}); err != nil {
			return err
		}
	} else {
		for _, r := range results {
			printf(std.out, "%-22s %8d encrypted, %d unreadable\n", r.Column, r.Encrypted, r.Unreadable)
		}
	}
	return unreadableError(unreadable, ", which were not changed")
}
