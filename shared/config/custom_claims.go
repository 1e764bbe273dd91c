package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CustomClaim is an item of JWT_CUSTOM_CLAIMS: a claim of JWTs whose value is a column about the user.
type CustomClaim struct {
	Name   string // of the claim
	Table  string // UserTable or ProfileTable
	Column string
}

// The tables whose columns can be custom claims. The others hold sessions, password hashes, tokens and keys.
const (
	UserTable    = "user"
	ProfileTable = "user_profile"
)

// maxCustomClaims is the maximum number of custom claims.
const maxCustomClaims = 20

var claimNamePattern = lazyPattern(`^[A-Za-z_][A-Za-z0-9_]*$`)

// isClaimName reports whether name can be the name of a claim or a column.
func isClaimName(name string) bool {
	return len(name) <= maxIdentifierLength && claimNamePattern().MatchString(name)
}

// reservedClaims are the claims that Xenon writes into tokens, and those that verifiers read. A test of shared/auth
// compares the list with the tokens.
var reservedClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", // of every token; RFC 7519 defines nbf
	"id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt",
	"twoFactorEnabled", "role", "banned", "banReason", "banExpires",
	"aal", "amr", "session_id", "phone", "is_anonymous", "app_metadata", "user_metadata", // of Supabase
	"acr", "act", "auth_time", "azp", "client_id", "cnf", "email_verified", "nonce", // of OpenID Connect and OAuth
}

// secretColumnWords are parts of the names of columns that may have a secret. The names are compared in lower case and
// without underscores.
var secretColumnWords = []string{
	"password", "passwd", "passphrase", "passcode", "secret", "token", "hash", "salt", "totp", "backupcode",
	"recoverycode", "privatekey", "apikey", "credential",
}

// systemColumns are the columns that Postgres adds to each table.
var systemColumns = []string{"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}

// readCustomClaims reads a list of items "claim=table.column", or "table.column" for a claim with the name of the
// column.
func (l *loader) readCustomClaims(name string) []CustomClaim {
	var all []CustomClaim
	items := l.readList(name)
	if len(items) > maxCustomClaims {
		l.addProblem(name, "has %d claims, the maximum is %d", len(items), maxCustomClaims)
	}
	for _, item := range items {
		c, problems := parseCustomClaim(item)
		if slices.ContainsFunc(all, func(other CustomClaim) bool { return strings.EqualFold(other.Name, c.Name) }) {
			problems = append(problems, fmt.Errorf("the claim %s is there twice", c.Name))
		}
		for _, problem := range problems {
			l.addProblem(name, "%q: %w", item, problem)
		}
		all = append(all, c)
	}
	return all
}

// parseCustomClaim returns the claim of an item of JWT_CUSTOM_CLAIMS, and what is wrong with it.
func parseCustomClaim(item string) (c CustomClaim, problems []error) {
	claim, source, hasClaim := strings.Cut(item, "=")
	if !hasClaim {
		source = item
	}
	table, column, hasTable := strings.Cut(source, ".")
	c = CustomClaim{strings.TrimSpace(claim), strings.TrimSpace(table), strings.TrimSpace(column)}
	if !hasClaim {
		c.Name = c.Column
	}
	if !hasTable {
		return c, []error{errors.New("is not claim=table.column, such as plan=user.plan")}
	}
	if err := checkClaimColumn(c.Table, c.Column); err != nil {
		problems = append(problems, err)
	}
	if err := checkClaimName(c.Name); err != nil && (hasClaim || problems == nil) {
		problems = append(problems, err)
	}
	return c, problems
}

// checkClaimName checks the name of a custom claim. Some JSON parsers ignore case, so it does, too.
func checkClaimName(name string) error {
	isReserved := slices.ContainsFunc(reservedClaims, func(r string) bool { return strings.EqualFold(r, name) })
	switch {
	case !isClaimName(name):
		return fmt.Errorf("%q is not the name of a claim: use at most 63 letters, digits and _", name)
	case isReserved:
		return fmt.Errorf("the claim %s is one of a token's own; use another name, such as app_%[1]s", name)
	}
	return nil
}

// checkClaimColumn checks that a column can be a claim. The name of a table, as a column, would be the whole row.
func checkClaimColumn(table, column string) error {
	plain := strings.ToLower(strings.ReplaceAll(column, "_", ""))
	isSecret := slices.ContainsFunc(secretColumnWords, func(word string) bool { return strings.Contains(plain, word) })
	switch {
	case table != UserTable && table != ProfileTable:
		return fmt.Errorf("the table %q is not allowed, only %s and %s are", table, UserTable, ProfileTable)
	case !isClaimName(column):
		return fmt.Errorf("%q is not the name of a column: use at most 63 letters, digits and _", column)
	case isSecret:
		return fmt.Errorf("the column %s may have a secret, and everyone who has a token can read its claims", column)
	case column == table || slices.Contains(systemColumns, column):
		return fmt.Errorf("%s is not a column for claims", column)
	}
	return nil
}
