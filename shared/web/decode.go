package web

import (
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
)

// Decode fills dst, a pointer to a struct, from the body that ReadBody parsed. It returns the error of Better Auth's
// schema: all problems in one VALIDATION_ERROR, in the order of the fields (docs/wire.md#validation-messages). It
// ignores unknown members.
//
// The type of a field says what is expected. A string, bool, float64 or struct is required. A pointer, slice or map may
// be absent, but not null. A Nullable may be absent or null. An any accepts every value. The tag `check:` adds a check
// of a string: "email", "nonempty", "filled" (nonempty with another message), "max=256" (characters, by UTF16Length),
// "enum=a|b", or "choice", which only changes the message for a value that is not a string. "coerced" and "coerced
// filled" accept any value and turn it into a string. For a map, "required" means that it must not be absent. For an
// any, "texts" and "optional texts" require a string or a list of strings. A map type can have a method Problem()
// string, which checks the map.
//
// expected lists the type names in the messages about a body that is not an object: one name for each schema that
// Better Auth uses on that route. The default is "object".
func Decode(r *http.Request, dst any, expected ...string) error {
	if len(expected) == 0 {
		expected = []string{"object"}
	}
	body := parsedBodyOf(r)
	object, ok := body.(map[string]any)
	if !ok {
		var problems []string
		for _, want := range expected {
			problems = append(problems, "[body] "+wrongTypeProblem(want, body))
		}
		return ValidationError(problems...)
	}
	return ValidationError(fillFields("body", object, reflect.ValueOf(dst).Elem())...)
}

// DecodeQuery is like Decode, for the query of r. A parameter is a string, or a list of strings if it is repeated.
func DecodeQuery(r *http.Request, dst any) error {
	return ValidationError(fillFields("query", Query(r), reflect.ValueOf(dst).Elem())...)
}

// ValidationError returns Better Auth's error for problems of the form "[body.name] message", or nil if there are none.
func ValidationError(problems ...string) error {
	if len(problems) == 0 {
		return nil
	}
	return NewError(http.StatusBadRequest, "VALIDATION_ERROR", strings.Join(problems, "; "))
}

// Nullable is a field for a member of a body that may be absent, null or a T.
type Nullable[T any] struct {
	Present bool
	Value   *T // nil if the member is null or absent
}

// markPresent marks the member as present and returns the pointer Value, which set fills unless the member is null.
func (n *Nullable[T]) markPresent() reflect.Value {
	n.Present = true
	return reflect.ValueOf(&n.Value).Elem()
}

// fillFields stores the members of object in the fields of dst and returns the problems.
func fillFields(path string, object map[string]any, dst reflect.Value) (problems []string) {
	for i := range dst.NumField() {
		field := dst.Type().Field(i)
		name := field.Tag.Get("json")
		value, present := object[name]
		if !present {
			value = undefined{}
		}
		problems = append(problems, setValue(path+"."+name, value, dst.Field(i), field.Tag.Get("check"))...)
	}
	return problems
}

// setValue stores a value, which may be absent or null, in dst and returns the problems.
func setValue(path string, value any, dst reflect.Value, check string) []string {
	_, absent := value.(undefined)
	if nullable, ok := dst.Addr().Interface().(interface{ markPresent() reflect.Value }); ok {
		if absent {
			return nil
		}
		if dst = nullable.markPresent(); value == nil {
			return nil
		}
	}
	switch dst.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if absent && check != "required" && check != "texts" {
			return nil
		}
	default:
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	return setKind(path, value, dst, check)
}

// setKind stores a value in dst as the kind of dst requires, and returns the problems. For a required field, an absent
// value is a problem.
func setKind(path string, value any, dst reflect.Value, check string) []string {
	problem := ""
	switch dst.Kind() {
	case reflect.String:
		problem = setString(value, dst, check)
	case reflect.Bool:
		problem = setAs[bool]("boolean", value, dst)
	case reflect.Float64:
		problem = setAs[float64]("number", value, dst)
	case reflect.Struct:
		object, ok := value.(map[string]any)
		if ok {
			return fillFields(path, object, dst)
		}
		problem = wrongTypeProblem("object", value)
	case reflect.Slice:
		return setList(path, value, dst)
	case reflect.Map:
		return setRecord(path, value, dst)
	default:
		switch {
		case strings.HasSuffix(check, "texts") && !isTextOrTexts(value):
			problem = "Invalid input"
		case value != nil:
			dst.Set(reflect.ValueOf(value))
		}
	}
	if problem == "" && strings.HasSuffix(check, "filled") && dst.String() == "" {
		problem = path[strings.LastIndexByte(path, '.')+1:] + " cannot be empty"
	}
	if problem == "" {
		return nil
	}
	problems := []string{"[" + path + "] " + problem}
	if list, ok := value.([]any); ok && len(list) == 0 && check == "nonempty" { // Better Auth also checks the length
		problems = append(problems, "["+path+"] Too small: expected array to have >=1 items")
	}
	return problems
}

