package oauth

import (
	"context"
	"errors"

	"github.com/xenon-auth/xenon/shared/placeholder"
)

// profileFromTwitter uses a placeholder for the email, because users of X may have none.
func profileFromTwitter(o object) Profile {
	data := o.object("data")
	id := data.id("id")
	return Profile{
		Subject: id, Name: data.optional("name"), Image: data.optional("profile_image_url"),
		Email: firstNonEmpty(data.text("email"), id+"@twitter."+placeholder.ProviderDomain),
	}
}

// addTwitterEmail reads the confirmed email, which X gives only to apps with the permission to read it. If X cannot
// answer now, it returns an error, because a sign-in with the placeholder would create another user than a sign-in with
// the email.
func addTwitterEmail(ctx context.Context, p *Provider, access string, o object, profile *Profile) error {
	answer, err := p.providers.getObject(ctx, "email of twitter",
		"https://api.x.com/2/users/me?user.fields=confirmed_email", access, nil)
	var refused statusError
	switch {
	case errors.As(err, &refused) && refused.isPermanentRefusal():
		return nil
	case err != nil:
		return err
	}
	if email := answer.object("data").text("confirmed_email"); email != "" {
		o.object("data")["email"] = email
		profile.Email, profile.EmailVerified = email, true
	}
	return nil
}
