// Package reencrypt counts the encrypted texts in the database by the version of their secret, and encrypts those of
// older secrets again with the current one. After that, the older secrets can be removed from BETTER_AUTH_SECRETS.
package reencrypt

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/pg"
)

// batchSize is how many rows one transaction locks and changes.
const batchSize = 500

// Result is what Run has done in one column.
type Result struct {
	Column     string `json:"column"`     // with the table, such as twoFactor.secret
	Encrypted  int    `json:"encrypted"`  // texts that now need only the current secret
	Unreadable int    `json:"unreadable"` // texts that no secret of the settings decrypts; they are not changed
}

// Run encrypts every text that was not encrypted with the current secret again, in the tables of a schema of the
// database at url. It decrypts with all secrets of keys. One transaction changes at most batchSize rows, and requests
// that change one of these rows wait for it. After an error, or an interruption, a second call continues.
func Run(ctx context.Context, url, schema string, keys cipher.Keys) ([]Result, error) {
	var results []Result
	err := forEachColumn(ctx, url, schema, func(conn *pgx.Conn, c column) error {
		r := Result{Column: c.String()}
		last := "00000000-0000-0000-0000-000000000000"
		for last != "" {
			err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
				last, err = c.encryptBatch(ctx, tx, keys, last, &r)
				return err
			})
			if err != nil {
				return fmt.Errorf("encrypt %s again: %w", c, pg.Explain(err))
			}
		}
		results = append(results, r)
		return nil
	})
	return results, err
}

// encryptBatch encrypts the texts of the next rows, whose ids are greater than after, and adds them to r. It returns
// the last of these ids, or "" if there are no more rows.
func (c column) encryptBatch(
	ctx context.Context, tx pgx.Tx, keys cipher.Keys, after string, r *Result,
) (last string, err error) {
	rows, err := tx.Query(ctx, c.sql(`
		SELECT id::text, COLUMN FROM TABLE
		WHERE id > $1::uuid AND COLUMN ~ $2 AND NOT starts_with(ltrim(COLUMN, '"'), $3)
		ORDER BY id
		LIMIT $4
		FOR UPDATE`), after, encryptedPattern, keys.CurrentPrefix(), batchSize)
	if err != nil {
		return "", err
	}
	var ids, texts []string
	var id, stored string
	_, err = pgx.ForEachRow(rows, []any{&id, &stored}, func() error {
		last = id
		text, err := encryptAgain(keys, stored)
		if errors.Is(err, cipher.ErrCannotDecrypt) {
			r.Unreadable++
			return nil
		}
		ids, texts = append(ids, id), append(texts, text)
		return err
	})
	if err != nil || last == "" {
		return "", err
	}
	_, err = tx.Exec(ctx, c.sql(`
		UPDATE TABLE AS t SET COLUMN = changed.text
		FROM unnest($1::uuid[], $2::text[]) AS changed (id, text)
		WHERE t.id = changed.id`), ids, texts)
	r.Encrypted += len(ids)
	return last, err
}

// encryptAgain encrypts a stored text with the current secret. Better Auth stores a private key as a JSON string, with
// quotes, which stay.
func encryptAgain(keys cipher.Keys, stored string) (string, error) {
	encrypted := strings.Trim(stored, `"`)
	text, err := keys.Decrypt(encrypted)
	if err != nil {
		return "", err
	}
	return strings.Replace(stored, encrypted, keys.Encrypt(text), 1), nil
}
