package profile_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

var exampleDeclaration = filepath.Join("..", "..", "examples", "profile-fields", "profile.yaml")

// forEachDeclaration runs a test with the shipped declaration and with that of the example.
func forEachDeclaration(t *testing.T, test func(t *testing.T, s *server, fields profilefields.Fields)) {
	for name, path := range map[string]string{"shipped": "", "example": exampleDeclaration} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fields, err := declaration.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			test(t, newServer(t, "PROFILE_FIELDS", path), fields)
		})
	}
}

// validValues returns values that a field can have, besides null.
func validValues(f profilefields.Field) (values []any) {
	switch f.Type {
	case profilefields.Choice:
		for _, v := range f.Values() {
			values = append(values, v)
		}
	case profilefields.Text:
		switch f.Name {
		case "preferred_language":
			return []any{"de", "zh-Hant-TW"}
		case "postal_code":
			return []any{"10115", "SW1A 1AA"}
		}
		return []any{"x", `<Ä "\ ` + "\u2028'😀", strings.Repeat("ü", int(f.Max))}
	case profilefields.Integer:
		return []any{float64(f.Min), float64(f.Max)}
	case profilefields.Boolean:
		return []any{true, false}
	}
	return values
}

// invalidValues returns values that a field cannot have.
func invalidValues(f profilefields.Field) []any {
	values := []any{[]any{}, map[string]any{"a": 1}}
	switch f.Type {
	case profilefields.Choice:
		values = append(values, "another", "", 1, true, "a\x00")
	case profilefields.Text:
		values = append(values, "", "a\x00", strings.Repeat("a", int(f.Max)+1), 1, false)
		if f.Pattern != "" {
			values = append(values, "ä!")
		}
	case profilefields.Integer:
		values = append(values, float64(f.Min)-1, float64(f.Max)+1, 1.5, "1", true, 1e300)
	case profilefields.Boolean:
		values = append(values, "true", 0, "")
	}
	if !f.IsNullable() {
		values = append(values, nil)
	}
	return values
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// put changes one field. It returns the status and the members of the answer.
func (s *server) put(token, field string, value any) (status int, answer map[string]any) {
	s.t.Helper()
	w := s.do("PUT", token, encode(s.t, map[string]any{field: value}))
	return w.Code, decodeFields(s.t, w)
}

func TestEveryDeclaredFieldIsStoredAndRead(t *testing.T) {
	t.Parallel()
	forEachDeclaration(t, func(t *testing.T, s *server, fields profilefields.Fields) {
		_, token := s.newUser()
		created := decodeFields(t, s.do("POST", token, "{}"))
		for _, f := range fields {
			var want any
			switch value := f.Default.(type) {
			case int32:
				want = float64(value)
			default:
				want = value
			}
			if got := created[f.Name]; got != want {
				t.Errorf("%s of an empty profile: got %v, want %v", f.Name, got, want)
			}
			values := validValues(f)
			if f.IsNullable() {
				values = append(values, nil)
			}
			for _, value := range values {
				status, got := s.put(token, f.Name, value)
				read := decodeFields(t, s.do("GET", token, ""))
				if status != 200 || got[f.Name] != value || read[f.Name] != value {
					t.Errorf("%s = %v: got %d, the answer %v and then %v, want 200 and the value",
						f.Name, value, status, got[f.Name], read[f.Name])
				}
			}
		}
	})
}

func TestEveryDeclaredFieldRefusesOtherValues(t *testing.T) {
	t.Parallel()
	forEachDeclaration(t, func(t *testing.T, s *server, fields profilefields.Fields) {
		_, token := s.newUser()
		before := s.do("POST", token, "{}").Body.String()
		all := map[string]any{}
		var problems []string
		for _, f := range fields {
			for _, value := range invalidValues(f) {
				status, got := s.put(token, f.Name, value)
				want := f.Name + ": " + f.Message
				if status != 400 || got["detail"] != want || got["error_code"] != "VALIDATION_ERROR" {
					t.Errorf("%s = %v: got %d %v, want 400 %s", f.Name, value, status, got, want)
				}
				all[f.Name] = value
			}
			problems = append(problems, f.Name+": "+f.Message)
		}
		w := s.do("PUT", token, encode(t, all))
		if got := decodeFields(t, w)["detail"]; w.Code != 400 || got != strings.Join(problems, "; ") {
			t.Errorf("all fields: got %d %v, want 400 and the problems in the order of the declaration", w.Code, got)
		}
		if after := s.do("GET", token, "").Body.String(); after != before {
			t.Errorf("a refused update changed the profile:\nbefore: %s\nafter: %s", before, after)
		}
	})
}

var memberPattern = regexp.MustCompile(`"(\w+)":`)

// The members have the order of the declaration, and no others.
func TestAnswersHaveTheOrderOfTheDeclaration(t *testing.T) {
	t.Parallel()
	forEachDeclaration(t, func(t *testing.T, s *server, fields profilefields.Fields) {
		_, token := s.newUser()
		var got []string
		for _, m := range memberPattern.FindAllStringSubmatch(s.do("POST", token, `{"colour":"red"}`).Body.String(), -1) {
			got = append(got, m[1])
		}
		want := slices.Concat([]string{"id", "user_id"}, fields.Names(), []string{"created_at", "updated_at"})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("members of an answer (-want +got):\n%s", diff)
		}
	})
}

