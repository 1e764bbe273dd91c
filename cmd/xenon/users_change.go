package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// userChange has the arguments that all commands that change a user share.
type userChange struct {
	User string `arg:"" help:"The id or the email of the user."`
	Yes  bool   `help:"Do not ask."`
	JSON bool   `name:"json" help:"Print the result as JSON."`
}

// changeResult is the output of a change with --json.
type changeResult struct {
	User    store.User `json:"user"`    // after the change; before a deletion
	Changed bool       `json:"changed"` // false if there was nothing to change
}

// change is what a command does with a user.
type change struct {
	command  string // of auditedCommands
	question string // such as "Ban ada@example.com?", with %s for the email
	done     string // what the command prints, with %s for the email

	// isLast makes the command refuse the last administrator before it asks. run has to refuse, too, because another
	// command can change the other administrators meanwhile.
	isLast bool
	// isDone says why there is nothing to change, or "".
	isDone func(user store.User) string
	// prepare does what must succeed before the change, or is nil. Its errors have no audit record.
	prepare func(u userAdmin) error
	// run changes the user. It returns the user after the change.
	run func(u userAdmin, user store.User) (store.User, error)
}

// apply finds the user, checks that the change is possible and allowed, and carries it out.
func (c userChange) apply(ctx context.Context, getenv environment, std streams, change change) error {
	if err := c.checkConfirmation(std); err != nil {
		return err
	}
	return withUsers(ctx, getenv, std, func(u userAdmin) error {
		user, err := u.find(ctx, c.User)
		if err != nil {
			return err
		}
		if change.isDone != nil {
			if reason := change.isDone(user); reason != "" {
				return c.print(std, changeResult{user, false}, reason)
			}
		}
		if change.isLast {
			if err := u.CheckNotLastAdministrator(ctx, user, u.settings.AdminUserIDs); err != nil {
				return errors.Join(adviseLastAdministrator(err), u.audit(ctx, std, change.command, user.ID, err))
			}
		}
		return c.carryOut(ctx, std, u, change, user)
	})
}

// carryOut asks for a confirmation, changes the user, writes the audit record, and prints the result.
func (c userChange) carryOut(ctx context.Context, std streams, u userAdmin, change change, user store.User) error {
	if err := c.confirm(std, u, change, user); err != nil {
		return err
	}
	if change.prepare != nil {
		if err := change.prepare(u); err != nil {
			return err
		}
	}
	if err := u.beginAudit(ctx, std, change.command, user.ID); err != nil {
		return err
	}
	changed, err := change.run(u, user)
	unwritten := u.audit(ctx, std, change.command, user.ID, err)
	if err == nil {
		err = c.print(std, changeResult{changed, true}, fmt.Sprintf(change.done, printable(changed.Email)))
	}
	return errors.Join(adviseLastAdministrator(err), unwritten)
}

// checkConfirmation returns an error if the command could not ask.
func (c userChange) checkConfirmation(std streams) error {
	if !c.Yes && !isTerminal(std.in) {
		return newUsageError("this changes a user: look with xenon users show first, then confirm with --yes")
	}
	return nil
}

func (c userChange) confirm(std streams, u userAdmin, change change, user store.User) error {
	if c.Yes {
		return nil
	}
	u.printUsers(std.err, []store.User{user})
	return confirm(std, fmt.Sprintf("%s (%s)", fmt.Sprintf(change.question, printable(user.Email)), u.database))
}

func (c userChange) print(std streams, result changeResult, text string) error {
	if c.JSON {
		return printJSON(std, result)
	}
	fmt.Fprintln(std.out, text)
	return nil
}

// adviseLastAdministrator adds advice to admin.ErrLastAdministrator.
func adviseLastAdministrator(err error) error {
	if !errors.Is(err, admin.ErrLastAdministrator) {
		return err
	}
	return withAdvice(err, "Nothing was changed. Make another user an administrator first, with the role admin or with "+
		"ADMIN_USER_IDS: docs/administrators.md says how.")
}

type usersBanCmd struct {
	userChange
	Reason string        `help:"The reason, which the user sees at a sign-in."`
	For    time.Duration `help:"How long the ban lasts, such as 168h. Without it, the ban has no end." placeholder:"DURATION"`
}

func (usersBanCmd) Help() string {
	return `Bans a user and ends all their sessions. Works with ADMIN=off, too. Refuses to ban the last administrator, of
those with the role admin and those in ADMIN_USER_IDS. ` + helpOnUser + `
` + helpOnChange + `
` + helpOnDatabase + `

  xenon users ban ada@example.com --reason spam
  xenon users ban ada@example.com --for 168h --yes --json`
}

