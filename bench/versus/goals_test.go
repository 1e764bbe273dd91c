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

// goalAtLeast and goalAtMost compare the median with the goal.
func goalAtLeast(what string, got spread, want float64) goal {
	return goal{What: what, Want: fmt.Sprintf("≥ %g", want), Got: got, Met: got.Median >= want}
}

func goalAtMost(what string, got spread, want float64) goal {
	return goal{What: what, Want: fmt.Sprintf("≤ %g", want), Got: got, Met: got.Median <= want}
}

// goals compares the results of a run with the goals. Throughput is that with 64 connections, where every server is
// fully used, and latency is that with one connection.
func (r *report) goals() []goal {
	perSecond := func(s measurement) float64 { return s.perSecond }
	p50 := func(s measurement) float64 { return s.p50 }
	processors := func(s measurement) float64 { return s.server + s.postgres }
	measuredAt := func(request, subject string, conns int) *measuredWorkload {
		return findMeasuredWorkload(r.cells, request, subject, conns)
	}
	ratioTo := func(request, a, b string, conns int, value func(measurement) float64) spread {
		return ratiosOf(measuredAt(request, a, conns), measuredAt(request, b, conns), value)
	}
	const startRequest = "start to first answer"
	all := []goal{
		goalAtLeast(
			"get-session: requests/s ÷ Better Auth's",
			ratioTo("get-session", xenonSubject, betterAuthSubject, 64, perSecond),
			30,
		),
		goalAtLeast(
			"get-session: requests/s ÷ pgbench's",
			ratioTo("get-session", xenonSubject, pgbenchSubject, 64, perSecond),
			0.25,
		),
		goalAtMost(
			"start to first answer: function ÷ Better Auth",
			ratioTo(startRequest, functionSubject, betterAuthSubject, 1, p50),
			1.0/20,
		),
		goalAtLeast(
			"sign-in, argon2id: sign-ins/s ÷ Better Auth's",
			ratioTo("sign-in", xenonArgon2idSubject, betterAuthScryptSubject, 64, perSecond),
			4,
		),
		goalAtLeast(
			"sign-in, scrypt: sign-ins/s ÷ Better Auth's",
			ratioTo("sign-in", xenonScryptSubject, betterAuthScryptSubject, 64, perSecond),
			1.15,
		),
		goalAtMost(
			"sign-in, argon2id: latency ÷ the bare hash",
			ratioTo("sign-in", xenonArgon2idSubject, bareArgon2idSubject, 1, p50),
			1.08,
		),
		goalAtMost(
			"sign-in, scrypt: latency ÷ the bare hash",
			ratioTo("sign-in", xenonScryptSubject, bareScryptSubject, 1, p50),
			1.08,
		),
		goalAtMost(newJWT+": microseconds", scaledSpread(measuredAt(newJWT, xenonSubject, 1).values(p50), 1000), 100),
		goalAtMost(newJWT+": requests over the network after the first", spreadOfOneValue(float64(r.fetches-1)), 0),
		goalAtMost(
			"profile GET: processor time ÷ get-session's",
			ratiosOf(measuredAt("profile GET", xenonSubject, 64), measuredAt("get-session", xenonSubject, 64),
				processors),
			1.3,
		),
	}
	for _, format := range []string{config.Argon2id, config.Scrypt} {
		server := xenonSubject + ", " + format
		all = append(
			all,
			goalAtMost("peak memory, "+format+": the sign-in function ÷ Better Auth's",
				spreadOfOneValue(r.memory["functions/signin, "+format]/r.memory[betterAuthSubject]), 0.25),
			goalAtMost(
				"peak memory, "+format+": xenon dev ÷ Better Auth's",
				spreadOfOneValue(r.memory[server]/r.memory[betterAuthSubject]),
				0.25,
			),
		)
	}
	for _, g := range r.growth {
		all = append(all, goalAtMost(g.Request+": time with 1,000,000 users ÷ with 10,000", g.Ratio, 1.3))
	}
	return all
}

// spreadOfOneValue returns the spread of one value.
func spreadOfOneValue(v float64) spread { return spread{v, v, v} }

// scaledSpread returns the spread of the values, each multiplied by a factor.
func scaledSpread(values []float64, factor float64) spread {
	for i := range values {
		values[i] *= factor
	}
	return spreadOf(values)
}
