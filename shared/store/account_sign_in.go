package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// ProviderProfile has the values that a sign-in with a provider writes into the row of the user. nil means that the
// value does not change.
type ProviderProfile struct {
	Name  *string
	Image *string
	// Email is the new email in lower case. If another user has it, neither Email nor EmailVerified changes.
	Email         *string
	EmailVerified *bool
}

// ExpectedUser has the values of a user that Xenon has read before it stores a sign-in with a provider or links an
// account. If they have changed since, nothing is stored.
type ExpectedUser struct {
	ID string
	// Email and EmailVerified are those of the user. If Email is "", they may have changed.
	Email         string
	EmailVerified bool
	// SessionToken is the token of the session that links an account. It is "" for a sign-in.
	SessionToken string
}

func (u ExpectedUser) sqlArgs() []any { return []any{u.Email, u.EmailVerified, u.SessionToken} }

// ProviderSignIn has what to store for a sign-in with a provider, or when a user links an account.
type ProviderSignIn struct {
	Expected ExpectedUser // not used for a new user
	Profile  ProviderProfile
	// Session is the new session. It is nil if the user only links an account. Storing it sets its ID and UserID.
	Session *Session
	// NeedsVerifiedEmail means that a user whose email is not verified gets no session.
	NeedsVerifiedEmail bool
	At                 Time
}

// lockUnchangedUserSQL has the CTE unchanged_user, which is the row of user $1 if it still has the values of
// ExpectedUser ($20 to $22), and is empty otherwise. To link an account, the user must also not be banned, and the
// session with the token $22 must not have ended at the time $2.
//
// It locks the user before any other row, as a deletion of the user does, because the two statements could deadlock
// otherwise. It also locks the session, because another statement may delete it after this one has begun.
const lockUnchangedUserSQL = `
		WITH locked_user AS (
			SELECT u.* FROM "user" u
			WHERE u.id = $1::uuid
			  AND ($20 = '' OR u.email = $20 AND u."emailVerified" = $21::boolean)
			  AND ($22 = '' OR NOT ` + isUserBannedSQL + `)
			FOR NO KEY UPDATE
		), requesting_session AS (
			SELECT s.id FROM session s
			JOIN locked_user ON locked_user.id = s."userId"
			WHERE s.token = $22 AND s."expiresAt" > $2
			FOR SHARE OF s
		), unchanged_user AS (
			SELECT * FROM locked_user WHERE $22 = '' OR EXISTS (SELECT FROM requesting_session)
		)`

// insertProviderAccountSQL has a CTE that inserts an account for the user in the CTE account_owner: at the provider
// $18, with the id $19 and the tokens $12 to $17.
const insertProviderAccountSQL = `, new_account AS (
			INSERT INTO account ("accountId", "providerId", "userId", ` + tokenColumns + `, "createdAt", "updatedAt")
			SELECT $19, $18, id, $12::text, $13::text, $14::text, $15::timestamptz, $16::timestamptz, $17::text, $2, $2
			FROM account_owner
		)`

// banHasEndedSQL is true for a row u of "user" whose ban has ended at $2.
const banHasEndedSQL = `(u.banned AND u."banExpires" < $2)`

// finishProviderSignInSQL is the end of each statement of a sign-in with a provider. It writes the profile in $3 to $6
// to the user in the CTE account_owner, at time $2. It starts the session in $7 to $10, unless $7 is NULL, the user is
// banned, or $11 is true and the email of the user is not verified. If another user has the email $5, it changes
// neither email nor emailVerified. If the email changes, it deletes all mailed links of the user. It clears a ban that
// has ended, as Better Auth's admin plugin does.
const finishProviderSignInSQL = `, free_email AS (
			SELECT $5::text AS email
			WHERE NOT EXISTS (SELECT FROM "user" other, account_owner WHERE other.email = $5 AND other.id <> account_owner.id)
		), changed_user AS (
			UPDATE "user" u
			SET name = coalesce($3::text, u.name),
			    image = coalesce($4::text, u.image),
			    email = coalesce(free_email.email, u.email),
			    "emailVerified" = CASE
			        WHEN $5::text IS NULL OR free_email.email IS NOT NULL THEN coalesce($6::boolean, u."emailVerified")
			        ELSE u."emailVerified" END,
			    banned = CASE WHEN ` + banHasEndedSQL + ` THEN false ELSE u.banned END,
			    "banReason" = CASE WHEN ` + banHasEndedSQL + ` THEN NULL ELSE u."banReason" END,
			    "banExpires" = CASE WHEN ` + banHasEndedSQL + ` THEN NULL ELSE u."banExpires" END,
			    "updatedAt" = $2
			FROM account_owner
			LEFT JOIN free_email ON true
			WHERE u.id = account_owner.id
			  AND (num_nonnulls($3::text, $4::text, free_email.email) > 0
			       OR $5::text IS NULL AND $6::boolean IS NOT NULL
			       OR ` + banHasEndedSQL + `)
			RETURNING u.*
		), deleted_links AS (
			DELETE FROM verification v USING changed_user u, account_owner
			WHERE u.email <> account_owner.email AND ` + isLinkOfUserSQL + `
		), resulting_user AS (
			SELECT * FROM changed_user
			UNION ALL
			SELECT * FROM account_owner WHERE NOT EXISTS (SELECT FROM changed_user)
		), new_session AS (` + insertIntoSessionSQL + `
			SELECT u.id, $7::text, $8::timestamptz, $2, $2, $9::text, $10::text
			FROM resulting_user u
			WHERE $7::text IS NOT NULL AND NOT ` + isUserBannedSQL + ` AND (u."emailVerified" OR NOT $11::boolean)
			RETURNING id
		)
		SELECT ` + userColumns + `, coalesce((SELECT id::text FROM new_session), '')
		FROM resulting_user u`

