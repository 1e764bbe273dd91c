package dump

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

var (
	exportMembers = members(`id email email_confirmed_at encrypted_password phone phone_confirmed_at raw_app_meta_data
		raw_user_meta_data created_at updated_at last_sign_in_at banned_until is_anonymous`)
	exportIdentityMembers = members("id user_id provider provider_id identity_data created_at")
	exportFactorMembers   = members("id user_id factor_type status secret phone friendly_name created_at")
)

// exportReader writes the users of a service as rows of Supabase's tables.
type exportReader struct {
	*fileReader
	*userRows
	service service
	info    serviceInfo
	notes   notes
}

func newExportReader(f *fileReader, s service) (*exportReader, error) {
	columns := append(columnsOfMembers(exportMembers), otherMembers)
	rows, err := newUserRows(f.loader, f.options.tempDir, columns, map[string]string{otherMembers: "jsonb"})
	if err != nil {
		return nil, err
	}
	delete(f.loader.unknown, usersTable) // the notes name the members that it keeps
	_, err = rows.addTable("auth.identities", columnsOfMembers(exportIdentityMembers))
	return &exportReader{
		fileReader: f, userRows: rows, service: s, info: s.info(),
		notes: notes{counts: map[note]int64{}, kept: map[string]int64{}},
	}, err
}

func (e *exportReader) addJSON(user object) error { return e.addUser(fields{members: user}) }

// addUser writes the rows of a user.
func (e *exportReader) addUser(f fields) error {
	u, err := e.service.user(f, &e.notes)
	if err != nil {
		return err
	}
	if u.id == "" {
		return refuse("user %d of %s has no %s, so the file is not %s, or it is damaged", e.rows[usersTable]+1,
			e.file.Name, e.info.id, e.info.export)
	}
	rest := f.rest()
	for name := range rest {
		e.notes.kept[name]++
	}
	id := quoted(e.info.userID(u.id))
	if err := writeRow(e.out, exportMembers, u.row(id), jsonText(encodeObject(rest), true)); err != nil {
		return err
	}
	e.rows[usersTable]++
	if u.email != "" && (u.password == "" || u.passwordUnusable) && len(u.identities) == 0 {
		e.file.ResetMails++
	}
	return e.addChildren(id, u)
}

// row returns the row of auth.users.
func (u exportedUser) row(id json.RawMessage) object {
	known := "1970-01-01T00:00:00Z" // the file does not say when the user confirmed
	for _, t := range []time.Time{u.lastSignIn, u.created} {
		if !t.IsZero() {
			known = t.Format(time.RFC3339Nano)
		}
	}
	timeIf := func(condition bool, text string) json.RawMessage {
		if !condition {
			return nil
		}
		return quoted(text)
	}
	return object{
		"id": id, "email": quoted(u.email), "email_confirmed_at": timeIf(u.emailVerified, known),
		"encrypted_password": quoted(u.password),
		"phone":              quoted(u.phone), "phone_confirmed_at": timeIf(u.phoneVerified, known),
		"raw_app_meta_data": metadata(u.appMetadata), "raw_user_meta_data": metadata(u.userMetadata),
		"created_at": quotedTime(u.created), "updated_at": quotedTime(u.updated),
		"last_sign_in_at": quotedTime(u.lastSignIn), "banned_until": timeIf(u.banned, "infinity"),
		"is_anonymous": json.RawMessage(fmt.Sprint(u.anonymous)),
	}
}

// addChildren writes the identities and second factors of a user.
func (e *exportReader) addChildren(id json.RawMessage, u exportedUser) error {
	for n, i := range u.identities {
		err := e.add("auth.identities", exportIdentityMembers, object{
			"id": derivedID(id, quoted("identity"), quoted(fmt.Sprint(n))), "user_id": id, "provider": quoted(i.provider),
			"provider_id": quoted(i.subject), "identity_data": encodeObject(i.data), "created_at": quotedTime(u.created),
		})
		if err != nil {
			return err
		}
	}
	for n, factor := range u.factors {
		err := e.add("auth.mfa_factors", exportFactorMembers, object{
			"id": derivedID(id, quoted("factor"), quoted(fmt.Sprint(n))), "user_id": id, "factor_type": quoted(factor.kind),
			"status": quoted("verified"), "secret": quoted(factor.secret), "phone": quoted(factor.phone),
			"friendly_name": quoted(factor.name), "created_at": quotedTime(u.created),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finish completes the rows and the description of the file.
func (e *exportReader) finish() error {
	if e.notes.knowsFactors {
		if _, err := e.addTable("auth.mfa_factors", columnsOfMembers(exportFactorMembers)); err != nil {
			return err
		}
	} else {
		e.file.Warnings = append(e.file.Warnings, "the file does not say who has a second factor in "+e.info.name+
			": use --mfa allow, and tell these users to set up a new one")
	}
	e.file.Service = e.info.name
	e.file.Rows, e.file.Skipped, e.file.Columns = e.rows, map[string]int64{}, columnsOfMembers(exportMembers)
	e.file.Warnings = append(e.file.Warnings, e.notes.warnings()...)
	return e.userRows.finish()
}

// quoted returns a text as JSON, or nil for "".
func quoted(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	out, _ := json.Marshal(text) // encoding a string cannot fail
	return out
}

func quotedTime(t time.Time) json.RawMessage {
	if t.IsZero() {
		return nil
	}
	return quoted(t.Format(time.RFC3339Nano))
}

// metadata returns an object as JSON, without empty values.
func metadata(values map[string]any) json.RawMessage {
	maps.DeleteFunc(values, func(_ string, v any) bool {
		raw, isJSON := v.(json.RawMessage)
		return v == "" || isJSON && raw == nil
	})
	if len(values) == 0 {
		return nil
	}
	text, _ := json.Marshal(values) // its values are texts and valid JSON
	return text
}

// note is something about users that the operator has to know.
type note struct{ what, explanation string }

// notes counts users by what the operator has to know about them.
type notes struct {
	order        []note
	counts       map[note]int64
	kept         map[string]int64 // users by the members that Xenon has no place for
	knowsFactors bool             // the file says which users have a second factor
}

func (n *notes) add(what, explanation string) {
	key := note{what, explanation}
	if n.counts[key] == 0 {
		n.order = append(n.order, key)
	}
	n.counts[key]++
}

// warnings returns a text for each note.
func (n *notes) warnings() (all []string) {
	for _, key := range n.order {
		all = append(all, fmt.Sprintf("%s: %d. %s", key.what, n.counts[key], key.explanation))
	}
	var kept []string
	for _, name := range slices.Sorted(maps.Keys(n.kept)) {
		kept = append(kept, fmt.Sprintf("%s (%d)", name, n.kept[name]))
	}
	if len(kept) > 0 {
		all = append(all, "values that Xenon has no column for, with the number of users: "+strings.Join(kept, ", ")+
			". The ledger keeps them, under "+otherMembers)
	}
	return all
}
