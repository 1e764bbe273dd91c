package versus

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// All colours can be read on white and on black.
const (
	grey             = "#767676"
	xenonColour      = "#0d9488"
	betterAuthColour = "#d97706"
	bareColour       = "#0284c7"
	limitColour      = "#8b8fa3"
)

// bar is one bar of a picture. lineEnd is the value at which a thin line after the bar ends, or 0 if there is no line.
type bar struct {
	label, colour  string
	value, lineEnd float64
}

// barGroup is a group of bars with a title, which have one scale.
type barGroup struct {
	title string
	bars  []bar
}

// pictures returns the SVGs of a run by file name.
func (r *report) pictures() map[string]string {
	return map[string]string{
		"performance-throughput.svg": drawBars("Requests per second, 64 connections: longer is better; each request has its "+
			"own scale", "", r.throughputBars()),
		"performance-latency.svg": drawBars("Milliseconds, one connection: shorter is better; thin line to p99; each "+
			"request has its own scale", " ms", r.latencyBars()),
		"performance-start.svg": drawBars("From a process's start to its first answer, and memory: shorter is better", "",
			r.startAndMemoryBars()),
	}
}

// addBar appends the bar of a measured workload to group, if it exists. With one connection the bar has a line to p99.
func (r *report) addBar(
	group *barGroup,
	request, subject, label, colour string,
	conns int,
	value func(measurement) float64,
) {
	if c := findMeasuredWorkload(r.cells, request, subject, conns); c != nil {
		b := bar{label, colour, spreadOf(c.values(value)).Median, 0}
		if conns == 1 {
			b.lineEnd = spreadOf(c.values(func(s measurement) float64 { return s.p99 })).Median
		}
		group.bars = append(group.bars, b)
	}
}

// requestBars returns a group of bars for each request: for Xenon, the bare server, Better Auth, and the limit of the
// machine.
func (r *report) requestBars(conns int, value func(measurement) float64) (all []barGroup) {
	for _, request := range []string{"get-session", getSessionOfManyUsers, "token", "jwks"} {
		group := barGroup{title: request}
		r.addBar(&group, request, xenonSubject, xenonSubject, xenonColour, conns, value)
		r.addBar(&group, request, bareServerSubject, bareServerSubject, bareColour, conns, value)
		r.addBar(&group, request, betterAuthSubject, betterAuthSubject, betterAuthColour, conns, value)
		r.addBar(&group, request, pgbenchSubject, "limit: the statement", limitColour, conns, value)
		if request == getSessionOfManyUsers {
			r.addBar(&group, "token", bareSignatureSubject, "limit: the signature", limitColour, conns, value)
		}
		all = append(all, group)
	}
	profile := barGroup{title: "profile, which Better Auth does not have"}
	r.addBar(&profile, "profile GET", xenonSubject, "Xenon, GET", xenonColour, conns, value)
	r.addBar(&profile, "profile GET", bareServerSubject, "bare server, GET", bareColour, conns, value)
	r.addBar(&profile, "profile PUT", xenonSubject, "Xenon, PUT", xenonColour, conns, value)
	all = append(all, profile)
	for _, request := range []string{"sign-in", "sign-up"} {
		group := barGroup{title: request}
		r.addBar(&group, request, xenonArgon2idSubject, xenonArgon2idSubject, xenonColour, conns, value)
		r.addBar(&group, "sign-in", bareArgon2idSubject, "limit: the argon2id hash", limitColour, conns, value)
		r.addBar(&group, request, xenonScryptSubject, xenonScryptSubject, xenonColour, conns, value)
		r.addBar(&group, "sign-in", bareScryptSubject, "limit: the scrypt hash", limitColour, conns, value)
		r.addBar(&group, request, betterAuthScryptSubject, betterAuthScryptSubject, betterAuthColour, conns, value)
		all = append(all, group)
	}
	return all
}

func (r *report) throughputBars() []barGroup {
	return r.requestBars(64, func(s measurement) float64 { return s.perSecond })
}

func (r *report) latencyBars() []barGroup {
	return r.requestBars(1, func(s measurement) float64 { return s.p50 })
}

