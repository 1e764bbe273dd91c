package oauth

import (
	"context"
	"encoding/json"
)

func profileFromGitHub(o object) Profile {
	name := firstNonEmpty(o.text("name"), o.text("login"))
	return Profile{Subject: o.id("id"), Name: &name, Email: o.text("email"), Image: o.optional("avatar_url")}
}

// addGitHubEmail reads the list of emails. If GitHub does not return it, the public email counts as unverified.
func addGitHubEmail(ctx context.Context, p *Provider, access string, o object, profile *Profile) error {
	var emails []struct {
		Email             string
		Primary, Verified bool
	}
	body, err := p.providers.get(ctx, "emails of github", "https://api.github.com/user/emails", access, nil)
	if err != nil || json.Unmarshal(body, &emails) != nil {
		return nil
	}
	if profile.Email == "" && len(emails) > 0 {
		profile.Email = emails[0].Email
		for _, e := range emails {
			if e.Primary {
				profile.Email = e.Email
				break
			}
		}
		o["email"] = profile.Email
	}
	for _, e := range emails {
		if e.Email == profile.Email {
			profile.EmailVerified = e.Verified
			break
		}
	}
	return nil
}
