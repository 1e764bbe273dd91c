package cipher

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MinSecretLength is the minimum length of the current secret in bytes. Better Auth only warns about shorter secrets.
const MinSecretLength = 32

// publicSecret is the secret of a Better Auth server without settings. Like Better Auth, Xenon does not decrypt with
// it.
const publicSecret = "better-auth-secret-12345678901234567890" //nolint:gosec // G101: it is public

const adviceOnSecrets = "generate one with: openssl rand -base64 32"

// ParseKeys reads the values of BETTER_AUTH_SECRETS (versioned) and BETTER_AUTH_SECRET (single). The former may be
// empty: then the latter is the current secret. The error lists all problems, one a line, each with the name of the
// setting and never with a secret.
func ParseKeys(versioned, single string) (Keys, error) {
	k := Keys{}
	if single != "" && single != publicSecret {
		k.legacy = []byte(single)
	}
	if versioned == "" {
		if err := checkCurrent(single); err != nil {
			return Keys{}, fmt.Errorf("BETTER_AUTH_SECRET: %w", err)
		}
		k.all = [][]byte{k.legacy}
		return k, nil
	}
	var problems []error
	for i, entry := range strings.Split(versioned, ",") {
		v, err := parseEntry(entry)
		switch {
		case err == nil && slices.Contains(k.Versions(), v.number):
			err = fmt.Errorf("has the version %d of an earlier entry; give each secret a version of its own", v.number)
		case err == nil && i == 0:
			err = checkCurrent(string(v.secret))
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("BETTER_AUTH_SECRETS: entry %d %w", i+1, err))
		}
		k.versions, k.all = append(k.versions, v), append(k.all, v.secret)
	}
	if k.legacy != nil {
		k.all = append(k.all, k.legacy)
	}
	if err := errors.Join(problems...); err != nil {
		return Keys{}, err
	}
	return k, nil
}

// parseEntry reads an entry of BETTER_AUTH_SECRETS. An error does not quote it.
func parseEntry(entry string) (version, error) {
	digits, secret, ok := strings.Cut(entry, ":")
	number, isNumber := parseVersion(strings.TrimSpace(digits))
	secret = strings.TrimSpace(secret)
	switch {
	case !ok:
		return version{number: -1}, errors.New("has no colon; write VERSION:SECRET, with commas between the entries")
	case !isNumber:
		return version{number: -1}, errors.New("has no valid version before the colon; use a whole number such as 2")
	case secret == "":
		return version{number: number}, fmt.Errorf("has version %d and no secret; %s", number, adviceOnSecrets)
	}
	return version{number, prefixOf(number), []byte(secret)}, nil
}

// maxVersionDigits limits a version to numbers that JavaScript represents exactly.
const maxVersionDigits = 15

func parseVersion(digits string) (number int, ok bool) {
	if len(digits) > maxVersionDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	return int(n), err == nil
}

// checkCurrent returns an error if a secret cannot be the current one.
func checkCurrent(secret string) error {
	switch {
	case secret == "":
		return errors.New("missing; " + adviceOnSecrets)
	case secret == publicSecret:
		return errors.New("is the one that every Better Auth server without settings has; " + adviceOnSecrets)
	case len(secret) < MinSecretLength:
		return fmt.Errorf("has %d characters, needs at least %d; %s", len(secret), MinSecretLength, adviceOnSecrets)
	}
	return nil
}