func (r *report) startAndMemoryBars() []barGroup {
	p50 := func(s measurement) float64 { return s.p50 }
	begin := barGroup{title: "start to first answer, ms"}
	r.addBar(&begin, jwksStartRequest, bareFunctionSubject, bareFunctionSubject, bareColour, 1, p50)
	r.addBar(&begin, jwksStartRequest, functionSubject, "functions/jwks", xenonColour, 1, p50)
	r.addBar(&begin, startRequest, functionSubject, "functions/session", xenonColour, 1, p50)
	r.addBar(&begin, startRequest, xenonSubject, "xenon dev", xenonColour, 1, p50)
	r.addBar(&begin, startRequest, betterAuthSubject, betterAuthSubject, betterAuthColour, 1, p50)
	for i := range begin.bars {
		begin.bars[i].lineEnd = 0 // three starts have no p99
	}
	memory := barGroup{title: "peak memory, MiB"}
	for _, one := range []struct{ process, label, colour string }{
		{bareFunctionSubject, bareFunctionSubject, bareColour},
		{"functions/jwks", "functions/jwks", xenonColour},
		{"functions/session", "functions/session", xenonColour},
		{"functions/signin, argon2id", "functions/signin, argon2id", xenonColour},
		{"functions/signin, scrypt", "functions/signin, scrypt", xenonColour},
		{bareServerSubject, bareServerSubject, bareColour},
		{xenonArgon2idSubject, "xenon dev, argon2id", xenonColour},
		{xenonScryptSubject, "xenon dev, scrypt", xenonColour},
		{betterAuthSubject, betterAuthSubject, betterAuthColour},
	} {
		if mib, measured := r.memory[one.process]; measured {
			memory.bars = append(memory.bars, bar{one.label, one.colour, mib, 0})
		}
	}
	return []barGroup{begin, memory}
}

// drawBars returns a picture of horizontal bars that are scaled within their group. It uses only presentation
// attributes, no styles and no scripts.
func drawBars(title, unit string, groups []barGroup) string {
	const left, right, width, step = 190.0, 610.0, 760.0, 18.0
	var b strings.Builder
	y := 34.0
	for _, group := range groups {
		y += 8
		fmt.Fprintf(&b, `<text x="8" y="%.0f" font-weight="bold">%s</text>`+"\n", y+12, escapeXML(group.title))
		y += step
		most := 1e-9
		for _, one := range group.bars {
			most = max(most, one.value, one.lineEnd)
		}
		x := func(v float64) float64 { return left + (right-left)*v/most }
		for _, one := range group.bars {
			fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="end">%s</text><rect x="%.0f" y="%.0f" width="%.1f" `+
				`height="12" fill="%s"/>`,
				left-8, y+12, escapeXML(one.label), left, y+2, max(x(one.value)-left, 1), one.colour)
			end, text := x(one.value), formatNumber(one.value)+unit
			if one.lineEnd > one.value {
				fmt.Fprintf(&b, `<line x1="%.1f" y1="%.0f" x2="%.1f" y2="%.0f" stroke="%s" stroke-width="2"/>`, end, y+8,
					x(one.lineEnd), y+8, one.colour)
				end, text = x(one.lineEnd), text+" (p99 "+formatNumber(one.lineEnd)+")"
			}
			fmt.Fprintf(&b, `<text x="%.1f" y="%.0f">%s</text>`+"\n", end+6, y+12, text)
			y += step
		}
	}
	return fmt.Sprintf(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="system-ui, sans-serif" `+
			`font-size="12" fill="%s" role="img">
<title>%s</title>
<text x="8" y="20" font-size="14">%s</text>
%s</svg>
`,
		width,
		y+10,
		grey,
		escapeXML(title),
		escapeXML(title),
		b.String(),
	)
}

func escapeXML(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never returns an error
	return b.String()
}

// TestPictureIsPlainSVG checks that a picture is XML with all bars, and contains nothing that a strict content security
// policy rejects.
func TestPictureIsPlainSVG(t *testing.T) {
	t.Parallel()
	svg := drawBars(
		"a < b",
		" ms",
		[]barGroup{{"x & y", []bar{{"one", xenonColour, 2, 4}, {"two", betterAuthColour, 8, 0}}}},
	)
	decoder := xml.NewDecoder(strings.NewReader(svg))
	rects, widths := 0, ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if element.Name.Local == "rect" {
			rects++
		}
		for _, a := range element.Attr {
			if element.Name.Local == "rect" && a.Name.Local == "width" {
				widths += a.Value + " "
			}
			if a.Name.Local == "style" || element.Name.Local == "script" {
				t.Errorf("the picture has the element %s with the attribute %s, want neither scripts nor style attributes",
					element.Name.Local, a.Name.Local)
			}
		}
	}
	if want := "105.0 420.0 "; rects != 2 || widths != want {
		t.Errorf("bars of the picture: got %d with the widths %s, want 2 with %s", rects, widths, want)
	}
}
