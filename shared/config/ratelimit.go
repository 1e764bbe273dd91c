package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// RateLimitRule is an entry of RATE_LIMIT_RULES, like one of Better Auth's rateLimit.customRules.
type RateLimitRule struct {
	Path   string        // the path below /api/auth, or the whole path of another route; * and ** are wildcards
	Window time.Duration // 0: no limit
	Max    int
}

// maxRateLimitWindow is the longest window of a rule. shared/store deletes older rows of the table rateLimit.
const maxRateLimitWindow = time.Hour

const rateLimitFormProblem = `is not of the form {"/sign-in/*": {"window": 10, "max": 30}, "/get-session": false}`

// readRateLimitRules reads rules in the order of the JSON members, because the first rule that matches applies.
func (l *loader) readRateLimitRules(name string) []RateLimitRule {
	text := l.getenv(name)
	if text == "" {
		return nil
	}
	rules, err := parseRateLimitRules(text)
	if err != nil {
		l.addProblem(name, "%s", err)
	}
	return rules
}

func parseRateLimitRules(text string) ([]RateLimitRule, error) {
	d := json.NewDecoder(strings.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New(rateLimitFormProblem)
	}
	var rules []RateLimitRule
	for d.More() {
		path, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return nil, errors.New(rateLimitFormProblem)
		}
		rule, err := parseRateLimitRule(value)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", path, err)
		}
		rule.Path, _ = path.(string) // the name of a JSON member is always a string
		if !strings.HasPrefix(rule.Path, "/") && !strings.HasPrefix(rule.Path, "*") {
			return nil, fmt.Errorf("%q is not a path such as /sign-in/email or /sign-in/*", rule.Path)
		}
		rules = append(rules, rule)
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New(rateLimitFormProblem)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New(rateLimitFormProblem)
	}
	return rules, nil
}

func parseRateLimitRule(value json.RawMessage) (RateLimitRule, error) {
	if string(value) == "false" {
		return RateLimitRule{}, nil
	}
	var in struct {
		Window *float64 `json:"window"`
		Max    *int     `json:"max"`
	}
	d := json.NewDecoder(strings.NewReader(string(value)))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || in.Window == nil || in.Max == nil {
		return RateLimitRule{}, errors.New(`is not false or of the form {"window": seconds, "max": requests}`)
	}
	window := time.Duration(*in.Window * float64(time.Second)).Truncate(time.Millisecond)
	if window < time.Millisecond || window > maxRateLimitWindow || *in.Max < 1 {
		return RateLimitRule{}, errors.New("needs a window from 0.001 to 3600 seconds and a max of at least 1")
	}
	return RateLimitRule{Window: window, Max: *in.Max}, nil
}
