package profile_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestProfileIsCreatedReadAndChanged(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, token := s.newUser()
	for _, method := range []string{"GET", "PUT"} {
		if w := s.do(method, token, "{}"); w.Code != 404 || errorCode(w) != "PROFILE_NOT_FOUND" {
			t.Errorf("%s without a profile: got %d %s, want 404 PROFILE_NOT_FOUND", method, w.Code, w.Body)
		}
	}
	w := s.do("POST", token, `{"age_range":"35_plus","education_level":"self_taught","tech_background":"hobbyist",
		"primary_goal":"academic","learning_mode":"code_first","learning_speed":"casual","time_per_week":0,
		"preferred_language":"ur","id":"x","user_id":"y","extra":1}`)
	got := decodeFields(t, w)
	if w.Code != 201 || got["user_id"] != id || got["learning_mode"] != "code_first" || got["time_per_week"] != 0.0 ||
		got["preferred_language"] != "ur" || len(got) != 12 {
		t.Errorf("create: got %d %s, want 201 and the profile", w.Code, w.Body)
	}
	if w := s.do("POST", token, "{}"); w.Code != 409 || errorCode(w) != "PROFILE_ALREADY_EXISTS" {
		t.Errorf("create a second profile: got %d %s, want 409 PROFILE_ALREADY_EXISTS", w.Code, w.Body)
	}
	w = s.do("PUT", token, `{"age_range":null,"time_per_week":12}`)
	if got = decodeFields(t, w); w.Code != 200 || got["age_range"] != nil || got["time_per_week"] != 12.0 ||
		got["learning_mode"] != "code_first" {
		t.Errorf("update: got %d %s, want 200, the changed fields and the old learning_mode", w.Code, w.Body)
	}
	if read := s.do("GET", token, ""); read.Code != 200 || read.Body.String() != w.Body.String() ||
		read.Header().Get("ETag") != w.Header().Get("ETag") {
		t.Errorf("read: got %d %s, want 200, the updated profile and its ETag", read.Code, read.Body)
	}
}

func TestEmptyProfileHasOnlyDefaults(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, token := s.newUser()
	got := decodeFields(t, s.do("POST", token, "{}"))
	for name, value := range got {
		switch name {
		case "id", "user_id", "created_at", "updated_at":
		case "preferred_language":
			if value != "en" {
				t.Errorf("got the language %v, want en", value)
			}
		default:
			if value != nil {
				t.Errorf("field %s of an empty profile: got %v, want null", name, value)
			}
		}
	}
}

func TestInvalidFieldsAreReportedAndNothingIsStored(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, token := s.newUser()
	before := s.do("POST", token, `{"time_per_week":2147483647,"preferred_language":"zh-Hant-TW"}`)
	if before.Code != 201 {
		t.Errorf("create with the greatest values: got %d %s, want 201", before.Code, before.Body)
	}
	const notALanguage = "preferred_language: has to be a language tag such as en or pt-BR, of at most 10 characters"
	for _, c := range []struct{ body, detail string }{
		{`{"age_range":"35_44"}`, "age_range: has to be one of under_18, 18_24, 25_34, 35_plus, or null"},
		{`{"learning_mode":["visual"]}`, "learning_mode: has to be one of visual, textual, code_first, or null"},
		{`{"time_per_week":-1}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"time_per_week":1.5}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"time_per_week":"5"}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"time_per_week":1e999}`, "Invalid JSON in request body"},
		{`{"time_per_week":2147483648}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"preferred_language":null}`, notALanguage},
		{`{"preferred_language":1}`, notALanguage},
		{`{"preferred_language":"zh-Hant-TWN"}`, notALanguage},
		{`{"preferred_language":"en\u0000"}`, notALanguage},
		{
			`{"primary_goal":"x","learning_speed":1}`,
			"primary_goal: has to be one of career_switch, academic, hobby_project, startup_founder, or null; " +
				"learning_speed: has to be one of intensive, balanced, casual, or null",
		},
		{`[]`, "The body has to be a JSON object"},
		{`"text"`, "The body has to be a JSON object"},
		{`{"a"`, "Invalid JSON in request body"},
	} {
		for _, method := range []string{"POST", "PUT"} {
			w := s.do(method, token, c.body)
			if got := decodeFields(t, w)["detail"]; w.Code != 400 || got != c.detail {
				t.Errorf("%s %s: got %d %s, want 400 %s", method, c.body, w.Code, w.Body, c.detail)
			}
		}
	}
	for body, contentType := range map[string]string{
		`{"time_per_week":6}`: "text/plain", "time_per_week=6": "application/x-www-form-urlencoded",
	} {
		w := s.do("PUT", token, body, "Content-Type", contentType)
		if w.Code != 415 || errorCode(w) != "UNSUPPORTED_MEDIA_TYPE" {
			t.Errorf("Content-Type %s: got %d %s, want 415 UNSUPPORTED_MEDIA_TYPE", contentType, w.Code, w.Body)
		}
	}
	if w := s.do("PUT", token, `{"x":"`+strings.Repeat("x", 2<<20)+`"}`); w.Code != 413 {
		t.Errorf("body of 2 MB: got %d %s, want 413", w.Code, w.Body)
	}
	if w := s.do("PUT", token, ``); w.Code != 400 {
		t.Errorf("PUT without a body: got %d %s, want 400", w.Code, w.Body)
	}
	if after := s.do("GET", token, ""); after.Body.String() != before.Body.String() {
		t.Errorf("a refused update changed the profile:\nbefore:\n%s\nafter:\n%s", before.Body, after.Body)
	}
}

