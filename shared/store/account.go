package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrLastAccount is returned instead of leaving a person without a way to sign in.
var ErrLastAccount = errors.New("the last account of its user")

// Account is a row of account without its secrets: a way in which a person signs in.
type Account struct {
	AccountID  string `json:"accountId"` // the person's id at the provider
	ProviderID string `json:"providerId"`
	UserID     string `json:"userId"`
	CreatedAt  Time   `json:"createdAt"`
	UpdatedAt  Time   `json:"updatedAt"`
	ID         string `json:"id"`
	Scope      string `json:"-"` // what the provider granted, separated by commas
}

// AccountsOfUser returns the accounts of a user, oldest first.
func (s *Store) AccountsOfUser(ctx context.Context, userID string) ([]Account, error) {
	return list(ctx, s, func(row pgx.CollectableRow) (a Account, err error) {
		err = row.Scan(&a.AccountID, &a.ProviderID, &a.UserID, &a.CreatedAt, &a.UpdatedAt, &a.ID, &a.Scope)
		return a, err
	}, `
		SELECT "accountId", "providerId", "userId", "createdAt", "updatedAt", id, coalesce(scope, '')
		FROM account
		WHERE "userId" = $1::uuid
		ORDER BY "createdAt", id`, userID)
}

// ProviderOfAccount returns the provider of an account of the user's own, else ErrNotFound. id is any text.
func (s *Store) ProviderOfAccount(ctx context.Context, userID, id string) (string, error) {
	return read(ctx, s, scalar[string], `
		SELECT "providerId" FROM account WHERE "userId" = $1::uuid AND id::text = $2`, userID, id)
}

// DeleteAccount removes an account of the user's own: ErrLastAccount if the user has just one, whatever its id,
// ErrNotFound if none of them has the id, which is any text. Of two calls for the last two accounts one is refused: each locks all
// accounts of the user before it counts them.
func (s *Store) DeleteAccount(ctx context.Context, userID, id string) error {
	id = strings.ReplaceAll(id, "\x00", "\uFFFD") // no id has either, but Postgres takes only the latter
	type counts struct{ own, gone int }
	n, err := write(ctx, s, func(row pgx.Row) (n counts, err error) {
		err = row.Scan(&n.own, &n.gone)
		return n, err
	}, `
		WITH own AS (
			SELECT id FROM account WHERE "userId" = $1::uuid ORDER BY id FOR UPDATE
		), gone AS (
			DELETE FROM account
			WHERE "userId" = $1::uuid AND id::text = $2 AND (SELECT count(*) FROM own) > 1
			RETURNING id
		)
		SELECT (SELECT count(*) FROM own), (SELECT count(*) FROM gone)`, userID, id)
	switch {
	case err != nil:
		return err
	case n.own == 1:
		return ErrLastAccount
	case n.gone == 0:
		return ErrNotFound
	}
	return nil
}
