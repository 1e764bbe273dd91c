package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// ProviderAccount identifies an account at a social provider.
type ProviderAccount struct {
	ProviderID string
	AccountID  string // the user's id at the provider
}

// ProviderTokens are the OAuth tokens of an account as they are stored: encrypted if ENCRYPT_OAUTH_TOKENS is on. In an
// update, nil means that the stored value does not change.
type ProviderTokens struct {
	AccessToken           *string
	RefreshToken          *string
	IDToken               *string `db:"idToken"`
	AccessTokenExpiresAt  *Time
	RefreshTokenExpiresAt *Time
	Scope                 *string // the scopes that the provider granted, separated by commas
}

// tokenColumns are the columns of ProviderTokens.
//
//nolint:gosec // G101: SQL
const tokenColumns = `"accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope`

// sqlArgs returns the values of t as arguments of a statement, in the order of tokenColumns.
func (t ProviderTokens) sqlArgs() []any {
	return []any{
		t.AccessToken,
		t.RefreshToken,
		t.IDToken,
		timeOrNull(t.AccessTokenExpiresAt),
		timeOrNull(t.RefreshTokenExpiresAt),
		t.Scope,
	}
}

// timeOrNull returns an optional time as an argument of a statement: nil, that is NULL, for a nil pointer.
func timeOrNull(t *Time) any {
	if t == nil {
		return nil
	}
	return t.Time
}

// AccountMatch says which user of Xenon an account at a provider belongs to.
type AccountMatch struct {
	AccountRowID string // the id of the row in account; "" if there is no such account
	Scope        string // of the account
	User         User   // the owner of the account, otherwise the user with the email; zero if there is neither
}

// MatchAccount returns the owner of an account at a provider. If no user has this account, it returns the user with the
// email (lower case; "" matches no user). It returns ErrDuplicate if two rows have this account.
func (s *Store) MatchAccount(ctx context.Context, a ProviderAccount, email string) (AccountMatch, error) {
	found, err := readRows(ctx, s, func(row pgx.CollectableRow) (m AccountMatch, err error) {
		err = row.Scan(append([]any{&m.AccountRowID, &m.Scope}, s.userFieldPointers(&m.User)...)...)
		return m, err
	}, `
		WITH matching_accounts AS (
			SELECT id, "userId", coalesce(scope, '') AS scope
			FROM account
			WHERE "providerId" = $1 AND "providerId" <> 'credential' AND "accountId" = $2
			LIMIT 2
		)
		SELECT a.id::text, a.scope, `+userColumns+`
		FROM matching_accounts a
		JOIN "user" u ON u.id = a."userId"
		UNION ALL
		SELECT '', '', `+userColumns+`
		FROM "user" u
		WHERE u.email = $3 AND NOT EXISTS (SELECT FROM matching_accounts)`, a.ProviderID, a.AccountID, email)
	switch {
	case err != nil || len(found) == 0:
		return AccountMatch{}, err
	case len(found) > 1:
		return AccountMatch{}, ErrDuplicate
	}
	return found[0], nil
}

// AccountToLink says which user wants to link an account, and who owns the account now.
type AccountToLink struct {
	UserID       string // the user who links the account; "" if the session has ended or the user is banned
	AccountRowID string // the id of the account's row; "" if the account is not stored
	OwnerID      string // the user who owns the account
	Scope        string // the scope of the account
}

// MatchAccountToLink returns the user of a session token and the present owner of an account at a provider. It returns
// ErrDuplicate if two rows have this account.
func (s *Store) MatchAccountToLink(
	ctx context.Context, token string, a ProviderAccount, now Time,
) (AccountToLink, error) {
	found, err := readRows(ctx, s, pgx.RowToStructByName[AccountToLink], `
		WITH requesting_user AS (
			SELECT s."userId"
			FROM session s
			JOIN "user" u ON u.id = s."userId"
			WHERE s.token = $1 AND s."expiresAt" > $2 AND NOT `+isUserBannedSQL+`
		)
		SELECT coalesce((SELECT "userId"::text FROM requesting_user), '') AS user_id,
		       coalesce(a.id::text, '') AS account_row_id, coalesce(a."userId"::text, '') AS owner_id,
		       coalesce(a.scope, '') AS scope
		FROM (SELECT) one
		LEFT JOIN account a ON a."providerId" = $3 AND a."providerId" <> 'credential' AND a."accountId" = $4
		LIMIT 2`, token, now.Time, a.ProviderID, a.AccountID)
	switch {
	case err != nil || len(found) == 0: // no row: Postgres cannot store an argument, so there is no such session
		return AccountToLink{}, err
	case len(found) > 1:
		return AccountToLink{}, ErrDuplicate
	}
	return found[0], nil
}

// StoredAccount is an account of a user at a provider, with its tokens.
type StoredAccount struct {
	ID         string
	UserID     string `db:"userId"`
	ProviderID string `db:"providerId"`
	AccountID  string `db:"accountId"`
	ProviderTokens
}

// AccountWithTokens returns an account of the user with its tokens. It returns ErrNotFound if no account of the user
// has the id, which may be any text.
func (s *Store) AccountWithTokens(ctx context.Context, userID, id string) (StoredAccount, error) {
	return readRow(ctx, s, pgx.RowToStructByName[StoredAccount], `
		SELECT id, "userId", "providerId", "accountId", `+tokenColumns+`
		FROM account
		WHERE "userId" = $1::uuid AND id::text = $2`, userID, id)
}

// UpdateTokens stores new tokens of an account. It returns ErrNotFound if the account was deleted, or if its stored
// refresh token is no longer the one in old, because then another request has stored new tokens.
func (s *Store) UpdateTokens(ctx context.Context, account string, old *string, t ProviderTokens, at Time) error {
	n, err := s.exec(ctx, `
		UPDATE account
		SET "accessToken" = coalesce($2, "accessToken"), "refreshToken" = coalesce($3, "refreshToken"),
		    "idToken" = coalesce($4, "idToken"), "accessTokenExpiresAt" = coalesce($5, "accessTokenExpiresAt"),
		    "refreshTokenExpiresAt" = coalesce($6, "refreshTokenExpiresAt"), scope = coalesce($7, scope), "updatedAt" = $8
		WHERE id = $1::uuid AND "refreshToken" IS NOT DISTINCT FROM $9`,
		append(append([]any{account}, t.sqlArgs()...), at.Time, old)...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