// maxBanReason is the maximum length of a reason, the same as in the API.
const maxBanReason = 1000

// maxBan is the longest ban with an end.
const maxBan = 100 * 365 * 24 * time.Hour

// Run bans the user.
func (c usersBanCmd) Run(ctx context.Context, getenv environment, std streams) error {
	switch {
	case web.UTF16Length(c.Reason) > maxBanReason:
		return newUsageError("--reason has at most %d characters", maxBanReason)
	case c.For < 0 || c.For > maxBan:
		return newUsageError("--for must be a duration from now on, of at most 100 years")
	}
	return c.apply(ctx, getenv, std, change{
		command: "ban", question: "Ban %s and end all sessions?", done: "%s is banned, and all sessions are ended.",
		isLast: true,
		run: func(u userAdmin, user store.User) (store.User, error) {
			ends := time.Time{}
			if c.For > 0 {
				ends = u.Now().Add(c.For).Truncate(time.Millisecond)
			}
			return u.BanUnlessLast(ctx, user.ID, admin.BanReason(c.Reason), ends, u.settings.AdminUserIDs)
		},
	})
}

type usersUnbanCmd struct{ userChange }

func (usersUnbanCmd) Help() string {
	return `Ends the ban of a user, who can then sign in again. ` + helpOnUser + `
` + helpOnChange + `
` + helpOnDatabase + `

  xenon users unban ada@example.com`
}

// Run ends the ban.
func (c usersUnbanCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return c.apply(ctx, getenv, std, change{
		command: "unban", question: "End the ban of %s?", done: "%s is not banned any more.",
		isDone: func(user store.User) string {
			if isBanned := user.Banned.Value; isBanned != nil && *isBanned {
				return ""
			}
			return "The user is not banned. Nothing was changed."
		},
		run: func(u userAdmin, user store.User) (store.User, error) { return u.Unban(ctx, user.ID) },
	})
}

type usersVerifyEmailCmd struct{ userChange }

func (usersVerifyEmailCmd) Help() string {
	return `Marks the email of a user as verified, without a mail. Do this only if you know that the user owns the email:
another person may have registered with it. ` + helpOnUser + `
` + helpOnChange + `
` + helpOnDatabase + `

  xenon users verify-email ada@example.com`
}

// Run marks the email as verified.
func (c usersVerifyEmailCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return c.apply(ctx, getenv, std, change{
		command: "verify-email", question: "Mark the email %s as verified?", done: "The email %s is verified.",
		isDone: func(user store.User) string {
			if !user.EmailVerified {
				return ""
			}
			return "The email is verified already. Nothing was changed."
		},
		run: func(u userAdmin, user store.User) (store.User, error) { return u.VerifyEmail(ctx, user.ID) },
	})
}

type usersSignOutCmd struct{ userChange }

func (usersSignOutCmd) Help() string {
	return `Ends all sessions of a user, deletes mailed links that are not used yet, and revokes imported sessions of
Supabase. JWTs stay valid until they expire, except at /api/profile. ` + helpOnUser + `
` + helpOnChange + `
` + helpOnDatabase + `

  xenon users sign-out ada@example.com`
}

// Run ends the sessions.
func (c usersSignOutCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return c.apply(ctx, getenv, std, change{
		command: "sign-out", question: "End all sessions of %s?", done: "All sessions of %s are ended.",
		run: func(u userAdmin, user store.User) (store.User, error) {
			return user, u.RevokeSessions(ctx, user.ID)
		},
	})
}

type usersDeleteCmd struct{ userChange }

func (usersDeleteCmd) Help() string {
	return `Deletes a user with accounts, sessions, second factor, profile and mailed links, and with rows of your own
tables whose foreign keys cascade. This cannot be undone. Refuses to delete the last administrator, of those with the
role admin and those in ADMIN_USER_IDS. ` + helpOnUser + `
` + helpOnChange + `
` + helpOnDatabase + `

  xenon users export ada@example.com > ada.json
  xenon users delete ada@example.com`
}

// Run deletes the user.
func (c usersDeleteCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return c.apply(ctx, getenv, std, change{
		command: "delete", question: "Delete %s and everything that belongs to this user?", done: "%s is deleted.",
		isLast: true,
		run: func(u userAdmin, user store.User) (store.User, error) {
			err := u.RemoveUnlessLast(ctx, user.ID, u.settings.AdminUserIDs)
			if reason := store.RejectionReason(err); reason != "" {
				err = withAdvice(errors.New(reason), "Nothing was deleted. Rows of another table refer to the user, or a "+
					"trigger refuses the deletion: delete these rows first.")
			}
			return user, err
		},
	})
}
