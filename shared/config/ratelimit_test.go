package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestRateLimitRulesKeepOrder(t *testing.T) {
	t.Parallel()
	const rules = `{"/z": {"max": 30, "window": 10}, "/a/**": false, "*": {"window": 0.5, "max": 1}}`
	cfg, err := config.LoadAPI(testEnvironment("RATE_LIMIT_RULES", rules))
	want := []config.RateLimitRule{
		{Path: "/z", Window: 10 * time.Second, Max: 30},
		{Path: "/a/**"},
		{Path: "*", Window: 500 * time.Millisecond, Max: 1},
	}
	if diff := cmp.Diff(want, cfg.RateLimitRules); err != nil || diff != "" {
		t.Errorf("RATE_LIMIT_RULES with three rules: %v (-want +got):\n%s", err, diff)
	}
}

func TestWrongRateLimitRulesAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`on`:                                   "is not of the form",
		`[]`:                                   "is not of the form",
		`{"/a": {"window": 10, "max": 3}`:      "is not of the form",
		`{"/a": false} {}`:                     "is not of the form",
		`{"/a": true}`:                         `"/a": is not false or of the form`,
		`{"/a": null}`:                         `"/a": is not false or of the form`,
		`{"/a": {"window": 10}}`:               `"/a": is not false or of the form`,
		`{"/a": {"max": 10}}`:                  `"/a": is not false or of the form`,
		`{"/a": {"window": "10", "max": 3}}`:   `"/a": is not false or of the form`,
		`{"/a": {"windows": 10, "max": 3}}`:    `"/a": is not false or of the form`,
		`{"/a": {"window": 0, "max": 3}}`:      `"/a": needs a window from 0.001 to 3600 seconds`,
		`{"/a": {"window": 3601, "max": 3}}`:   `"/a": needs a window from 0.001 to 3600 seconds`,
		`{"/a": {"window": 10, "max": 0}}`:     `"/a": needs a window from 0.001 to 3600 seconds`,
		`{"sign-in": {"window": 1, "max": 1}}`: `"sign-in" is not a path`,
	} {
		_, err := config.LoadAPI(testEnvironment("RATE_LIMIT_RULES", text))
		if err == nil || !strings.Contains(err.Error(), "RATE_LIMIT_RULES: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("RATE_LIMIT_RULES=%s: got %v, want an error with %q", text, err, want)
		}
	}
}
