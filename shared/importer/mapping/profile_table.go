package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// UUIDPattern matches the text of a UUID.
const UUIDPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

// ProfileTableRefusals lists what keeps the profile table from being imported, as far as the catalog shows it. A table
// that is absent is for the caller to explain.
func (m Mapping) ProfileTableRefusals() []string {
	t := m.Source.Profiles
	switch {
	case t.Name == "" || !t.Exists || t.Name == DefaultProfiles && !t.Usable():
		return nil
	case !t.Readable:
		return []string{t.Name + " may not be read by this role: use the role postgres, or grant select on it"}
	case t.Foreign:
		return []string{t.Name + " is a foreign table, whose rows are on another server: name a table of this database, " +
			"or say --profiles none"}
	}
	c, ok := t.Column("user_id")
	if !ok || !slices.Contains([]string{"uuid", "text", "character varying"}, c.Type) {
		return []string{t.Name + " has no column user_id that is a uuid or text, by which the import knows whose profile a " +
			"row is: name another table, name a view that has it, or say --profiles none"}
	}
	if t.Name != DefaultProfiles && len(m.ProfilePlaces().Mapped) == 0 {
		fields := strings.Join(slices.Concat(ChoiceFields, []string{"time_per_week", "preferred_language"}), ", ")
		return []string{fmt.Sprintf("%s is no table of learner profiles: none of its columns has a place in user_profile, "+
			"which has %s: name another table, or say --profiles none", t.Name, fields)}
	}
	return nil
}

// ProfileColumnPlaces says where the columns of the profile table go.
type ProfileColumnPlaces struct {
	Mapped   []string `json:"placed"`  // into user_profile
	Unmapped []string `json:"residue"` // into the ledger's residue
}

// ProfilePlaces says where the columns of the profile table go.
func (m Mapping) ProfilePlaces() ProfileColumnPlaces {
	p := ProfileColumnPlaces{Mapped: []string{}, Unmapped: []string{}}
	if !m.Source.Profiles.Usable() {
		return p
	}
	columns := m.ProfileColumns()
	for _, c := range m.Source.Profiles.Columns {
		isMapped := slices.ContainsFunc(columns, func(to Column) bool { return to.Name == c.Name })
		isTime := c.Name == "created_at" || c.Name == "updated_at"
		switch {
		case c.Name == "user_id" || c.Generated || isTime && strings.HasPrefix(c.Type, "timestamp"):
		case isMapped && !isTime:
			p.Mapped = append(p.Mapped, c.Name)
		default:
			p.Unmapped = append(p.Unmapped, c.Name)
		}
	}
	return p
}

// profileRows are the rows p of the profile table, as an item of FROM. Where the table lets a user have several, or
// none, d.place says which of the user's the row is, from the newest on, and only rows in the scope are read.
func (m Mapping) profileRows(s Scope) string {
	if m.hasOneProfilePerUser() {
		return m.Source.Profiles.SQL() + " p"
	}
	order := ""
	for _, c := range []string{"updated_at", "created_at"} {
		if m.Source.Profiles.Has(c) {
			order += "p." + c + " DESC NULLS LAST, "
		}
	}
	return `(
  SELECT p, row_number() OVER (PARTITION BY ` + m.ProfileUser() + `
    ORDER BY ` + order + `p::text COLLATE "C" DESC) AS place
  FROM ` + m.Source.Profiles.SQL() + ` p
  WHERE ` + s.Contains(m.ProfileUser()) + `
) d
CROSS JOIN LATERAL (SELECT (d.p).*) p`
}

// hasOneProfilePerUser says that the table has at most one row a user, and none without a user.
func (m Mapping) hasOneProfilePerUser() bool {
	c, _ := m.Source.Profiles.Column("user_id")
	return c.Unique && c.Type == "uuid"
}

// ProfileUser is the id of the user whom the profile p belongs to. A profile without a user has the lowest id, so that
// the first batch has it. A text column may hold anything.
func (m Mapping) ProfileUser() string {
	if m.hasOneProfilePerUser() {
		return "p.user_id"
	}
	id := "p.user_id"
	if c, _ := m.Source.Profiles.Column("user_id"); c.Type != "uuid" {
		id = "CASE WHEN p.user_id ~* '" + UUIDPattern + "' THEN p.user_id::uuid END"
	}
	return "coalesce(" + id + ", '" + MinUUID + "')"
}

// profileKey is the key of a row of profileRows in the ledger: the user's id, and for further rows of the same user,
// and rows without a user, an id made of that and the place.
func (m Mapping) profileKey() string {
	if m.hasOneProfilePerUser() {
		return "p.user_id"
	}
	user := m.ProfileUser()
	return "CASE WHEN d.place = 1 AND " + user + " <> '" + MinUUID + "' THEN " + user +
		" ELSE md5('profile ' || " + user + " || ' ' || d.place)::uuid END"
}
