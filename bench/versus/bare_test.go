package versus

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/bench/versus/bare"
	"github.com/xenon-auth/xenon/shared/config"
)

// bareServerSubject is the name of the bare server (bare/server) in the tables.
const bareServerSubject = "bare server"

// bareServerFolder is the folder of the bare server's program.
const bareServerFolder = "bench/versus/bare/server"

// requestsOfBareServer are the requests that the bare server answers, and pathsOfBareServer their paths.
var (
	requestsOfBareServer = []string{"get-session", "token", "jwks", "profile GET"}
	pathsOfBareServer    = map[string]string{
		"get-session": "/api/auth/get-session", "token": "/api/auth/token", "jwks": "/api/auth/jwks",
		"profile GET": "/api/profile",
	}
)

// bareCalls returns the calls of the requests of the bare server, by path. jwts are those of the users.
func bareCalls(s server, jwts []string) map[string]func(i int) httpCall {
	return map[string]func(i int) httpCall{
		"/api/auth/get-session": getSessionCalls(s),
		"/api/auth/token":       getTokenCalls(s),
		"/api/auth/jwks":        getJWKSCalls(s),
		"/api/profile":          getProfileCalls(s, jwts),
	}
}

// startBareServer starts the bare server on the database of x, which is a Xenon. It ends the test if the two servers do
// not send the same responses to users 1 and 2, whose JWTs are in jwts.
func startBareServer(tb testing.TB, program string, x server, jwts []string) server {
	tb.Helper()
	text, err := json.Marshal(bareServerLike(tb, x, jwts))
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(plainEnvironment(), "BARE_SERVER="+string(text))
	s := server{name: bareServerSubject, database: x.database, address: startServer(tb, cmd, "127.")}
	s.pid = cmd.Process.Pid
	requireSameResponses(tb, x, s, jwts)
	return s
}

// bareServerLike returns a bare server with the statements, keys and response headers of x. It finds them by sending x
// a request of each kind.
func bareServerLike(tb testing.TB, x server, jwts []string) *bare.Server {
	tb.Helper()
	s := &bare.Server{Database: x.database, Token: jwts[0], Headers: map[string]http.Header{}}
	for path, calls := range bareCalls(x, jwts) {
		header, body := exchange(tb, x.address, calls(1))
		header.Del("Date")           // net/http adds these two
		header.Del("Content-Length") // to each response
		s.Headers[path] = header
		var err error
		switch path {
		case "/api/auth/get-session":
			s.SessionSQL, err = lastStatement(tb.Context(), x.database, `s."expiresAt", s.token`)
		case "/api/auth/jwks":
			err = json.Unmarshal([]byte(body), &s.Keys)
		case "/api/profile":
			s.ProfileSQL, err = lastStatement(tb.Context(), x.database, "user_profile")
		}
		if err != nil {
			tb.Fatalf("read what the bare server needs for %s: %v", path, err)
		}
	}
	return s
}

// requireSameResponses ends the test if x and the bare server y do not send the same bytes to users 1 and 2. Of the
// JWTs and the other values that the bare server repeats, it compares the lengths.
func requireSameResponses(tb testing.TB, x, y server, jwts []string) {
	tb.Helper()
	for path, calls := range bareCalls(x, jwts) {
		for i := 1; i <= 2; i++ {
			want := comparableResponse(exchange(tb, x.address, calls(i)))
			got := comparableResponse(exchange(tb, y.address, calls(i)))
			if diff := cmp.Diff(want, got); diff != "" {
				tb.Fatalf("%s: the responses of Xenon and of the bare server (-Xenon +bare):\n%s", path, diff)
			}
		}
	}
}

var jwtPattern = regexp.MustCompile(`eyJ[\w.-]+`)

// comparableResponse returns the headers and the body of a response. It replaces each value that differs
// between two responses to the same request by its length.
func comparableResponse(header http.Header, body string) []string {
	withLength := func(value string) string { return fmt.Sprintf("<%d bytes>", len(value)) }
	all := []string{jwtPattern.ReplaceAllStringFunc(body, withLength)}
	for name, values := range header {
		for _, value := range values {
			switch name {
			case "Date", "X-Request-Id", "Etag", "Set-Auth-Jwt":
				value = withLength(value)
			}
			all = append(all, name+": "+value)
		}
	}
	slices.Sort(all)
	return all
}

// exchange sends a call over a new connection, and returns the headers and the body of the expected response.
func exchange(tb testing.TB, address string, c httpCall) (http.Header, string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(c.send); err != nil {
		tb.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if response.StatusCode != c.wantedStatus() || !c.isAnsweredBy(body) {
		tb.Fatalf("the response to %.60q is %d %.200q, want the expected one", c.send, response.StatusCode, body)
	}
	return response.Header, string(body)
}

// TestBareServerSendsTheResponsesOfXenon starts the bare server, which compares its responses with Xenon's, and checks
// that this comparison finds the response of another user.
func TestBareServerSendsTheResponsesOfXenon(t *testing.T) {
	t.Parallel()
	x := newInProcessFunctions(t, server{
		database: newDatabaseWithUsers(t, activeCount, config.Argon2id), format: config.Argon2id,
	}, "off").server
	jwts := []string{jwtOfUser(t, x, 1), jwtOfUser(t, x, 2)}
	other := startBareServer(t, buildRelease(t, bareServerFolder), x, jwts)
	calls := getSessionCalls(x)
	mine := comparableResponse(exchange(t, x.address, calls(1)))
	if theirs := comparableResponse(exchange(t, other.address, calls(2))); cmp.Equal(mine, theirs) {
		t.Errorf("the responses to users 1 and 2 are equal: %v", theirs)
	}
}
