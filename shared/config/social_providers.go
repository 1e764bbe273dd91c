package config

import (
	"slices"
	"strings"
)

// ProviderName is the id of a built-in provider and its name on the site.
type ProviderName struct{ ID, Name string }

// BuiltInProviders returns the providers that need no issuer. Social.Providers has the same order.
func BuiltInProviders() []ProviderName {
	return []ProviderName{
		{"google", "Google"},
		{"github", "GitHub"},
		{"apple", "Apple"},
		{"microsoft", "Microsoft"},
		{"discord", "Discord"},
		{"facebook", "Facebook"},
		{"gitlab", "GitLab"},
		{"linkedin", "LinkedIn"},
		{"twitter", "X"},
		{"slack", "Slack"},
		{"spotify", "Spotify"},
		{"twitch", "Twitch"},
		{"notion", "Notion"},
		{"zoom", "Zoom"},
		{"figma", "Figma"},
		{"kakao", "Kakao"},
	}
}

func isBuiltInProvider(id string) bool {
	return slices.ContainsFunc(BuiltInProviders(), func(p ProviderName) bool { return p.ID == id })
}

// settingPrefix returns the first part of the names of a provider's settings: GOOGLE for "google", MY_IDP for "my-idp".
func settingPrefix(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(id))
}

// Setting returns the name of a setting of the provider: for CLIENT_SECRET of Google, GOOGLE_CLIENT_SECRET.
func (p Provider) Setting(name string) string {
	prefix := p.Prefix
	if prefix == "" {
		prefix = settingPrefix(p.ID)
	}
	return prefix + "_" + name
}

// Find returns the provider with an id, and whether there is one.
func (s Social) Find(id string) (Provider, bool) {
	i := slices.IndexFunc(s.Providers, func(p Provider) bool { return p.ID == id })
	if i < 0 {
		return Provider{}, false
	}
	return s.Providers[i], true
}

// SecretNames returns the names of the provider's settings that may be in the app secret.
func (p Provider) SecretNames() []string {
	if p.ID == "apple" {
		return []string{p.Setting("CLIENT_SECRET"), p.Setting("PRIVATE_KEY")}
	}
	return []string{p.Setting("CLIENT_SECRET")}
}

// MissingSecret returns the name of a secret of the provider that is neither in the settings nor in the app secret, and
// advice on how to set it. If none is missing, it returns two empty strings. The function inAppSecret reports whether
// the app secret has a member with a name.
func (p Provider) MissingSecret(inAppSecret func(name string) bool) (setting, advice string) {
	secret, key := p.Setting("CLIENT_SECRET"), p.Setting("PRIVATE_KEY")
	switch {
	case p.TeamID != "":
		if p.PrivateKey != "" || inAppSecret(key) {
			return "", ""
		}
		return key, "is missing; it is the file that Apple offers once, with the extension p8"
	case p.ClientSecret != "" || inAppSecret(secret):
		return "", ""
	case p.ID == "apple":
		return secret, "is missing; set it, or APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY, from which Xenon makes it"
	}
	return secret, "is missing; " + p.Setting("CLIENT_ID") + " needs it"
}
