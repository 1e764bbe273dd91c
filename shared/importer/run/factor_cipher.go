package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// FactorCipher reads the secrets of second factors as Supabase stores them, and encrypts them as Better Auth and Xenon
// store them.
type FactorCipher struct {
	source atrest.Keys // of the database encryption of the source
	target cipher.Keys // of the deployment
}

// base32Marker begins a secret that is the base32 of the key. Better Auth and Xenon know it.
const base32Marker = "base32:"

// NoBackupCodes is the list of backup codes of a copied second factor, before it is encrypted: Supabase has none.
const NoBackupCodes = "[]"

const noSecretText = "--mfa carry encrypts the second factors with the secret of the deployment: set " +
	"BETTER_AUTH_SECRET, or APP_SECRET_ARN, to what Xenon uses"

// factorCipher returns the FactorCipher of an import. It returns ErrRefused if the import has no secret.
func (e *Env) factorCipher(ctx context.Context) (*FactorCipher, error) {
	keys, err := e.readSecret(ctx)
	if err != nil {
		return nil, err
	}
	if len(keys.Secrets()) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrRefused, noSecretText)
	}
	return &FactorCipher{e.EncryptionKeys, keys}, nil
}

func (e *Env) readSecret(ctx context.Context) (cipher.Keys, error) {
	if e.Secret == nil {
		return cipher.Keys{}, nil
	}
	keys, err := e.Secret(ctx)
	var temporary interface{ Unavailable() bool }
	switch {
	case err == nil:
		return keys, nil
	case ctx.Err() != nil, errors.As(err, &temporary) && temporary.Unavailable():
		return keys, fmt.Errorf("read the secret of the deployment: %w", err)
	}
	return keys, fmt.Errorf("%w: the secret of the deployment: %w", ErrRefused, err)
}

// errInvalidFactor means that a secret is not the base32 of a key.
var errInvalidFactor = errors.New("the secret is not the base32 of a key")

// Read returns the secret of a second factor in the form in which the target encrypts it. stored is the text in the
// source. Rejection returns the reason for an error.
func (c *FactorCipher) Read(id, stored string) (string, error) {
	return readFactor(c.source, id, stored)
}

func readFactor(keys atrest.Keys, id, stored string) (string, error) {
	text, err := keys.Open(id, stored)
	if err != nil {
		return "", err
	}
	text = strings.TrimRight(text, "=")
	isBase32 := strings.IndexFunc(text, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '2' || r > '7')
	}) < 0
	if !isBase32 || len(text) < mapping.MinFactorSecret || len(text) > mapping.MaxFactorSecret {
		return "", errInvalidFactor
	}
	switch len(text) % 8 {
	case 1, 3, 6: // no number of bytes has a base32 of this length
		return "", errInvalidFactor
	}
	return base32Marker + strings.ToUpper(text), nil
}

// FactorRejection returns the reason for an error of Read.
func FactorRejection(err error) string {
	if errors.Is(err, errInvalidFactor) {
		return mapping.FactorInvalid
	}
	return mapping.FactorEncrypted
}

// Encrypt encrypts a text for a column of "twoFactor".
func (c *FactorCipher) Encrypt(text string) string { return c.target.Encrypt(text) }

// Decrypt returns the text of a column of "twoFactor". ok is false if it was encrypted with another secret.
func (c *FactorCipher) Decrypt(stored string) (text string, ok bool) {
	text, err := c.target.Decrypt(stored)
	return text, err == nil
}

// Reuse returns stored if it is the encryption of text, and otherwise a new encryption. So a column whose text is
// unchanged keeps its value, although each encryption of a text is another one.
func (c *FactorCipher) Reuse(stored *string, text string) string {
	if stored != nil {
		if was, ok := c.Decrypt(*stored); ok && was == text {
			return *stored
		}
	}
	return c.Encrypt(text)
}

// cipherOfRun returns the FactorCipher of a run that copies TOTP factors. It returns ErrRefused if there is no secret,
// or if the run has written second factors with another one: they could not be read with this one, and the next pass
// would make them useless for the deployment.
func (e *Env) cipherOfRun(ctx context.Context, dst *pgx.Conn, id int, m mapping.Mapping) (*FactorCipher, error) {
	c, err := e.factorCipher(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := QueryTexts(ctx, dst, fmt.Sprintf(`SELECT e.secret
FROM "twoFactor" e
JOIN supabase_import.ledger l ON l.user_id = e."userId" AND l.key = e.id
WHERE l.run = %d AND l.source = 'factor' AND l.written = %s
LIMIT 1`, id, mapping.Hash64(m.FactorRow().Stored())))
	if err != nil {
		return nil, fmt.Errorf("look for a second factor that the run has written: %w", err)
	}
	for _, s := range stored {
		if _, ok := c.Decrypt(s); !ok {
			return nil, fmt.Errorf("%w: the run has encrypted second factors with another BETTER_AUTH_SECRET: use that one, "+
				"list it in BETTER_AUTH_SECRETS, or roll the run back and begin again", ErrRefused)
		}
	}
	return c, nil
}
