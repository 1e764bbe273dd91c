package config_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestTrustedOriginsAcceptHostsOfOneOwner(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"https://app.example.com", "https://app.example.com/", "HTTPS://App.Example.com", "http://localhost:3001",
		"http://[::1]:3000",
		"https://*.example.com", "https://*.a.example.co.uk", "https://a-*.example.com:8443", "https://*.example.com:*",
		"http://localhost:*",
		"*.example.com", "app.example.com", "app.example.com:8443", "localhost:3000", "https://?.example.com",
		"http://*.localhost:3000",
		"https://my-app-*.vercel.app", "https://*.my-app.vercel.app", "https://*-team.pages.dev",
		"http://192.168.*.*:3000", "10.*.*.*", "172.16.*.*",
		"https://*.preview.example", // a TLD that the public suffix list does not have
		"myapp://", "myapp:/", "myapp://host/cb", "capacitor://localhost", "com.example.app://", "exp://", "exp://**",
		"exp://192.168.*.*:*/**", "exp://10.0.0.*:*/--/*", "myapp://*/cb", "chrome-extension://abcdefghijklmnop",
	} {
		if _, err := config.LoadAPI(testEnvironment("BETTER_AUTH_TRUSTED_ORIGINS", entry)); err != nil {
			t.Errorf("trusted origin %s: got the error %v, want none", entry, err)
		}
	}
}

func TestStartFailsIfTrustedOriginMatchesHostsOfOtherOwners(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"*":                       "hosts of every owner; write your domain, such as https://*.example.com",
		"https://*":               "hosts of every owner",
		"http://*:3000":           "hosts of every owner; write your domain, such as http://*.example.com",
		"**":                      "hosts of every owner",
		"?":                       "hosts of every owner",
		"example.*":               "hosts of every owner",
		"https://app.example.c*m": "hosts of every owner",
		"*.com":                   "below com; write your domain, such as https://*.example.com",
		"*.COM":                   "names that other people can register below com",
		"https://*.*.com":         "names that other people can register below com",
		"https://app-*.com":       "names that other people can register below com",
		"https://**.com":          "names that other people can register below com",
		"*.co.uk":                 "below co.uk; write your domain, such as https://*.example.co.uk",
		"https://*.vercel.app": "below vercel.app; write your part of the name, such as " +
			"https://my-app-*.vercel.app",
		"https://*-*.vercel.app":          "name of every customer below vercel.app",
		"https://*.github.io":             "name of every customer below github.io",
		"https://*.internal":              "names that other people can register below internal",
		"*://app.example.com":             "wildcard in its scheme",
		"http*://app.example.com":         "wildcard in its scheme",
		"https://app.example.com/path":    "which has only a scheme, a host and a port; write https://app.example.com",
		"https://*.example.com/**":        "which has only a scheme, a host and a port; write https://*.example.com",
		"https://app.example.com?x":       "hosts of every owner", // ? is a wildcard
		"https://app.example.com#x":       "which has only a scheme, a host and a port",
		"https:app.example.com":           "has no // after the scheme",
		"https://":                        "is not an origin",
		"https://user:hidden@example.com": "is not an origin",
		"https://a..example.com":          "an empty label",
		"https://*.example.com.":          "an empty label",
		"https://b\u00fccher.example":     "is not ASCII",
		"8.8.*.*":                         "not limited to a private or loopback network",
		"192.*.*.*":                       "not limited to a private or loopback network",
		"192.168.*":                       "not limited to a private or loopback network",
		"*.168.1.1":                       "not limited to a private or loopback network",
		"javascript://x":                  "can never be trusted",
		"data:text/html":                  "can never be trusted",
		"myapp:cb":                        "write it with slashes, such as myapp://",
		"/path":                           "is neither a host nor an origin",
		"my app://":                       "is not a scheme of an app",
	} {
		_, err := config.LoadAPI(testEnvironment("BETTER_AUTH_TRUSTED_ORIGINS", "https://fine.example.com,"+entry))
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "BETTER_AUTH_TRUSTED_ORIGINS") {
			t.Errorf("trusted origin %s: got %v, want an error with %q", entry, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}
