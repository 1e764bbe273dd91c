package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/xenon-auth/xenon/shared/store"
)

type usersListCmd struct {
	Limit      int64 `default:"50" help:"The number of users, at most 1000."`
	Offset     int64 `help:"How many users to skip." placeholder:"N"`
	Admins     bool  `help:"Only users whose role contains admin."`
	Banned     bool  `help:"Only banned users."`
	Unverified bool  `help:"Only users whose email is not verified."`
	JSON       bool  `name:"json" help:"Print the users as JSON."`
}

func (usersListCmd) Help() string {
	return `Lists users, newest first, and says how many there are. ` + helpOnDatabase + `

  xenon users list
  xenon users list --banned --limit 100 --offset 100
  xenon users list --unverified --json`
}

// maxListedUsers is the maximum of --limit.
const maxListedUsers = 1000

// conditions returns the conditions of the flags. They are those that indexes of migration 10 serve.
func (c usersListCmd) conditions() (all []store.UserCondition) {
	for _, f := range []struct {
		on                      bool
		column, operator, value string
	}{
		{c.Admins, "role", "contains", "admin"},
		{c.Banned, "banned", "eq", "true"},
		{c.Unverified, "emailVerified", "eq", "false"},
	} {
		if f.on {
			all = append(all, store.UserCondition{Column: f.column, Operator: f.operator, Values: []string{f.value}})
		}
	}
	return all
}

// Run prints a page of users.
func (c usersListCmd) Run(ctx context.Context, getenv environment, std streams) error {
	if c.Limit < 1 || c.Limit > maxListedUsers || c.Offset < 0 {
		return newUsageError("--limit must be 1 to %d, and --offset must not be negative", maxListedUsers)
	}
	return withUsers(ctx, getenv, std, func(u userAdmin) error {
		page, total, err := u.List(ctx, store.UserList{
			Conditions: c.conditions(), SortBy: "createdAt", Descending: true, Limit: c.Limit, Offset: c.Offset,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(std, map[string]any{"users": page, "total": total})
		}
		if len(page) > 0 {
			u.printUsers(std.out, page)
		}
		printf(std.out, "%d of %d users.\n", len(page), total)
		return nil
	})
}

type usersFindCmd struct {
	Text  string `arg:"" help:"An id, or a part of an email or name."`
	Limit int    `default:"50" help:"The number of users, at most 1000."`
	JSON  bool   `name:"json" help:"Print the users as JSON."`
}

func (usersFindCmd) Help() string {
	return `Finds the users whose email or name contains a text, oldest first. Ignores case. ` + helpOnDatabase + `

  xenon users find ada
  xenon users find @example.com --limit 10 --json`
}

// Run prints the users that it finds.
func (c usersFindCmd) Run(ctx context.Context, getenv environment, std streams) error {
	if c.Text == "" || c.Limit < 1 || c.Limit > maxListedUsers {
		return newUsageError("give a text to find; --limit must be 1 to %d", maxListedUsers)
	}
	return withUsers(ctx, getenv, std, func(u userAdmin) error {
		found, more, err := u.Find(ctx, c.Text, c.Limit)
		if err != nil {
			return err
		}
		switch {
		case c.JSON:
			return printJSON(std, map[string]any{"users": found, "more": more})
		case len(found) == 0:
			fmt.Fprintln(std.out, "No user was found.")
			return nil
		}
		u.printUsers(std.out, found)
		if more {
			fmt.Fprintf(std.out, "There are more; --limit %d lists the first ones only.\n", c.Limit)
		}
		return nil
	})
}

type usersExportCmd struct {
	User string `arg:"" help:"The id or the email of the user."`
	JSON bool   `name:"json" help:"Changes nothing: the output is always JSON."`
}

func (usersExportCmd) Help() string {
	return `Prints everything that is stored about a user, as JSON: the user, the profile, accounts, sessions, the second
factor, sessions of Supabase, mailed links and codes, and the rows of an import from Supabase. Hashes, tokens and
secrets are left out. Writes an audit record to the standard error and, with AUDIT_LOG_GROUP, to this log group of
CloudWatch. ` + helpOnUser + `
` + helpOnDatabase + `

  xenon users export ada@example.com > ada.json`
}

// Run prints the export.
func (c usersExportCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return withUsers(ctx, getenv, std, func(u userAdmin) error {
		user, err := u.find(ctx, c.User)
		if err != nil {
			return err
		}
		export, err := u.Export(ctx, user.ID)
		if err = errors.Join(err, u.audit(ctx, std, "export", user.ID, err)); err != nil {
			return err
		}
		return printJSON(std, export)
	})
}

type usersStatsCmd struct {
	JSON bool `name:"json" help:"Print the numbers as JSON."`
}

func (usersStatsCmd) Help() string {
	return `Counts users, sign-ups, sessions and accounts. Sign-ins are the sessions that are still stored: those that
users have ended are not counted. The metrics of CloudWatch count all sign-ins. ` + helpOnDatabase + `

  xenon users stats
  xenon users stats --json`
}

// Run prints the numbers.
func (c usersStatsCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return withUsers(ctx, getenv, std, func(u userAdmin) error {
		n, err := u.Stats(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(std, n)
		}
		printf(std.out, "%12d  users\n", n.Users)
		printf(std.out, "%12d  with a verified email\n", n.Verified)
		printf(std.out, "%12d  with a second factor\n", n.WithTwoFactor)
		printf(std.out, "%12d  banned\n", n.Banned)
		printf(std.out, "%12d  signed up in the last day, %d in 7 days, %d in 30 days\n",
			n.SignUps.Day, n.SignUps.SevenDays, n.SignUps.ThirtyDays)
		printf(std.out, "%12d  live sessions\n", n.SessionsLive)
		printf(std.out, "%12d  stored sessions began in the last day, %d in 7 days, %d in 30 days\n",
			n.SessionsStarted.Day, n.SessionsStarted.SevenDays, n.SessionsStarted.ThirtyDays)
		for _, provider := range sortedKeys(n.AccountsByProvider) {
			printf(std.out, "%12d  accounts of %s\n", n.AccountsByProvider[provider], providerName(provider))
		}
		return nil
	})
}

// providerName returns how the output names a provider.
func providerName(id string) string {
	if id == "credential" {
		return "credential (email and password)"
	}
	return shorten(id)
}
