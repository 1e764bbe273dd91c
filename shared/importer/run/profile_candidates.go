package run

import (
	"context"
	"maps"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// ProfileCandidate is a table of the project with one row for each user, whose columns could fill user_profile.
type ProfileCandidate struct {
	Table string `json:"table"` // with its schema, without quotes
	Key   string `json:"key"`   // the column with the id of the user
	// Fields are the columns of user_profile that Options fill, without its times. It is empty if no column of the table
	// has the name of one.
	Fields []string `json:"fields"`
	// Options are the options with which the import reads the table: profiles, profileKey and profileColumns.
	Options mapping.Options `json:"options"`
	Read    bool            `json:"read"` // this run reads the table
}

// leaveOutOwnTable sets the option Profiles to none if no option chooses a profile table and the default table does not
// have the columns of user_profile. Then it is one of the project's own tables, and the import does not read it.
func (p *planner) leaveOutOwnTable() {
	m := &p.mapping
	if p.given.ChoosesProfiles() || !m.Source.Profiles.IsUsable() || !m.Target.Profile.IsUsable() || m.HasXenonProfiles() {
		return
	}
	m.Source.Profiles, m.Options.Profiles = mapping.Table{}, mapping.NoProfiles
	p.Options.Profiles = mapping.NoProfiles
}

// findProfileCandidates adds the tables with one row for each user to the plan. If the default table is left out and is
// none of them, it adds a warning.
func (p *planner) findProfileCandidates(ctx context.Context) error {
	keys, err := inventory.ReadUserKeys(ctx, p.src)
	if err != nil {
		return err
	}
	for _, k := range keys {
		name := k.Schema + "." + k.Table
		t, err := describeTable(ctx, p.src, name, p.Options.ChoiceFields())
		if err != nil {
			return err
		}
		// The name of the table is ambiguous if its schema has a dot.
		if t.Exists && t.Has(k.Column) {
			p.ProfileCandidates = append(p.ProfileCandidates, p.candidate(t, k.Column))
		}
	}
	isListed := slices.ContainsFunc(p.ProfileCandidates, func(c ProfileCandidate) bool {
		return c.Table == mapping.DefaultProfiles
	})
	t, err := describeTable(ctx, p.src, mapping.DefaultProfiles, p.Options.ChoiceFields())
	if err != nil || isListed || !t.IsUsable() {
		return err
	}
	if !p.given.ChoosesProfiles() && p.Options.Profiles == mapping.NoProfiles {
		p.addWarning("%[1]s does not have the columns of user_profile, so it is one of your own tables and the import does "+
			"not read it; to read it, use --profiles %[1]s with --profile-key and --profile-column", mapping.DefaultProfiles)
	}
	return nil
}

func (p *planner) candidate(t mapping.Table, key string) ProfileCandidate {
	c := ProfileCandidate{
		Table: t.Name, Key: key, Fields: []string{}, Options: mapping.Options{Profiles: t.Name},
		Read: t.Name == p.Options.Profiles,
	}
	if key != "user_id" {
		c.Options.ProfileKey = key
	}
	matches := p.mapping.MatchProfileColumns(t, key)
	for _, from := range slices.Sorted(maps.Keys(matches)) {
		to := matches[from]
		if p.Options.IsProfileField(to) {
			c.Fields = append(c.Fields, to)
		}
		if from == to {
			continue
		}
		if c.Options.ProfileColumns == nil {
			c.Options.ProfileColumns = map[string]string{}
		}
		c.Options.ProfileColumns[from] = to
	}
	slices.Sort(c.Fields)
	return c
}
