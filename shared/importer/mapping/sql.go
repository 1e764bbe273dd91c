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

// UUIDArray returns ids as an SQL array. The ids come from columns of type uuid.
func UUIDArray(ids []string) string {
	return fmt.Sprintf("'{%s}'::uuid[]", strings.Join(ids, ","))
}

// MinUUID is the lowest id. It is also the user id of a profile without a user.
const MinUUID = "00000000-0000-0000-0000-000000000000"

// Scope is the set of users that a statement covers: a range of ids, or a list of ids.
type Scope struct {
	Low, High string   // UUIDs; High is exclusive, "" means no upper bound
	IDs       []string // if not nil, only these users
}

// AllUsers is the scope with every user.
var AllUsers = Scope{Low: MinUUID}

// Contains returns an SQL condition: the uuid expression expr is in the scope.
func (s Scope) Contains(expr string) string {
	switch {
	case s.IDs != nil:
		return expr + " = ANY (" + UUIDArray(s.IDs) + ")"
	case s.High == "":
		return expr + " >= " + Literal(s.Low)
	}
	return expr + " >= " + Literal(s.Low) + " AND " + expr + " < " + Literal(s.High)
}

func (s Scope) isWhole() bool { return s.IDs == nil && s.Low == MinUUID && s.High == "" }
