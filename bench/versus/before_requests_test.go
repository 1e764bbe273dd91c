package versus

import (
	"fmt"
	"slices"
	"testing"
)

// beforeUsers is the number of users that send most requests of requestsOfBefore. As many others, after firstMailUser,
// get mailed links, which other requests of the same users would have to look at.
const beforeUsers, firstMailUser = 500, 6000

// requestsOfBefore returns the requests that BenchmarkBefore sends to a server on a database with userCount users:
// those that both commits answer in the same way. It leaves out those whose answer waits for a minimum time, so
// that it takes the same time for known and unknown emails.
func requestsOfBefore(tb testing.TB, s server) []requestKind {
	tb.Helper()
	return slices.Concat(
		requestsWithoutSession(tb, s), requestsWithSession(tb, s), requestsOnGrowingTables(tb, s, userCount, beforeUsers))
}

// spreadUserOf returns the number of the user that sends call i: the users of requestsOnGrowingTables are those of the
// calls up to beforeUsers.
func spreadUserOf(i int) int { return i*7919%userCount + 1 }

func (s server) post(name, want, body string, headers ...string) httpCall {
	return newCall("POST", "/api/auth/"+name, s.host(), want, body, append(headers, "Origin", "http://"+s.host())...)
}

func requestsWithoutSession(tb testing.TB, s server) []requestKind {
	tb.Helper()
	conn := connect(tb, s.database)
	defer conn.Close(tb.Context())
	const resets = 5000 // the tokens to reset a password, of users that send nothing else
	if _, err := conn.Exec(tb.Context(), `INSERT INTO verification (identifier, value, "expiresAt")
		SELECT 'reset-password:token' || i, md5(((i + $1) * 7919 % $2 + 1)::text)::uuid::text, now() + interval '1 day'
		FROM generate_series(1, $3) i`, beforeUsers, userCount, resets); err != nil {
		tb.Fatal(err)
	}
	get := func(path, want string) func(int) httpCall {
		return callsOfActiveUsers(1, func(int) httpCall { return newCall("GET", path, s.host(), want, "") })
	}
	used := 0
	return []requestKind{
		{"jwks", false, callsOfActiveUsers(1, getJWKSCalls(s))},
		{"ok", false, get("/api/auth/ok", `{"ok":true`)},
		{"health", false, get("/health", `{"status":"ok"`)},
		{"get-session, without a cookie", false, get("/api/auth/get-session", "null")},
		{"request-password-reset", false, callsOfActiveUsers(beforeUsers, func(i int) httpCall {
			return s.post("request-password-reset", `{"status":true`,
				fmt.Sprintf(`{"email":"person%d@example.com"}`, spreadUserOf(firstMailUser+i)))
		})},
		{"reset-password", true, func(int) httpCall {
			used++
			return s.post("reset-password", `{"status":true`,
				fmt.Sprintf(`{"newPassword":"another password","token":"token%d"}`, used))
		}},
	}
}

func requestsWithSession(tb testing.TB, s server) []requestKind {
	tb.Helper()
	asUser := func(i int, name, want, body string) httpCall {
		return s.post(name, want, body, "Cookie", sessionCookieOf(i))
	}
	posts := func(name, want, body string) func(int) httpCall {
		return callsOfActiveUsers(beforeUsers, func(i int) httpCall { return asUser(spreadUserOf(i), name, want, body) })
	}
	newEmail := func(i int) httpCall {
		return asUser(spreadUserOf(firstMailUser+i), "change-email", `{"status":true`,
			fmt.Sprintf(`{"newEmail":"other%d@example.com"}`, i))
	}
	next := newSessions(tb, s, userCount, userCount+addedSessions)
	deleted := userCount
	return []requestKind{
		{"verify-password", true, posts("verify-password", `{"status":true`, passwordBody)},
		{"change-password", true, posts("change-password", `{"token":null`,
			fmt.Sprintf(`{"currentPassword":%q,"newPassword":%[1]q}`, userPassword))},
		{"change-email", false, callsOfActiveUsers(beforeUsers, newEmail)},
		{"revoke-session", false, func(int) httpCall {
			i := next()
			return asUser(i, "revoke-session", `{"status":true`, fmt.Sprintf(`{"token":%q}`, sessionTokenOf(i)))
		}},
		{"revoke-sessions", false, func(int) httpCall { return asUser(next(), "revoke-sessions", `{"status":true`, `{}`) }},
		{"delete-user", false, func(int) httpCall {
			deleted--
			return asUser(spreadUserOf(deleted), "delete-user", `{"success":true`, `{}`)
		}},
	}
}
