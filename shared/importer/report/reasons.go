package report

import "strings"

// Reason explains why something is in the quarantine: what it means and what a person can do, a sentence each.
type Reason struct {
	Name  string
	Means string
	Do    string
}

// Explain returns the explanation of a key of Reasons, "table.field reason" or "table reason".
func Explain(key string) Reason {
	name := key[strings.LastIndexByte(key, ' ')+1:]
	for _, r := range AllReasons {
		if r.Name == name {
			return r
		}
	}
	return Reason{
		name, "This version of Xenon has no explanation for this reason.",
		"Look at the detail and the original row in supabase_import.quarantine.",
	}
}

// AllReasons is every reason that the quarantine knows, in the order of how they come up.
var AllReasons = []Reason{
	{
		"email_conflict",
		"Another user of the source has the same email apart from upper and lower case, and keeps it," +
			" or the email is the placeholder of an import; this user got a placeholder email.",
		"Ask which of the two is the person's account. Give this user an email of their own, or leave them: they " +
			"cannot sign in by email.",
	},
	{
		"target_email_taken",
		"A user of the target, whom this run did not write, already has this email; this user got a placeholder email.",
		"Decide whether both are the same person. If so, merge what they own by hand; users are never merged by " +
			"themselves.",
	},
	{
		"address_released",
		"A user of the target signed up before the import with this email, which is confirmed in Supabase, never " +
			"verified it and had nothing but a password. They lost the email, the password and the sessions; the " +
			"source's user has the email.",
		"Nothing: the owner signs in with their password of Supabase. The entry's key is the target's user; a " +
			"rollback restores them.",
	},
	{
		"target_email_unverified",
		"An unverified user of the target holds this confirmed email and has more than a password, so they keep " +
			"it; the source's user got a placeholder email.",
		"Find out who the target's user is. Remove them, give them another email, or set \"emailVerified\" if the" +
			" email is theirs; then run again.",
	},
	{
		"phone_conflict",
		"Another user of the source has the same telephone number once it is written in the international form; " +
			"this user has none now.",
		"Ask the person, then enter the number with the user who owns it.",
	},
	{
		"target_phone_taken", "A user of the target already has this telephone number.",
		"Ask the person, then enter the number with the user who owns it.",
	},
	{
		"target_id_taken",
		"The target has a user with this id that this run did not write and that is not the same; the source's " +
			"user is not copied, nor anything that belongs to them.",
		"Find out where the target's user comes from. Remove it if it is a leftover of another import, then run again.",
	},
	{
		"account_conflict",
		"Two identities lead to the same account at the same provider, as twitter and x do; the older one was taken.",
		"Nothing, if both belong to one user. Otherwise ask who of the two signs in with it.",
	},
	{
		"target_account_taken", "The target already has this account of this provider, with another user or another id.",
		"Decide who owns it. Signing in with the provider leads to the target's user.",
	},
	{
		"target_profile_taken", "The target already has a different profile for this user that this run did not write.",
		"Compare the two and keep one.",
	},
	{
		"unconfirmed_held",
		"Supabase never saw this email confirmed, or saw it confirmed in another spelling with letters beyond " +
			"ASCII, so the password was withheld: the person who signed up may not own the email.",
		"Nothing: a password reset by mail proves the email. To let such passwords in, roll back and run with " +
			"--unconfirmed allow.",
	},
	{
		"mfa_held",
		"The user has a verified second factor, which cannot be carried over, and you asked to withhold their password.",
		"Tell these users to reset their password by mail, and to set up a second factor anew where that is offered.",
	},
	{
		"mfa_not_portable",
		"A verified second factor: Supabase and Better Auth compute its codes from the secret in different ways.",
		"Tell the user that the second factor is gone. The run's --mfa decides whether their password works meanwhile.",
	},
	{
		"mfa_unverified", "A second factor that was begun and never finished.",
		"Nothing.",
	},
	{
		"passkey_not_mapped", "A passkey: it is bound to the old site's name and has no place in the target.",
		"Ask the user to register a new one where that is offered. The key is kept whole.",
	},
	{
		"hash_unknown", "The stored password has a format that Xenon cannot check, so the user was copied without one.",
		"Nothing: a password reset by mail gives a new one.",
	},
	{
		"hash_encrypted",
		"The stored password is encrypted with a key of the Supabase project, so the user was copied without one.",
		"Nothing: a password reset by mail gives a new one. Or have the project decrypt them and run again.",
	},
	{
		"hash_too_costly",
		"Checking the stored password would cost more memory or time than Xenon allows a sign-in, so the user was" +
			" copied without one.",
		"Nothing: a password reset by mail gives a new one.",
	},
	{
		"provider_subject_incompatible", "A Microsoft account: Supabase knows it by another number than Better Auth does.",
		"If the identities hold the object id, roll back and run with --provider azure=oid. Otherwise these users" +
			" reset their password by mail and link the account again.",
	},
	{
		"sso_identity", "A sign-in through a company's SAML server.",
		"Set up the company's server at Xenon first; the quarantine keeps the whole identity.",
	},
	{
		"web3_identity", "A sign-in with a wallet, which the target does not offer.",
		"Give the user another way to sign in: their email is a placeholder.",
	},
	{
		"custom_provider", "A provider of your own that the target has no name for.",
		"Configure it as a generic OAuth provider, roll back and run with --provider custom:NAME=ID.",
	},
	{
		"provider_unmapped", "A provider that Better Auth has no counterpart for.",
		"If you have one, roll back and run with --provider NAME=ID.",
	},
	{
		"banned_no_target_column",
		"The user is banned, and the target has no column to say so; copying them would lift the ban.",
		"Roll back, add the columns with xenon schema up, and run again.",
	},
	{
		"soft_deleted", "The user was deleted in Supabase, which keeps an empty row of theirs.",
		"Nothing. They stay deleted.",
	},
	{
		"parent_quarantined", "The row belongs to a user who is in the quarantine.",
		"See that user's reason. When the user is copied, this row is too.",
	},
	{
		"orphan_profile", "A profile of a user that does not exist.",
		"Nothing, or restore the user in Supabase and run again.",
	},
	{
		"profile_without_user", "A profile without a user: its user_id is NULL or no uuid.",
		"Nothing, or write the user's id into the source's row and run again.",
	},
	{
		"profile_duplicate", "Another profile of the same user is newer, and that one was taken.",
		"Nothing, or make one of the two in the source and run again.",
	},
	{
		"orphan_identity", "An identity of a user that does not exist.",
		"Nothing, or restore the user in Supabase and run again.",
	},
	{
		"enum_unknown",
		"The profile field has a value that the target does not allow; the rest of the profile was copied without it.",
		"Leave it empty, or roll back and run with --profile-value FIELD:OLD=NEW to say what it means.",
	},
	{
		"check_violation",
		"The profile field has a value out of bounds, such as a negative number of hours; the rest of the profile" +
			" was copied without it.",
		"Correct it in the source and run again, or leave it.",
	},
	{
		"value_too_long",
		"The profile field has a longer value than the target takes; the rest of the profile was copied with the default.",
		"Correct it in the source and run again, or leave it.",
	},
	{
		"image_too_long",
		"The user's picture has more than 32,768 characters, as whole pictures in data URLs have; the user was " +
			"copied without it.",
		"Nothing, or store the picture elsewhere and set the user's image to its URL: the original is kept.",
	},
	{
		"date_unrepresentable",
		"A date such as infinity, or of a year beyond 9999, which JavaScript and JSON cannot write; another known" +
			" date, or none, took its place.",
		"Nothing, unless the date matters to you: the original is kept.",
	},
	{
		"deleted_in_source",
		"The user or row was copied, then deleted in Supabase; a later pass removed the copy and kept it here.",
		"Nothing. It can be restored from here if the deletion was a mistake.",
	},
	{
		"removed_at_source",
		"The user or row was copied, then deleted in Supabase, and stays here with all that belongs to it, " +
			"because rows of other tables refer to it; the detail names the tables and how many rows.",
		"Delete or change those rows, and the next pass removes the user. Or keep the user, and ban them if they " +
			"should not sign in.",
	},
	{
		"target_modified",
		"The row was copied, then changed or removed in the target, and in the source too; the target's version " +
			"was left alone.",
		"Compare the two. After the switch the target is right.",
	},
	{
		"rolled_back",
		"The user changed in the target after the import, and a rollback with --force removed them anyway; this " +
			"is how they were last.",
		"Nothing, or restore from here what changed since.",
	},
	{
		"cascaded",
		"A row of another table, named as the field, that referred to a user whom a rollback with --force and " +
			"--cascade removed; the detail reports whether it was deleted or lost the reference, and this is how it was " +
			"before.",
		"Nothing, or restore it from here: docs/migrate.md says how.",
	},
	{
		"target_error", "The target refused the row; the detail says with which error.",
		"The usual cause is a constraint or trigger of your own on the target's tables. Correct it and run again.",
	},
}
