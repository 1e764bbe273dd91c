package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// readTrustedOrigins reads and checks a list of origins.
func (l *loader) readTrustedOrigins(name string) []string {
	entries := l.readList(name)
	for _, entry := range entries {
		if err := checkTrustedOrigin(entry); err != nil {
			l.addProblem(name, "%s %s", quoteURL(entry), err)
		}
	}
	return entries
}

var (
	hostPattern       = lazyPattern(`^[^:/]+(:[0-9*?]+)?$`)
	portSuffixPattern = lazyPattern(`:[0-9*?]*$`)
)

// IsHost reports whether a trusted origin is a host, with or without a port, and not a custom scheme such as "myapp:/".
func IsHost(entry string) bool { return hostPattern().MatchString(entry) }

// IsIPv4Pattern reports whether a host has wildcards and otherwise only digits and dots, with at least one digit. Such
// a pattern matches IP addresses only, never names.
func IsIPv4Pattern(host string) bool {
	return strings.ContainsAny(host, "*?") && strings.ContainsAny(host, "0123456789") &&
		strings.Trim(host, "0123456789.*?") == ""
}

// checkTrustedOrigin returns an error for an entry that matches sites which other people can register, and for an entry
// that no origin can match. The error says what to write instead. Patterns in custom schemes are not checked, because
// the scheme belongs to an app.
func checkTrustedOrigin(entry string) error {
	scheme, rest, found := strings.Cut(entry, ":")
	switch {
	case IsHost(entry):
		return checkWebOrigin("https", entry)
	case !found:
		return errors.New("is neither a host nor an origin; write an origin such as https://app.example.com")
	case strings.ContainsAny(scheme, "*?"):
		return errors.New("has a wildcard in its scheme; write one entry for each scheme")
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "http", "https":
		host, ok := strings.CutPrefix(rest, "//")
		if !ok {
			return errors.New("has no // after the scheme; write an origin such as https://app.example.com")
		}
		return checkWebOrigin(scheme, host)
	case "javascript", "data", "blob", "file", "vbscript":
		return fmt.Errorf("can never be trusted: %s: is not the scheme of a site or an app; remove it", scheme)
	}
	if u, err := url.Parse(scheme + ":"); err != nil || u.Scheme != scheme || !strings.HasPrefix(rest, "/") {
		return errors.New("is not a scheme of an app; write it with slashes, such as myapp:// or myapp://host/path")
	}
	return nil
}

func checkWebOrigin(scheme, authority string) error {
	authority = strings.TrimSuffix(authority, "/")
	host := portSuffixPattern().ReplaceAllString(authority, "")
	switch {
	case strings.ContainsAny(authority, `/#\`):
		origin, _, _ := strings.Cut(authority, "/")
		return fmt.Errorf("is not an origin, which has only a scheme, a host and a port; write %s://%s",
			scheme, origin)
	case strings.ContainsAny(authority, "@ ") || host == "":
		return errors.New("is not an origin such as https://app.example.com")
	case strings.ContainsFunc(host, func(r rune) bool { return r > 0x7e || r <= ' ' }):
		return errors.New("has a host that is not ASCII; write the host as browsers send it, in its xn-- form")
	case strings.HasPrefix(host, "["):
		return nil
	}
	return checkHostPattern(scheme, strings.ToLower(host))
}

// checkHostPattern returns an error if the wildcards in a host match names that other people can register, or if the
// host has an empty label. The last label with a wildcard decides. If it has only wildcards (*), it must be below a
// registrable domain such as example.com. If it also has other text (my-app-*), it may be directly below a private
// suffix such as vercel.app, but not directly below an ICANN suffix such as com. Names below localhost are accepted.
// checkIPv4Pattern checks patterns of IP addresses.
func checkHostPattern(scheme, host string) error {
	labels := strings.Split(host, ".")
	if slices.Contains(labels, "") {
		return errors.New("has a host with an empty label; remove the extra dot")
	}
	last := -1
	for i, label := range labels {
		if strings.ContainsAny(label, "*?") {
			last = i
		}
	}
	if last < 0 {
		return nil
	}
	if IsIPv4Pattern(host) {
		return checkIPv4Pattern(labels)
	}
	below := strings.Join(labels[last+1:], ".")
	if below == "localhost" {
		return nil
	}
	suffix, icann := publicsuffix.PublicSuffix(below)
	private := !icann && strings.Contains(suffix, ".")
	whole := strings.Trim(labels[last], "*?-") == ""
	switch {
	case below == "":
		return fmt.Errorf("matches hosts of every owner; write your domain, such as %s://*.example.com", scheme)
	case below != suffix, private && !whole:
		return nil
	case private:
		return fmt.Errorf("matches the name of every customer below %s; "+
			"write your part of the name, such as %s://my-app-*.%s", below, scheme, below)
	}
	return fmt.Errorf("matches names that other people can register below %s; "+
		"write your domain, such as %s://*.example.%s", below, scheme, below)
}

// checkIPv4Pattern accepts a pattern whose numbers before the first wildcard are those of a private network or of the
// loopback network.
func checkIPv4Pattern(labels []string) error {
	fixed := []string{"0", "0", "0", "0"}
	for i, label := range labels {
		if i >= len(fixed) || strings.ContainsAny(label, "*?") {
			break
		}
		fixed[i] = label
	}
	addr, err := netip.ParseAddr(strings.Join(fixed, "."))
	if err == nil && len(labels) == 4 && (addr.IsPrivate() || addr.IsLoopback()) {
		return nil
	}
	return errors.New("is not limited to a private or loopback network; write four parts, and begin with the " +
		"numbers of the network, such as 192.168.*.*, 10.*.*.* or 127.0.0.*")
}
