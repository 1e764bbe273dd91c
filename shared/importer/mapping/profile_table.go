package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// UUIDPattern matches the text of a UUID in lower case. The operator ~* also accepts upper case.
const UUIDPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

// ProfileTableRefusals returns the reasons why the profile table cannot be imported, as far as the catalog shows them.
// It returns none if the table does not exist (checkProfileTable in package run handles this), and none if it is the
// default table without a renamed column and the role cannot read it: then the import leaves out the profiles.
func (m Mapping) ProfileTableRefusals() []string {
	t := m.Source.Profiles
	switch {
	case t.Name == "" || !t.Exists || t.Name == DefaultProfiles && !t.IsUsable() && !m.Options.RenamesProfileColumns():
		return nil
	case !t.Readable:
		return []string{t.Name + " cannot be read by this role: use the role postgres, or grant select on it"}
	case t.Foreign:
		return []string{t.Name + " is a foreign table, whose rows are on another server: use a table of this database, " +
			"or --profiles none"}
	}
	if why := m.renameRefusals(); len(why) > 0 {
		return why
	}
	if !t.hasUserID() {
		return []string{fmt.Sprintf("%s has no column user_id of type uuid or text, which the import needs to find the user "+
			"of a profile: name the column with --profile-key (columns of type uuid: %s), or use another table, or "+
			"--profiles none", t.Name, t.uuidColumns())}
	}
	if t.Name != DefaultProfiles && len(m.ProfilePlaces().Mapped) == 0 {
		return []string{fmt.Sprintf("%s has none of the columns of user_profile (%s): name such columns with "+
			"--profile-column OLD=NEW, or use another table, or --profiles none",
			t.Name, strings.Join(m.Options.fieldNames(), ", "))}
	}
	return nil
}

// HasXenonProfiles reports whether the profile table has the id of the user in the column user_id, and at least one
// column of user_profile.
func (m Mapping) HasXenonProfiles() bool {
	t := m.Source.Profiles
	return t.IsUsable() && !t.Foreign && t.hasUserID() && len(m.ProfilePlaces().Mapped) > 0
}

// hasUserID reports whether the table has a column user_id of a type that can have the id of a user.
func (t Table) hasUserID() bool {
	c, _ := t.Column("user_id")
	return slices.Contains([]string{"uuid", "text", "character varying"}, c.Type)
}

// ProfileColumnPlaces lists the columns of the profile table, by where the import stores them.
type ProfileColumnPlaces struct {
	Mapped   []string `json:"placed"`  // in user_profile
	Unmapped []string `json:"residue"` // in the residue of the ledger
}

// ProfilePlaces returns the columns of the profile table, by where the import stores them. It leaves out user_id,
// generated columns, and the timestamps created_at and updated_at. A renamed column has the form OLD=NEW.
func (m Mapping) ProfilePlaces() ProfileColumnPlaces {
	p := ProfileColumnPlaces{Mapped: []string{}, Unmapped: []string{}}
	if !m.Source.Profiles.IsUsable() {
		return p
	}
	columns := m.ProfileColumns()
	for _, c := range m.Source.Profiles.Columns {
		isMapped := slices.ContainsFunc(columns, func(to Column) bool { return to.Name == c.Name })
		isTime := c.Name == "created_at" || c.Name == "updated_at"
		switch {
		case c.Name == "user_id" || c.Generated || isTime && strings.HasPrefix(c.Type, "timestamp"):
		case isMapped && !isTime:
			p.Mapped = append(p.Mapped, c.nameInPlan())
		default:
			p.Unmapped = append(p.Unmapped, c.nameInPlan())
		}
	}
	return p
}

// profileRows returns a FROM item with the rows p of the profile table. If user_id is not a unique UUID, there can be
// several profiles for one user, and profiles without a user. Then the query reads only the rows in the scope, and
// d.position numbers the profiles of each user, newest first.
func (m Mapping) profileRows(s Scope) string {
	if m.hasOneProfilePerUser() {
		return m.Source.Profiles.From() + " p"
	}
	order := ""
	for _, c := range []string{"updated_at", "created_at"} {
		if m.Source.Profiles.Has(c) {
			order += "p." + c + " DESC NULLS LAST, "
		}
	}
	return `(
  SELECT p, row_number() OVER (PARTITION BY ` + m.ProfileUser() + `
    ORDER BY ` + order + `p::text COLLATE "C" DESC) AS position
  FROM ` + m.Source.Profiles.From() + ` p
  WHERE ` + s.Contains(m.ProfileUser()) + `
) d
CROSS JOIN LATERAL (SELECT (d.p).*) p`
}

// hasOneProfilePerUser reports whether user_id is a UUID that is unique and never NULL.
func (m Mapping) hasOneProfilePerUser() bool {
	c, _ := m.Source.Profiles.Column("user_id")
	return c.Unique && c.Type == "uuid"
}

// ProfileUser returns an SQL expression for the id of the user of the profile p. A profile whose user_id is NULL or, in
// a text column, not a UUID has the id MinUUID, so that it belongs to the first batch.
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

// profileKey returns an SQL expression for the ledger key of a row of profileRows. For the newest profile of a user it
// is the id of the user; for the other profiles of the user, and for profiles without a user, a hash of ProfileUser and
// the position.
func (m Mapping) profileKey() string {
	if m.hasOneProfilePerUser() {
		return "p.user_id"
	}
	user := m.ProfileUser()
	return "CASE WHEN d.position = 1 AND " + user + " <> '" + MinUUID + "' THEN " + user +
		" ELSE md5('profile ' || " + user + " || ' ' || d.position)::uuid END"
}
