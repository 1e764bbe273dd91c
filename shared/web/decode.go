package web

import (
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Decode fills dst, a pointer to a struct, from the body that ReadBody parsed, and answers as the library's schema
// would: all faults in one VALIDATION_ERROR, in the order of the fields (contract: validation messages).
//
// The type of a field says what is expected. string and bool are required; pointers, slices and maps may be absent, but
// not null; Nullable may be both; any takes anything. Structs nest. The tag `is:` adds a check of text: "email",
// "nonempty", "max=256" (characters, by Length), or "choice", which only changes the words for what is no text at all;
// a map may have a method Fault() string. Unknown members are ignored. expected names what the body itself has to be,
// once for each of the library's schemas of that route; default "object".
func Decode(r *http.Request, dst any, expected ...string) error {
	if len(expected) == 0 {
		expected = []string{"object"}
	}
	body := bodyOf(r)
	object, ok := body.(map[string]any)
	if !ok {
		var faults []string
		for _, want := range expected {
			faults = append(faults, "[body] "+wrongType(want, body))
		}
		return Invalid(faults...)
	}
	return Invalid(fill("body", object, reflect.ValueOf(dst).Elem())...)
}

// DecodeQuery is Decode for the query of r, where a parameter is text, or a list when it is repeated.
func DecodeQuery(r *http.Request, dst any) error {
	return Invalid(fill("query", Query(r), reflect.ValueOf(dst).Elem())...)
}

// Invalid is the library's answer to faults of the form "[body.name] what is wrong", nil if there are none.
func Invalid(faults ...string) error {
	if len(faults) == 0 {
		return nil
	}
	return NewError(http.StatusBadRequest, "VALIDATION_ERROR", strings.Join(faults, "; "))
}

// Nullable is a member of a body that may be absent, or null, or a T.
type Nullable[T any] struct {
	Present bool
	Value   *T // nil for null
}

func (n *Nullable[T]) open() reflect.Value {
	n.Present = true
	return reflect.ValueOf(&n.Value).Elem()
}

// fill stores the members of object in the fields of dst and returns what is wrong with them.
func fill(path string, object map[string]any, dst reflect.Value) (faults []string) {
	for i := range dst.NumField() {
		field := dst.Type().Field(i)
		name := field.Tag.Get("json")
		value, present := object[name]
		if !present {
			value = undefined{}
		}
		faults = append(faults, set(path+"."+name, value, dst.Field(i), field.Tag.Get("is"))...)
	}
	return faults
}

// set stores value in dst and returns what is wrong with it.
func set(path string, value any, dst reflect.Value, is string) []string {
	_, absent := value.(undefined)
	if nullable, ok := dst.Addr().Interface().(interface{ open() reflect.Value }); ok {
		if absent {
			return nil
		}
		if dst = nullable.open(); value == nil {
			return nil
		}
	}
	switch dst.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if absent {
			return nil
		}
	default:
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	fault := ""
	switch dst.Kind() {
	case reflect.String:
		fault = setText(value, dst, is)
	case reflect.Bool:
		fault = setAs[bool]("boolean", value, dst)
	case reflect.Float64:
		fault = setAs[float64]("number", value, dst)
	case reflect.Struct:
		object, ok := value.(map[string]any)
		if ok {
			return fill(path, object, dst)
		}
		fault = wrongType("object", value)
	case reflect.Slice:
		return setList(path, value, dst)
	case reflect.Map:
		return setRecord(path, value, dst)
	default:
		if value != nil {
			dst.Set(reflect.ValueOf(value))
		}
	}
	if fault == "" {
		return nil
	}
	faults := []string{"[" + path + "] " + fault}
	if list, ok := value.([]any); ok && len(list) == 0 && is == "nonempty" { // the library measures what it should not
		faults = append(faults, "["+path+"] Too small: expected array to have >=1 items")
	}
	return faults
}

func setAs[T any](want string, value any, dst reflect.Value) string {
	v, ok := value.(T)
	if !ok {
		return wrongType(want, value)
	}
	dst.Set(reflect.ValueOf(v))
	return ""
}

func setText(value any, dst reflect.Value, is string) string {
	if fault := setAs[string]("string", value, dst); fault != "" {
		if is == "choice" {
			return "Invalid input"
		}
		return fault
	}
	return check(dst.String(), is)
}

// setList stores an array; each item is checked as the slice's items are.
func setList(path string, value any, dst reflect.Value) (faults []string) {
	items, ok := value.([]any)
	if !ok {
		return []string{"[" + path + "] " + wrongType("array", value)}
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
	for i, item := range items {
		faults = append(faults, set(path+"."+strconv.Itoa(i), item, dst.Index(i), "")...)
	}
	return faults
}

// setRecord stores an object of any members, in alphabetical order, so that its faults come in a settled one.
func setRecord(path string, value any, dst reflect.Value) (faults []string) {
	members, ok := value.(map[string]any)
	if !ok {
		return []string{"[" + path + "] " + wrongType("record", value)}
	}
	dst.Set(reflect.MakeMap(dst.Type()))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		item := reflect.New(dst.Type().Elem()).Elem()
		faults = append(faults, set(path+"."+name, members[name], item, "")...)
		dst.SetMapIndex(reflect.ValueOf(name), item)
	}
	if c, ok := dst.Interface().(checked); ok && len(faults) == 0 {
		if fault := c.Fault(); fault != "" {
			faults = []string{"[" + path + "] " + fault}
		}
	}
	return faults
}

// checked is a map with a rule of its own: Fault says how it is broken, "" if it is not.
type checked interface{ Fault() string }

func check(s, is string) string {
	switch {
	case is == "email" && !IsEmail(s):
		return "Invalid email address"
	case is == "nonempty" && s == "":
		return "Too small: expected string to have >=1 characters"
	}
	if most, ok := strings.CutPrefix(is, "max="); ok {
		if n, err := strconv.Atoi(most); err == nil && Length(s) > n {
			return "Too big: expected string to have <=" + most + " characters"
		}
	}
	return ""
}

// Length counts UTF-16 code units, as JavaScript's length does: an emoji counts two.
func Length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

func wrongType(want string, value any) string {
	return "Invalid input: expected " + want + ", received " + jsType(value)
}

func jsType(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "undefined"
}

// The library's syntax of addresses (contract: e-mail syntax); ASCII only, so no two of them can look alike.
var email = regexp.MustCompile(`^[A-Za-z0-9_'+\-]+(\.[A-Za-z0-9_'+\-]+)*@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

// IsEmail reports whether s is an e-mail address to the library.
func IsEmail(s string) bool {
	return email.MatchString(s) && !strings.Contains(s, "'@")
}
