package providertest

import (
	"encoding/json"
	"maps"
	"strings"
)

// MicrosoftTenant is the Microsoft tenant of every person whose claims have no other tid.
const MicrosoftTenant = "8f5d7b0e-0d3b-4f0a-9b53-2f9c3f1a7c11"

// Person is a user of a provider.
type Person struct {
	Subject  string `json:"subject"` // the provider's id of the user
	Name     string `json:"name"`
	Email    string `json:"email"` // "" if the provider does not give it
	Verified bool   `json:"verified"`
	Image    string `json:"image"`
	Photo    string `json:"photo"` // Microsoft serves this picture itself, instead of the URL in Image

	// Profile replaces members of the profile, or of the claims where the id token is the only source. nil removes one.
	Profile map[string]any `json:"profile"`
	// Emails replaces GitHub's list of emails.
	Emails []map[string]any `json:"emails"`
}

// withChanges returns a copy of members with the changes. A nil in changes removes the member.
func withChanges(members, changes map[string]any) map[string]any {
	all := maps.Clone(members)
	if all == nil {
		all = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(all, name)
		} else {
			all[name] = value
		}
	}
	return all
}

// profileOf returns the profile of a person at a provider.
func (p provider) profileOf(who Person) map[string]any {
	return withChanges(p.describe(who), who.Profile)
}

// claimsOf returns the claims about a person in an id token of a provider.
func (p provider) claimsOf(who Person) map[string]any {
	if p.profile != "" {
		return p.claim(who)
	}
	return withChanges(p.claim(who), who.Profile)
}

// withoutEmpty removes the members that are nil or "", and returns members.
func withoutEmpty(members map[string]any) map[string]any {
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == "" || value == nil })
	return members
}

// nilIfEmpty returns text, or nil, which becomes null in JSON, if text is empty.
func nilIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// jsonNumber returns the digits as a JSON number of any size, or nil if there are none.
func jsonNumber(digits string) any {
	if digits == "" {
		return nil
	}
	return json.Number(digits)
}

func standardClaims(who Person) map[string]any {
	claims := withoutEmpty(map[string]any{"sub": who.Subject, "name": who.Name, "email": who.Email, "picture": who.Image})
	if who.Email != "" {
		claims["email_verified"] = who.Verified
	}
	return claims
}

func googleClaims(who Person) map[string]any {
	first, last, _ := strings.Cut(who.Name, " ")
	return withChanges(standardClaims(who), withoutEmpty(map[string]any{"given_name": first, "family_name": last}))
}

func appleClaims(who Person) map[string]any {
	claims := standardClaims(who)
	delete(claims, "name")
	delete(claims, "picture")
	claims["nonce_supported"] = true
	return claims
}

func microsoftClaims(who Person) map[string]any {
	claims := withoutEmpty(map[string]any{
		"sub": "pairwise-" + who.Subject, "oid": who.Subject, "tid": MicrosoftTenant, "name": who.Name, "email": who.Email,
		"picture": who.Image, "ver": "2.0",
	})
	if who.Verified {
		claims["verified_primary_email"] = []string{who.Email}
	}
	return claims
}

func twitchClaims(who Person) map[string]any {
	claims := standardClaims(who)
	delete(claims, "name")
	return withChanges(claims, withoutEmpty(map[string]any{"preferred_username": who.Name}))
}

func facebookClaims(who Person) map[string]any {
	claims := standardClaims(who)
	delete(claims, "email_verified")
	return claims
}
