package importer

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// choices are the profile fields whose values the target bounds.
var choices = []string{"age_range", "education_level", "tech_background", "primary_goal", "learning_mode", "learning_speed"}

// profiles projects the profile table into user_profile.
func (m mapping) profiles(s scope, r rulings) string {
	skip := map[string]bool{"user_id": true}
	altered := map[string]string{}
	cols := m.profileColumns()
	for _, c := range cols {
		if m.src.profiles.has(c.name) {
			altered[c.name] = "(" + c.expr + ")"
		}
	}
	for _, c := range m.src.profiles.columns {
		if t, ok := altered[c.name]; ok && !strings.HasPrefix(c.typ, "timestamp") { // compared as text: the types may differ
			altered[c.name] = t + "::text"
		}
	}
	// A row without a fault, as most are, shall not cost a list of the faults that it has not.
	var faults, fields []string
	fault := func(condition, field string) {
		faults, fields = append(faults, condition), append(fields, "case when "+condition+" then '"+field+"' end")
	}
	for _, f := range choices {
		if m.src.profiles.has(f) && m.dst.profile.has(f) {
			fault("p."+quote(f)+" is not null and ("+m.choice(f)+") is null", f+":enum_unknown")
		}
	}
	if m.src.profiles.has("time_per_week") && m.dst.profile.has("time_per_week") {
		fault("p.time_per_week is not null and ("+m.hours()+") is null", "time_per_week:check_violation")
	}
	if m.src.profiles.has("preferred_language") {
		fault("char_length(p.preferred_language::text) > 10", "preferred_language:value_too_long")
		fault("p.preferred_language::text = ''", "preferred_language:check_violation")
	}
	return `select ` + m.profileKey() + ` as key, ` + m.profileUser() + ` as user_id, ` + m.src.profiles.fingerprint("p") + ` as raw, b.reason, b.fields,
  case when b.reason is not null or b.fields is not null then to_jsonb(p) end as original,
  case when b.reason is null then ` + residueAsText(m.src.profiles, "p", skip, altered) + ` end as residue,
  ` + selectList(cols) + `
from ` + m.profileRows(s) + `
` + owner(s, m.profileUser()) + `
cross join lateral (select case
    when ` + m.profileUser() + ` = '` + lowest + `' then 'profile_without_user'
    when u.id is null then 'orphan_profile'
    when (` + m.userReason(r) + `) is not null then 'parent_quarantined'
    when ` + m.profileKey() + ` <> ` + m.profileUser() + ` then 'profile_duplicate'
    when ` + r.hit(Profile, "target_error", "u.id") + ` then 'target_error'
    when ` + r.hit(Profile, "target_profile_taken", "u.id") + ` then 'target_profile_taken' end as reason,
    case when ` + strings.Join(append(faults, "false"), "\n      or ") + ` then
      array_remove(array[` + strings.Join(append(fields, "null::text"), ",\n      ") + `], null) end as fields
  offset 0) b
where ` + s.on(m.profileUser())
}

// residueAsText is residue where altered values are compared by their text.
func residueAsText(t table, row string, skip map[string]bool, altered map[string]string) string {
	var same []string
	for _, c := range t.columns {
		if in, ok := altered[c.name]; ok && strings.HasSuffix(in, "::text") {
			text := row + "." + quote(c.name) + "::text"
			name, _ := json.Marshal(c.name)
			same = append(same, "case when "+text+" is distinct from "+in+" then "+literal(string(name)+":")+" || to_json("+row+"."+quote(c.name)+")::text end")
			skip[c.name] = true
		}
	}
	return residue(t, row, skip, altered, same...)
}

// profileRows are the rows p of the profile table, as an item of FROM. Where the table lets a user have several, or
// none, d.place says which of the user's the row is, from the newest on, and only rows in the scope are read.
func (m mapping) profileRows(s scope) string {
	if m.oneProfile() {
		return m.src.profiles.sql() + " p"
	}
	order := ""
	for _, c := range []string{"updated_at", "created_at"} {
		if m.src.profiles.has(c) {
			order += "p." + c + " desc nulls last, "
		}
	}
	return "(select p, row_number() over (partition by " + m.profileUser() + " order by " + order + "p::text collate \"C\" desc) as place from " + m.src.profiles.sql() + " p where " +
		s.on(m.profileUser()) + ") d cross join lateral (select (d.p).*) p"
}

