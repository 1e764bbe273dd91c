package supabasetest

import (
	"fmt"
	"strings"
	"testing"
)

// SocialAccount is an identity of a user in Supabase, and the account that the import has to create for it.
type SocialAccount struct {
	UserID   string
	Provider string // the name in Supabase, such as azure
	// ProviderID and Subject are "providerId" and "accountId" of the account in Xenon. Subject is the user's id that the
	// provider sends at a sign-in.
	ProviderID, Subject string
	Email               string // of the user in Supabase; "" if there is none
	Confirmed           bool   // the email is confirmed in Supabase
	Placeholder         bool   // the import gives the user a placeholder email
}

// socialProviders are the providers whose identities the import maps by default, and Keycloak, which in Xenon is an
// issuer of OpenID Connect. subject returns a new user id in the provider's format.
var socialProviders = []struct {
	name, id string // in Supabase and in Xenon
	subject  func(g *generator) string
}{
	{"google", "google", func(g *generator) string { return fmt.Sprintf("1%020d", g.nextNumber()) }},
	{"github", "github", func(g *generator) string { return fmt.Sprint(90_000_000 + g.nextNumber()) }},
	{"apple", "apple", func(g *generator) string {
		return fmt.Sprintf("001234.%s.%04d", g.randomHex(16), g.nextNumber()%10_000)
	}},
	{"azure", "microsoft", func(g *generator) string { return g.randomUUID() }},
	{"discord", "discord", func(g *generator) string { return fmt.Sprintf("80351110224678%04d", g.nextNumber()) }},
	{"facebook", "facebook", func(g *generator) string { return fmt.Sprintf("1022234567%07d", g.nextNumber()) }},
	{"gitlab", "gitlab", func(g *generator) string { return fmt.Sprint(1_000_000 + g.nextNumber()) }},
	{"linkedin_oidc", "linkedin", func(g *generator) string { return fmt.Sprintf("782bbt%04d", g.nextNumber()) }},
	{"twitter", "twitter", func(g *generator) string { return fmt.Sprint(2_244_994_945 + g.nextNumber()) }},
	{"x", "twitter", func(g *generator) string { return fmt.Sprintf("175000000000000%04d", g.nextNumber()) }},
	{"slack", "slack", func(g *generator) string { return fmt.Sprintf("U0R7JM%04d", g.nextNumber()) }},
	{"slack_oidc", "slack", func(g *generator) string { return fmt.Sprintf("U1R7JM%04d", g.nextNumber()) }},
	{
		"spotify",
		"spotify",
		func(g *generator) string { return fmt.Sprintf("31l77y2al5lnn7mxfrmd4bpf%04d", g.nextNumber()) },
	},
	{"twitch", "twitch", func(g *generator) string { return fmt.Sprint(700_000_000 + g.nextNumber()) }},
	{"notion", "notion", func(g *generator) string { return g.randomUUID() }},
	{"zoom", "zoom", func(g *generator) string { return fmt.Sprintf("KdYKjnimT4KPd8FFgQ%04d", g.nextNumber()) }},
	{"figma", "figma", func(g *generator) string { return fmt.Sprintf("98765432109876%04d", g.nextNumber()) }},
	{"kakao", "kakao", func(g *generator) string { return fmt.Sprint(3_000_000_000 + g.nextNumber()) }},
	{"keycloak", "keycloak", func(g *generator) string { return g.randomUUID() }},
}

// FillSocial fills an empty source with users without a password. Each user has one identity; the providers of the list
// socialProviders take turns. With each round through that list, the kind of email changes: confirmed, none,
// unconfirmed, the email of another user in capitals, an email of Apple's relay. The result has the identity of each
// user.
func FillSocial(t testing.TB, url string, users int) []SocialAccount {
	t.Helper()
	g := newGenerator(15)
	all := make([]SocialAccount, users)
	for i := range all {
		all[i] = g.addSocialAccount(i)
	}
	g.addAuditLog()
	withConnection(t, url, "fill the source with users of providers", g.writeTables)
	return all
}

func (g *generator) addSocialAccount(i int) SocialAccount {
	p := socialProviders[i%len(socialProviders)]
	a := g.addEmptyUser()
	s := SocialAccount{
		UserID: a.id(), Provider: p.name, ProviderID: p.id, Subject: p.subject(g), Email: g.newEmail(), Confirmed: true,
	}
	switch i / len(socialProviders) % 5 {
	case 1:
		s.Email, s.Confirmed, s.Placeholder = "", false, true
	case 2:
		s.Confirmed = false
	case 3:
		earlier := g.accounts[len(g.accounts)-1-3*len(socialProviders)] // confirmed
		a.createdAt = earlier.createdAt.AddDate(0, 0, 1)
		a.user["created_at"] = formatTime(a.createdAt)
		s.Email, s.Placeholder = strings.ToUpper(earlier.email), true
	case 4:
		s.Email = strings.Split(s.Email, "@")[0] + "@privaterelay.appleid.com"
	}
	if s.Email != "" {
		a.setEmail(s.Email)
	}
	if s.Confirmed {
		a.user["email_confirmed_at"] = formatTime(a.createdAt)
	}
	if p.name == "azure" { // Supabase uses "sub" as the subject, Xenon uses "oid"
		sub := g.randomHex(20)
		g.addIdentity(a, p.name, sub, jsonObject("iss", "https://login.microsoftonline.com/common/v2.0", "sub", sub,
			"email", a.email, "custom_claims", map[string]any{"oid": s.Subject, "tid": g.randomUUID()}))
	} else {
		g.addIdentity(a, p.name, s.Subject, "")
	}
	return s
}
