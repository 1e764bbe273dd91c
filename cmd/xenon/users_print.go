package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/store"
)

// maxShownName is the maximum number of characters of an email or name in a table.
const maxShownName = 40

// printable returns text without characters that could change what a terminal shows.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}

// shorten returns printable text with at most maxShownName characters.
func shorten(text string) string {
	if characters := []rune(text); len(characters) > maxShownName {
		text = string(characters[:maxShownName-1]) + "…"
	}
	return printable(text)
}

// formatTime returns a time in UTC, with seconds.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stateOf returns the states of a user that not every user has: administrator, banned, email not verified, second
// factor.
func (u userAdmin) stateOf(user store.User) string {
	var all []string
	if admin.IsAdministrator(user, u.settings.AdminUserIDs) {
		all = append(all, "administrator")
	}
	if admin.IsBanned(user, u.Now()) {
		all = append(all, "banned")
	}
	if !user.EmailVerified {
		all = append(all, "not verified")
	}
	if on := user.TwoFactorEnabled.Value; on != nil && *on {
		all = append(all, "second factor")
	}
	return cmp.Or(strings.Join(all, ", "), "-")
}

// printUsers prints a table of users.
func (u userAdmin) printUsers(out io.Writer, users []store.User) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tEMAIL\tNAME\tCREATED\tSTATE")
	for _, user := range users {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n",
			user.ID, shorten(user.Email), shorten(user.Name), formatTime(user.CreatedAt.Time), u.stateOf(user))
	}
	_ = w.Flush() // an error of out, as fmt.Fprint ignores it
}

// listCandidates returns a line for each candidate of an ambiguous text.
func listCandidates(e *admin.AmbiguousError) string {
	var text strings.Builder
	for _, user := range e.Candidates {
		fmt.Fprintf(&text, "\n    %s  %s  %s", user.ID, shorten(user.Email), shorten(user.Name))
	}
	if e.More {
		text.WriteString("\n    … and others: xenon users find lists them")
	}
	return text.String()
}
