package admin

import (
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The maximum lengths of texts that are stored, in characters.
const (
	maxNameLength  = 256
	maxImageLength = 32_768
	maxTextLength  = 1000 // of a role and of the reason of a ban, which JWTs have, too
)

// userData reads the member data of a body, whose members are columns of "user". It ignores unknown members.
type userData struct {
	members  map[string]any
	problems []string
}

// change returns the change of a column to the member with its name, if data has it. parse returns the value, or false
// if the member does not have the type want.
func change[T any](
	d *userData, name, want string, isNullable bool, parse func(any) (T, bool),
) (c store.Change[T]) {
	member, ok := d.members[name]
	if !ok {
		return c
	}
	if member == nil && isNullable {
		return store.ChangeToNull[T]()
	}
	value, ok := parse(member)
	if !ok {
		d.problems = append(d.problems, "[body.data."+name+"] Invalid input: expected "+want)
		return c
	}
	return store.ChangeTo(value)
}

func (d *userData) text(name string, isNullable bool, maxLength int) store.Change[string] {
	c := change(d, name, "string", isNullable, func(v any) (string, bool) { text, ok := v.(string); return text, ok })
	if problem := tooLong("body.data."+name, web.OrEmpty(c.Value), maxLength); problem != "" {
		d.problems = append(d.problems, problem)
	}
	return c
}

// tooLong returns the problem of a text at a place of the body, or "" if it is not too long.
func tooLong(place, text string, maxLength int) string {
	if web.UTF16Length(text) <= maxLength {
		return ""
	}
	return "[" + place + "] Too big: expected string to have <=" + strconv.Itoa(maxLength) + " characters"
}

func (d *userData) boolean(name string, isNullable bool) store.Change[bool] {
	return change(d, name, "boolean", isNullable, func(v any) (bool, bool) { b, ok := v.(bool); return b, ok })
}

// time reads a time in the form of ISO 8601, or in milliseconds since 1970. Its year must have at most four digits.
func (d *userData) time(name string, isNullable bool) store.Change[time.Time] {
	return change(d, name, "date", isNullable, func(v any) (time.Time, bool) {
		t := parseTime(v)
		return t, t.Year() > 1 && t.Year() <= 9999
	})
}

// parseTime returns a time of a body, or the zero time, which is in the year 1.
func parseTime(v any) time.Time {
	switch v := v.(type) {
	case string:
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC().Truncate(time.Millisecond)
			}
		}
	case float64:
		const maxMilliseconds = 8.64e15 // the maximum of Date in JavaScript
		if v >= -maxMilliseconds && v <= maxMilliseconds {
			return time.UnixMilli(int64(v)).UTC()
		}
	}
	return time.Time{}
}

// hasAny reports whether data has one of the members.
func (d *userData) hasAny(names ...string) bool {
	for _, name := range names {
		if _, ok := d.members[name]; ok {
			return true
		}
	}
	return false
}

// readChange returns the changes of all columns except email and role.
func (d *userData) readChange() (store.AdminChange, error) {
	c := store.AdminChange{
		Name: d.text("name", false, maxNameLength), EmailVerified: d.boolean("emailVerified", false),
		Image: d.text("image", true, maxImageLength), CreatedAt: d.time("createdAt", false),
		TwoFactorEnabled: d.boolean("twoFactorEnabled", true),
		Banned:           d.boolean("banned", true), BanReason: d.text("banReason", true, maxTextLength),
		BanExpires: d.time("banExpires", true),
	}
	return c, web.ValidationError(d.problems...)
}

// parseRole returns a role, which is a text or a list of texts at a place of the body, as it is stored. It returns
// errInvalidRoleType for other values, and a validation error for a role that is too long.
func parseRole(place string, v any) (string, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	names := make([]string, len(list))
	for i, item := range list {
		if names[i], ok = item.(string); !ok {
			return "", errInvalidRoleType
		}
	}
	role := strings.Join(names, ",")
	if problem := tooLong(place, role, maxTextLength); problem != "" {
		return "", web.ValidationError(problem)
	}
	return role, nil
}
