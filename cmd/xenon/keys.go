package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/secrets/awsprofile"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"Show which keys are published and which one signs."`
	Rotate keysRotateCmd `cmd:"" help:"Rotate the keys: the next key becomes the signing key, and a new next key is published."`
}

type keysListCmd struct {
	JSON bool `name:"json" help:"Print the list as JSON."`
}

func (keysListCmd) Help() string {
	return `Reads the secret SIGNING_KEYS_ARN if it is set, else the file SIGNING_KEYS_FILE. Shows no private key.

  xenon keys list --json`
}

// listedKey is one key in the output of xenon keys list.
type listedKey struct {
	Role  string     `json:"role"` // "next", "current" or "retired"
	ID    string     `json:"kid"`
	Alg   string     `json:"alg"`
	Since time.Time  `json:"since"` // when the key was created; for a retired key, when it was retired
	Until *time.Time `json:"publishedUntil,omitempty"`
}

// Run prints the key set.
func (c keysListCmd) Run(ctx context.Context, getenv environment, std streams) error {
	cfg, err := loadKeySettings(ctx, getenv)
	if err != nil {
		return err
	}
	text, err := secrets.ReadSigningKeys(ctx, cfg)
	if err != nil {
		return withAdvice(err, "Generate the first keys with xenon keys rotate; make dev generates them automatically.")
	}
	set, err := keys.ParseSet(text)
	if err != nil {
		return err
	}
	list := []listedKey{
		{Role: "next", ID: set.Next.ID, Alg: set.Next.Algorithm(), Since: set.Next.CreatedAt},
		{Role: "current", ID: set.Current.ID, Alg: set.Current.Algorithm(), Since: set.Current.CreatedAt},
	}
	for _, k := range set.Retired {
		list = append(list, listedKey{"retired", k.ID, k.Algorithm(), k.RetiredAt, &k.PublishedUntil})
	}
	return printKeys(std, list, c.JSON)
}

func printKeys(std streams, list []listedKey, asJSON bool) error {
	if asJSON {
		return printJSON(std, map[string]any{"keys": list})
	}
	for _, k := range list {
		fmt.Fprintf(std.out, "%-8s %s  %s  since %s", k.Role, k.ID, k.Alg, k.Since.Format(time.RFC3339))
		if k.Until != nil {
			fmt.Fprintf(std.out, ", published until %s", k.Until.Format(time.RFC3339))
		}
		fmt.Fprintln(std.out)
	}
	return nil
}

type keysRotateCmd struct {
	JSON bool `name:"json" help:"Print the current and the next key as JSON."`
}

func (keysRotateCmd) Help() string {
	return `Rotates the keys in the secret SIGNING_KEYS_ARN if it is set, else in the file SIGNING_KEYS_FILE. Generates the
first keys if there are none. If the secret has a rotation function, Secrets Manager calls the function, as for a
scheduled rotation. JWT_EXPIRES_IN is the longest lifetime of a token. JWT_ALG is the algorithm of new keys. A
rotation function uses its own values of both settings. A change of JWT_ALG takes effect at the second rotation,
because verifiers must know a key before it signs.

  xenon keys rotate
  SIGNING_KEYS_ARN=arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/keys xenon keys rotate`
}

// Run rotates the keys.
func (c keysRotateCmd) Run(ctx context.Context, getenv environment, std streams) error {
	cfg, err := loadKeySettings(ctx, getenv)
	if err != nil {
		return err
	}
	rotate := rotateKeysInFile
	if cfg.SigningKeysARN != "" {
		rotate = rotateKeysInSecretsManager
	}
	set, err := rotate(ctx, cfg)
	if errors.Is(err, keys.ErrRotationTooSoon) {
		return withAdvice(err, "Wait until then: verifiers might not have the next key yet.")
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, map[string]string{"current": set.Current.ID, "next": set.Next.ID})
	}
	fmt.Fprintf(std.out, "%s (%s) is now the signing key; %s (%s) is the next key.\n",
		set.Current.ID, set.Current.Algorithm(), set.Next.ID, set.Next.Algorithm())
	return nil
}

func rotateKeysInSecretsManager(ctx context.Context, cfg config.Keys) (keys.Set, error) {
	rotation := config.Rotation{
		SigningKeysARN: cfg.SigningKeysARN, JWTExpiresIn: cfg.JWTExpiresIn, JWTAlg: cfg.JWTAlg, AWS: cfg.AWS,
	}
	return keys.NewRotation(rotation, time.Now).RotateNow(ctx)
}

func rotateKeysInFile(_ context.Context, cfg config.Keys) (keys.Set, error) {
	set, err := keys.LoadFile(cfg.SigningKeysFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		set, err = keys.Generate(time.Now(), cfg.JWTAlg)
	case err == nil:
		set, err = set.Rotate(time.Now(), cfg.JWTExpiresIn, cfg.JWTAlg)
	}
	if err != nil {
		return keys.Set{}, err
	}
	return set, keys.SaveFile(cfg.SigningKeysFile, set)
}

// loadKeySettings reads the settings of the key commands. If the keys are in Secrets Manager, it also loads the AWS
// credentials of the user.
func loadKeySettings(ctx context.Context, getenv environment) (config.Keys, error) {
	cfg, err := config.LoadKeySettings(getenv)
	if err == nil && cfg.SigningKeysARN != "" {
		cfg.AWS, err = loadAWSProfile(ctx, cfg.AWS)
	}
	return cfg, err
}

// loadAWSProfile replaces the AWS credentials with those that the AWS CLI would use.
func loadAWSProfile(ctx context.Context, as config.AWS) (config.AWS, error) {
	as, err := awsprofile.Load(ctx, as)
	if err != nil {
		return as, withAdvice(err, "Sign in with aws sso login, or set AWS_PROFILE and AWS_REGION.")
	}
	return as, nil
}

// generateKeys generates the signing keys for local development, if there are none. If the next key has another
// algorithm than `alg`, it logs how to change the algorithm.
func generateKeys(file, alg string, log io.Writer) error {
	set, err := keys.LoadFile(file)
	if err == nil && set.Next.Algorithm() != alg {
		fmt.Fprintf(log, "JWT_ALG is %s, but the keys in %s are for %s. JWT_ALG applies to new keys: "+
			"run xenon keys rotate twice, or remove the file, which makes all tokens invalid.\n",
			alg, file, set.Next.Algorithm())
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if set, err = keys.Generate(time.Now(), alg); err != nil {
		return err
	}
	fmt.Fprintln(log, "Generated signing keys in", file)
	return keys.SaveFile(file, set)
}
