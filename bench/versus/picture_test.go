package versus

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
)

// The colours, and the grey of the letters, can be read on white and on black.
const (
	grey        = "#767676"
	oursColour  = "#0d9488"
	theirColour = "#d97706"
	limitColour = "#8b8fa3"
)

// bar is one figure of a picture; far is how much further its thin line goes, 0 for none.
type bar struct {
	label, colour string
	value, far    float64
}

// bars are those of one thing.
type bars struct {
	title string
	bars  []bar
}

// pictures are the SVGs of a run by file name.
func (r *report) pictures() map[string]string {
	return map[string]string{
		"performance-throughput.svg": draw("Requests per second, 64 connections (logarithmic)", "", r.throughput()),
		"performance-latency.svg":    draw("Milliseconds at one connection: median, thin line to p99 (logarithmic)", " ms", r.latency()),
		"performance-start.svg":      draw("Start, and memory (logarithmic)", "", r.footprint()),
	}
}

// bar is that of a cell, left out where there is none.
func (r *report) bar(group *bars, request, subject, label, colour string, conns int, value func(sample) float64) {
	if c := find(r.cells, request, subject, conns); c != nil {
		b := bar{label, colour, spreadOf(c.of(value)).Median, 0}
		if conns == 1 {
			b.far = spreadOf(c.of(func(s sample) float64 { return s.p99 })).Median
		}
		group.bars = append(group.bars, b)
	}
}

func (r *report) throughput() (all []bars) {
	perSecond := func(s sample) float64 { return s.perSecond }
	for _, request := range []string{"get-session", newPeople, "token", "jwks", "profile GET", "profile PUT"} {
		group := bars{title: request}
		r.bar(&group, request, ours, ours, oursColour, 64, perSecond)
		r.bar(&group, request, theLibrary, theLibrary, theirColour, 64, perSecond)
		r.bar(&group, request, thePgbench, "limit: the statement", limitColour, 64, perSecond)
		all = append(all, group)
	}
	for _, request := range []string{"sign-in", "sign-up"} {
		group := bars{title: request}
		for _, format := range [][2]string{{ourArgon2id, bareArgon2id}, {ourScrypt, bareScrypt}} {
			r.bar(&group, request, format[0], format[0], oursColour, 64, perSecond)
			if c := find(r.cells, "sign-in", format[1], 1); c != nil { // as many at once as there are processors
				limit := spreadOf(c.of(perSecond)).Median * float64(runtime.NumCPU())
				group.bars = append(group.bars, bar{"limit: the " + strings.TrimPrefix(format[1], "bare ") + " hash", limitColour, limit, 0})
			}
		}
		r.bar(&group, request, theirScrypt, theirScrypt, theirColour, 64, perSecond)
		all = append(all, group)
	}
	return all
}

func (r *report) latency() (all []bars) {
	p50 := func(s sample) float64 { return s.p50 }
	for _, request := range []string{"get-session", newPeople, "token", "jwks", "profile GET", "profile PUT"} {
		group := bars{title: request}
		r.bar(&group, request, ours, ours, oursColour, 1, p50)
		r.bar(&group, request, theLibrary, theLibrary, theirColour, 1, p50)
		r.bar(&group, request, thePgbench, "limit: the statement", limitColour, 1, p50)
		all = append(all, group)
	}
	for _, request := range []string{"sign-in", "sign-up"} {
		group := bars{title: request}
		r.bar(&group, request, ourArgon2id, ourArgon2id, oursColour, 1, p50)
		r.bar(&group, "sign-in", bareArgon2id, "limit: the argon2id hash", limitColour, 1, p50)
		r.bar(&group, request, ourScrypt, ourScrypt, oursColour, 1, p50)
		r.bar(&group, "sign-in", bareScrypt, "limit: the scrypt hash", limitColour, 1, p50)
		r.bar(&group, request, theirScrypt, theirScrypt, theirColour, 1, p50)
		all = append(all, group)
	}
	return all
}

func (r *report) footprint() []bars {
	p50 := func(s sample) float64 { return s.p50 }
	begin := bars{title: "start to first answer, ms"}
	r.bar(&begin, "start to first answer", ourFunction, ourFunction, oursColour, 1, p50)
	r.bar(&begin, "start to first answer", ours, "xenon dev", oursColour, 1, p50)
	r.bar(&begin, "start to first answer", theLibrary, theLibrary, theirColour, 1, p50)
	memory := bars{title: "peak memory, MiB", bars: []bar{
		{ourFunction, oursColour, r.memory[ourEmulator], 0},
		{ourArgon2id, oursColour, r.memory[ourArgon2id], 0},
		{ourScrypt, oursColour, r.memory[ourScrypt], 0},
		{theLibrary, theirColour, r.memory[theLibrary], 0},
	}}
	return []bars{begin, memory}
}

// draw is a picture of horizontal bars on a logarithmic scale. It has presentation attributes only, no styles and no scripts.
func draw(title, unit string, groups []bars) string {
	const left, right, width, step = 190.0, 640.0, 760.0, 18.0
	least, most := math.Inf(1), 0.0
	for _, group := range groups {
		for _, b := range group.bars {
			least, most = min(least, b.value), max(most, b.value, b.far)
		}
	}
	from := math.Floor(math.Log10(max(least, 1e-6)) - 0.01)
	to := max(math.Log10(max(most, 1e-6)), from+1)
	x := func(v float64) float64 { return left + (right-left)*(math.Log10(max(v, 1e-6))-from)/(to-from) }
	var b strings.Builder
	y := 34.0
	for _, group := range groups {
		y += 8
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" font-weight="bold">%s</text>`+"\n", 8.0, y+12, escaped(group.title))
		y += step
		for _, one := range group.bars {
			fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="end">%s</text><rect x="%.0f" y="%.0f" width="%.1f" height="12" fill="%s"/>`,
				left-8, y+12, escaped(one.label), left, y+2, max(x(one.value)-left, 1), one.colour)
			end := x(one.value)
			if one.far > one.value {
				fmt.Fprintf(&b, `<line x1="%.1f" y1="%.0f" x2="%.1f" y2="%.0f" stroke="%s" stroke-width="2"/>`, end, y+8, x(one.far), y+8, one.colour)
				end = x(one.far)
			}
			fmt.Fprintf(&b, `<text x="%.1f" y="%.0f">%s%s</text>`+"\n", end+6, y+12, figure(one.value), unit)
			y += step
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="system-ui, sans-serif" font-size="12" fill="%s" role="img">
<title>%s</title>
<text x="8" y="20" font-size="14">%s</text>
%s</svg>
`, width, y+10, grey, escaped(title), escaped(title), b.String())
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// TestPicture holds that a picture is XML, has every bar, and is nothing a strict content policy would refuse.
func TestPicture(t *testing.T) {
	t.Parallel()
	svg := draw("a < b", " ms", []bars{{"x & y", []bar{{"one", oursColour, 0.4, 2}, {"two", theirColour, 5000, 0}}}})
	decoder := xml.NewDecoder(strings.NewReader(svg))
	rects := 0
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
			if a.Name.Local == "style" || element.Name.Local == "script" {
				t.Errorf("%s %s is not allowed", element.Name.Local, a.Name.Local)
			}
		}
	}
	if rects != 2 {
		t.Errorf("got %d bars, want 2", rects)
	}
}
