package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

// parseProfileColumns parses the values of --profile-column. The name of an own column can contain an equals sign.
func parseProfileColumns(flags []string) (map[string]string, error) {
	var columns map[string]string
	for _, f := range flags {
		i := strings.LastIndexByte(f, '=')
		if i <= 0 || i == len(f)-1 {
			return nil, newUsageError("--profile-column %q is not of the form OLD=NEW, such as lang=preferred_language", f)
		}
		if to := columns[f[:i]]; to != "" {
			return nil, newUsageError("--profile-column %q: the column is mapped to %s already", f, to)
		}
		if columns == nil {
			columns = map[string]string{}
		}
		columns[f[:i]] = f[i+1:]
	}
	return columns, nil
}

// printProfileCandidates lists the tables of the project with one row for each user. For each it prints the flags with
// which the import fills user_profile from it.
func printProfileCandidates(out io.Writer, all []importrun.ProfileCandidate) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out, "\nTables with one row for each user\n  "+wrapText("They are your own tables: xenon migrate tables "+
		"moves them whole, with your other tables. This import reads none of them, except a table that --profiles names: "+
		"from that one it also fills user_profile, the table of Xenon's profile API.", 106, "\n  "))
	for _, c := range all {
		fmt.Fprintf(out, "  %s, key %s: %s\n", c.Table, c.Key, describeCandidate(c))
		if !c.Read {
			fmt.Fprintf(out, "    %s\n", candidateFlags(c))
		}
	}
}

// describeCandidate reports whether the run reads a candidate, or what the import could read from it.
func describeCandidate(c importrun.ProfileCandidate) string {
	switch {
	case c.Read:
		return "this run reads it"
	case len(c.Fields) == 0:
		return "no column has the name of a field of user_profile; to fill a field, name the column"
	}
	return "to fill " + strings.Join(c.Fields, ", ")
}

// candidateFlags returns the flags with which the import reads a candidate.
func candidateFlags(c importrun.ProfileCandidate) string {
	o := optionFlags{Profiles: c.Options.Profiles, ProfileKey: c.Options.ProfileKey}
	for _, from := range slices.Sorted(maps.Keys(c.Options.ProfileColumns)) {
		o.ProfileColumn = append(o.ProfileColumn, from+"="+c.Options.ProfileColumns[from])
	}
	if len(c.Fields) == 0 {
		o.ProfileColumn = append(o.ProfileColumn, "COLUMN=FIELD")
	}
	return o.flags()
}
