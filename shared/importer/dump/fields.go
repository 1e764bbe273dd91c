package dump

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// fields are the values of an exported user that were not taken yet. What remains at the end is kept in the ledger, so
// that no value gets lost.
type fields struct {
	members object
	isCSV   bool // the values are those of columns: texts, also "" for an empty one
}

// has reports whether the file has this member, perhaps without a value.
func (f fields) has(name string) bool { return f.members[name] != nil }

// text returns a text, a number or a boolean as a text, or "".
func (f fields) text(name string) string {
	raw := bytes.TrimSpace(f.members[name])
	var text string
	switch {
	case len(raw) == 0, raw[0] == '{', raw[0] == '[', string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(raw)
	}
	_ = json.Unmarshal(raw, &text) // the decoder has checked the value
	return strings.TrimSpace(text)
}

func (f fields) takeText(name string) string {
	text := f.text(name)
	if text != "" {
		delete(f.members, name)
	}
	return text
}

// takeBool returns whether the value is true.
func (f fields) takeBool(name string) bool { return strings.EqualFold(f.takeText(name), "true") }

var digits = regexp.MustCompile(`^[0-9]{1,14}$`)

// takeTime returns a time in milliseconds since 1970 or in the form of RFC 3339. It returns the zero time if there is
// none, or if it has another form: then the value remains.
func (f fields) takeTime(name string) (t time.Time) {
	text := f.text(name)
	if digits.MatchString(text) {
		n, _ := strconv.ParseInt(text, 10, 64) // has at most 14 digits
		t = time.UnixMilli(n).UTC()
	} else if parsed, err := time.Parse(time.RFC3339Nano, text); err == nil {
		t = parsed.UTC()
	}
	if !t.IsZero() {
		delete(f.members, name)
	}
	return t
}

// list returns the texts of an array, or of a text that separates them with commas or "|".
func (f fields) list(name string) (all []string) {
	if json.Unmarshal(f.members[name], &all) == nil {
		return all
	}
	for part := range strings.FieldsFuncSeq(f.text(name), func(r rune) bool { return r == ',' || r == '|' }) {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// objects returns the objects of an array, or nil.
func (f fields) objects(name string) (all []fields) {
	var objects []object
	if json.Unmarshal(f.members[name], &objects) != nil {
		return nil
	}
	for _, o := range objects {
		if o == nil {
			o = object{}
		}
		all = append(all, fields{members: o})
	}
	return all
}

// takeObjects calls take for each object of an array. Objects for which it returns false remain.
func (f fields) takeObjects(name string, take func(fields) bool) {
	var remaining []object
	all := f.objects(name)
	for _, o := range all {
		if !take(o) {
			remaining = append(remaining, o.members)
		}
	}
	if len(all) == 0 {
		return
	}
	delete(f.members, name)
	if len(remaining) > 0 {
		f.members[name], _ = json.Marshal(remaining) // its values are valid JSON
	}
}

// takeObject returns an object, also one that is a text with JSON, or nil.
func (f fields) takeObject(name string) json.RawMessage {
	raw := json.RawMessage(bytes.TrimSpace(f.members[name]))
	if text := f.text(name); strings.HasPrefix(text, "{") {
		raw = json.RawMessage(text)
	}
	var o object
	if json.Unmarshal(raw, &o) != nil || o == nil {
		return nil
	}
	delete(f.members, name)
	return encodeObject(o)
}

func (f fields) drop(names ...string) {
	for _, name := range names {
		delete(f.members, name)
	}
}

// rest returns the values that were not taken, without empty ones and false.
func (f fields) rest() object {
	all := object{}
	for name, value := range f.members {
		switch string(bytes.TrimSpace(value)) {
		case "", "null", "false", `""`, "[]", "{}":
		default:
			all[name] = value
		}
	}
	return all
}
