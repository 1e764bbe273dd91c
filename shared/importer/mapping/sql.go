package mapping

import (
	"fmt"
	"strings"
)

// Quote returns the quoted name of a column or table, as pgx.Identifier does. This package imports no pgx, so that it
// cannot open a connection.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal returns a string as an SQL literal. Every session of the import sets standard_conforming_strings.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// UUIDArray returns ids as an SQL array. The ids come from columns of type uuid, so they need no escaping.
func UUIDArray(ids []string) string {
	return fmt.Sprintf("'{%s}'::uuid[]", strings.Join(ids, ","))
}

// MinUUID is the lowest UUID. The ledger uses it as the user id of a profile without a user.
const MinUUID = "00000000-0000-0000-0000-000000000000"

// Scope is the set of users that a statement covers: a range of ids, or a list of ids.
type Scope struct {
	Low, High string   // UUIDs; High is exclusive, "" means no upper bound
	IDs       []string // if not nil, only these users
}

// AllUsers is the scope with every user.
var AllUsers = Scope{Low: MinUUID}

// Contains returns an SQL condition: the user is in the scope. userID is an SQL expression of type uuid.
func (s Scope) Contains(userID string) string {
	switch {
	case s.IDs != nil:
		return userID + " = ANY (" + UUIDArray(s.IDs) + ")"
	case s.High == "":
		return userID + " >= " + Literal(s.Low)
	}
	return userID + " >= " + Literal(s.Low) + " AND " + userID + " < " + Literal(s.High)
}

// Halves returns two scopes that have all users, each about half of them if their ids are random.
func Halves() (low, high Scope) {
	const middle = "80000000-0000-0000-0000-000000000000"
	return Scope{Low: MinUUID, High: middle}, Scope{Low: middle}
}

func (s Scope) isAllUsers() bool { return s.IDs == nil && s.Low == MinUUID && s.High == "" }
