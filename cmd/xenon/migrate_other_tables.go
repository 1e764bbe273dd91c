package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
)

// maxPrintedTables is the maximum number of tables that the plan prints; --json has all of them.
const maxPrintedTables = 40

// printOtherTables lists the project's other tables with what xenon migrate tables does with each, and what in the
// database uses Supabase's users.
func printOtherTables(out io.Writer, v *inventory.Inventory) {
	if v == nil || !v.HasAny() {
		return
	}
	printf(out, "\nYour other tables: %d, with %d rows and %s. xenon migrate tables moves them after xenon migrate run\n"+
		"  %-40s%12s%10s%10s%10s  %-8s%s\n", len(v.Tables), v.Rows(), formatBytes(v.Bytes()),
		"", "rows", "size", "policies", "triggers", "next", "reaches users by")
	tables := v.Sorted()
	for _, t := range tables[:min(len(tables), maxPrintedTables)] {
		printTable(out, t)
	}
	if more := len(tables) - maxPrintedTables; more > 0 {
		printf(out, "  and %d more; --json lists all\n", more)
	}
	printLines(out, "About these tables", remarksAboutTables(v))
	printObjects(out, "Triggers on auth.users: not moved, so nothing runs at a sign-up, unless xenon migrate tables "+
		"--triggers creates them again", v.UserTriggers)
	printUsesAuth(out, v.UsesAuth)
	printSupabase(out, v)
	printExtensions(out, v.Extensions)
}

func printTable(out io.Writer, t inventory.Table) {
	rows := englishPrinter.Sprintf("%d", t.Rows)
	if t.Estimated {
		rows = "about " + rows
	}
	path := "–"
	switch columns := t.UserColumnsAndArrays(); {
	case len(t.ReachesUsers) > 0:
		path = strings.Join(t.ReachesUsers, ", ")
	case len(columns) > 0:
		path = "no foreign key, but has ids of users: " + strings.Join(columns, ", ")
	}
	next, _, _ := strings.Cut(t.Next, ":")
	fmt.Fprintf(out, "  %-40s%12s%10s%10d%10d  %-8s%s\n",
		t.Name, rows, formatBytes(t.Bytes), t.Policies, t.Triggers, next, path)
}

// remarksAboutTables returns sentences about tables that need attention.
func remarksAboutTables(v *inventory.Inventory) (lines []string) {
	for _, r := range []struct {
		text string
		of   func(inventory.Table) bool
	}{
		{
			"Xenon has a table of the same name in the target, so they cannot be in the same schema. Give Xenon's tables a " +
				"schema of their own, SCHEMA=xenon (docs/tables.md), or leave these tables behind with --exclude",
			func(t inventory.Table) bool { return t.NameTaken },
		},
		{"Partitioned", func(t inventory.Table) bool { return t.Kind == "partitioned" }},
		{"Part of an inheritance", func(t inventory.Table) bool { return t.Kind == "inherited" }},
		{
			"Foreign tables, which stay: their rows are in another database",
			func(t inventory.Table) bool { return t.Kind == "foreign" },
		},
		{
			"Have no primary key, so xenon migrate tables --freeze-check copies them again at the cut-over",
			func(t inventory.Table) bool { return t.NoPrimaryKey && t.Kind != "foreign" },
		},
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
	if columns := userColumns(v); len(columns) > 0 {
		lines = append(lines, "Columns with ids of users and without a foreign key. They are moved as they are, with the "+
			"ids of users who stay behind, and --orphans does not change them: "+joinFirst(columns))
	}
	for _, line := range v.NotChecked {
		lines = append(lines, "Not counted: "+line)
	}
	return lines
}

// userColumns lists the columns with ids of users and without a foreign key, with their tables.
func userColumns(v *inventory.Inventory) (names []string) {
	for _, t := range v.Tables {
		for _, column := range t.UserColumnsAndArrays() {
			names = append(names, t.Name+" ("+column+")")
		}
	}
	return names
}

// printUsesAuth prints the objects that use the schema auth, and those of them that will not work.
func printUsesAuth(out io.Writer, all []inventory.Object) {
	var work []inventory.Object
	var lines []string
	for _, o := range all {
		if missing := o.Missing(); len(missing) > 0 {
			lines = append(lines, o.Kind+" "+o.Name+" needs "+strings.Join(missing, ", "))
			continue
		}
		work = append(work, o)
	}
	printObjects(out, "Use the schema auth, and work with what xenon migrate tables creates of it", work)
	if more := len(lines) - maxPrintedTables; more > 0 {
		lines = append(lines[:maxPrintedTables], englishPrinter.Sprintf("and %d more; --json lists all", more))
	}
	printLines(out, "Use parts of the schema auth that the target will not have", lines)
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

// printSupabase prints what the project has added to Supabase's tables and services, and what to do instead.
func printSupabase(out io.Writer, v *inventory.Inventory) {
	var publications, triggers []string
	for _, p := range v.Publications {
		publications = append(publications, fmt.Sprintf("%s, with %s, %s", p.Name, joinFirst(p.Tables), p.Next))
	}
	printLines(out, "Publications: not moved", publications)
	for _, o := range v.SupabaseTriggers {
		triggers = append(triggers, o.Name+" "+o.Next)
	}
	printLines(out, "Triggers on other tables of Supabase: not moved", triggers)
	if n := len(v.StoragePolicies); n > 0 {
		printLines(out, "Policies of Storage and Realtime: not moved", []string{
			joinFirst(v.StoragePolicies) + ". Enforce these rules where you store the files, or send the messages, instead",
		})
	}
}

func printExtensions(out io.Writer, all []inventory.Extension) {
	texts := map[string]string{inventory.Installed: "at the target", inventory.Available: "available at the target"}
	var lines []string
	for _, e := range all {
		target, ok := texts[e.Target]
		if !ok {
			target = "MISSING at the target"
		}
		lines = append(lines, fmt.Sprintf("%s %s in the schema %s: %s; %s", e.Name, e.Version, e.Schema, target, e.Next))
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
