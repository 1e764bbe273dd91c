package versus

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// callsOfActiveUsers returns the calls of n users in turn. User i, from 1 to n, sends c(i). callsOfActiveUsers creates
// all calls before the measurement starts.
func callsOfActiveUsers(n int, c func(i int) httpCall) func(i int) httpCall {
	all := make([]httpCall, n)
	for i := range all {
		all[i] = c(i + 1)
	}
	return func(i int) httpCall { return all[i%n] }
}

// callsOfInactiveUsers returns the calls of all users except the active ones. Each of these users sends only one
// request in all runs together.
func callsOfInactiveUsers(c func(i int) httpCall) func(i int) httpCall {
	next := callsOfActiveUsers(userCount-activeCount, func(i int) httpCall { return c(activeCount + i) })
	var sent atomic.Int64
	return func(int) httpCall { return next(int(sent.Add(1)) - 1) }
}

func getSessionCalls(s server) func(i int) httpCall {
	return func(i int) httpCall {
		return newCall("GET", "/api/auth/get-session", s.host(), `{"session":{`, "", "Cookie", sessionCookieOf(i))
	}
}

func getTokenCalls(s server) func(i int) httpCall {
	return func(i int) httpCall {
		return newCall("GET", "/api/auth/token", s.host(), `{"token":"`, "", "Cookie", sessionCookieOf(i))
	}
}

func getJWKSCalls(s server) func(i int) httpCall {
	return func(int) httpCall { return newCall("GET", "/api/auth/jwks", s.host(), `{"keys":[{`, "") }
}

func signInCalls(s server) func(i int) httpCall {
	return func(i int) httpCall {
		return newCall("POST", "/api/auth/sign-in/email", s.host(), `{"redirect":false,"token":"`,
			fmt.Sprintf(`{"email":"person%d@example.com","password":%q}`, i, userPassword), "Origin", "http://"+s.host())
	}
}

// signUpCount is the number of calls of signUpCalls.
var signUpCount atomic.Int64

// signUpCalls returns calls that each sign up a new user.
func signUpCalls(s server) func(i int) httpCall {
	return func(int) httpCall {
		return newCall("POST", "/api/auth/sign-up/email", s.host(), `{"token":"`,
			fmt.Sprintf(`{"name":"Ada","email":"ada%d-%d@example.com","password":%q}`, time.Now().UnixNano(), signUpCount.Add(1),
				userPassword),
			"Origin", "http://"+s.host())
	}
}

func getProfileCalls(s server, jwts []string) func(i int) httpCall {
	return func(i int) httpCall {
		return newCall("GET", "/api/profile", s.host(), `{"id":"`, "", "Authorization", "Bearer "+jwts[i-1])
	}
}

func putProfileCalls(s server, jwts []string) func(i int) httpCall {
	return func(i int) httpCall {
		return newCall("PUT", "/api/profile", s.host(), `{"id":"`,
			`{"learning_mode":"visual","time_per_week":`+strconv.Itoa(i)+`}`,
			"Authorization", "Bearer "+jwts[i-1])
	}
}

// TestEachInactiveUserIsUsedOnce checks that there are enough users for all rounds of getSessionOfManyUsers, including
// the round for warming up.
func TestEachInactiveUserIsUsedOnce(t *testing.T) {
	t.Parallel()
	n := 0
	for _, count := range signingCalls {
		n += count/4 + 5*count
	}
	if n > userCount-activeCount {
		t.Errorf("the runs need %d inactive users, but the database has only %d; increase the constant userCount",
			n, userCount-activeCount)
	}
	next, seen := callsOfInactiveUsers(getSessionCalls(server{address: ":1"})), map[string]bool{}
	for range userCount - activeCount {
		seen[string(next(0).send)] = true
	}
	if len(seen) != userCount-activeCount || seen[string(getSessionCalls(server{address: ":1"})(activeCount).send)] {
		t.Errorf("different users in the calls that callsOfInactiveUsers returns: got %d, want %d and no active user",
			len(seen), userCount-activeCount)
	}
}
