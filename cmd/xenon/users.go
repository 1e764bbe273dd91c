package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

type usersCmd struct {
	List        usersListCmd        `cmd:"" help:"List users, newest first."`
	Find        usersFindCmd        `cmd:"" help:"Find users by a part of the email or name."`
	Show        usersShowCmd        `cmd:"" help:"Show a user with accounts and sessions."`
	Export      usersExportCmd      `cmd:"" help:"Print everything that is stored about a user, as JSON."`
	Ban         usersBanCmd         `cmd:"" help:"Ban a user and end all their sessions."`
	Unban       usersUnbanCmd       `cmd:"" help:"End the ban of a user."`
	VerifyEmail usersVerifyEmailCmd `cmd:"" help:"Mark the email of a user as verified."`
	SetPassword usersSetPasswordCmd `cmd:"" help:"Set the password of a user."`
	SignOut     usersSignOutCmd     `cmd:"" help:"End all sessions of a user."`
	Delete      usersDeleteCmd      `cmd:"" help:"Delete a user with everything that belongs to them."`
	Stats       usersStatsCmd       `cmd:"" help:"Count users, sign-ups, sessions and accounts."`
}

// helpOnDatabase is the end of the help of every command for users, before the examples.
const helpOnDatabase = `Uses the database DIRECT_DATABASE_URL, else DATABASE_URL, else the one in the secret
APP_SECRET_ARN, and the schema SCHEMA. Never prints a password, a hash or a token.`

// helpOnUser explains the argument USER.
const helpOnUser = `USER is an id or a whole email.`

// helpOnChange explains the confirmation and the audit record of a change.
const helpOnChange = `Asks before the change, unless you use --yes. Writes an audit record to the standard error
and, with AUDIT_LOG_GROUP, to this log group of CloudWatch.`

// userAdmin is what the commands for users work with.
type userAdmin struct {
	admin.Users

	settings config.API
	database string           // host and name of the database, for questions and audit records
	auditLog *auditlog.Writer // with AUDIT_LOG_GROUP, else nil
}

// withUsers calls f with the users of the database of the settings. It adds advice to errors of the database.
func withUsers(ctx context.Context, getenv environment, std streams, f func(u userAdmin) error) error {
	cfg, err := config.LoadUsers(getenv)
	if err == nil && (cfg.AppSecretARN != "" || cfg.AWS.LogGroup != "") {
		cfg.AWS, err = loadAWSProfile(ctx, cfg.AWS)
	}
	if err != nil {
		return err
	}
	source := secrets.New(cfg, time.Now)
	url, err := source.DatabaseURL(ctx)
	if err != nil {
		return err
	}
	printIgnored(std, "database URL", url)
	db := store.Open(source, 1).UseSchema(cfg.Schema).UsePlugins(config.Plugins{TwoFactor: true, Admin: true})
	defer db.Close()
	u := userAdmin{Users: admin.Users{DB: db, Now: time.Now}, settings: cfg, database: hostAndDatabase(url)}
	if cfg.AWS.LogGroup != "" {
		u.auditLog = auditlog.NewWriter(cfg.AWS, time.Now)
	}
	return adviseOnUsers(f(u))
}

// adviseOnUsers adds advice to an error of a command for users.
func adviseOnUsers(err error) error {
	var ambiguous *admin.AmbiguousError
	var unavailable interface{ Unavailable() bool }
	failed, isPostgres := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.As(err, &ambiguous):
		return withAdvice(err, "Nothing was changed. Use the id of one of these users:%s", listCandidates(ambiguous))
	case isPostgres && (failed.Code == "42P01" || failed.Code == "42703"): // undefined_table, undefined_column
		return withAdvice(err, "The tables do not have what this release needs, such as the columns for roles and bans. "+
			"Apply the migrations: xenon schema up.")
	case isPostgres && failed.Code == "42501": // insufficient_privilege
		return withAdvice(err, "Use a role that owns the tables.")
	case errors.As(err, &unavailable) && unavailable.Unavailable():
		return withAdvice(err, "Check that the database runs, and that DIRECT_DATABASE_URL or DATABASE_URL is correct.")
	}
	return err
}

// find returns the user with the id or the email text.
func (u userAdmin) find(ctx context.Context, text string) (store.User, error) {
	user, err := u.Match(ctx, text)
	if errors.Is(err, store.ErrNotFound) {
		return user, withAdvice(fmt.Errorf("no user has the id or the email %q", text),
			"Search with xenon users find, which also finds a part of an email or name.")
	}
	return user, err
}
