package mapping

// StageTables makes the temporary tables of a connection to the target, into which a batch is copied first. They are
// emptied at the end of every transaction. Beside what a projection yields they have
//
//	action      what happens to the row in the target: see package copy
//	referring   of a row that is gone from the source and stays: the tables whose rows refer to it; '' where the entry of
//	            the user says so
func (m Mapping) StageTables() string {
	const both = ",\n  action text DEFAULT 'new',\n  referring text"
	return stageTable("stage_user", m.UserColumns(), `,
  password text`+both+`,
  credential text DEFAULT 'new',
  credential_referring text`) +
		stageTable("stage_identity", m.AccountColumns(), ",\n  folded boolean"+both) +
		stageTable("stage_profile", m.ProfileColumns(), both) +
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

// StagedProjection is a projection and the columns of the stage that it fills.
type StagedProjection struct{ What, Query, Into string }

// Projections are what a batch copies into the stage.
func (m Mapping) Projections(s Scope, r Rejections) []StagedProjection {
	const common = "key, user_id, raw, reason, fields, original, residue, "
	all := []StagedProjection{
		{"users", m.Users(s, r), "stage_user (" + common + List(m.UserColumns()) + ", password)"},
		{"identities", m.Identities(s, r), "stage_identity (" + common + "folded, " + List(m.AccountColumns()) + ")"},
	}
	if m.Source.Profiles.Usable() {
		into := "stage_profile (" + common + List(m.ProfileColumns()) + ")"
		all = append(all, StagedProjection{"profiles", m.Profiles(s, r), into})
	}
	if q := m.Others(s); q != "" {
		all = append(all, StagedProjection{"second factors", q, "stage_other (" + common + "source)"})
	}
	return all
}
