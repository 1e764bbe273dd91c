package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type usersSetPasswordCmd struct{ userChange }

func (usersSetPasswordCmd) Help() string {
	return `Sets the password of a user. Reads it from the terminal, twice and without an echo, or from the standard input;
it is never an argument, which other users of the computer could see. The rules are those of the API: the length,
PASSWORD_BLOCKLIST, PASSWORD_BREACH_CHECK and PASSWORD_HASH. Deletes mailed links that are not used yet. The sessions of
the user stay: xenon users sign-out ends them. ` + helpOnUser + `
` + helpOnChange + `
` + helpOnDatabase + `

  xenon users set-password ada@example.com
  xenon users set-password ada@example.com --yes < password.txt`
}

// Run sets the password.
func (c usersSetPasswordCmd) Run(ctx context.Context, getenv environment, std streams) error {
	var hash string
	return c.apply(ctx, getenv, std, change{
		command: "set-password", question: "Set the password of %s?",
		done: "The password of %s is set. Sessions stay; xenon users sign-out ends them.",
		prepare: func(u userAdmin) error {
			secret, err := readNewPassword(std)
			if err == nil {
				hash, err = u.hashNewPassword(ctx, secret)
			}
			return err
		},
		run: func(u userAdmin, user store.User) (store.User, error) {
			return user, u.SetPassword(ctx, user.ID, hash)
		},
	})
}

// hashNewPassword checks a password by the rules of the deployment and returns its hash.
func (u userAdmin) hashNewPassword(ctx context.Context, secret string) (string, error) {
	if auth.CheckPasswordLength(secret) != nil {
		return "", withAdvice(errors.New("the password is too short or too long"),
			"Nothing was changed. A password has %d to %d characters.", password.MinLength, password.MaxLength)
	}
	rules := auth.NewPasswords{
		Hasher: password.New(u.settings.PasswordHash), Breaches: password.NewBreaches(),
		RejectCommon: u.settings.PasswordBlocklist, RejectBreached: u.settings.PasswordBreachCheck,
	}
	hash, err := rules.Hash(ctx, secret)
	if rejected, ok := errors.AsType[*web.Error](err); ok {
		return "", withAdvice(errors.New("the password is common or was in a data breach ("+rejected.Code+")"),
			"Nothing was changed. Choose another password.")
	}
	return hash, err
}

// maxPasswordInput is how many bytes of the standard input are read: more than the longest password can have.
const maxPasswordInput = 4 * 1024

// readNewPassword reads a password from the terminal, or else from the standard input, without the end of its line.
func readNewPassword(std streams) (string, error) {
	if f, ok := std.in.(*os.File); ok && isTerminal(f) {
		return readPasswordFromTerminal(f, std.err)
	}
	if std.in == nil {
		return "", errNoPassword
	}
	text, err := io.ReadAll(io.LimitReader(std.in, maxPasswordInput))
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case err != nil:
		return "", fmt.Errorf("read the password from the standard input: %w", err)
	case secret == "":
		return "", errNoPassword
	case strings.ContainsAny(secret, "\r\n"):
		return "", errors.New("the standard input has more than one line; the password must be the only one")
	}
	return secret, nil
}

var errNoPassword = errors.New("the standard input has no password. Nothing was changed")

func readPasswordFromTerminal(terminal *os.File, prompt io.Writer) (string, error) {
	var read [2]string
	for i, label := range []string{"New password: ", "The same again: "} {
		fmt.Fprint(prompt, label)
		text, err := term.ReadPassword(int(terminal.Fd()))
		fmt.Fprintln(prompt)
		if err != nil {
			return "", fmt.Errorf("read the password from the terminal: %w", err)
		}
		read[i] = string(text)
	}
	if read[0] != read[1] {
		return "", errors.New("the two passwords differ. Nothing was changed")
	}
	return read[0], nil
}
