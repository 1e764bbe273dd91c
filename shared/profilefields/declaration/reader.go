package declaration

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader collects the problems of a file.
type reader struct{ problems []string }

// addf adds a problem at the line of a node.
func (r *reader) addf(at *yaml.Node, format string, args ...any) {
	line := ""
	if at != nil && at.Line > 0 {
		line = "line " + strconv.Itoa(at.Line) + ": "
	}
	r.problems = append(r.problems, line+fmt.Sprintf(format, args...))
}

// mapping has the values of a YAML mapping by their keys.
type mapping struct {
	node   *yaml.Node
	values map[string]*yaml.Node
}

// readMapping reads a mapping. It reports keys that are not in known, and keys that occur twice.
func (r *reader) readMapping(node *yaml.Node, what string, known ...string) (mapping, bool) {
	m := mapping{node, map[string]*yaml.Node{}}
	if node.Kind != yaml.MappingNode {
		r.addf(node, "%s has to be a mapping with the keys %s", what, strings.Join(known, ", "))
		return m, false
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		switch {
		case !slices.Contains(known, key.Value) || key.Kind != yaml.ScalarNode:
			r.addf(key, "unknown key %q; %s can have %s", key.Value, what, strings.Join(known, ", "))
		case m.values[key.Value] != nil:
			r.addf(key, "the key %s occurs twice", key.Value)
		default:
			m.values[key.Value] = node.Content[i+1]
		}
	}
	return m, true
}

// readList reads a sequence of 1 to most items. It returns nil if node is none.
func (r *reader) readList(node *yaml.Node, what string, most int) []*yaml.Node {
	if node.Kind != yaml.SequenceNode {
		r.addf(node, "%s has to be a list", what)
		return nil
	}
	if n := len(node.Content); n < 1 || n > most {
		r.addf(node, "%s has %d items; it can have 1 to %d", what, n, most)
		return nil
	}
	return node.Content
}

// readText returns the text of a key, "" if the key is absent or has no valid text. With max it reports a longer text.
func (r *reader) readText(m mapping, key string, required bool, most int) string {
	node := m.values[key]
	if node == nil {
		if required {
			r.addf(m.node, "%s is missing", key)
		}
		return ""
	}
	if node.Kind != yaml.ScalarNode || node.Tag != "!!str" {
		r.addf(node, "%s has to be a text; put %s in quotes", key, node.Value)
		return ""
	}
	if n := len([]rune(node.Value)); n < 1 || n > most {
		r.addf(node, "%s has %d characters; it can have 1 to %d", key, n, most)
		return ""
	}
	if strings.ContainsFunc(node.Value, func(c rune) bool { return c < ' ' || c == '\u007f' }) {
		r.addf(node, "%s has a control character", key)
		return ""
	}
	return node.Value
}

// readNumber returns the number of a key, or otherwise if the key is absent.
func (r *reader) readNumber(m mapping, key string, otherwise, least, most int32) int32 {
	node := m.values[key]
	if node == nil {
		return otherwise
	}
	n, err := strconv.ParseInt(node.Value, 10, 64)
	if node.Kind != yaml.ScalarNode || node.Tag != "!!int" || err != nil || n < int64(least) || n > int64(most) {
		r.addf(node, "%s has to be a whole number from %d to %d", key, least, most)
		return otherwise
	}
	return int32(n) //nolint:gosec // G115: it is between least and most
}

// readDefault returns the default of a field whose other keys are read: a string, an int32 or a bool.
func (r *reader) readDefault(m mapping) any {
	node := m.values["default"]
	if node == nil {
		return nil
	}
	switch {
	case node.Kind != yaml.ScalarNode:
	case node.Tag == "!!str":
		return node.Value
	case node.Tag == "!!bool":
		return strings.EqualFold(node.Value, "true")
	case node.Tag == "!!int":
		if n, err := strconv.ParseInt(node.Value, 10, 64); err == nil && n >= math.MinInt32 && n <= math.MaxInt32 {
			return int32(n)
		}
	}
	r.addf(node, "default has to be a value that the field can have")
	return nil
}
