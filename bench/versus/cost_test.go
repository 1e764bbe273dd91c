package versus

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
)

// AWS's prices in us-east-1, on demand, without the free tier, as of May 2026, from the pages "AWS Lambda Pricing"
// (Arm, the first 7.5 billion GB-seconds of a month) and "Amazon API Gateway pricing" (HTTP APIs, the first 300 million
// requests of a month).
var awsPrices = struct {
	AsOf           string  `json:"asOf"`
	Region         string  `json:"region"`
	Source         string  `json:"source"`
	GBSecond       float64 `json:"dollarsPerGBSecond"`
	Requests       float64 `json:"dollarsPerMillionRequests"`
	Gateway        float64 `json:"dollarsPerMillionThroughTheGateway"`
	WholeProcessor float64 `json:"megabytesThatGetAWholeProcessor"`
}{
	"2026-05", "us-east-1, arm64",
	"https://aws.amazon.com/lambda/pricing/ and https://aws.amazon.com/api-gateway/pricing/", 0.0000133334, 0.20, 1.00,
	1769, // AWS Lambda Developer Guide, "Configure Lambda function memory"
}

// millionRequestsCost is the computed price of a million requests, from the processor time and the waiting time of one
// request on this machine.
type millionRequestsCost struct {
	Request    string  `json:"request"`
	Function   string  `json:"function"`
	Megabytes  int     `json:"megabytes"`
	Processor  float64 `json:"processorMicroseconds"` // processor time of the function
	Waiting    float64 `json:"waitingMicroseconds"`
	Billed     float64 `json:"billedMs"`
	Lambda     float64 `json:"lambdaDollars"` // a million requests: the time that is billed, and the requests themselves
	Gateway    float64 `json:"gatewayDollars"`
	BetterAuth float64 `json:"libraryProcessorMicroseconds,omitempty"`
}

// priceOfMillionRequests computes the billed milliseconds of a request and the price of a million. Lambda bills time
// multiplied by memory, in whole milliseconds. A function gets a share of a processor that is proportional to its
// memory, so the same work takes longer with less memory. One request uses at most one processor.
func priceOfMillionRequests(megabytes int, processor, waiting float64) (billedMs, dollars float64) {
	share := min(float64(megabytes)/awsPrices.WholeProcessor, 1)
	billedMs = math.Ceil((processor/share + waiting) / 1000)
	return billedMs, 1e6*billedMs/1000*float64(megabytes)/1024*awsPrices.GBSecond + awsPrices.Requests
}

// millionRequestsCosts returns the cost of each request that was measured with its function under the emulator.
func (r *report) millionRequestsCosts() (all []millionRequestsCost) {
	for _, c := range r.cells {
		if c.function == "" {
			continue
		}
		x := millionRequestsCost{
			Request: c.request + strings.TrimPrefix(c.subject,
				emulatorSubject), Function: c.function, Megabytes: r.sizes[c.function],
			Processor: c.row().Server.Median, Gateway: awsPrices.Gateway,
		}
		for _, p := range r.parts {
			if p.Request == x.Request {
				x.Waiting = p.Waiting
			}
		}
		x.Billed, x.Lambda = priceOfMillionRequests(x.Megabytes, x.Processor, x.Waiting)
		for _, server := range []string{betterAuthSubject, betterAuthScryptSubject} {
			if their := findMeasuredWorkload(r.cells, c.request, server, 1); their != nil {
				x.BetterAuth = their.row().Server.Median
			}
		}
		all = append(all, x)
	}
	return all
}

// writeCosts writes the section of the tables about the price of a million requests.
func writeCosts(b *strings.Builder, costs []millionRequestsCost) {
	fmt.Fprintf(b, "\n## Cost on AWS\n\n**Computed from this machine's processor, not billed:** Lambda's Arm "+
		"processors take another time. What a million "+
		"requests would cost: (processor time ÷ share of a processor + waiting), rounded up to a millisecond, × memory × "+
		"$%.10f for a "+
		"GB-second, and $%.2f for the requests themselves; the share is memory ÷ %.0f MB, at most 1. Processor time is "+
		"that of the function "+
		"under the emulator, with one connection and rate limits off; waiting is the median time that a request waits for "+
		"Postgres, "+
		"measured in the same run as the counts below, with Postgres on the same machine. Each millisecond that a "+
		"database is further away costs "+
		"$%.4f more per million at 256 MB. Prices: %s, as of %s, %s. Not included: cold starts, CloudFront, logs, the "+
		"database. The memory is "+
		"that of template.yaml. For Better Auth the table has only the processor time that it took here for the same "+
		"request.\n\n",
		awsPrices.GBSecond, awsPrices.Requests, awsPrices.WholeProcessor, 1e6*0.001*256/1024*awsPrices.GBSecond,
		awsPrices.Region, awsPrices.AsOf, awsPrices.Source)
	b.WriteString("| a million times | functions/ | MB | processor, µs | waiting, µs | billed, ms | Lambda, $ | HTTP " +
		"API, $ | together, $ | Better Auth's processor, µs |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range costs {
		processor := "–"
		if c.BetterAuth > 0 {
			processor = formatNumber(c.BetterAuth)
		}
		fmt.Fprintf(
			b,
			"| %s | %s | %d | %s | %s | %s | %.3f | %.2f | %.3f | %s |\n",
			c.Request,
			c.Function,
			c.Megabytes,
			formatNumber(
				c.Processor,
			),
			formatNumber(c.Waiting),
			formatNumber(c.Billed),
			c.Lambda,
			c.Gateway,
			c.Lambda+c.Gateway,
			processor,
		)
	}
}

