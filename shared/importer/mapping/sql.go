package mapping

import (
	"fmt"
	"strings"
)

// Quote quotes the name of a column or table, as pgx.Identifier does. This package imports no pgx, so that it cannot
// open a connection.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal is a string as SQL. Every session of the import sets standard_conforming_strings.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// UUIDs is an array of ids as SQL. The ids come from columns of type uuid.
func UUIDs(ids []string) string {
	return fmt.Sprintf("'{%s}'::uuid[]", strings.Join(ids, ","))
}

// MinUUID is the lowest id. It also stands for the user of a profile that belongs to no user.
const MinUUID = "00000000-0000-0000-0000-000000000000"

// Scope is the users that a statement is about: a range of ids, or a list of ids.
type Scope struct {
	Low, High string   // UUIDs; High is exclusive, "" is no end
	IDs       []string // when not nil, these alone
}

// AllUsers is the scope of every user.
var AllUsers = Scope{Low: MinUUID}

// Contains is an SQL condition: the id that expr yields, of type uuid, is in the scope.
func (s Scope) Contains(expr string) string {
	switch {
	case s.IDs != nil:
		return expr + " = ANY (" + UUIDs(s.IDs) + ")"
	case s.High == "":
		return expr + " >= " + Literal(s.Low)
	}
	return expr + " >= " + Literal(s.Low) + " AND " + expr + " < " + Literal(s.High)
}

func (s Scope) all() bool { return s.IDs == nil && s.Low == MinUUID && s.High == "" }
