package config

import (
	"time"
)

// supabaseRefPattern matches the first label of the host of a Supabase project's API.
var supabaseRefPattern = lazyPattern(`^[A-Za-z0-9-]+$`)

const maxDNSLabelLength = 63

// readSupabaseBridge reads the settings of the sign-in with a session of Supabase.
func (l *loader) readSupabaseBridge() SupabaseBridge {
	b := SupabaseBridge{
		On:        l.readOnOff("SUPABASE_BRIDGE", false),
		Until:     l.readTime("SUPABASE_BRIDGE_UNTIL"),
		Ref:       l.getenv("SUPABASE_REF"),
		JWTSecret: Secret(l.getenv("SUPABASE_JWT_SECRET")),
	}
	if b.Ref != "" && (len(b.Ref) > maxDNSLabelLength || !supabaseRefPattern().MatchString(b.Ref)) {
		l.addProblem("SUPABASE_REF", "%q is not the first label of a host, such as abcdefghijklmnopqrst of "+
			"https://abcdefghijklmnopqrst.supabase.co", b.Ref)
	}
	return b
}

// readTime reads a time, or returns the zero time if the variable is not set.
func (l *loader) readTime(name string) time.Time {
	v := l.getenv(name)
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		l.addProblem(name, "%q is not a time such as 2026-12-31T00:00:00Z", v)
	}
	return t
}

// LoadSupabaseBridgeUntil reads SUPABASE_BRIDGE_UNTIL, for xenon bridge.
func LoadSupabaseBridgeUntil(getenv func(string) string) (time.Time, error) {
	l := loader{getenv: getenv}
	until := l.readTime("SUPABASE_BRIDGE_UNTIL")
	return until, l.err()
}
