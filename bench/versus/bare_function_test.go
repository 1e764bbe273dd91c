package versus

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// bareFunctionSubject is the name of the bare Lambda function (bare/function) in the tables.
const bareFunctionSubject = "bare function"

// bareFunctionFolder is the folder of the bare function's program.
const bareFunctionFolder = "bench/versus/bare/function"

// bareFunction is the bare function, which sends the same bytes as functions/jwks.
type bareFunction struct {
	server               // under the emulator
	bootstrap   string   // the built file
	response    string   // the JSON of its response
	environment []string // its environment variables
}

// jwksEvents returns calls to the emulator whose event is the request of jwks.
func (w *benchmarkSetup) jwksEvents() func(i int) httpCall {
	return callsOfActiveUsers(1, w.events.callsWithEvents(getJWKSCalls(w.argon2id)))
}

// bareFunctionWorkload returns a workload that sends events to the bare function under the emulator.
func (w *benchmarkSetup) bareFunctionWorkload(b *testing.B) workload {
	b.Helper()
	if !isSelected("jwks", bareFunctionSubject) {
		return workload{request: "jwks", subject: bareFunctionSubject}
	}
	f := w.startBareFunction(b)
	return f.httpWorkloadAs(bareFunctionSubject, "jwks", [3]int{emulatorCallCount}, w.jwksEvents())
}

// startBareFunction starts the bare function under the emulator, unless it is already started. It first starts
// functions/jwks, whose response the bare function gets.
func (w *benchmarkSetup) startBareFunction(b *testing.B) *bareFunction {
	b.Helper()
	if w.bareFunction != nil {
		return w.bareFunction
	}
	next, f := w.jwksEvents(), &bareFunction{}
	jwks := w.startFunction(b, "jwks", emulatorSubject, w.argon2id, next)
	var err error
	if f.response, err = sendOne(b.Context(), jwks.address, next(0)); err != nil {
		b.Fatal(err)
	}
	f.bootstrap, f.environment = buildRelease(b, bareFunctionFolder), []string{"BARE_FUNCTION=" + f.response}
	f.server = startEmulator(b, f.bootstrap, f.environment, w.sizes["jwks"], next(0))
	got, err := sendOne(b.Context(), f.address, next(0))
	if err != nil {
		b.Fatal(err)
	}
	if got != f.response {
		b.Fatalf("the response of the bare function: got %s, want that of functions/jwks, %s", got, f.response)
	}
	w.functions[bareFunctionSubject], w.bareFunction = f.server, f
	return f
}

// handler returns the handler of the bare function, in this process.
func (f *bareFunction) handler(tb testing.TB) lambda.Handler {
	tb.Helper()
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal([]byte(f.response), &response); err != nil {
		tb.Fatal(err)
	}
	return lambda.NewHandler(
		func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
			return response, nil
		})
}
