package config

import (
	"net/url"
	"slices"
	"strings"
)

var (
	providerIDPattern = lazyPattern(`^[A-Za-z0-9][A-Za-z0-9._~:-]{0,63}$`)
	tenantIDPattern   = lazyPattern(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)
)

// checkProviderID returns why the id of the OIDC provider p is not valid or conflicts with that of another provider,
// and "" if it can be used.
func checkProviderID(p Provider, others []Provider) string {
	switch {
	case !providerIDPattern().MatchString(p.ID):
		return "is not an id; use letters, digits and - _ . : ~, because it is part of the redirect URI"
	case isBuiltInProvider(strings.ToLower(p.ID)):
		return "is the id of a built-in provider; choose another one"
	case p.ID == "credential":
		return "is the id of passwords; choose another one"
	}
	for _, other := range others {
		if other.ID == p.ID {
			return "is the id of two providers"
		}
		if other.Setting("") == p.Setting("") {
			return "has the same names of settings as " + other.ID + ", such as " + p.Setting("CLIENT_SECRET") +
				"; choose another id"
		}
	}
	return ""
}

// requireAll adds a problem for each of the settings that is missing.
func (l *loader) requireAll(reason string, names ...string) {
	for _, name := range names {
		if l.getenv(name) == "" {
			l.addProblem(name, "missing; %s", reason)
		}
	}
}

// readWords reads a list whose items are separated by commas or blanks.
func (l *loader) readWords(name string) []string {
	items := strings.FieldsFunc(l.getenv(name), func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	if len(items) == 0 {
		return nil
	}
	return items
}

// readOptionalOneOf reads a setting that is one of allowed or not set.
func (l *loader) readOptionalOneOf(name string, allowed ...string) string {
	v := l.getenv(name)
	if v != "" && !slices.Contains(allowed, v) {
		l.addProblem(name, "%q is not one of %s", v, strings.Join(allowed, ", "))
	}
	return v
}

func (l *loader) readTenant(name string) string {
	v := l.readTextOr(name, "common")
	if !tenantIDPattern().MatchString(v) {
		l.addProblem(name, "%q is not a tenant; use common, organizations, consumers, the id or a domain of your tenant", v)
	}
	return v
}

// readIssuer reads the URL of an issuer. It may be empty.
func (l *loader) readIssuer(name string) string {
	v := l.getenv(name)
	if v == "" {
		return ""
	}
	if reason := checkIssuer(v); reason != "" {
		l.addProblem(name, "%s %s", quoteURL(v), reason)
	}
	return v
}

// checkIssuer returns what is wrong with the URL of an issuer, and "" if nothing is.
func checkIssuer(v string) string {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "is not the URL of an issuer, such as https://login.example.com/realms/main"
	}
	if strings.HasSuffix(u.Path, "/.well-known/openid-configuration") {
		return "is the URL of the discovery document; leave out /.well-known/openid-configuration"
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "is not an https URL; http is allowed only for localhost and 127.0.0.1"
	}
	return ""
}