func TestDeclaredFieldsChangeTheETagAndKeepEachOther(t *testing.T) {
	t.Parallel()
	forEachDeclaration(t, func(t *testing.T, s *server, fields profilefields.Fields) {
		_, token := s.newUser()
		tags := []string{s.do("POST", token, "{}").Header().Get("ETag")}
		want := map[string]any{}
		for _, f := range fields {
			want[f.Name] = validValues(f)[0]
			body := encode(t, map[string]any{f.Name: want[f.Name]})
			w := s.do("PUT", token, body, "If-Match", tags[len(tags)-1])
			if w.Code != 200 || slices.Contains(tags, w.Header().Get("ETag")) {
				t.Errorf("PUT %s with the current ETag: got %d and the ETag %s, want 200 and a new one",
					body, w.Code, w.Header().Get("ETag"))
			}
			tags = append(tags, w.Header().Get("ETag"))
			if old := s.do("PUT", token, body, "If-Match", tags[0]); old.Code != 412 {
				t.Errorf("PUT %s with the first ETag: got %d, want 412", body, old.Code)
			}
		}
		got := decodeFields(t, s.do("GET", token, ""))
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s after changes of the other fields: got %v, want %v", name, got[name], value)
			}
		}
	})
}

func TestDeclaredProfileTakesOneRoundTripForARequest(t *testing.T) {
	t.Parallel()
	forEachDeclaration(t, func(t *testing.T, s *server, fields profilefields.Fields) {
		_, token := s.newUser()
		s.do("POST", token, "{}")
		body := encode(t, map[string]any{fields[0].Name: validValues(fields[0])[0]})
		for _, method := range []string{"GET", "PUT", "POST"} {
			before := s.wire.RoundTrips()
			s.do(method, token, body)
			if got := s.wire.RoundTrips() - before; got != 1 {
				t.Errorf("%s took %d round trips, want 1", method, got)
			}
		}
	})
}

// The database refuses a value of another writer that the declaration does not allow.
func TestDatabaseChecksDeclaredFields(t *testing.T) {
	t.Parallel()
	s := newServer(t, "PROFILE_FIELDS", exampleDeclaration)
	_, token := s.newUser()
	s.do("POST", token, "{}")
	for _, set := range []string{
		"display_name = repeat('x', 81)", "display_name = ''", "postal_code = 'a'", "track = 'x'", "track = NULL",
		"shirt_size = 'XL'", "seats = 0", "seats = 13", "seats = NULL", "year_of_birth = 1899", "visible = NULL",
	} {
		if err := s.tryExec("UPDATE user_profile SET " + set); err == nil {
			t.Errorf("UPDATE user_profile SET %s: got no error, want a violated constraint", set)
		}
	}
}

// During a deployment the constraints of the new declaration meet the functions with the old one.
func TestValueThatOnlyTheDatabaseRefusesIsABadRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, token := s.newUser()
	before := s.do("POST", token, "{}").Body.String()
	s.exec("ALTER TABLE user_profile ADD CHECK (learning_mode <> 'visual')")
	w := s.do("PUT", token, `{"learning_mode":"visual"}`)
	if w.Code != 400 || errorCode(w) != "VALIDATION_ERROR" {
		t.Errorf("a choice that a constraint refuses: got %d %s, want 400 VALIDATION_ERROR", w.Code, w.Body)
	}
	if after := s.do("GET", token, "").Body.String(); after != before {
		t.Errorf("the profile after the refusal: got %s, want %s", after, before)
	}
}

func TestProfileOffAnswersLikeARouteThatDoesNotExist(t *testing.T) {
	t.Parallel()
	s := newServer(t, "PROFILE", "off", "PROFILE_FIELDS", "no-such-file.yaml")
	_, token := s.newUser()
	for _, method := range []string{"GET", "POST", "PUT"} {
		w := s.do(method, token, "{}")
		missing := s.doPath(method, "/api/profiles", token, "{}")
		got, want := slices.Sorted(maps.Keys(w.Header())), slices.Sorted(maps.Keys(missing.Header()))
		if w.Code != 404 || missing.Code != 404 || w.Body.Len() > 0 || !slices.Equal(got, want) {
			t.Errorf("%s /api/profile with PROFILE=off: got %d %q, headers %v; want 404 without a body, and the headers %v",
				method, w.Code, w.Body, got, want)
		}
	}
}
