package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/reencrypt"
	"github.com/xenon-auth/xenon/shared/secrets"
)

type secretsCmd struct {
	List      secretsListCmd      `cmd:"" help:"Count the encrypted texts in the database by the secret that they need."`
	Reencrypt secretsReencryptCmd `cmd:"" help:"Encrypt the texts that need an older secret with the current one."`
}

type secretsListCmd struct {
	JSON bool `name:"json" help:"Print the numbers as JSON."`
}

func (secretsListCmd) Help() string {
	return `Counts the secrets of authenticator apps, backup codes, tokens of providers and private keys of a Better Auth
server by the version of the secret that has encrypted them. Changes nothing. Reads BETTER_AUTH_SECRETS and
BETTER_AUTH_SECRET from the secret APP_SECRET_ARN if it is set, else from the environment. Uses the database
DIRECT_DATABASE_URL, else DATABASE_URL, and the schema SCHEMA, with the role that owns the tables. The exit status is 3
if a text needs a secret that is not in the settings.

  xenon secrets list
  APP_SECRET_ARN=arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/app xenon secrets list --json`
}

// The states of the texts in the output of xenon secrets list.
const (
	textsCurrent    = "current"    // encrypted with the current secret
	textsOlder      = "older"      // another secret of the settings decrypts them
	textsUnreadable = "unreadable" // no secret of the settings decrypts them
)

// listedTexts is a line in the output of xenon secrets list.
type listedTexts struct {
	reencrypt.Count
	State string `json:"state"`
}

// Run prints the numbers of texts.
func (c secretsListCmd) Run(ctx context.Context, getenv environment, std streams) error {
	e, err := openEncryption(ctx, getenv, std)
	if err != nil {
		return err
	}
	list, err := e.count(ctx)
	if err != nil {
		return err
	}
	unreadable := textsIn(list, textsUnreadable)
	if c.JSON {
		err := printJSON(std, map[string]any{"versions": append([]int{}, e.keys.Versions()...), "texts": list})
		if err != nil {
			return err
		}
		return unreadableError(unreadable, "")
	}
	e.print(std, list)
	switch older := textsIn(list, textsOlder); {
	case older > 0:
		printf(std.out, "%d texts need an older secret. xenon secrets reencrypt encrypts them with the current one.\n", older)
	case unreadable == 0:
		fmt.Fprintln(std.out, "No text needs an older secret.")
	}
	return unreadableError(unreadable, "")
}

// unreadableError returns an error that says that no secret decrypts a number of texts, and what to do, or nil if the
// number is 0. more is added to the first sentence.
func unreadableError(texts int, more string) error {
	if texts == 0 {
		return nil
	}
	return needsDecisionError(fmt.Sprintf("no secret of the settings decrypts %d texts%s.\n  "+
		"Add the secret that has encrypted them to BETTER_AUTH_SECRETS or BETTER_AUTH_SECRET and run the command again. "+
		"If it is lost, docs/runbooks/auth-secret.md says what to do.", texts, more))
}

// encryption is a database with encrypted texts, and the secrets.
type encryption struct {
	url, schema string
	keys        cipher.Keys
}

// openEncryption reads the settings and the secrets. It does not connect to the database.
func openEncryption(ctx context.Context, getenv environment, std streams) (encryption, error) {
	url, schema, err := readSchemaSettings(getenv)
	if err != nil {
		return encryption{}, err
	}
	printIgnored(std, "database URL", url)
	cfg, err := config.LoadAuthSecrets(getenv)
	if err == nil && cfg.AppSecretARN != "" {
		cfg.AWS, err = loadAWSProfile(ctx, cfg.AWS)
	}
	if err != nil {
		return encryption{}, err
	}
	keys, err := secrets.New(cfg, time.Now).EncryptionKeys(ctx)
	return encryption{url, schema, keys}, err
}

func (e encryption) count(ctx context.Context) ([]listedTexts, error) {
	counts, err := reencrypt.CountTexts(ctx, e.url, e.schema)
	if err != nil {
		return nil, withAdvice(err, "Check DIRECT_DATABASE_URL or DATABASE_URL. Its role must own the tables.")
	}
	list := []listedTexts{}
	for _, c := range counts {
		list = append(list, listedTexts{c, e.stateOf(c.Version)})
	}
	return list, nil
}

// stateOf returns the state of texts with a version, or without one.
func (e encryption) stateOf(version *int) string {
	versions := e.keys.Versions()
	at := -1
	if version != nil {
		at = slices.Index(versions, *version)
	}
	switch {
	case at == 0, version == nil && len(versions) == 0:
		return textsCurrent
	case at > 0, version == nil && e.keys.HasLegacy():
		return textsOlder
	}
	return textsUnreadable
}

func (e encryption) print(std streams, list []listedTexts) {
	for _, l := range list {
		secret := "no version"
		if l.Version != nil {
			secret = fmt.Sprintf("version %d", *l.Version)
		}
		printf(std.out, "%-22s %-20s %8d  %s\n", l.Column, secret, l.Texts, l.State)
	}
}

func textsIn(list []listedTexts, state string) (n int) {
	for _, l := range list {
		if l.State == state {
			n += l.Texts
		}
	}
	return n
}
