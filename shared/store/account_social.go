package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// ProviderAccount names an account at a social provider.
type ProviderAccount struct {
	ProviderID string
	AccountID  string // the user's id at the provider
}

// ProviderTokens are the tokens of an account as they are stored: encrypted if ENCRYPT_OAUTH_TOKENS is on. In an
// update, nil means that the value of the row stays.
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

// args are the arguments of a write of t, in the order of tokenColumns.
func (t ProviderTokens) args() []any {
	return []any{
		t.AccessToken, t.RefreshToken, t.IDToken, orNull(t.AccessTokenExpiresAt), orNull(t.RefreshTokenExpiresAt), t.Scope,
	}
}

// orNull returns the argument of a statement for an optional time.
func orNull(t *Time) any {
	if t == nil {
		return nil
	}
	return t.Time
}

// ProviderProfile has the values that a sign-in with a provider changes in the row of the user. nil means that the
// value stays.
type ProviderProfile struct {
	Name  *string
	Image *string
	// Email is the new email in lower case. If another user has it, neither Email nor EmailVerified changes.
	Email         *string
	EmailVerified *bool
}

// AccountMatch says which user a provider has named.
type AccountMatch struct {
	Account string // the id of the row in account; "" if there is no such account
	Scope   string // of the account
	User    User   // the owner of the account, or else the user with the email; zero if there is none
}

// MatchAccount returns the owner of an account at a provider, or else the user with the email (lower case, "" for
// none). It returns ErrDuplicate if two rows have this account.
func (s *Store) MatchAccount(ctx context.Context, a ProviderAccount, email string) (AccountMatch, error) {
	found, err := readRows(ctx, s, func(row pgx.CollectableRow) (m AccountMatch, err error) {
		err = row.Scan(append([]any{&m.Account, &m.Scope}, userFields(&m.User)...)...)
		return m, err
	}, `
		WITH accounts AS (
			SELECT id, "userId", coalesce(scope, '') AS scope
			FROM account
			WHERE "providerId" = $1 AND "providerId" <> 'credential' AND "accountId" = $2
			LIMIT 2
		)
		SELECT a.id::text, a.scope, `+userColumns+`
		FROM accounts a
		JOIN "user" u ON u.id = a."userId"
		UNION ALL
		SELECT '', '', `+userColumns+`
		FROM "user" u
		WHERE u.email = $3 AND NOT EXISTS (SELECT FROM accounts)`, a.ProviderID, a.AccountID, email)
	switch {
	case err != nil || len(found) == 0:
		return AccountMatch{}, err
	case len(found) > 1:
		return AccountMatch{}, ErrDuplicate
	}
	return found[0], nil
}

// LinkMatch says to which user an account can be linked.
type LinkMatch struct {
	UserID  string // of the session that requested the link; "" if this session has ended or its user is banned
	Account string // the id of the row of the account; "" if there is no such account
	OwnerID string // of the account
	Scope   string // of the account
}

// MatchLink returns the user of a session token and the owner of an account at a provider. It returns ErrDuplicate if
// two rows have this account.
func (s *Store) MatchLink(ctx context.Context, token string, a ProviderAccount, now Time) (LinkMatch, error) {
	found, err := readRows(ctx, s, pgx.RowToStructByName[LinkMatch], `
		WITH requester AS (
			SELECT s."userId"
			FROM session s
			JOIN "user" u ON u.id = s."userId"
			WHERE s.token = $1 AND s."expiresAt" > $2 AND NOT `+isBanned+`
		)
		SELECT coalesce((SELECT "userId"::text FROM requester), '') AS user_id, coalesce(a.id::text, '') AS account,
		       coalesce(a."userId"::text, '') AS owner_id, coalesce(a.scope, '') AS scope
		FROM (SELECT) one
		LEFT JOIN account a ON a."providerId" = $3 AND a."providerId" <> 'credential' AND a."accountId" = $4
		LIMIT 2`, token, now.Time, a.ProviderID, a.AccountID)
	switch {
	case err != nil || len(found) == 0: // without a row an argument was not valid text, so there is no such session
		return LinkMatch{}, err
	case len(found) > 1:
		return LinkMatch{}, ErrDuplicate
	}
	return found[0], nil
}

