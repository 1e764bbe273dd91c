package tables

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// statement is one entry of the output of pg_dump: the statements that create one object.
type statement struct {
	Section string
	Kind    string // "TABLE", "INDEX", "POLICY", …
	Name    string // with its schema
	SQL     string
}

// The sections of statements, in the order of their execution. The rows are copied between tables and indexes, and the
// foreign keys are made between indexes and security.
const (
	prepare  = "prepare"  // roles, the schema auth, extensions
	tables   = "tables"   // schemas, types, functions, tables and views
	indexes  = "indexes"  // indexes, primary keys and unique constraints
	security = "security" // triggers, rules and policies
)

var sectionOrder = []string{prepare, tables, indexes, security}

// securityKinds are the kinds of the section security. Triggers would run, and rules or policies would apply, when the
// move changes rows that refer to no row.
var securityKinds = []string{"TRIGGER", "EVENT TRIGGER", "RULE", "POLICY", "ROW SECURITY", "COMMENT"}

// withPrivilegesLast moves the privileges behind row security: until then only the owner may read the rows.
func withPrivilegesLast(before, after []statement) (_, _ []statement) {
	for _, s := range before {
		if isPrivileges(s.Kind) {
			s.Section = security
			after = append(after, s)
		}
	}
	return slices.DeleteFunc(before, func(s statement) bool { return isPrivileges(s.Kind) }), after
}

// foreignKey is the kind of a foreign key in a LeftOut.
const foreignKey = "FOREIGN KEY"

// dump is the DDL of schemas.
type dump struct {
	tables []statement // create schemas, types, functions, tables, views and sequences
	after  []statement // create indexes, constraints, triggers and policies; foreign keys are left out
	drops  []string    // drop what tables creates, and what after creates that does not belong to one table
	// allDrops drop everything, in this order.
	allDrops []string
}

// entryHeader is the comment that pg_dump writes before each entry.
var entryHeader = regexp.MustCompile(
	`(?m)^--\n-- Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: .*\n--\n`)

const dumpEnd = "--\n-- PostgreSQL database dump complete\n--"

// parseDump splits the output of pg_dump.
func parseDump(text string, afterRows bool) (all []statement, drops []string) {
	text, _, _ = strings.Cut(text, dumpEnd)
	headers := entryHeader.FindAllStringSubmatchIndex(text, -1)
	if len(headers) == 0 {
		return nil, nil
	}
	drops = dropStatements(text[:headers[0][0]])
	for i, h := range headers {
		end := len(text)
		if i+1 < len(headers) {
			end = headers[i+1][0]
		}
		s := statement{Section: tables, Kind: text[h[4]:h[5]], Name: text[h[2]:h[3]], SQL: withoutSettings(text[h[1]:end])}
		switch {
		case afterRows && slices.Contains(securityKinds, s.Kind):
			s.Section = security
		case afterRows:
			s.Section = indexes
		}
		if schema := text[h[6]:h[7]]; schema != "-" {
			s.Name = schema + "." + s.Name
		}
		if s.SQL != "" {
			all = append(all, s)
		}
	}
	return all, drops
}

// withoutSettings removes the settings that pg_dump writes between entries: they do not belong to the entry before.
func withoutSettings(sql string) string {
	lines := strings.Split(sql, "\n")
	for len(lines) > 0 {
		last := strings.TrimSpace(lines[len(lines)-1])
		if last != "" && !strings.HasPrefix(last, "SET default_table") {
			break
		}
		lines = lines[:len(lines)-1]
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// dropStatements returns the statements that pg_dump --clean writes before the first entry. Most are one line. A view
// that needs a primary key is replaced by a view without one before it is dropped.
func dropStatements(text string) (drops []string) {
	var open []string
	for line := range strings.SplitSeq(text, "\n") {
		if open == nil && !startOfDrop.MatchString(line) {
			continue
		}
		open = append(open, line)
		if strings.HasSuffix(line, ";") {
			drops, open = append(drops, strings.Join(open, "\n")), nil
		}
	}
	return drops
}

var startOfDrop = regexp.MustCompile(`^(DROP|ALTER|CREATE OR REPLACE VIEW) `)

// ofSchemas returns the statements that drop an object that does not belong to one table, such as a materialized view.
// pg_dump writes it after the rows if it needs a primary key.
func ofSchemas(drops []string) []string {
	return slices.DeleteFunc(drops, func(sql string) bool {
		return ofTable.MatchString(sql)
	})
}

var ofTable = regexp.MustCompile(`^(ALTER|DROP INDEX|DROP POLICY|DROP TRIGGER|DROP RULE) `)

// inOrder returns the statements that follow the rows in the order of their execution.
func inOrder(all []statement) []statement {
	return slices.SortedStableFunc(slices.Values(all), func(a, b statement) int {
		return cmp.Compare(slices.Index(sectionOrder, a.Section), slices.Index(sectionOrder, b.Section))
	})
}
