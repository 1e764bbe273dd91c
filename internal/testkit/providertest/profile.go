package providertest

func githubProfile(who Person) map[string]any {
	return map[string]any{
		"id": jsonNumber(
			who.Subject,
		),
		"login":      "user" + who.Subject,
		"name":       nilIfEmpty(who.Name),
		"email":      nilIfEmpty(who.Email),
		"avatar_url": who.Image,
		"type":       "User",
	}
}

// githubEmails returns GitHub's list of the emails of a user.
func githubEmails(who Person) []map[string]any {
	switch {
	case who.Emails != nil:
		return who.Emails
	case who.Email == "":
		return []map[string]any{}
	}
	return []map[string]any{
		{"email": "elsewhere@emails.invalid", "primary": false, "verified": true, "visibility": nil},
		{"email": who.Email, "primary": true, "verified": who.Verified, "visibility": "public"},
	}
}

func discordProfile(who Person) map[string]any {
	return map[string]any{
		"id": who.Subject, "username": "user" + who.Subject, "global_name": nilIfEmpty(who.Name), "discriminator": "0",
		"avatar": nilIfEmpty(who.Image), "email": nilIfEmpty(who.Email), "verified": who.Verified, "mfa_enabled": false,
	}
}

func facebookProfile(who Person) map[string]any {
	return withoutEmpty(map[string]any{
		"id": who.Subject, "name": who.Name, "email": who.Email,
		"picture": map[string]any{"data": map[string]any{
			"url": who.Image, "height": 50, "width": 50, "is_silhouette": who.Image == "",
		}},
	})
}

func gitlabProfile(who Person) map[string]any {
	profile := map[string]any{
		"id": jsonNumber(who.Subject), "username": "user" + who.Subject, "name": who.Name, "email": nilIfEmpty(who.Email),
		"avatar_url": nilIfEmpty(who.Image), "state": "active", "locked": false,
	}
	if who.Verified {
		profile["email_verified"] = true
	}
	return profile
}

func twitterProfile(who Person) map[string]any {
	data := withoutEmpty(map[string]any{
		"id": who.Subject, "name": who.Name, "username": "user" + who.Subject, "profile_image_url": who.Image,
	})
	return map[string]any{"data": data}
}

// twitterEmail returns Twitter's answer to a request for the confirmed email.
func twitterEmail(who Person) map[string]any {
	data := map[string]any{"id": who.Subject, "name": who.Name, "username": "user" + who.Subject}
	if who.Verified && who.Email != "" {
		data["confirmed_email"] = who.Email
	}
	return map[string]any{"data": data}
}

func slackProfile(who Person) map[string]any {
	return withChanges(standardClaims(who), map[string]any{
		"https://slack.com/user_id": who.Subject, "https://slack.com/team_id": "T0001",
		"https://slack.com/user_image_512": "https://secure.gravatar.example/512.png",
	})
}

func spotifyProfile(who Person) map[string]any {
	images := []map[string]any{}
	if who.Image != "" {
		images = append(images, map[string]any{"url": who.Image, "height": nil, "width": nil})
	}
	return map[string]any{
		"id": who.Subject, "display_name": nilIfEmpty(who.Name), "email": nilIfEmpty(who.Email), "images": images,
		"type": "user",
	}
}

func notionProfile(who Person) map[string]any {
	user := map[string]any{
		"object": "user", "id": who.Subject, "name": nilIfEmpty(who.Name), "avatar_url": nilIfEmpty(who.Image),
		"type": "person", "person": withoutEmpty(map[string]any{"email": who.Email}),
	}
	return map[string]any{
		"object": "user", "id": "b3f2", "type": "bot",
		"bot": map[string]any{"owner": map[string]any{"type": "user", "user": user}},
	}
}

func zoomProfile(who Person) map[string]any {
	verified := 0
	if who.Verified {
		verified = 1
	}
	return withoutEmpty(map[string]any{
		"id": who.Subject, "display_name": who.Name, "email": who.Email, "pic_url": who.Image, "verified": verified,
		"status": "active",
	})
}

func figmaProfile(who Person) map[string]any {
	return withoutEmpty(map[string]any{
		"id": who.Subject, "handle": who.Name, "email": who.Email, "img_url": who.Image,
	})
}

func kakaoProfile(who Person) map[string]any {
	account := withoutEmpty(map[string]any{"email": who.Email})
	if who.Email != "" {
		account["is_email_valid"], account["is_email_verified"] = true, who.Verified
	}
	account["profile"] = withoutEmpty(map[string]any{
		"nickname": who.Name, "profile_image_url": who.Image, "thumbnail_image_url": who.Image,
	})
	return map[string]any{
		"id": jsonNumber(who.Subject), "connected_at": "2022-04-11T01:45:28Z", "kakao_account": account,
	}
}
