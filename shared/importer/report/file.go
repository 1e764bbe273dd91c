package report

import (
	"maps"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// FileRow compares the rows of a table in the file that a run read with the rows in the ledger.
type FileRow struct {
	Table        string
	File, Ledger int64
	Counted      bool // the import counts the rows of this table, and does not copy them
}

// kindsOfTables are the kinds of rows in the ledger, by table of Supabase.
var kindsOfTables = map[string]mapping.Kind{
	"auth.users": mapping.User, "auth.identities": mapping.Identity, "auth.mfa_factors": mapping.Factor,
	"auth.webauthn_credentials": mapping.Passkey,
}

// FileRows returns the tables of the file, or nil if the run read a database.
func (r Report) FileRows() (rows []FileRow) {
	f := r.Plan.File
	if f == nil {
		return nil
	}
	for _, table := range slices.Sorted(maps.Keys(f.Rows)) {
		kind, ok := kindsOfTables[table]
		if table == r.Plan.Options.Profiles {
			kind, ok = mapping.Profile, true
		}
		row := FileRow{Table: table, File: f.Rows[table], Counted: !ok}
		for outcome, n := range r.Status.Counts[kind] {
			if ok && outcome != mapping.Deleted {
				row.Ledger += n
			}
		}
		if s := r.Status.Sessions; s != nil && table == "auth.sessions" {
			row.Ledger, row.Counted = s.Outcomes(), false
		}
		rows = append(rows, row)
	}
	return rows
}

// missingFileRows returns the number of rows of the file that are not in the ledger, or the other way round.
func (r Report) missingFileRows() (n int64) {
	for _, row := range r.FileRows() {
		if !row.Counted {
			n += max(row.File-row.Ledger, row.Ledger-row.File)
		}
	}
	return n
}

// fileConclusion returns a conclusion if rows of the file are not in the ledger.
func (r Report) fileConclusion() (Conclusion, bool) {
	n := r.missingFileRows()
	return Conclusion{"bad", "Rows of the file are missing", "The numbers of rows in the file and in the ledger differ " +
		"by " + run.CountNoun(n, "row", "rows") + ": see the rows of the file."}, n > 0
}
