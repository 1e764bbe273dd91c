package auth

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/xenon-auth/xenon/shared/session"
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

// appendTo returns user, a JSON object with members, with c as further members. fits reports whether the result has at
// most limit bytes and is JSON: the database can have cut a value. If user is not JSON either, it is nil.
func (c customClaims) appendTo(user json.RawMessage, limit int) (all json.RawMessage, fits bool) {
	if len(c) == 0 || len(user) == 0 {
		return user, len(user) > 0 && len(user) <= limit
	}
	text := slices.Clone(user[:len(user)-1]) // without the last brace
	for _, claim := range c {
		text = append(append(append(text, `,"`...), claim.name...), `":`...) // the setting allows only letters, digits and _
		text = append(text, cmp.Or(string(claim.value), "null")...)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, append(text, '}')) != nil {
		return nil, false
	}
	return compact.Bytes(), compact.Len() <= limit
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
