package conformance

import (
	"slices"
	"strings"
)

// browserNamed has the cookies of one browser, in the order in which they were first set.
type browser struct{ cookies [][2]string }

func (p *player) browserNamed(name string) *browser {
	if name == "" {
		return &browser{}
	}
	if p.browsers[name] == nil {
		p.browsers[name] = &browser{}
	}
	return p.browsers[name]
}

// applySetCookies stores the cookies of Set-Cookie lines, and deletes those with Max-Age=0.
func (b *browser) applySetCookies(lines []string) {
	for _, line := range lines {
		pair, attributes, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(b.cookies, func(c [2]string) bool { return c[0] == name })
		switch isDeleted := strings.Contains(attributes+";", "Max-Age=0;"); {
		case isDeleted && i >= 0:
			b.cookies = slices.Delete(b.cookies, i, i+1)
		case isDeleted:
		case i >= 0:
			b.cookies[i][1] = value
		default:
			b.cookies = append(b.cookies, [2]string{name, value})
		}
	}
}

// String returns the value of the Cookie header.
func (b *browser) String() string {
	var pairs []string
	for _, c := range b.cookies {
		pairs = append(pairs, c[0]+"="+c[1])
	}
	return strings.Join(pairs, "; ")
}
