package oauth

import (
	"context"
	"encoding/json"
	"errors"
)

// profileFromClaims maps the standard claims of OpenID Connect, which Google, Apple, LinkedIn and the providers with
// discovery use.
func profileFromClaims(o object) Profile {
	return Profile{
		Subject: o.id("sub"), Name: o.optional("name"), Email: o.text("email"), Image: o.optional("picture"),
		EmailVerified: o.isTrue("email_verified"),
	}
}

// profileFromGitLab returns a profile without a subject, which profileOf rejects, for a user who is blocked or locked.
func profileFromGitLab(o object) Profile {
	if o.text("state") != "active" || o.isTrue("locked") {
		return Profile{}
	}
	name := o.optional("name")
	if name == nil {
		username := o.text("username")
		name = &username
	}
	return Profile{
		Subject: o.id("id"), Name: name, Email: o.text("email"), Image: o.optional("avatar_url"),
		EmailVerified: o.isTrue("email_verified"),
	}
}

func profileFromSlack(o object) Profile {
	name := o.text("name")
	image := o.optional("picture")
	if image == nil || *image == "" {
		image = o.optional("https://slack.com/user_image_512")
	}
	return Profile{
		Subject: o.id("https://slack.com/user_id"), Name: &name, Email: o.text("email"), Image: image,
		EmailVerified: o.isTrue("email_verified"),
	}
}

// profileFromSpotify never takes the email as verified: Spotify says that it does not verify it.
func profileFromSpotify(o object) Profile {
	profile := Profile{Subject: o.id("id"), Name: o.optional("display_name"), Email: o.text("email")}
	if images := o.list("images"); len(images) > 0 {
		profile.Image = images[0].optional("url")
	}
	return profile
}

func profileFromTwitch(o object) Profile {
	profile := profileFromClaims(o)
	profile.Name = o.optional("preferred_username")
	return profile
}

// loadNotionUser returns the user who owns the token. It returns an error for the token of a workspace.
func loadNotionUser(ctx context.Context, p *Provider, t Tokens, in ProfileInput) (object, error) {
	bot, err := loadProfile(ctx, p, t, in)
	if err != nil {
		return nil, err
	}
	user := bot.object("bot").object("owner").object("user")
	if user == nil {
		return nil, errors.New("the token is that of a workspace, not of a user")
	}
	return user, nil
}

func profileFromNotion(o object) Profile {
	name := o.text("name")
	return Profile{
		Subject: o.id("id"), Name: &name, Email: o.object("person").text("email"), Image: o.optional("avatar_url"),
	}
}

func profileFromZoom(o object) Profile {
	verified := o.isTrue("verified")
	if number, ok := o["verified"].(json.Number); ok {
		n, err := number.Float64()
		verified = err == nil && n != 0
	}
	return Profile{
		Subject: o.id("id"), Name: o.optional("display_name"), Email: o.text("email"), Image: o.optional("pic_url"),
		EmailVerified: verified,
	}
}

func profileFromFigma(o object) Profile {
	return Profile{
		Subject: o.id("id"), Name: o.optional("handle"), Email: o.text("email"), Image: o.optional("img_url"),
	}
}

func profileFromKakao(o object) Profile {
	account := o.object("kakao_account")
	profile := account.object("profile")
	name := firstNonEmpty(profile.text("nickname"), account.text("name"))
	image := profile.optional("profile_image_url")
	if image == nil || *image == "" {
		image = profile.optional("thumbnail_image_url")
	}
	return Profile{
		Subject: o.id("id"), Name: &name, Email: account.text("email"), Image: image,
		EmailVerified: account.isTrue("is_email_valid") && account.isTrue("is_email_verified"),
	}
}