func TestIfMatchPreventsLostUpdates(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, token := s.newUser()
	etag := s.do("POST", token, `{}`).Header().Get("ETag")
	first := s.do("PUT", token, `{"time_per_week":1}`, "If-Match", etag)
	if first.Code != 200 || first.Header().Get("ETag") == etag {
		t.Errorf("first update: got %d, ETag %s, want 200 and a new ETag", first.Code, first.Header().Get("ETag"))
	}
	w := s.do("PUT", token, `{"time_per_week":2}`, "If-Match", etag)
	if w.Code != 412 || errorCode(w) != "PROFILE_CHANGED" {
		t.Errorf("second update with the old ETag: got %d %s, want 412 PROFILE_CHANGED", w.Code, w.Body)
	}
	for _, match := range []string{`"x!", ` + first.Header().Get("ETag"), "*"} {
		w := s.do("PUT", token, `{"time_per_week":3}`, "If-Match", match)
		if w.Code != 200 {
			t.Errorf("update with If-Match %s: got %d %s, want 200", match, w.Code, w.Body)
		}
		first = w
	}
	current := first.Header().Get("ETag")
	for _, match := range []string{
		"W/" + current, "garbage", `""`, strings.Trim(current, `"`), current[1:], current[:len(current)-1],
	} {
		if w := s.do("PUT", token, `{}`, "If-Match", match); w.Code != 412 {
			t.Errorf("update with If-Match %s: got %d %s, want 412", match, w.Code, w.Body)
		}
	}
	_, withoutProfile := s.newUser()
	if w := s.do("PUT", withoutProfile, `{}`, "If-Match", etag); w.Code != 404 {
		t.Errorf("update without a profile: got %d %s, want 404", w.Code, w.Body)
	}
}

// Without If-Match, changes of different fields at the same time are all stored.
func TestConcurrentChangesOfDifferentFieldsAreAllStored(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, token := s.newUser()
	s.do("POST", token, `{}`)
	s.do("GET", token, "") // reads the key set
	var group sync.WaitGroup
	for _, body := range []string{
		`{"age_range":"25_34"}`, `{"education_level":"phd"}`, `{"tech_background":"student"}`, `{"primary_goal":"academic"}`,
		`{"learning_mode":"visual"}`, `{"learning_speed":"balanced"}`, `{"time_per_week":9}`, `{"preferred_language":"de"}`,
	} {
		group.Go(func() { s.do("PUT", token, body) })
	}
	group.Wait()
	for name, value := range decodeFields(t, s.do("GET", token, "")) {
		if value == nil {
			t.Errorf("the concurrent change of %s was lost, want it stored", name)
		}
	}
}

func TestProfileIgnoresUserIDsOutsideTheToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, ada := s.newUser()
	_, bob := s.newUser()
	s.do("POST", ada, `{"time_per_week":1}`)
	s.do("POST", bob, `{"time_per_week":2}`)
	s.do("PUT", bob, `{"user_id":"`+fmt.Sprint(decodeFields(t, s.do("GET", ada, ""))["user_id"])+`","time_per_week":3}`)
	if got := decodeFields(t, s.do("GET", ada, ""))["time_per_week"]; got != 1.0 {
		t.Errorf("the change for another user was stored: got time_per_week %v, want 1", got)
	}
}

func TestInvalidTokensAreRejected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, good := s.newUser()
	parts := strings.Split(good, ".")
	for _, c := range []struct{ name, header, code string }{
		{"none", "", "UNAUTHORIZED"},
		{"other scheme", "Basic " + good, "UNAUTHORIZED"},
		{"scheme alone", "Bearer", "UNAUTHORIZED"},
		{"scheme and a space", "Bearer ", "UNAUTHORIZED"},
		{"garbage", "Bearer garbage", "INVALID_TOKEN"},
		{"tampered", "Bearer " + parts[0] + "." + parts[1] + "A." + parts[2], "INVALID_TOKEN"},
		{"no signature", "Bearer " + parts[0] + "." + parts[1] + ".", "INVALID_TOKEN"},
		{"subject is no UUID", "Bearer " + s.tokenOf("robert'); drop table", noSession), "INVALID_TOKEN"},
	} {
		w := s.do("GET", "", "", "Authorization", c.header)
		if w.Code != 401 || errorCode(w) != c.code || w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: got %d %s, want 401 %s and WWW-Authenticate Bearer", c.name, w.Code, w.Body, c.code)
		}
	}
	gone := s.tokenOf("00000000-0000-4000-8000-000000000000", noSession)
	if w := s.do("POST", gone, "{}"); w.Code != 401 || errorCode(w) != "USER_NOT_FOUND" {
		t.Errorf("token of a deleted user: got %d %s, want 401 USER_NOT_FOUND", w.Code, w.Body)
	}
}

func TestProfileRequestTakesOneRoundTripAndNoKeyRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, token := s.newUser()
	s.do("POST", token, "{}")
	asked, before := s.asked, s.wire.RoundTrips()
	s.do("GET", token, "")
	if got := s.wire.RoundTrips() - before; got != 1 || s.asked != asked {
		t.Errorf("GET took %d round trips and %d requests for the JWKS, want 1 and 0", got, s.asked-asked)
	}
	s.do("PUT", token, `{"time_per_week":1}`)
	if got := s.wire.RoundTrips() - before; got != 2 {
		t.Errorf("two requests took %d round trips, want 2", got)
	}
}
