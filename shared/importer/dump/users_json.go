package dump

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// member is a member of a JSON object with the column that gets its value.
type member struct{ name, column string }

// members returns members whose columns have the same name, and those with other columns as "name=column".
func members(list string) (all []member) {
	for word := range strings.FieldsSeq(list) {
		name, column, found := strings.Cut(word, "=")
		if !found {
			column = name
		}
		all = append(all, member{name, column})
	}
	return all
}

// otherMembers is the column that keeps the members of a user that have no column in auth.users.
const otherMembers = "other_members"

var (
	// userMembers are the members of a user in Supabase's API.
	userMembers = members(`id aud role email phone email_confirmed_at phone_confirmed_at confirmation_sent_at
		recovery_sent_at email_change_sent_at phone_change_sent_at reauthentication_sent_at new_email=email_change
		new_phone=phone_change invited_at last_sign_in_at app_metadata=raw_app_meta_data user_metadata=raw_user_meta_data
		is_anonymous is_sso_user is_super_admin created_at updated_at banned_until deleted_at`)
	identityMembers = members(`identity_id=id id=provider_id user_id identity_data provider last_sign_in_at created_at
		updated_at`)
	factorMembers = members("id user_id friendly_name factor_type status created_at updated_at phone last_challenged_at")
	// derivedMembers are members that another member or another table has.
	derivedMembers = []string{"confirmed_at", "identities", "factors"}
)

func columnsOfMembers(all []member) (columns []string) {
	for _, m := range all {
		columns = append(columns, m.column)
	}
	return columns
}

// usersAPI is the function of Supabase that returns the users.
const usersAPI = "auth.admin.listUsers"

// supabaseUsers writes the rows of users as Supabase's API returns them.
type supabaseUsers struct{ *userRows }

// readJSON reads users from JSON. The list of users never has password hashes.
func (f *fileReader) readJSON(r io.Reader) error {
	columns := append(columnsOfMembers(userMembers), otherMembers)
	rows, err := newUserRows(f.loader, f.options.tempDir, columns, nil)
	if err != nil {
		return err
	}
	defer rows.close()
	j := jsonReader{
		fileReader: f, dec: json.NewDecoder(r), what: usersAPI, id: "id", each: supabaseUsers{rows}.write,
	}
	if err := j.readAll(); err != nil {
		return err
	}
	f.file.Rows, f.file.Skipped = rows.rows, map[string]int64{}
	f.file.Columns = columnsOfMembers(userMembers)
	if err := j.checkTotal(); err != nil {
		return err
	}
	return rows.finish()
}

// write writes the rows of a user.
func (s supabaseUsers) write(user object) error {
	known := slices.Clone(derivedMembers)
	for _, m := range userMembers {
		known = append(known, m.name)
	}
	rest := object{}
	for name, value := range user {
		if !slices.Contains(known, name) {
			rest[name] = value
		}
	}
	if err := writeRow(s.out, userMembers, user, jsonText(encodeObject(rest), true)); err != nil {
		return err
	}
	s.rows[usersTable]++
	if err := s.child(user, "auth.identities", "identities", identityMembers); err != nil {
		return err
	}
	return s.child(user, "auth.mfa_factors", "factors", factorMembers)
}

// encodeObject returns the object as JSON, or nil if it has no members.
func encodeObject(o object) json.RawMessage {
	if len(o) == 0 {
		return nil
	}
	text, _ := json.Marshal(o) // its values are valid JSON
	return text
}

// child writes the rows of another table that a user has. The list of users has null in place of identities.
func (s supabaseUsers) child(user object, table, name string, members []member) error {
	var objects []object
	if raw := bytes.TrimSpace(user[name]); len(raw) == 0 || string(raw) == "null" {
		return nil
	} else if err := json.Unmarshal(raw, &objects); err != nil {
		return err
	}
	if _, err := s.addTable(table, columnsOfMembers(members)); err != nil {
		return err
	}
	for _, o := range objects {
		o["user_id"] = user["id"]
		if table == "auth.identities" && o["identity_id"] == nil {
			o["identity_id"] = derivedID(o["provider"], o["id"]) // an old release of Supabase Auth
		}
		if err := s.add(table, members, o); err != nil {
			return err
		}
	}
	return nil
}
