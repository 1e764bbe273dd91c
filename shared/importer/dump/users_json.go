package dump

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
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

// jsonReader reads the JSON of auth.admin.listUsers: an array of users, the answer of the API, or several of them.
type jsonReader struct {
	*fileReader
	dec   *json.Decoder
	out   io.Writer // rows of auth.users
	rows  map[string]int64
	total int64 // the number of users of the project, if the answers tell it

	// The rows of other tables are kept in files until all users are read.
	others map[string]*spool
}

// readJSON reads users from JSON. The list of users never has password hashes.
func (f *fileReader) readJSON(r io.Reader) error {
	out, err := f.loader.begin(usersTable, append(columnsOfMembers(userMembers), otherMembers), nil)
	if err != nil {
		return err
	}
	j := jsonReader{
		fileReader: f, dec: json.NewDecoder(r), out: out, rows: map[string]int64{usersTable: 0},
		others: map[string]*spool{},
	}
	defer j.closeSpools()
	for {
		if err = j.document(); err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) {
		return j.syntaxError(err)
	}
	f.file.Rows, f.file.Skipped = j.rows, map[string]int64{}
	f.file.Columns = columnsOfMembers(userMembers)
	if n := j.rows[usersTable]; j.total > n {
		return refuse("%s has %d of %d users: auth.admin.listUsers returns pages; write all pages into the file, one after "+
			"the other", f.file.Name, n, j.total)
	}
	if err := f.loader.end(j.rows[usersTable]); err != nil {
		return err
	}
	return j.loadSpools()
}

// document reads one value at the top level. It returns io.EOF if there is none.
func (j *jsonReader) document() error {
	token, err := j.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		return j.users()
	case json.Delim('{'):
		return j.object()
	}
	return j.refuseValue()
}

func (j *jsonReader) refuseValue() error {
	return refuse("%s is not the JSON of auth.admin.listUsers: it has no list of users", j.file.Name)
}

// syntaxError returns the refusal for an error of the decoder.
func (j *jsonReader) syntaxError(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errCut):
		return cutShort("the JSON ends after %d users", j.rows[usersTable])
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		return refuse("%s is not valid JSON of auth.admin.listUsers, near byte %d", j.file.Name, j.dec.InputOffset())
	}
	return err
}

// users reads the users of an array and its end.
func (j *jsonReader) users() error {
	for j.dec.More() {
		var user map[string]json.RawMessage
		if err := j.dec.Decode(&user); err != nil {
			return cutAtEnd(err)
		}
		if err := j.user(user); err != nil {
			return err
		}
	}
	_, err := j.dec.Token()
	return cutAtEnd(err)
}

// cutAtEnd turns the end of the file within a value into errCut.
func cutAtEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// object reads an object after its brace: an answer of the API with the list of users, or one user.
func (j *jsonReader) object() error {
	members, lists := map[string]json.RawMessage{}, 0
	for j.dec.More() {
		name, err := j.dec.Token()
		if err != nil {
			return cutAtEnd(err)
		}
		text, _ := name.(string) // the decoder has checked that it is one
		if text != "users" && text != "data" {
			var value json.RawMessage
			if err := j.dec.Decode(&value); err != nil {
				return cutAtEnd(err)
			}
			members[text] = value
			continue
		}
		lists++
		if err := cutAtEnd(j.document()); err != nil {
			return err
		}
	}
	if _, err := j.dec.Token(); err != nil {
		return cutAtEnd(err)
	}
	var total int64
	if json.Unmarshal(members["total"], &total) == nil {
		j.total = max(j.total, total)
	}
	if members["id"] != nil && lists == 0 {
		return j.user(members)
	}
	if lists == 0 {
		return j.refuseValue()
	}
	return nil
}

// user writes the rows of a user.
func (j *jsonReader) user(user map[string]json.RawMessage) error {
	known := slices.Clone(derivedMembers)
	for _, m := range userMembers {
		known = append(known, m.name)
	}
	rest := map[string]json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(user)) {
		if !slices.Contains(known, name) {
			rest[name] = user[name]
		}
	}
	var other json.RawMessage
	if len(rest) > 0 {
		other, _ = json.Marshal(rest) // its values are valid JSON
	}
	if err := writeRow(j.out, userMembers, user, jsonText(other, true)); err != nil {
		return err
	}
	j.rows[usersTable]++
	if err := j.child(user, "auth.identities", "identities", identityMembers); err != nil {
		return err
	}
	return j.child(user, "auth.mfa_factors", "factors", factorMembers)
}

// child keeps the rows of another table that a user has. The list of users has null in place of identities.
func (j *jsonReader) child(user map[string]json.RawMessage, table, name string, members []member) error {
	var objects []map[string]json.RawMessage
	if raw := bytes.TrimSpace(user[name]); len(raw) == 0 || string(raw) == "null" {
		return nil
	} else if err := json.Unmarshal(raw, &objects); err != nil {
		return err
	}
	s := j.others[table]
	if s == nil {
		var err error
		if s, err = newSpool(j.options.tempDir); err != nil {
			return err
		}
		j.others[table] = s
		j.rows[table] = 0
		s.columns = columnsOfMembers(members)
	}
	for _, o := range objects {
		o["user_id"] = user["id"]
		if table == "auth.identities" && o["identity_id"] == nil {
			o["identity_id"] = derivedID(o["provider"], o["id"]) // an old release of Supabase Auth
		}
		if err := writeRow(s, members, o); err != nil {
			return err
		}
		j.rows[table]++
	}
	return nil
}

// loadSpools copies the rows of the other tables.
func (j *jsonReader) loadSpools() error {
	for table, s := range j.others {
		w, err := j.loader.begin(table, s.columns, nil)
		if err != nil {
			return err
		}
		if err := s.copyTo(w); err != nil {
			return err
		}
		if err := j.loader.end(j.rows[table]); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonReader) closeSpools() {
	for _, s := range j.others {
		s.close()
	}
}
