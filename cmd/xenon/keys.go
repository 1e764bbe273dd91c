package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/secrets/laptop"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"Show which keys are published and which one signs."`
	Rotate keysRotateCmd `cmd:"" help:"Retire the current key, sign with the next, publish a new one."`
}

type keysListCmd struct {
	JSON bool `name:"json" help:"Print the list as JSON."`
}

func (keysListCmd) Help() string {
	return `Reads the secret SIGNING_KEYS_ARN if that is set, else the file SIGNING_KEYS_FILE. Shows no private key.

  xenon keys list --json`
}

// listedKey is a line of the list.
type listedKey struct {
	Role  string     `json:"role"`
	ID    string     `json:"kid"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"publishedUntil,omitempty"`
}

// Run prints the key set.
func (c keysListCmd) Run(ctx context.Context, getenv environment, std streams) error {
	cfg, err := config.Keys(getenv)
	if err == nil {
		cfg, err = asPerson(ctx, cfg)
	}
	if err != nil {
		return err
	}
	text, err := secrets.New(cfg, time.Now).SigningKeys(ctx)
	if err != nil {
		return advise(err, "xenon keys rotate makes the first keys; make dev does so by itself.")
	}
	set, err := keys.ParseSet(text)
	if err != nil {
		return err
	}
	list := []listedKey{{Role: "next", ID: set.Next.ID, Since: set.Next.CreatedAt}, {Role: "current", ID: set.Current.ID, Since: set.Current.CreatedAt}}
	for _, k := range set.Retired {
		list = append(list, listedKey{"retired", k.ID, k.RetiredAt, &k.PublishedUntil})
	}
	return printKeys(std.out, list, c.JSON)
}

func printKeys(out io.Writer, list []listedKey, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"keys": list})
	}
	for _, k := range list {
		fmt.Fprintf(out, "%-8s %s  since %s", k.Role, k.ID, k.Since.Format(time.RFC3339))
		if k.Until != nil {
			fmt.Fprintf(out, ", published until %s", k.Until.Format(time.RFC3339))
		}
		fmt.Fprintln(out)
	}
	return nil
}

type keysRotateCmd struct {
	JSON bool `name:"json" help:"Print what signs now as JSON."`
}

func (keysRotateCmd) Help() string {
	return `Rotates the secret SIGNING_KEYS_ARN if that is set, else the file SIGNING_KEYS_FILE, and makes the first keys where
there are none. A secret with a rotation function is rotated by that, as Secrets Manager does on its days. JWT_EXPIRES_IN
is the longest that tokens live.

  xenon keys rotate
  SIGNING_KEYS_ARN=arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/keys AWS_PROFILE=work xenon keys rotate`
}

// Run rotates the keys.
func (c keysRotateCmd) Run(ctx context.Context, getenv environment, std streams) error {
	cfg, err := config.Keys(getenv)
	if err == nil {
		cfg, err = asPerson(ctx, cfg)
	}
	if err != nil {
		return err
	}
	rotate := rotateFile
	if cfg.SigningKeysARN != "" {
		rotate = rotateSecret
	}
	set, err := rotate(ctx, cfg)
	if errors.Is(err, keys.ErrTooSoon) {
		return advise(err, "Rotating earlier would sign with a key that verifiers have not seen.")
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(map[string]string{"current": set.Current.ID, "next": set.Next.ID})
	}
	fmt.Fprintf(std.out, "%s signs now; %s is published as the next.\n", set.Current.ID, set.Next.ID)
	return nil
}

func rotateSecret(ctx context.Context, cfg config.Config) (keys.Set, error) {
	return keys.NewRotation(cfg, time.Now).RotateNow(ctx)
}

func rotateFile(_ context.Context, cfg config.Config) (keys.Set, error) {
	set, err := keys.LoadFile(cfg.SigningKeysFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		set, err = keys.Generate(time.Now())
	case err == nil:
		set, err = set.Rotate(time.Now(), cfg.JWTExpiresIn)
	}
	if err != nil {
		return keys.Set{}, err
	}
	return set, keys.SaveFile(cfg.SigningKeysFile, set)
}

// asPerson lets the settings call AWS as whoever sits at this machine, if they name anything there.
func asPerson(ctx context.Context, cfg config.Config) (config.Config, error) {
	if cfg.AppSecretARN == "" && cfg.SigningKeysARN == "" && cfg.MigrateSecretARN == "" && cfg.Mail != config.MailQueue {
		return cfg, nil
	}
	as, err := laptop.AWS(ctx, cfg.AWS)
	if err != nil {
		return cfg, advise(err, "Sign in with aws sso login, or name a profile in AWS_PROFILE and a region in AWS_REGION.")
	}
	cfg.AWS = as
	return cfg, nil
}

// makeKeys makes the signing keys of a laptop once.
func makeKeys(file string, log io.Writer) error {
	_, err := keys.LoadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	set, err := keys.Generate(time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintln(log, "Made signing keys in", file)
	return keys.SaveFile(file, set)
}