// oneProfile says that the table has at most one row a user, and none without.
func (m mapping) oneProfile() bool {
	c, _ := m.src.profiles.column("user_id")
	return c.unique && c.typ == "uuid"
}

// profileUser is the id of the user whom the profile p belongs to; of nobody's it is the lowest id there is, so that
// the first batch has it. A text column may hold anything.
func (m mapping) profileUser() string {
	if m.oneProfile() {
		return "p.user_id"
	}
	id := "p.user_id"
	if c, _ := m.src.profiles.column("user_id"); c.typ != "uuid" {
		id = "case when p.user_id ~* '" + uuidPattern + "' then p.user_id::uuid end"
	}
	return "coalesce(" + id + ", '" + lowest + "')"
}

// profileKey is the key of a row of profileRows in the ledger: the user's id, and for further rows of the same user,
// and rows of nobody, an id made of that and the place.
func (m mapping) profileKey() string {
	if m.oneProfile() {
		return "p.user_id"
	}
	return "case when d.place = 1 and " + m.profileUser() + " <> '" + lowest + "' then " + m.profileUser() + " else md5('profile ' || " + m.profileUser() + " || ' ' || d.place)::uuid end"
}

const uuidPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

func (m mapping) profileColumns() []mapped {
	var cols []mapped
	add := func(name, typ, expr string) {
		if m.dst.profile.has(name) {
			cols = append(cols, mapped{name, typ, expr})
		}
	}
	for _, f := range choices {
		expr := "null::text"
		if m.src.profiles.has(f) {
			expr = m.choice(f)
		}
		add(f, "text", expr)
	}
	hours, language := "null::integer", "'en'"
	if m.src.profiles.has("time_per_week") {
		hours = m.hours()
	}
	if m.src.profiles.has("preferred_language") {
		language = "case when char_length(p.preferred_language::text) between 1 and 10 then p.preferred_language::text else 'en' end"
	}
	add("time_per_week", "integer", hours)
	add("preferred_language", "text", language)
	created, updated := m.profileTime("created_at"), m.profileTime("updated_at")
	add("created_at", "timestamptz", "coalesce("+created+", "+m.createdAt()+")")
	add("updated_at", "timestamptz", "coalesce("+updated+", "+created+", "+usual("u.updated_at")+", "+m.createdAt()+")")
	return m.dst.profile.fit(cols)
}

func (m mapping) profileTime(name string) string {
	switch c, _ := m.src.profiles.column(name); c.typ {
	case "timestamp with time zone":
		return usual("p." + name)
	case "timestamp without time zone":
		return usual("(p." + name + " at time zone 'UTC')")
	}
	return "null::timestamptz"
}

// choice is a field's value, mapped if the options say so, or NULL where the target does not allow it.
func (m mapping) choice(field string) string {
	value := "p." + quote(field) + "::text"
	if to := m.o.ProfileValues[field]; len(to) > 0 {
		sql := "case " + value
		for _, from := range slices.Sorted(maps.Keys(to)) {
			sql += " when " + literal(from) + " then " + literal(to[from])
		}
		value = sql + " else " + value + " end"
	}
	c, _ := m.dst.profile.column(field)
	allowed := append(slices.Clone(c.check), c.labels...)
	if len(allowed) == 0 {
		return value
	}
	quotedValues := make([]string, len(allowed))
	for i, a := range allowed {
		quotedValues[i] = literal(a)
	}
	return "case when (" + value + ") in (" + strings.Join(quotedValues, ", ") + ") then " + value + " end"
}

func (m mapping) hours() string {
	switch c, _ := m.src.profiles.column("time_per_week"); c.typ {
	case "smallint", "integer", "bigint":
		return "case when p.time_per_week between 0 and 2147483647 then p.time_per_week::integer end"
	}
	return "case when p.time_per_week::text ~ '^[0-9]{1,9}$' then p.time_per_week::text::integer end"
}
