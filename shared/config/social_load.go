package config

import "strings"

// readSocial reads the settings of social sign-in. hasAppSecret says that secrets may be in the app secret.
func (l *loader) readSocial(hasAppSecret bool) Social {
	options := l.readProviderOptions("PROVIDER_OPTIONS")
	inner := loader{getenv: func(name string) string {
		if v := l.getenv(name); v != "" {
			return v
		}
		return options[name]
	}}
	s := Social{
		AccountLinking:         inner.readOnOff("ACCOUNT_LINKING", true),
		AllowDifferentEmails:   inner.readOnOff("ALLOW_DIFFERENT_EMAILS", false),
		DisableImplicitLinking: inner.readOnOff("DISABLE_IMPLICIT_LINKING", false),
		UpdateUserInfoOnLink:   inner.readOnOff("UPDATE_USER_INFO_ON_LINK", false),
		UpdateAccountOnSignIn:  inner.readOnOff("UPDATE_ACCOUNT_ON_SIGNIN", true),
		EncryptOAuthTokens:     inner.readOnOff("ENCRYPT_OAUTH_TOKENS", false),
		TrustedProviders:       inner.readList("TRUSTED_PROVIDERS"),
	}
	for _, builtIn := range BuiltInProviders() {
		inner.addBuiltIn(&s, builtIn)
	}
	inner.addOIDC(&s)
	inner.addOIDCList(&s, "OIDC_PROVIDERS", hasAppSecret)
	inner.checkSocial(s, hasAppSecret)
	l.problems = append(l.problems, inner.problems...)
	return s
}

// addBuiltIn adds a provider if its client id is set.
func (l *loader) addBuiltIn(s *Social, builtIn ProviderName) {
	p := l.readProvider(settingPrefix(builtIn.ID))
	p.ID, p.Name = builtIn.ID, builtIn.Name
	switch p.ID {
	case "apple":
		l.readApple(&p)
	case "google":
		p.AccessType = l.readOptionalOneOf("GOOGLE_ACCESS_TYPE", "online", "offline")
		p.Prompt, p.HostedDomain = l.getenv("GOOGLE_PROMPT"), l.getenv("GOOGLE_HD")
	case "microsoft":
		p.TenantID = l.readTenant("MICROSOFT_TENANT_ID")
	case "gitlab":
		p.Issuer = strings.TrimSuffix(l.readIssuer("GITLAB_ISSUER"), "/")
	}
	if len(p.ClientIDs) > 0 {
		s.Providers = append(s.Providers, p)
	} else if p.ClientSecret != "" {
		l.addProblem(p.Setting("CLIENT_SECRET"), "needs %s", p.Setting("CLIENT_ID"))
	}
}

// readProvider reads the settings that every provider has.
func (l *loader) readProvider(prefix string) Provider {
	return Provider{
		Prefix:                   prefix,
		ClientIDs:                l.readList(prefix + "_CLIENT_ID"),
		ClientSecret:             Secret(l.getenv(prefix + "_CLIENT_SECRET")),
		Scopes:                   l.readWords(prefix + "_SCOPE"),
		DisableSignUp:            l.readOnOff(prefix+"_DISABLE_SIGNUP", false),
		DisableImplicitSignUp:    l.readOnOff(prefix+"_DISABLE_IMPLICIT_SIGNUP", false),
		OverrideUserInfo:         l.readOnOff(prefix+"_OVERRIDE_USER_INFO", false),
		RequireEmailVerification: l.readOnOff(prefix+"_REQUIRE_EMAIL_VERIFICATION", false),
	}
}

// readApple reads the three settings from which Xenon makes Apple's client secret.
func (l *loader) readApple(p *Provider) {
	p.TeamID, p.KeyID = l.getenv("APPLE_TEAM_ID"), l.getenv("APPLE_KEY_ID")
	if text := l.getenv(ApplePrivateKey); text != "" {
		key, err := NormalizePrivateKey(text)
		if err != nil {
			l.addProblem(ApplePrivateKey, "%w", err)
			key = text // so that it does not count as missing
		}
		p.PrivateKey = Secret(key)
	}
	switch {
	case p.TeamID == "" && p.KeyID == "" && p.PrivateKey == "":
	case len(p.ClientIDs) == 0:
		l.addProblem("APPLE_CLIENT_ID", "missing; APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY need it")
	case p.ClientSecret != "":
		l.addProblem("APPLE_CLIENT_SECRET", "is set together with APPLE_TEAM_ID, APPLE_KEY_ID or APPLE_PRIVATE_KEY; "+
			"set either this one or those three")
	default:
		l.requireAll("Xenon makes the client secret from all three of APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY",
			"APPLE_TEAM_ID", "APPLE_KEY_ID")
	}
}

// addOIDC adds the provider of the settings OIDC_….
func (l *loader) addOIDC(s *Social) {
	p := l.readProvider("OIDC")
	p.OIDC, p.ID, p.Issuer = true, l.getenv("OIDC_PROVIDER_ID"), l.readIssuer("OIDC_ISSUER")
	p.Name = l.readTextOr("OIDC_PROVIDER_NAME", p.ID)
	if p.ID == "" && l.getenv("OIDC_ISSUER") == "" && len(p.ClientIDs) == 0 && p.ClientSecret == "" {
		return
	}
	l.requireAll("an OIDC provider needs OIDC_PROVIDER_ID, OIDC_ISSUER and OIDC_CLIENT_ID",
		"OIDC_PROVIDER_ID", "OIDC_ISSUER", "OIDC_CLIENT_ID")
	if p.ID == "" || len(p.ClientIDs) == 0 {
		return
	}
	if reason := checkProviderID(p, s.Providers); reason != "" {
		l.addProblem("OIDC_PROVIDER_ID", "%q %s", p.ID, reason)
		return
	}
	s.Providers = append(s.Providers, p)
}

// checkSocial adds a problem for each missing secret and each trusted provider that does not exist, and one if
// REQUIRE_LOCAL_EMAIL_VERIFIED is set.
func (l *loader) checkSocial(s Social, hasAppSecret bool) {
	for _, p := range s.Providers {
		setting, advice := p.MissingSecret(func(string) bool { return hasAppSecret })
		if setting != "" {
			l.addProblem(setting, "%s", advice)
		}
	}
	for _, id := range s.TrustedProviders {
		if _, configured := s.Find(id); !configured && !isBuiltInProvider(id) {
			l.addProblem("TRUSTED_PROVIDERS", "%q is not a provider; use ids such as google, or that of an OIDC provider", id)
		}
	}
	if l.getenv("REQUIRE_LOCAL_EMAIL_VERIFIED") != "" {
		l.addProblem("REQUIRE_LOCAL_EMAIL_VERIFIED", "does not exist in Xenon: a sign-in never links an account to a user "+
			"whose email is not verified; remove it. Otherwise, a person who registers with the email of another one "+
			"gets into the account that the owner later opens with a provider")
	}
}
