package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// The statements on profiles. The words in braces stand for lists of columns: {columns} for all columns of the profile
// p, and the others for the columns of the fields.
var (
	readProfileSQL = `
		WITH ` + tokenHolderCTE + `
		SELECT refused, p.id IS NOT NULL, {columns}
		FROM token_holder
		LEFT JOIN user_profile p ON p.user_id = $1::uuid`

	createProfileSQL = `
		WITH ` + tokenHolderCTE + `, created_profile AS (
			INSERT INTO user_profile AS p (user_id, {fields})
			SELECT $1::uuid, {valuesOrDefaults}
			FROM token_holder, jsonb_populate_record(null::user_profile, $4::text::jsonb) f
			WHERE refused IS NULL
			RETURNING {columns}
		)
		SELECT refused, false, {columns}
		FROM token_holder
		LEFT JOIN created_profile p ON true`

	updateProfileSQL = `
		WITH ` + tokenHolderCTE + `, changed_profile AS (
			UPDATE user_profile p
			SET ({fields}) = (
				SELECT {values}
				FROM jsonb_populate_record(p, $4::text::jsonb) f
			)
			WHERE p.user_id = $1::uuid
			  AND ($5::timestamptz[] IS NULL OR p.updated_at = ANY ($5::timestamptz[]))
			  AND EXISTS (SELECT FROM token_holder WHERE refused IS NULL)
			RETURNING {columns}
		)
		SELECT refused, EXISTS (SELECT FROM user_profile WHERE user_id = $1::uuid), {columns}
		FROM token_holder
		LEFT JOIN changed_profile p ON true`
)

// profileTable has the statements on the table user_profile. They depend on the declared fields, so a Store builds them
// once. The texts never change, so that frequent statements can be prepared.
type profileTable struct {
	fields               profilefields.Fields
	read, create, update string
	members              [][]byte // `,"name":` of each field
	scanRow              pgx.RowToFunc[profileResult]
}

// profileValue is the value of a field. The pointer of the type of the field is set, unless the field is null.
type profileValue struct {
	text    *string
	number  *int32
	boolean *bool
}

// UseProfileFields makes s use the columns of these fields, and returns s. Without fields, s reads and writes no
// profiles. Call it before the first statement.
func (s *Store) UseProfileFields(fields profilefields.Fields) *Store {
	if len(fields) > 0 {
		s.profile = newProfileTable(fields)
	}
	return s
}

// ProfileFields returns the fields of UseProfileFields; nil if it was not called.
func (s *Store) ProfileFields() profilefields.Fields {
	if s.profile == nil {
		return nil
	}
	return s.profile.fields
}

func newProfileTable(fields profilefields.Fields) *profileTable {
	t := &profileTable{fields: fields}
	for _, f := range fields {
		t.members = append(t.members, []byte(`,"`+f.Name+`":`))
	}
	t.scanRow = t.scan
	complete := strings.NewReplacer(
		"{columns}", t.columns("p"), "{fields}", t.list("", quoted), "{values}", t.list("f.", quoted),
		"{valuesOrDefaults}", t.list("f.", withDefault))
	t.read, t.create, t.update = complete.Replace(readProfileSQL), complete.Replace(createProfileSQL),
		complete.Replace(updateProfileSQL)
	return t
}

// columns returns the list of all columns of the profile.
func (t *profileTable) columns(alias string) string {
	return alias + ".id, " + alias + ".user_id, " + t.list(alias+".", quoted) + ", " +
		alias + ".created_at, " + alias + ".updated_at"
}

// list returns the list of the columns of the fields, each in the form that write gives it.
func (t *profileTable) list(prefix string, write func(prefix string, f profilefields.Field) string) string {
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = write(prefix, f)
	}
	return strings.Join(names, ", ")
}

func quoted(prefix string, f profilefields.Field) string {
	return prefix + pgx.Identifier{f.Name}.Sanitize()
}

func withDefault(prefix string, f profilefields.Field) string {
	if f.IsNullable() {
		return quoted(prefix, f)
	}
	return "coalesce(" + quoted(prefix, f) + ", " + f.SQLDefault() + ")"
}

// scan reads a row of one of the statements.
func (t *profileTable) scan(row pgx.CollectableRow) (r profileResult, err error) {
	var id, userID *string
	var createdAt, updatedAt *time.Time
	values := make([]profileValue, len(t.fields))
	into := make([]any, 0, len(t.fields)+6)
	into = append(into, &r.refused, &r.existed, &id, &userID)
	for i := range values {
		into = append(into, values[i].pointer(t.fields[i].Type))
	}
	err = row.Scan(append(into, &createdAt, &updatedAt)...)
	if err != nil || id == nil {
		return r, err
	}
	r.found = true
	r.Profile = Profile{
		ID: *id, UserID: *userID, CreatedAt: createdAt.UTC(), UpdatedAt: updatedAt.UTC(), values: values, table: t,
	}
	return r, nil
}

// pointer returns where a column of the type is read into.
func (v *profileValue) pointer(typ profilefields.Type) any {
	switch typ {
	case profilefields.Integer:
		return &v.number
	case profilefields.Boolean:
		return &v.boolean
	case profilefields.Choice, profilefields.Text:
	}
	return &v.text
}

// Value returns the value of a field: a string, an int32, a bool, or nil.
func (p Profile) Value(name string) any {
	for i, v := range p.values {
		switch {
		case p.table.fields[i].Name != name:
		case v.text != nil:
			return *v.text
		case v.number != nil:
			return *v.number
		case v.boolean != nil:
			return *v.boolean
		}
	}
	return nil
}

// AppendJSON appends the profile as a JSON object, with the fields in the order of the declaration.
func (p Profile) AppendJSON(b []byte) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, p.ID...)
	b = append(b, `","user_id":"`...)
	b = append(b, p.UserID...)
	b = append(b, '"')
	for i, v := range p.values {
		b = append(b, p.table.members[i]...)
		switch {
		case v.text != nil:
			b = stringify.AppendString(b, *v.text)
		case v.number != nil:
			b = strconv.AppendInt(b, int64(*v.number), 10)
		case v.boolean != nil:
			b = strconv.AppendBool(b, *v.boolean)
		default:
			b = append(b, "null"...)
		}
	}
	b = append(b, `,"created_at":"`...)
	b = p.CreatedAt.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","updated_at":"`...)
	b = p.UpdatedAt.AppendFormat(b, time.RFC3339Nano)
	return append(b, `"}`...)
}
