package tables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// ForeignKey is a foreign key of the source. Names are quoted as in SQL.
type ForeignKey struct {
	Name     string   `json:"name"` // not quoted
	Table    string   `json:"table"`
	Parent   string   `json:"parent"`
	Columns  []string `json:"columns"`
	Keys     []string `json:"keys"`     // the referenced columns
	Nullable []string `json:"nullable"` // those of Columns that can be set to NULL
	Actions  string   `json:"actions"`  // ON DELETE … and the rest of the definition
	Valid    bool     `json:"valid"`    // false: NOT VALID at the source
	// Partitioned means that the table is partitioned. Postgres before 18 has no NOT VALID for its foreign keys.
	Partitioned bool `json:"partitioned"`
	ParentMoved bool `json:"parentMoved"` // the referenced table is moved, too
}

const authUsers = "auth.users"

// inTarget returns the foreign key with the parent that it has in the target. ok is false if the target has no parent.
func (k ForeignKey) inTarget(userTable string) (_ ForeignKey, ok bool) {
	if k.Parent == authUsers {
		k.Parent = userTable
		return k, slices.Equal(k.Keys, []string{"id"})
	}
	return k, k.ParentMoved
}

// title returns the name of the foreign key with its table.
func (k ForeignKey) title() string { return k.Name + " of " + k.Table }

// add returns the statement that adds the foreign key.
func (k ForeignKey) add() string {
	notValid := " NOT VALID"
	if k.Partitioned {
		notValid = ""
	}
	return fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s%s",
		k.Table, mapping.Quote(k.Name), strings.Join(k.Columns, ", "), k.Parent, strings.Join(k.Keys, ", "), k.Actions,
		notValid)
}

func (k ForeignKey) validate() string {
	return fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", k.Table, mapping.Quote(k.Name))
}

// orphans returns the condition that row c of the table refers to a row that does not exist.
func (k ForeignKey) orphans() string {
	given, same := make([]string, len(k.Columns)), make([]string, len(k.Columns))
	for i, column := range k.Columns {
		given[i] = "c." + column + " IS NOT NULL"
		same[i] = "p." + k.Keys[i] + " = c." + column
	}
	return fmt.Sprintf("%s AND NOT EXISTS (SELECT FROM %s p WHERE %s)",
		strings.Join(given, " AND "), k.Parent, strings.Join(same, " AND "))
}