// readFunctionMemorySizes reads the memory of each function from template.yaml, in MB by folder.
func readFunctionMemorySizes(tb testing.TB) map[string]int {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	type function struct {
		Folder string `yaml:"CodeUri"`
		Memory int    `yaml:"MemorySize"`
	}
	var template struct {
		Globals struct {
			Function function `yaml:"Function"`
		} `yaml:"Globals"`
		Resources map[string]struct {
			Type       string   `yaml:"Type"`
			Properties function `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		tb.Fatal(err)
	}
	sizes := map[string]int{}
	for _, r := range template.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		sizes[filepath.Base(r.Properties.Folder)] = template.Globals.Function.Memory
		if r.Properties.Memory != 0 {
			sizes[filepath.Base(r.Properties.Folder)] = r.Properties.Memory
		}
	}
	return sizes
}

func TestPriceOfMillionRequestsIsComputed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		megabytes          int
		processor, waiting float64
		billed, dollars    float64
	}{
		{1769, 25_000, 500, 26, 0.20 + 26e3*1769/1024*0.0000133334},
		{256, 256, 200, 2, 0.20 + 2e3*0.25*0.0000133334}, // 256 µs ÷ (256/1769) are 1.769 ms
		{256, 0, 1000, 1, 0.20 + 1e3*0.25*0.0000133334},
		{3538, 1000, 0, 1, 0.20 + 1e3*3538/1024*0.0000133334}, // two processors, of which it uses one
	} {
		billed, dollars := priceOfMillionRequests(c.megabytes, c.processor, c.waiting)
		if billed != c.billed || math.Abs(dollars-c.dollars) > 1e-9 {
			t.Errorf("%d MB, %v µs of processor time, %v µs of waiting: got %v ms and $%v, want %v ms and $%v",
				c.megabytes, c.processor, c.waiting, billed, dollars, c.billed, c.dollars)
		}
	}
}

// TestCostCombinesProcessorTimeAndWaiting checks that the cost of a request has the processor time of its measured
// workload, the waiting time of its requestCost, and Better Auth's processor time for the same request.
func TestCostCombinesProcessorTimeAndWaiting(t *testing.T) {
	t.Parallel()
	newMeasuredWorkload := func(request, subject, function string, server float64) *measuredWorkload {
		return &measuredWorkload{
			workload: workload{request: request, subject: subject, function: function}, conns: 1,
			samples: []measurement{{server: server, perSecond: 1}},
		}
	}
	r := &report{
		cells: []*measuredWorkload{
			newMeasuredWorkload(
				"sign-in",
				xenonArgon2idSubject,
				"",
				1,
			),
			newMeasuredWorkload("sign-in", betterAuthScryptSubject, "", 100_000),
			newMeasuredWorkload("sign-in", emulatorArgon2idSubject, "signin",
				24_000),
			newMeasuredWorkload("profile GET", emulatorSubject, "profile", 256),
		},
		parts: []requestCost{{Request: "sign-in, argon2id", Waiting: 1500}, {Request: "profile GET", Waiting: 100}},
		sizes: map[string]int{"signin": 1769, "profile": 256},
	}
	want := []millionRequestsCost{
		{"sign-in, argon2id", "signin", 1769, 24_000, 1500, 26, 0.2 + 26e3*1769/1024*0.0000133334, 1, 100_000},
		{"profile GET", "profile", 256, 256, 100, 2, 0.2 + 2e3*0.25*0.0000133334, 1, 0},
	}
	if diff := cmp.Diff(r.millionRequestsCosts(), want, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("costs (-got +want):\n%s", diff)
	}
}

// TestMemoryOfAFunctionOverridesTheGlobalMemory checks that a function's own memory size overrides the global one, as
// in SAM.
func TestMemoryOfAFunctionOverridesTheGlobalMemory(t *testing.T) {
	t.Parallel()
	sizes := readFunctionMemorySizes(t)
	folders, err := filepath.Glob(root + "/functions/*")
	if err != nil || len(folders) != len(sizes) {
		t.Errorf("functions with a memory size in template.yaml: got %d, want %d (error %v)", len(sizes), len(folders), err)
	}
	if sizes["session"] == 0 || sizes["signin"] <= sizes["session"] {
		t.Errorf("memory in template.yaml: got %d MB for signin and %d MB for session, want more for signin, which hashes "+
			"passwords", sizes["signin"], sizes["session"])
	}
}
