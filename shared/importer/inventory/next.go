package inventory

import (
	_ "embed" // managed_extensions.txt
	"fmt"
	"slices"
	"strings"
)

// Moved is the Next of a table that `xenon migrate tables` moves.
const Moved = "moved"

// The Next of other objects begins with one of these words.
const (
	stays  = "stays"  // it is not moved
	decide = "decide" // the move does not begin before the operator has chosen
)

//go:embed managed_extensions.txt
var managedExtensionsFile string

// ManagedExtensions are extensions of Supabase's services. Tables of a project do not need them.
var ManagedExtensions = strings.Fields(managedExtensionsFile)

// TargetAuth are the names of the functions and views that a move creates in the schema auth of the target.
var TargetAuth = []string{"email", "jwt", "role", "uid", "users"}

// setNext says what `xenon migrate tables` does with each table, extension and object.
func (r *inventoryReader) setNext() {
	for i := range r.Tables {
		r.Tables[i].Next = r.nextOfTable(r.Tables[i])
	}
	for i, e := range r.Extensions {
		r.Extensions[i].Next = e.next()
	}
	for i, o := range r.UsesAuth {
		r.UsesAuth[i].Next = o.next()
	}
	for i := range r.UserTriggers {
		r.UserTriggers[i].Next = stays + `, unless --triggers creates it again on "user"`
	}
	for i, o := range r.SupabaseTriggers {
		r.SupabaseTriggers[i].Next = nextOfSupabaseTrigger(o)
	}
	for i, p := range r.Publications {
		r.Publications[i].Next = p.next()
	}
}

func (r *inventoryReader) nextOfTable(t Table) string {
	switch {
	case t.Kind == "foreign":
		return stays + ": its rows are in another database"
	case t.NameTaken:
		return decide + ": Xenon has a table of this name. Choose SCHEMA=xenon, or --exclude " + t.Name
	case !r.readable[t.Name]:
		return decide + ": this role cannot read all rows. Use the role postgres, or --exclude " + t.Name
	}
	return Moved
}

func (e Extension) next() string {
	switch {
	case slices.Contains(ManagedExtensions, e.Name):
		return stays + ": a service of Supabase uses it"
	case e.Target == Installed:
		return "exists"
	case e.Target == Available:
		return "created"
	}
	return stays + ": the target does not offer it. Tables with its types stop the move, and other objects are left out"
}

// next tells if the object works with the schema auth that a move creates.
func (o Object) next() string {
	missing := o.Missing()
	if len(missing) == 0 {
		return "works with the schema auth that the move creates"
	}
	return fmt.Sprintf("needs %s, which the move does not create", strings.Join(missing, ", "))
}

// Missing returns the parts of the schema auth that the object uses and that the target will not have.
func (o Object) Missing() (names []string) {
	for _, name := range o.Uses {
		if !slices.Contains(TargetAuth, name) {
			names = append(names, "auth."+name)
		}
	}
	return names
}
