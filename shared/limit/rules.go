package limit

import (
	"regexp"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// Rule allows Max requests in a window. In the table rateLimit the window ends when no request was allowed for the time
// Window; in memory it ends when the time Window has passed since its first request. The zero Rule has no limit.
type Rule struct {
	Window time.Duration
	Max    int
}

// customRule is an entry of RATE_LIMIT_RULES.
type customRule struct {
	path string
	glob *regexp.Regexp // nil if path has no wildcard
	rule Rule
}

func compileRules(rules []config.RateLimitRule) []customRule {
	var out []customRule
	for _, r := range rules {
		c := customRule{path: r.Path, rule: Rule{r.Window, r.Max}}
		if strings.Contains(r.Path, "*") {
			c.glob = web.CompileGlob(r.Path)
		}
		out = append(out, c)
	}
	return out
}

func (c customRule) matches(path string) bool {
	if c.glob != nil {
		return c.glob.MatchString(path)
	}
	return c.path == path
}

// ruleFor returns the rule of a path: that of the first entry of RATE_LIMIT_RULES that matches, or else Better Auth's
// rule (docs/wire.md#rate-limits), or Xenon's for a path that Better Auth does not have.
func (l *Limiter) ruleFor(path string) Rule {
	for _, c := range l.custom {
		if c.matches(path) {
			return c.rule
		}
	}
	if path == "/sign-in/supabase" { // Xenon's own; on the day of a move, everyone in an office uses it at the same time
		return Rule{10 * time.Second, 30}
	}
	if strings.HasPrefix(path, "/sign-in/magic-link") || strings.HasPrefix(path, "/magic-link/verify") {
		return Rule{time.Minute, 5}
	}
	if path == "/sign-in/email-otp" || path == "/forget-password/email-otp" || strings.HasPrefix(path, "/email-otp/") {
		return Rule{time.Minute, 3}
	}
	if strings.HasPrefix(path, "/two-factor/") {
		return Rule{10 * time.Second, 3}
	}
	for _, prefix := range []string{"/sign-in", "/sign-up", "/change-password", "/change-email"} {
		if strings.HasPrefix(path, prefix) {
			return Rule{10 * time.Second, 3}
		}
	}
	if path == "/admin/list-audit-events" {
		return Rule{time.Minute, 30} // CloudWatch allows an account few searches in a second
	}
	if path == "/request-password-reset" || path == "/send-verification-email" {
		return Rule{time.Minute, 3}
	}
	return Rule{10 * time.Second, 100}
}
