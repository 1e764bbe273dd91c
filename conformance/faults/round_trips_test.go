package faults

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	performancePage = "../../docs/performance.md"
	tripsBegin      = "<!-- the round trips of the plugins: begin -->\n"
	tripsEnd        = "<!-- the round trips of the plugins: end -->\n"
)

// docs/performance.md lists how many round trips to the database each endpoint of a plugin takes. This test counts
// them. With -update it writes the table.
func TestRoundTripsOfPluginsAreListed(t *testing.T) {
	t.Parallel()
	measured := withoutFaults
	for _, op := range operations {
		if pluginPathPattern.MatchString(op.name) {
			measured = append(measured, op)
		}
	}
	rows := make([]string, len(measured))
	var all sync.WaitGroup
	for i, op := range measured {
		all.Go(func() {
			t.Run(op.name, func(t *testing.T) { rows[i] = fmt.Sprintf("| `%s` | %d |\n", op.name, countRoundTrips(t, op)) })
		})
	}
	all.Wait()
	if !t.Failed() {
		checkPerformancePage(t, "| endpoint | round trips |\n|---|--:|\n"+strings.Join(rows, ""))
	}
}

// countRoundTrips sends one request on an open connection and returns how many round trips it takes. The endpoints that
// change an email with a code always answer 400, as in Better Auth.
func countRoundTrips(t *testing.T, op operation) int {
	t.Helper()
	s := newTestServer(t, op.settings...)
	s.newUser(t) // opens the connection
	q := op.prepare(t, s)
	s.wire.setFault(noFault, 0)
	w := q.user.do(t.Context(), q.method, q.path, q.body)
	trips := s.wire.clearFault()
	switch isOff := emailChangePattern.MatchString(op.name); {
	case isOff && w.Code != http.StatusBadRequest:
		t.Errorf("%s: got %d %s, want 400", op.name, w.Code, w.Body)
	case !isOff && !isSuccess(w.Code):
		t.Errorf("%s: got %d %s, want a status below 400", op.name, w.Code, w.Body)
	}
	return trips
}

// checkPerformancePage compares the table of docs/performance.md with the table got. With -update it writes the table.
func checkPerformancePage(t *testing.T, got string) {
	t.Helper()
	text, err := os.ReadFile(performancePage)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), tripsBegin)
	want, tail, okToo := strings.Cut(rest, tripsEnd)
	if !ok || !okToo {
		t.Fatalf("%s has no begin or end marker of the table of round trips, want both", performancePage)
	}
	if *update {
		if err := os.WriteFile(performancePage, []byte(head+tripsBegin+got+tripsEnd+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("round trips in %s; go test ./conformance/faults -run RoundTripsOfPlugins -update writes them "+
			"(-page +measured):\n%s", performancePage, diff)
	}
}

// emailChangePattern matches the paths of the endpoints that change an email with a code.
var emailChangePattern = regexp.MustCompile(`/email-otp/(request-email-change|change-email)$`)

// pluginPathPattern matches the paths of the endpoints of plugins.
var pluginPathPattern = regexp.MustCompile(`/(magic-link|email-otp|two-factor|admin)\b`)

var templateRoutePattern = regexp.MustCompile(`Method: (\w+), Path: "(/api/auth/[^"]+)"`)

// The table has every route of a plugin that template.yaml has.
func TestTableOfRoundTripsHasEveryRouteOfThePlugins(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(performancePage)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range templateRoutePattern.FindAllStringSubmatch(string(template), -1) {
		if !pluginPathPattern.MatchString(m[2]) {
			continue
		}
		found++
		route := "| `" + strings.ToUpper(m[1]) + " " + m[2]
		if !strings.Contains(string(page), route+"` |") {
			t.Errorf("%s has no row of the route %s %s, want one", performancePage, m[1], m[2])
		}
	}
	if found < 30 {
		t.Errorf("routes of plugins in template.yaml: found %d, want at least 30", found)
	}
}

// withoutFaults are operations of which only the round trips are counted, because they run the same statements as
// another operation, or none.
var withoutFaults = []operation{
	{name: "GET /api/auth/get-session, with all plugins", prepare: func(t *testing.T, s *testServer) request {
		return request{s.newUser(t), "GET", "/api/auth/get-session", "", nil, checkNothing}
	}},
	{name: "POST /api/auth/sign-in/email, of a user with a second factor", prepare: func(
		t *testing.T, s *testServer,
	) request {
		p := s.newUser(t)
		p.setUpApp(t)
		p.enableSecondFactor(t)
		p.cookie = ""
		return request{p, "POST", "/api/auth/sign-in/email", p.credentials(), nil, checkNothing}
	}},
	{
		name: "POST /api/auth/magic-link/verify", settings: []string{"MAGIC_LINK_CONFIRM", "on"},
		prepare: func(t *testing.T, s *testServer) request {
			p := s.newVerifiedUser(t)
			p.mustSucceed(t, "POST", "/api/auth/sign-in/magic-link", p.emailBody())
			p.cookie = ""
			body := fmt.Sprintf(`{"token":%q}`, p.newestMailToken(t, "magic-link"))
			return request{p, "POST", "/api/auth/magic-link/verify", body, nil, checkNothing}
		},
	},
	{name: "POST /api/auth/forget-password/email-otp", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/forget-password/email-otp", p.emailBody(), nil, checkNothing}
	}},
	{name: "POST /api/auth/email-otp/request-email-change", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		body := `{"newEmail":"new@example.com"}`
		return request{p, "POST", "/api/auth/email-otp/request-email-change", body, nil, checkNothing}
	}},
	{name: "POST /api/auth/email-otp/change-email", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		body := `{"newEmail":"new@example.com","otp":"000000"}`
		return request{p, "POST", "/api/auth/email-otp/change-email", body, nil, checkNothing}
	}},
}
