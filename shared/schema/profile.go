package schema

import "github.com/xenon-auth/xenon/shared/profilefields"

// ProfileTable is the name of the table with the profiles.
const ProfileTable = "user_profile"

// declaredRepair repairs the column of a field.
const declaredRepair = "xenon schema up, with the same PROFILE_FIELDS"

// ProfileColumns returns the columns of user_profile that the fields of the profile need.
func ProfileColumns(fields []profilefields.Field) []Column {
	columns := make([]Column, len(fields))
	for i, f := range fields {
		columns[i] = Column{Name: f.Name, Type: TypeOfField(f.Type), Writes: Nulls, Declared: true}
		if !f.IsNullable() {
			columns[i].Writes, columns[i].NotNull = Values, true
		}
	}
	return columns
}

// TypeOfField returns the type of the column of a field.
func TypeOfField(t profilefields.Type) Type {
	switch t {
	case profilefields.Integer:
		return Integer
	case profilefields.Boolean:
		return Boolean
	case profilefields.Choice, profilefields.Text:
	}
	return Text
}

// Accepts reports whether a column of the type that format_type returns can hold values of type t.
func (t Type) Accepts(shown string) bool { return t.accepts(shown) }