// setAs stores a value in dst if it is a T. Otherwise it returns a message that the value does not have the type want
// (the name in JavaScript).
func setAs[T any](want string, value any, dst reflect.Value) string {
	v, ok := value.(T)
	if !ok {
		return wrongTypeProblem(want, value)
	}
	dst.Set(reflect.ValueOf(v))
	return ""
}

func setString(value any, dst reflect.Value, check string) string {
	if strings.HasPrefix(check, "coerced") {
		if _, absent := value.(undefined); absent {
			return "Invalid input: expected nonoptional, received undefined"
		}
		value = coerceToString(value)
	}
	if names, ok := strings.CutPrefix(check, "enum="); ok {
		if text, _ := value.(string); !slices.Contains(strings.Split(names, "|"), text) {
			return `Invalid option: expected one of "` + strings.ReplaceAll(names, "|", `"|"`) + `"`
		}
	}
	if problem := setAs[string]("string", value, dst); problem != "" {
		if check == "choice" {
			return "Invalid input"
		}
		return problem
	}
	return checkString(dst.String(), check)
}

// setList stores a JSON array in the slice dst and returns the problems of all items.
func setList(path string, value any, dst reflect.Value) (problems []string) {
	items, ok := value.([]any)
	if !ok {
		return []string{"[" + path + "] " + wrongTypeProblem("array", value)}
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
	for i, item := range items {
		problems = append(problems, setValue(path+"."+strconv.Itoa(i), item, dst.Index(i), "")...)
	}
	return problems
}

// setRecord stores a JSON object in the map dst and returns the problems. It visits the members in alphabetical order,
// so that the order of the problems is always the same.
func setRecord(path string, value any, dst reflect.Value) (problems []string) {
	members, ok := value.(map[string]any)
	if !ok {
		return []string{"[" + path + "] " + wrongTypeProblem("record", value)}
	}
	dst.Set(reflect.MakeMap(dst.Type()))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		item := reflect.New(dst.Type().Elem()).Elem()
		problems = append(problems, setValue(path+"."+name, members[name], item, "")...)
		dst.SetMapIndex(reflect.ValueOf(name), item)
	}
	if c, ok := dst.Interface().(problemChecker); ok && len(problems) == 0 {
		if problem := c.Problem(); problem != "" {
			problems = []string{"[" + path + "] " + problem}
		}
	}
	return problems
}

// problemChecker is a map type that checks its members. Problem returns a message, or "" if the map is valid.
type problemChecker interface{ Problem() string }

// checkString applies the check of a struct tag to s and returns a message, or "" if s is valid.
func checkString(s, check string) string {
	switch {
	case check == "email" && !IsEmail(s):
		return "Invalid email address"
	case check == "nonempty" && s == "":
		return "Too small: expected string to have >=1 characters"
	}
	if limit, ok := strings.CutPrefix(check, "max="); ok {
		if n, err := strconv.Atoi(limit); err == nil && UTF16Length(s) > n {
			return "Too big: expected string to have <=" + limit + " characters"
		}
	}
	return ""
}

// isTextOrTexts reports whether a decoded JSON value is a text or a list of texts.
func isTextOrTexts(value any) bool {
	list, ok := value.([]any)
	if !ok {
		_, ok = value.(string)
		return ok
	}
	return !slices.ContainsFunc(list, func(item any) bool { _, ok := item.(string); return !ok })
}

// coerceToString returns what String returns in JavaScript for a decoded JSON value.
func coerceToString(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		var items []string
		for _, item := range v {
			if item == nil {
				item = ""
			}
			items = append(items, coerceToString(item))
		}
		return strings.Join(items, ",")
	case map[string]any:
		return "[object Object]"
	}
	return "null"
}

// OrEmpty returns an optional text, or "" if it is absent: Better Auth treats both alike.
func OrEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// UTF16Length returns the number of UTF-16 code units of s, like the property length in JavaScript: an emoji counts as
// two.
func UTF16Length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

func wrongTypeProblem(want string, value any) string {
	return "Invalid input: expected " + want + ", received " + jsTypeName(value)
}

// jsTypeName returns JavaScript's name for the type of a decoded JSON value, as Better Auth's messages write it.
func jsTypeName(value any) string {
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

// emailPattern is Better Auth's syntax of an email (docs/wire.md#email-syntax). It allows ASCII only, so no letter of
// another alphabet can imitate an ASCII letter.
var emailPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9_'+\-]+(\.[A-Za-z0-9_'+\-]+)*@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)
})

// IsEmail reports whether Better Auth accepts s as an email.
func IsEmail(s string) bool {
	return emailPattern().MatchString(s) && !strings.Contains(s, "'@")
}
