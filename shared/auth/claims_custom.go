package auth

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// customClaims are the claims of JWT_CUSTOM_CLAIMS that a JWT has, in the order of the setting.
type customClaims []customClaim

type customClaim struct {
	name  string
	value json.RawMessage // nil is null
}

// customClaims returns the custom claims of a caller, or nil if the setting has none.
func (s *Service) customClaims(c *session.Caller) (all customClaims) {
	for i, claim := range s.Options.CustomClaims {
		if i < len(c.CustomClaims) {
			all = append(all, customClaim{claim.Name, c.CustomClaims[i]})
		}
	}
	return all
}

// after returns the claims about a user, followed by c.
func (c customClaims) after(user any) any {
	if len(c) == 0 {
		return user
	}
	return claimsOfUser{user, c}
}

// claimsOfUser encodes as the members of user, followed by the custom claims.
type claimsOfUser struct {
	user   any // encodes as a JSON object with members
	custom customClaims
}

// MarshalJSON implements json.Marshaler. Its caller checks the values, of which the database can have cut one.
func (c claimsOfUser) MarshalJSON() ([]byte, error) {
	text, err := stringify.Marshal(c.user)
	if err != nil {
		return nil, err
	}
	text = text[:len(text)-1] // without the last brace
	for _, claim := range c.custom {
		text = append(append(append(text, `,"`...), claim.name...), `":`...) // the setting allows only letters, digits and _
		text = append(text, cmp.Or(string(claim.value), "null")...)
	}
	return append(text, '}'), nil
}

// steps returns the steps that leave out the claims, the largest one first.
func (c *customClaims) steps() (all []claimStep) {
	bySize := slices.Clone(*c)
	slices.SortStableFunc(bySize, func(a, b customClaim) int { return cmp.Compare(len(b.value), len(a.value)) })
	for _, claim := range bySize {
		all = append(all, claimStep{claim.name, true, func() {
			*c = slices.DeleteFunc(*c, func(other customClaim) bool { return other.name == claim.name })
		}})
	}
	return all
}
