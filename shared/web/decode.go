package web

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
)

// Decode fills dst, a pointer to a struct, from the body that ReadBody parsed, and answers as the library's schema would:
// all faults in one VALIDATION_ERROR, in the order of the fields (contract: validation messages).
//
// The type of a field says what is expected: string and bool are required, *string and *bool may be absent (null is
// never accepted), any takes anything. A tag `is:"email"` or `is:"nonempty"` adds a check. Unknown members are ignored.
// expected names what the body itself has to be, once for each of the library's schemas of that route; default "object".
func Decode(r *http.Request, dst any, expected ...string) error {
	if len(expected) == 0 {
		expected = []string{"object"}
	}
	body := bodyOf(r)
	object, ok := body.(map[string]any)
	if !ok {
		var faults []string
		for _, want := range expected {
			faults = append(faults, "[body] "+wrongType(want, body, true))
		}
		return invalid(faults)
	}
	var faults []string
	v := reflect.ValueOf(dst).Elem()
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name := sf.Tag.Get("json")
		value, present := object[name]
		if fault := set(v.Field(i), value, present, sf.Tag.Get("is")); fault != "" {
			faults = append(faults, "[body."+name+"] "+fault)
		}
	}
	return invalid(faults)
}

func invalid(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return NewError(http.StatusBadRequest, "VALIDATION_ERROR", strings.Join(faults, "; "))
}

// set stores value in dst, or says what is wrong with it.
func set(dst reflect.Value, value any, present bool, is string) string {
	if dst.Kind() == reflect.Pointer {
		if !present {
			return ""
		}
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	switch dst.Kind() {
	case reflect.String:
		s, ok := value.(string)
		if !ok {
			return wrongType("string", value, present)
		}
		dst.SetString(s)
		return check(s, is)
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return wrongType("boolean", value, present)
		}
		dst.SetBool(b)
	default:
		if value != nil {
			dst.Set(reflect.ValueOf(value))
		}
	}
	return ""
}

func check(s, is string) string {
	switch {
	case is == "email" && !IsEmail(s):
		return "Invalid email address"
	case is == "nonempty" && s == "":
		return "Too small: expected string to have >=1 characters"
	}
	return ""
}

func wrongType(want string, value any, present bool) string {
	got := "undefined"
	if present {
		got = jsType(value)
	}
	return "Invalid input: expected " + want + ", received " + got
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
