package mapping

import (
	"maps"
	"slices"
	"strings"
)

// Profiles returns the projection of the profile table into user_profile.
func (m Mapping) Profiles(s Scope, r Rejections) string {
	columns := m.ProfileColumns()
	isFaulty, fields := m.profileFaults()
	return `SELECT ` + m.profileKey() + ` AS key, ` + m.ProfileUser() + ` AS user_id,
  ` + m.Source.Profiles.fingerprint("p") + ` AS raw, b.reason, b.fields,
  CASE WHEN b.reason IS NOT NULL OR b.fields IS NOT NULL THEN to_jsonb(p) END AS original,
  CASE WHEN b.reason IS NULL THEN ` + m.profileUnmapped(columns) + ` END AS residue,
  ` + selectList(columns) + `
FROM ` + m.profileRows(s) + `
` + joinUser(s, m.ProfileUser()) + `
CROSS JOIN LATERAL (
  SELECT CASE WHEN ` + m.ProfileUser() + ` = '` + MinUUID + `' THEN 'profile_without_user'
    WHEN u.id IS NULL THEN 'orphan_profile'
    WHEN (` + m.UserReason(r) + `) IS NOT NULL THEN 'parent_quarantined'
    WHEN ` + m.profileKey() + ` <> ` + m.ProfileUser() + ` THEN 'profile_duplicate'
    WHEN ` + r.Include(Profile, TargetError, "u.id") + ` THEN '` + TargetError + `'
    WHEN ` + r.Include(Profile, TargetProfileTaken, "u.id") + ` THEN '` + TargetProfileTaken + `' END AS reason,
    CASE WHEN ` + isFaulty + ` THEN ` + fields + ` END AS fields
  OFFSET 0
) b
WHERE ` + s.Contains(m.ProfileUser())
}

// profileFaults returns two SQL expressions: isFaulty is true if a field has a value that the target does not accept,
// and fields is the list of these fields as "field:reason". Postgres computes fields only for faulty rows, which are
// few.
func (m Mapping) profileFaults() (isFaulty, fields string) {
	var conditions, names []string
	add := func(condition, name string) {
		conditions, names = append(conditions, condition), append(names, "CASE WHEN "+condition+" THEN '"+name+"' END")
	}
	for _, f := range m.Options.fields() {
		for _, fault := range m.faults(f) {
			add(fault.condition, f.Name+":"+fault.reason)
		}
	}
	return strings.Join(append(conditions, "false"), "\n      OR "),
		"array_remove(ARRAY[" + strings.Join(append(names, "NULL::text"), ",\n      ") + "], NULL)"
}

// profileUnmapped returns SQL for the residue of a profile. It compares all values except timestamps as text, because
// their types in source and target can differ.
func (m Mapping) profileUnmapped(columns []Column) string {
	altered := map[string]string{}
	for _, c := range columns {
		from, ok := m.Source.Profiles.Column(c.Name)
		switch {
		case !ok:
		case strings.HasPrefix(from.Type, "timestamp"):
			altered[c.Name] = "(" + c.Expr + ")"
		default:
			altered[c.Name] = "(" + c.Expr + ")::text"
		}
	}
	return unmappedAsText(m.Source.Profiles, "p", []string{"user_id"}, altered)
}

// ProfileColumns returns the columns of user_profile that the target has, without id and user_id: their values are the
// columns key and user_id of the projection.
func (m Mapping) ProfileColumns() []Column {
	var columns []Column
	add := func(name, typ, expr string) {
		if m.Target.Profile.Has(name) {
			columns = append(columns, Column{name, typ, expr})
		}
	}
	for _, f := range m.Options.fields() {
		expr := f.defaultSQL()
		if m.Source.Profiles.Has(f.Name) {
			expr = m.valueSQL(f)
		}
		add(f.Name, f.sqlType(), expr)
	}
	created, updated := m.profileTime("created_at"), m.profileTime("updated_at")
	add("created_at", "timestamptz", "coalesce("+created+", "+m.createdAt()+")")
	add("updated_at", "timestamptz",
		"coalesce("+updated+", "+created+", "+timeOrNull("u.updated_at")+", "+m.createdAt()+")")
	return m.Target.Profile.withPrecision(columns)
}

func (m Mapping) profileTime(name string) string {
	switch c, _ := m.Source.Profiles.Column(name); c.Type {
	case "timestamp with time zone":
		return timeOrNull("p." + name)
	case "timestamp without time zone":
		return timeOrNull("(p." + name + " AT TIME ZONE 'UTC')")
	}
	return "NULL::timestamptz"
}

// choiceSQL returns an SQL expression for the value of a field, mapped by Options.ProfileValues, or NULL if the target
// does not allow the value.
func (m Mapping) choiceSQL(field string) string {
	value := "p." + Quote(field) + "::text"
	if to := m.Options.ProfileValues[field]; len(to) > 0 {
		sql := "CASE " + value
		for _, from := range slices.Sorted(maps.Keys(to)) {
			sql += " WHEN " + Literal(from) + " THEN " + Literal(to[from])
		}
		value = sql + " ELSE " + value + " END"
	}
	c, _ := m.Target.Profile.Column(field)
	allowed := slices.Concat(c.Allowed, c.Labels)
	if len(allowed) == 0 {
		return value
	}
	for i, a := range allowed {
		allowed[i] = Literal(a)
	}
	return "CASE WHEN (" + value + ") IN (" + strings.Join(allowed, ", ") + ") THEN " + value + " END"
}