// insertIntoProviderAccount has the CTE that gives the user in the CTE owner the account at provider $17 with the id
// $18 and the tokens $11 to $16.
const insertIntoProviderAccount = `, linked AS (
			INSERT INTO account ("accountId", "providerId", "userId", ` + tokenColumns + `, "createdAt", "updatedAt")
			SELECT $18, $17, id, $11::text, $12::text, $13::text, $14::timestamptz, $15::timestamptz, $16::text, $2, $2
			FROM owner
		)`

// banHasEnded is true for a row u of "user" whose ban has ended at $2.
const banHasEnded = `(u.banned AND u."banExpires" < $2)`

// finishProviderSignIn ends each statement of a sign-in with a provider. It applies the profile in $3 to $6 to the user
// in the CTE owner, and starts the session in $7 to $10, unless $7 is NULL or the user is banned; $2 is the time. If
// the email changes, it deletes all mailed links of the user, which were sent to the old email. It clears a ban that
// has ended, as Better Auth's admin plugin does.
const finishProviderSignIn = `, free AS (
			SELECT $5::text AS email
			WHERE NOT EXISTS (SELECT FROM "user" other, owner WHERE other.email = $5 AND other.id <> owner.id)
		), changed AS (
			UPDATE "user" u
			SET name = coalesce($3::text, u.name),
			    image = coalesce($4::text, u.image),
			    email = coalesce(free.email, u.email),
			    "emailVerified" = CASE
			        WHEN $5::text IS NULL OR free.email IS NOT NULL THEN coalesce($6::boolean, u."emailVerified")
			        ELSE u."emailVerified" END,
			    banned = CASE WHEN ` + banHasEnded + ` THEN false ELSE u.banned END,
			    "banReason" = CASE WHEN ` + banHasEnded + ` THEN NULL ELSE u."banReason" END,
			    "banExpires" = CASE WHEN ` + banHasEnded + ` THEN NULL ELSE u."banExpires" END,
			    "updatedAt" = $2
			FROM owner
			LEFT JOIN free ON true
			WHERE u.id = owner.id
			  AND (num_nonnulls($3::text, $4::text, free.email) > 0
			       OR $5::text IS NULL AND $6::boolean IS NOT NULL
			       OR ` + banHasEnded + `)
			RETURNING u.*
		), links AS (
			DELETE FROM verification v USING changed u, owner
			WHERE u.email <> owner.email AND ` + isLink + `
		), started AS (` + insertIntoSession + `
			SELECT u.id, $7::text, $8::timestamptz, $2, $2, $9::text, $10::text
			FROM owner u
			WHERE $7::text IS NOT NULL AND NOT ` + isBanned + `
			RETURNING id
		)
		SELECT ` + userColumns + `, coalesce((SELECT id::text FROM started), '')
		FROM (
			SELECT * FROM changed
			UNION ALL
			SELECT * FROM owner WHERE NOT EXISTS (SELECT FROM changed)
		) u`

// SignInWithAccount signs in the owner of an account (the id of its row): it stores new tokens, unless tokens is nil,
// applies the profile and stores the session, unless session is nil. It sets session.ID and session.UserID and returns
// the user. It returns ErrNotFound if the account was deleted, and ErrBanned if the user is banned; the tokens and the
// profile are then stored.
func (s *Store) SignInWithAccount(
	ctx context.Context, account string, tokens *ProviderTokens, p ProviderProfile, session *Session, at Time,
) (User, error) {
	args := []any{tokens != nil}
	if tokens == nil {
		tokens = &ProviderTokens{}
	}
	return s.signInWithProvider(ctx, `
		WITH tokens AS (
			UPDATE account
			SET "accessToken" = coalesce($11::text, "accessToken"),
			    "refreshToken" = coalesce($12::text, "refreshToken"),
			    "idToken" = coalesce($13::text, "idToken"),
			    "accessTokenExpiresAt" = coalesce($14::timestamptz, "accessTokenExpiresAt"),
			    "refreshTokenExpiresAt" = coalesce($15::timestamptz, "refreshTokenExpiresAt"),
			    scope = coalesce($16::text, scope),
			    "updatedAt" = $2
			WHERE id = $1::uuid AND $17
		), owner AS (
			SELECT u.* FROM account a JOIN "user" u ON u.id = a."userId" WHERE a.id = $1::uuid
		)`+finishProviderSignIn, account, at, p, session, append(tokens.args(), args...))
}