// SignInWithAccount signs in the owner of the account in the row accountRowID. It stores new tokens, unless tokens
// is nil, writes the profile, starts the session and returns the user. It returns ErrChanged, and stores nothing, if
// the user no longer has the account or the values in in.Expected have changed (see lockUnchangedUserSQL). It returns
// ErrBanned or ErrUnverified if the user gets no session, but then it has stored the tokens and the profile.
func (s *Store) SignInWithAccount(
	ctx context.Context, accountRowID string, tokens *ProviderTokens, in ProviderSignIn,
) (User, error) {
	storesTokens := tokens != nil
	if !storesTokens {
		tokens = &ProviderTokens{}
	}
	return s.signInWithProvider(ctx, lockUnchangedUserSQL+`, updated_account AS (
			UPDATE account a
			SET "accessToken" = coalesce($12::text, a."accessToken"),
			    "refreshToken" = coalesce($13::text, a."refreshToken"),
			    "idToken" = coalesce($14::text, a."idToken"),
			    "accessTokenExpiresAt" = coalesce($15::timestamptz, a."accessTokenExpiresAt"),
			    "refreshTokenExpiresAt" = coalesce($16::timestamptz, a."refreshTokenExpiresAt"),
			    scope = coalesce($17::text, a.scope),
			    "updatedAt" = CASE WHEN $19::boolean THEN $2 ELSE a."updatedAt" END
			FROM unchanged_user
			WHERE a.id = $18::uuid AND a."userId" = unchanged_user.id
			RETURNING a.id
		), account_owner AS (
			SELECT * FROM unchanged_user WHERE EXISTS (SELECT FROM updated_account)
		)`+finishProviderSignInSQL, in,
		append(append(tokens.sqlArgs(), accountRowID, storesTokens), in.Expected.sqlArgs()...))
}

// LinkAccount adds an account to a user, writes the profile and starts the session. It returns the same errors as
// SignInWithAccount, and ErrDuplicate if the account already exists.
func (s *Store) LinkAccount(
	ctx context.Context, a ProviderAccount, tokens ProviderTokens, in ProviderSignIn,
) (User, error) {
	return s.signInWithProvider(ctx, lockUnchangedUserSQL+`, account_owner AS (
			SELECT * FROM unchanged_user
		)`+insertProviderAccountSQL+finishProviderSignInSQL, in,
		append(append(tokens.sqlArgs(), a.ProviderID, a.AccountID), in.Expected.sqlArgs()...))
}

// SignUpWithAccount stores a new user with their account and their session. The profile must have Email and
// EmailVerified. Like SignInWithAccount it can return ErrUnverified. It returns ErrDuplicate if another user has the
// email or the account already exists.
func (s *Store) SignUpWithAccount(
	ctx context.Context, a ProviderAccount, tokens ProviderTokens, in ProviderSignIn,
) (User, error) {
	return s.signInWithProvider(ctx, `
		WITH account_owner AS (`+insertIntoUserSQL+`coalesce($3::text, ''), $5::text, $6::boolean, $4::text, $2, $2
			WHERE $1 = ''
			RETURNING *
		)`+insertProviderAccountSQL+finishProviderSignInSQL, in, append(tokens.sqlArgs(), a.ProviderID, a.AccountID))
}

// signInWithProvider runs a statement that ends with finishProviderSignInSQL. args are its arguments from $12 on.
func (s *Store) signInWithProvider(ctx context.Context, sql string, in ProviderSignIn, args []any) (User, error) {
	p := in.Profile
	all := []any{
		in.Expected.ID, in.At.Time, p.Name, p.Image, p.Email, p.EmailVerified, nil, nil, nil, nil, in.NeedsVerifiedEmail,
	}
	session := in.Session
	if session == nil {
		session = &Session{}
	} else {
		copy(all[6:], []any{session.Token, session.ExpiresAt.Time, session.IPAddress, session.UserAgent})
	}
	user, err := writeRow(ctx, s, func(row pgx.CollectableRow) (u User, err error) {
		err = scanRow(row, s.userFieldPointers(&u, &session.ID)...)
		session.UserID = u.ID
		return u, err
	}, sql, append(all, args...)...)
	switch {
	case errors.Is(err, ErrNotFound):
		return user, ErrChanged
	case err != nil, in.Session == nil, session.ID != "":
		return user, err
	case in.NeedsVerifiedEmail && !user.EmailVerified:
		return user, ErrUnverified
	}
	return user, ErrBanned
}
