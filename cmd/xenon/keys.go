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
	return `Works on the file SIGNING_KEYS_FILE and makes it when it is not there. The secret in the cloud is rotated by
Secrets Manager itself; its first version is such a file:

  SIGNING_KEYS_FILE=keys.json xenon keys rotate
  aws secretsmanager put-secret-value --secret-id "$SIGNING_KEYS_ARN" --secret-string file://keys.json`
}

var errCloudKeys = errors.New("SIGNING_KEYS_ARN is set: keys in the cloud are rotated by Secrets Manager")

// Run rotates the key file.
func (c keysRotateCmd) Run(getenv environment, std streams) error {
	cfg, err := config.Keys(getenv)
	if err != nil {
		return err
	}
	if cfg.SigningKeysARN != "" {
		return advise(errCloudKeys, "aws secretsmanager rotate-secret --secret-id %s", cfg.SigningKeysARN)
	}
	set, err := keys.LoadFile(cfg.SigningKeysFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		set, err = keys.Generate(time.Now())
	case err == nil:
		set, err = set.Rotate(time.Now(), cfg.JWTExpiresIn)
	}
	if errors.Is(err, keys.ErrTooSoon) {
		return advise(err, "Rotating earlier would sign with a key that verifiers have not seen.")
	}
	if err != nil {
		return err
	}
	if err := keys.SaveFile(cfg.SigningKeysFile, set); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(map[string]string{"current": set.Current.ID, "next": set.Next.ID})
	}
	fmt.Fprintf(std.out, "%s signs now; %s is published as the next.\n", set.Current.ID, set.Next.ID)
	return nil
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
