package mapping

// StageTables returns SQL that creates the stage: temporary tables on a connection to the target, into which a worker
// first copies the rows of the source. They are empty after every transaction. In addition to the columns of the
// projections, those for users, identities, profiles and second factors have
//
//	action      what the copy does with the target row: see classifySQL in package copy
//	referring   for a row that is deleted in the source and kept in the target: the tables that reference it, or the
//	            SQLSTATE of the rejected deletion; '' if the quarantine entry of the user has this text
func (m Mapping) StageTables() string {
	const actionColumns = ",\n  action text DEFAULT 'new',\n  referring text"
	return stageTable("stage_user", m.UserColumns(), `,
  password text`+actionColumns+`,
  credential text DEFAULT 'new',
  credential_referring text`) +
		stageTable("stage_identity", m.AccountColumns(), ",\n  folded boolean"+actionColumns) +
		stageTable("stage_profile", m.ProfileColumns(), actionColumns) +
		stageTable("stage_factor", m.FactorColumns(), actionColumns) +
		stageTable("stage_other", nil, ",\n  source text")
}

func stageTable(name string, columns []Column, more string) string {
	sql := "CREATE TEMP TABLE " + name + ` (
  key uuid,
  user_id uuid,
  raw bigint,
  reason text,
  fields text[],
  original jsonb,
  residue text`
	for _, c := range columns {
		sql += ",\n  " + Quote(c.Name) + " " + c.Type
	}
	return sql + more + "\n) ON COMMIT DELETE ROWS;\n"
}

// StagedProjection is a projection and where its rows go. Query is its SQL. Into is the table of the stage with its
// columns, as in INSERT INTO. What is the name of the rows in error messages, such as users.
type StagedProjection struct{ What, Query, Into string }

// Projections returns the projections of a scope that a worker copies into the stage.
func (m Mapping) Projections(s Scope, r Rejections) []StagedProjection {
	const common = "key, user_id, raw, reason, fields, original, residue, "
	all := []StagedProjection{
		{"users", m.Users(s, r), "stage_user (" + common + ColumnList(m.UserColumns()) + ", password)"},
		{"identities", m.Identities(s, r), "stage_identity (" + common + "folded, " + ColumnList(m.AccountColumns()) + ")"},
	}
	if m.Source.Profiles.IsUsable() {
		into := "stage_profile (" + common + ColumnList(m.ProfileColumns()) + ")"
		all = append(all, StagedProjection{"profiles", m.Profiles(s, r), into})
	}
	if q := m.FactorsAndPasskeys(s); q != "" {
		all = append(all, StagedProjection{"second factors", q, "stage_other (" + common + "source)"})
	}
	return all
}
