package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
)

// maxPrintedTables is the maximum number of tables that the plan prints; --json has all of them.
const maxPrintedTables = 40

// printOtherTables lists the tables that the import does not copy, and what in the database uses Supabase's users.
func printOtherTables(out io.Writer, v *inventory.Inventory) {
	if v == nil || len(v.Tables) == 0 {
		return
	}
	printf(out, "\nYour other tables: %d, with %d rows and %s. This import does not copy them\n"+
		"  %-40s%12s%10s%10s%10s  %s\n",
		len(v.Tables), v.Rows(), formatBytes(v.Bytes()), "", "rows", "size", "policies", "triggers", "reaches users by")
	tables := v.Sorted()
	for _, t := range tables[:min(len(tables), maxPrintedTables)] {
		printTable(out, t)
	}
	if more := len(tables) - maxPrintedTables; more > 0 {
		printf(out, "  and %d more; --json lists all\n", more)
	}
	printLines(out, "About these tables", remarksAboutTables(v))
	printObjects(out, "Triggers on auth.users: Xenon has none of them, so nothing runs at a sign-up", v.UserTriggers)
	printObjects(out, "Use the schema auth, which only Supabase has", v.UsesAuth)
	printExtensions(out, v.Extensions)
}

func printTable(out io.Writer, t inventory.Table) {
	rows := englishPrinter.Sprintf("%d", t.Rows)
	if t.Estimated {
		rows = "about " + rows
	}
	path := "–"
	switch {
	case len(t.ReachesUsers) > 0:
		path = strings.Join(t.ReachesUsers, ", ")
	case len(t.UserColumns) > 0:
		path = "no foreign key, but has ids of users: " + strings.Join(t.UserColumns, ", ")
	}
	fmt.Fprintf(out, "  %-40s%12s%10s%10d%10d  %s\n", t.Name, rows, formatBytes(t.Bytes), t.Policies, t.Triggers, path)
}

// remarksAboutTables returns sentences about tables that need attention.
func remarksAboutTables(v *inventory.Inventory) (lines []string) {
	for _, r := range []struct {
		text string
		of   func(inventory.Table) bool
	}{
		{
			"Xenon has a table of the same name in the target, so they cannot be in the same schema. Give Xenon's tables a " +
				"schema of their own, SCHEMA=xenon (docs/tables.md)",
			func(t inventory.Table) bool { return t.NameTaken },
		},
		{"Partitioned", func(t inventory.Table) bool { return t.Kind == "partitioned" }},
		{"Part of an inheritance", func(t inventory.Table) bool { return t.Kind == "inherited" }},
		{"Foreign tables: their rows are in another database", func(t inventory.Table) bool { return t.Kind == "foreign" }},
		{"Have no primary key", func(t inventory.Table) bool { return t.NoPrimaryKey && t.Kind != "foreign" }},
	} {
		var names []string
		for _, t := range v.Tables {
			if r.of(t) {
				names = append(names, t.Name)
			}
		}
		if len(names) > 0 {
			lines = append(lines, r.text+": "+joinFirst(names))
		}
	}
	if n := len(v.StoragePolicies); n > 0 {
		lines = append(lines, englishPrinter.Sprintf("Supabase's storage has %d policies. Files stay in Supabase", n))
	}
	for _, line := range v.NotChecked {
		lines = append(lines, "Not counted: "+line)
	}
	return lines
}

// printObjects prints objects grouped by their kinds.
func printObjects(out io.Writer, title string, all []inventory.Object) {
	var kinds []string
	names := map[string][]string{}
	for _, o := range all {
		if names[o.Kind] == nil {
			kinds = append(kinds, o.Kind)
		}
		names[o.Kind] = append(names[o.Kind], o.Name)
	}
	var lines []string
	for _, kind := range kinds {
		lines = append(lines, kind+": "+joinFirst(names[kind]))
	}
	printLines(out, title, lines)
}

func printExtensions(out io.Writer, all []inventory.Extension) {
	texts := map[string]string{
		inventory.Installed: "installed at the target", inventory.Available: "available at the target",
		inventory.Missing: "MISSING at the target",
	}
	var lines []string
	for _, e := range all {
		lines = append(lines, fmt.Sprintf("%s %s in the schema %s: %s", e.Name, e.Version, e.Schema, texts[e.Target]))
	}
	printLines(out, "Extensions", lines)
}

// joinFirst joins the first ten names and says how many more there are.
func joinFirst(names []string) string {
	text := strings.Join(names[:min(len(names), 10)], ", ")
	if more := len(names) - 10; more > 0 {
		text += englishPrinter.Sprintf(" and %d more", more)
	}
	return text
}

// formatBytes returns a size with its unit, such as "3.4 MB".
func formatBytes(n int64) string {
	size, units := float64(n), []string{"B", "kB", "MB", "GB", "TB"}
	unit := 0
	for ; size >= 1000 && unit < len(units)-1; unit++ {
		size /= 1000
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}
