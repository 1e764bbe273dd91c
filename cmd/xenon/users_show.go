package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/store"
)

type usersShowCmd struct {
	User string `arg:"" help:"The id or the email of the user."`
	JSON bool   `name:"json" help:"Print the user as JSON."`
}

func (usersShowCmd) Help() string {
	return `Shows a user with the accounts and the sessions. ` + helpOnUser + `
` + helpOnDatabase + `

  xenon users show ada@example.com
  xenon users show 0c7c7f9e-52a5-4b0c-8d0e-0e6f9bb1f2b1 --json`
}

// shownUser is the output of xenon users show.
type shownUser struct {
	User     store.User      `json:"user"`
	IsAdmin  bool            `json:"isAdministrator"`
	IsBanned bool            `json:"isBanned"`
	Accounts []store.Account `json:"accounts"`
	Sessions []shownSession  `json:"sessions"`
}

// shownSession is a store.Session without its token.
type shownSession struct {
	ID             string     `json:"id"`
	CreatedAt      store.Time `json:"createdAt"`
	UpdatedAt      store.Time `json:"updatedAt"`
	ExpiresAt      store.Time `json:"expiresAt"`
	IPAddress      *string    `json:"ipAddress"`
	UserAgent      *string    `json:"userAgent"`
	ImpersonatedBy *string    `json:"impersonatedBy"`
	IsLive         bool       `json:"isLive"`
}

// Run prints the user.
func (c usersShowCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return withUsers(ctx, getenv, std, func(u userAdmin) error {
		user, err := u.find(ctx, c.User)
		if err != nil {
			return err
		}
		shown, err := u.describe(ctx, user)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(std, shown)
		}
		u.printUser(std.out, shown)
		return nil
	})
}

// describe reads the accounts and sessions of a user.
func (u userAdmin) describe(ctx context.Context, user store.User) (shownUser, error) {
	shown := shownUser{
		User: user, IsAdmin: admin.IsAdministrator(user, u.settings.AdminUserIDs),
		IsBanned: admin.IsBanned(user, u.Now()), Sessions: []shownSession{},
	}
	var err error
	if shown.Accounts, err = u.DB.AccountsOfUser(ctx, user.ID); err != nil {
		return shownUser{}, err
	}
	sessions, err := u.Sessions(ctx, user.ID)
	for _, s := range sessions {
		shown.Sessions = append(shown.Sessions, shownSession{
			s.ID, s.CreatedAt, s.UpdatedAt, s.ExpiresAt, s.IPAddress, s.UserAgent, s.ImpersonatedBy.Value,
			s.ExpiresAt.After(u.Now()),
		})
	}
	return shown, err
}

func (u userAdmin) printUser(out io.Writer, shown shownUser) {
	user := shown.User
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "id\t%s\n", user.ID)
	fmt.Fprintf(w, "email\t%s\n", printable(user.Email))
	fmt.Fprintf(w, "name\t%s\n", printable(user.Name))
	fmt.Fprintf(w, "state\t%s\n", u.stateOf(user))
	if role := user.Role.Value; role != nil {
		fmt.Fprintf(w, "role\t%s\n", printable(*role))
	}
	if shown.IsBanned {
		fmt.Fprintf(w, "ban\t%s\n", describeBan(user))
	}
	fmt.Fprintf(w, "created\t%s\n", formatTime(user.CreatedAt.Time))
	fmt.Fprintf(w, "updated\t%s\n", formatTime(user.UpdatedAt.Time))
	for _, a := range shown.Accounts {
		fmt.Fprintf(w, "account\t%s, since %s\n", providerName(a.ProviderID), formatTime(a.CreatedAt.Time))
	}
	for _, s := range shown.Sessions {
		state := "until"
		if !s.IsLive {
			state = "expired"
		}
		fmt.Fprintf(w, "session\t%s, since %s, %s %s\n",
			orUnknown(s.IPAddress), formatTime(s.CreatedAt.Time), state, formatTime(s.ExpiresAt.Time))
	}
	_ = w.Flush() // an error of out, as fmt.Fprint ignores it
}

// describeBan returns the end and the reason of the ban of a user.
func describeBan(user store.User) string {
	text := "without an end"
	if ends := user.BanExpires.Value; ends != nil {
		text = "until " + formatTime(ends.Time)
	}
	if reason := user.BanReason.Value; reason != nil && *reason != "" {
		text += ": " + printable(*reason)
	}
	return text
}

func orUnknown(text *string) string {
	if text == nil || *text == "" {
		return "unknown IP address"
	}
	return printable(*text)
}
