package versus

import (
	"fmt"
	"strings"

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

// measure has a value that a goal compares, such as requests per second.
type measure func(measurement) float64

func requestRate(s measurement) float64        { return s.perSecond }
func medianLatency(s measurement) float64      { return s.p50 }
func serverTime(s measurement) float64         { return s.server }
func processorTimeOfAll(s measurement) float64 { return s.server + s.postgres }

// goals compares the results of a run with the goals. It leaves out the goals of measurements that the flags did not
// select.
func (r *report) goals() (all []goal) {
	add := func(g goal, ok bool) {
		if ok {
			all = append(all, g)
		}
	}
	atLeast := func(what, request, a, b string, conns int, value measure, want float64) {
		got, ok := r.ratio(request, a, request, b, conns, value)
		add(goalAtLeast(what, got, want), ok)
	}
	atMost := func(what, request, a, b string, conns int, value measure, want float64) {
		got, ok := r.ratio(request, a, request, b, conns, value)
		add(goalAtMost(what, got, want), ok)
	}
	for _, request := range requestsOfBareServer {
		for _, conns := range []int{16, 64} {
			what := fmt.Sprintf("%s, %d connections: requests/s ÷ ", request, conns)
			atLeast(what+"the bare server's", request, xenonSubject, bareServerSubject, conns, requestRate, 0.85)
			atLeast(what+"Better Auth's", request, xenonSubject, betterAuthSubject, conns, requestRate, 35)
		}
	}
	atLeast("get-session: requests/s ÷ pgbench's", "get-session", xenonSubject, pgbenchSubject, 64, requestRate, 0.25)
	atMost("start to first answer: function ÷ Better Auth", startRequest, functionSubject, betterAuthSubject, 1,
		medianLatency, 1.0/20)
	atLeast("sign-in, argon2id: sign-ins/s ÷ Better Auth's", "sign-in", xenonArgon2idSubject, betterAuthScryptSubject,
		64, requestRate, 4)
	atLeast("sign-in, scrypt: sign-ins/s ÷ Better Auth's", "sign-in", xenonScryptSubject, betterAuthScryptSubject,
		64, requestRate, 1.15)
	atMost("sign-in, argon2id: latency ÷ the bare hash", "sign-in", xenonArgon2idSubject, bareArgon2idSubject, 1,
		medianLatency, 1.06)
	atMost("sign-in, scrypt: latency ÷ the bare hash", "sign-in", xenonScryptSubject, bareScryptSubject, 1,
		medianLatency, 1.08)
	if c := findMeasuredWorkload(r.cells, newJWT, xenonSubject, 1); c != nil {
		add(goalAtMost(newJWT+": microseconds", scaledSpread(c.values(medianLatency), 1000), 100), true)
		add(goalAtMost(newJWT+": requests over the network after the first", spreadOfOneValue(float64(r.fetches-1)), 0), true)
	}
	got, ok := r.ratio("profile GET", xenonSubject, "get-session", xenonSubject, 64, processorTimeOfAll)
	add(goalAtMost("profile GET: processor time ÷ get-session's", got, 1.3), ok)
	all = append(all, r.memoryGoals()...)
	for _, g := range r.growth {
		add(goalAtMost(g.Request+": time with 1,000,000 users ÷ with 10,000", g.Ratio, 1.3),
			!strings.HasSuffix(g.Request, withTotal))
	}
	return all
}

// ratio returns the ratios of a request of subject a to a request of subject b, or false if one was not measured.
func (r *report) ratio(requestA, a, requestB, b string, conns int, value measure) (spread, bool) {
	x, y := findMeasuredWorkload(r.cells, requestA, a, conns), findMeasuredWorkload(r.cells, requestB, b, conns)
	if x == nil || y == nil {
		return spread{}, false
	}
	return ratiosOf(x, y, value), true
}

// memoryGoals returns the goals for the peak memory as a share of Better Auth's.
func (r *report) memoryGoals() (all []goal) {
	for _, format := range []string{config.Argon2id, config.Scrypt} {
		for _, process := range []struct{ label, subject string }{
			{"the sign-in function", functionName("signin", emulatorSubject+", "+format)},
			{"xenon dev", xenonSubject + ", " + format},
		} {
			got, measured := r.memory[process.subject]
			betterAuths, betterAuthMeasured := r.memory[betterAuthSubject]
			if measured && betterAuthMeasured {
				what := "peak memory, " + format + ": " + process.label + " ÷ Better Auth's"
				all = append(all, goalAtMost(what, spreadOfOneValue(got/betterAuths), 0.25))
			}
		}
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