// LinkAccount gives a user another account, applies the profile and stores the session as SignInWithAccount does. It
// returns ErrDuplicate if the account exists.
func (s *Store) LinkAccount(
	ctx context.Context, userID string, a ProviderAccount, tokens ProviderTokens, p ProviderProfile, session *Session,
	at Time,
) (User, error) {
	return s.signInWithProvider(ctx, `
		WITH owner AS (
			SELECT u.* FROM "user" u WHERE u.id = $1::uuid
		)`+insertIntoProviderAccount+finishProviderSignIn, userID, at, p, session,
		append(tokens.args(), a.ProviderID, a.AccountID))
}

// SignUpWithAccount stores a user with the profile, whose Email and EmailVerified are set, their account and their
// session, as SignInWithAccount does. It returns ErrDuplicate if a user has the email or the account exists.
func (s *Store) SignUpWithAccount(
	ctx context.Context, a ProviderAccount, tokens ProviderTokens, p ProviderProfile, session *Session, at Time,
) (User, error) {
	return s.signInWithProvider(ctx, `
		WITH owner AS (`+insertIntoUser+`
			SELECT coalesce($3::text, ''), $5::text, $6::boolean, $4::text, $2, $2
			WHERE $1 = ''
			RETURNING *
		)`+insertIntoProviderAccount+finishProviderSignIn, "", at, p, session,
		append(tokens.args(), a.ProviderID, a.AccountID))
}

// signInWithProvider runs a statement that ends with finishProviderSignIn. Its arguments from $11 are args.
func (s *Store) signInWithProvider(
	ctx context.Context, sql, id string, at Time, p ProviderProfile, session *Session, args []any,
) (User, error) {
	starts := session != nil
	if !starts {
		session = &Session{}
	}
	all := []any{id, at.Time, p.Name, p.Image, p.Email, p.EmailVerified, nil, nil, nil, nil}
	if starts {
		copy(all[6:], []any{session.Token, session.ExpiresAt.Time, session.IPAddress, session.UserAgent})
	}
	user, err := writeRow(ctx, s, func(row pgx.CollectableRow) (u User, err error) {
		err = row.Scan(append(userFields(&u), &session.ID)...)
		session.UserID = u.ID
		return u, err
	}, sql, append(all, args...)...)
	if err == nil && starts && session.ID == "" {
		return user, ErrBanned
	}
	return user, err
}

// StoredAccount is an account of a user at a provider, with its tokens.
type StoredAccount struct {
	ID         string
	ProviderID string `db:"providerId"`
	AccountID  string `db:"accountId"`
	ProviderTokens
}

// AccountWithTokens returns an account of the user with its tokens, else ErrNotFound. id may be any text.
func (s *Store) AccountWithTokens(ctx context.Context, userID, id string) (StoredAccount, error) {
	return readRow(ctx, s, pgx.RowToStructByName[StoredAccount], `
		SELECT id, "providerId", "accountId", `+tokenColumns+`
		FROM account
		WHERE "userId" = $1::uuid AND id::text = $2`, userID, id)
}

// UpdateTokens stores the new tokens of an account.
func (s *Store) UpdateTokens(ctx context.Context, account string, t ProviderTokens, at Time) error {
	n, err := s.exec(ctx, `
		UPDATE account
		SET "accessToken" = coalesce($2, "accessToken"), "refreshToken" = coalesce($3, "refreshToken"),
		    "idToken" = coalesce($4, "idToken"), "accessTokenExpiresAt" = coalesce($5, "accessTokenExpiresAt"),
		    "refreshTokenExpiresAt" = coalesce($6, "refreshTokenExpiresAt"), scope = coalesce($7, scope), "updatedAt" = $8
		WHERE id = $1::uuid`, append(append([]any{account}, t.args()...), at.Time)...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
