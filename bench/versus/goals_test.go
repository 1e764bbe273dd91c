package versus

import (
	"fmt"

	"github.com/xenon-auth/xenon/shared/config"
)

// goal is a goal for a ratio or a value, and the measured value.
type goal struct {
	What string `json:"what"`
	Want string `json:"want"`
	Got  spread `json:"got"`
	Met  bool   `json:"met"`
}

// atLeast and atMost compare the median with the goal.
func atLeast(what string, got spread, want float64) goal {
	return goal{What: what, Want: fmt.Sprintf("≥ %g", want), Got: got, Met: got.Median >= want}
}

func atMost(what string, got spread, want float64) goal {
	return goal{What: what, Want: fmt.Sprintf("≤ %g", want), Got: got, Met: got.Median <= want}
}

// goals compares the results of a run with the goals. Throughput is that with 64 connections, where every server is
// fully used, and latency is that with one connection.
func (r *report) goals() []goal {
	perSecond := func(s sample) float64 { return s.perSecond }
	p50 := func(s sample) float64 { return s.p50 }
	processors := func(s sample) float64 { return s.server + s.postgres }
	at := func(request, subject string, conns int) *cell { return findCell(r.cells, request, subject, conns) }
	versus := func(request, a, b string, conns int, value func(sample) float64) spread {
		return ratioOf(at(request, a, conns), at(request, b, conns), value)
	}
	const start = "start to first answer"
	all := []goal{
		atLeast("get-session: requests/s ÷ Better Auth's", versus("get-session", ours, betterAuth, 64, perSecond), 30),
		atLeast("get-session: requests/s ÷ pgbench's", versus("get-session", ours, thePgbench, 64, perSecond), 0.25),
		atMost("start to first answer: function ÷ Better Auth", versus(start, ourFunction, betterAuth, 1, p50), 1.0/20),
		atLeast(
			"sign-in, argon2id: sign-ins/s ÷ Better Auth's",
			versus("sign-in", ourArgon2id, betterAuthScrypt, 64, perSecond),
			4,
		),
		atLeast("sign-in, scrypt: sign-ins/s ÷ Better Auth's", versus("sign-in", ourScrypt, betterAuthScrypt, 64, perSecond),
			1.15),
		atMost("sign-in, argon2id: latency ÷ the bare hash", versus("sign-in", ourArgon2id, bareArgon2id, 1, p50), 1.08),
		atMost("sign-in, scrypt: latency ÷ the bare hash", versus("sign-in", ourScrypt, bareScrypt, 1, p50), 1.08),
		atMost(newJWT+": microseconds", scaledSpread(at(newJWT, ours, 1).values(p50), 1000), 100),
		atMost(newJWT+": requests over the network after the first", singleValue(float64(r.fetches-1)), 0),
		atMost(
			"profile GET: processor time ÷ get-session's",
			ratioOf(at("profile GET", ours, 64), at("get-session", ours, 64),
				processors),
			1.3,
		),
	}
	for _, format := range []string{config.Argon2id, config.Scrypt} {
		server := ours + ", " + format
		all = append(
			all,
			atMost("peak memory, "+format+": the sign-in function ÷ Better Auth's",
				singleValue(r.memory["functions/signin, "+format]/r.memory[betterAuth]), 0.25),
			atMost(
				"peak memory, "+format+": xenon dev ÷ Better Auth's",
				singleValue(r.memory[server]/r.memory[betterAuth]),
				0.25,
			),
		)
	}
	for _, g := range r.growth {
		all = append(all, atMost(g.Request+": time with 1,000,000 users ÷ with 10,000", g.Ratio, 1.3))
	}
	return all
}

// singleValue returns the spread of one value.
func singleValue(v float64) spread { return spread{v, v, v} }

// scaledSpread returns the spread of the values, each multiplied by a factor.
func scaledSpread(values []float64, factor float64) spread {
	for i := range values {
		values[i] *= factor
	}
	return spreadOf(values)
}
