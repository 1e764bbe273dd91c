package oauth

import (
	"strconv"
	"strings"
)

func profileFromDiscord(o object) Profile {
	name, image := firstNonEmpty(o.text("global_name"), o.text("username")), discordImage(o)
	o["image_url"] = image
	return Profile{
		Subject: o.id("id"), Name: &name, Email: o.text("email"), Image: &image, EmailVerified: o.isTrue("verified"),
	}
}

// discordImage returns the URL of the avatar, or of one of the standard avatars.
// https://discord.com/developers/docs/reference#image-formatting
func discordImage(o object) string {
	id, avatar, discriminator := o.id("id"), o.text("avatar"), o.text("discriminator")
	switch {
	case strings.HasPrefix(avatar, "a_"):
		return "https://cdn.discordapp.com/avatars/" + id + "/" + avatar + ".gif"
	case avatar != "":
		return "https://cdn.discordapp.com/avatars/" + id + "/" + avatar + ".png"
	}
	number, _ := strconv.ParseUint(discriminator, 10, 64) // 0 if it is not a number
	index := number % 5
	if discriminator == "0" {
		number, _ = strconv.ParseUint(id, 10, 64)
		index = (number >> 22) % 6
	}
	return "https://cdn.discordapp.com/embed/avatars/" + strconv.FormatUint(index, 10) + ".png"
}
