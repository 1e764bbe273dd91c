package report

import (
	"slices"
	"strings"
)

// Reason explains why a row or a field is in the quarantine: what the reason means, and what the operator can do.
type Reason struct {
	Name  string
	Means string
	Do    string
}

// ExplainReason returns the explanation of the reason in a key of mapping.Reasons: "kind.field reason" or "kind
// reason".
func ExplainReason(key string) Reason {
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

// supabase is the name of the service in the texts of the reasons.
const supabase = "Supabase"

// supabaseReasons are the reasons that only rows of Supabase have.
var supabaseReasons = []string{
	"mfa_encrypted", "hash_encrypted", "provider_subject_incompatible", "soft_deleted", "sso_identity", "web3_identity",
}

// From returns the reason with the name of the service that the users come from in its texts.
func (r Reason) From(service string) Reason {
	r.Means = strings.ReplaceAll(r.Means, supabase, service)
	r.Do = strings.ReplaceAll(r.Do, supabase, service)
	return r
}

// ReasonsFrom returns the reasons that rows of a service can have.
func ReasonsFrom(service string) (all []Reason) {
	for _, r := range AllReasons {
		if service == supabase || !slices.Contains(supabaseReasons, r.Name) {
			all = append(all, r.From(service))
		}
	}
	return all
}

// AllReasons lists every reason that an entry of the quarantine can have.
var AllReasons = []Reason{
	{
		"email_conflict",
		"Another user of the source has the same email, ignoring case, and keeps it, or the email is a placeholder of " +
			"an import. This user got a placeholder email.",
		"Ask the person which of the two users they use. Give this user another email, or change nothing: then the user " +
			"cannot sign in by email.",
	},
	{
		"target_email_taken",
		"A user of the target already has this email: this run did not write that user, or the user changed since. The " +
			"user of the source got a placeholder email.",
		"Decide whether both users are the same person. If so, merge their data by hand: Xenon never merges users.",
	},
	{
		"address_released",
		"A user of the target signed up with this email, never verified it and had only a password. Supabase has the " +
			"email as confirmed, so the user of the source got it. The user of the target lost the email, the password and " +
			"the sessions.",
		"Nothing: the owner of the email signs in with the password of Supabase. The key of the entry is the id of the " +
			"target's user; a rollback restores that user.",
	},
	{
		"target_email_unverified",
		"An unverified user of the target has this confirmed email. That user has more than a password, or an import wrote " +
			"the user, so the import did not take the email away. The user of the source got a placeholder email.",
		"Find out who the user of the target is. Delete that user or change their email, or set \"emailVerified\" if " +
			"the email is theirs; then run again.",
	},
	{
		"phone_conflict",
		"Another user of the source has the same telephone number in the international form. This user was copied " +
			"without a number.",
		"Ask the person, then set the number on the user who owns it.",
	},
	{
		"target_phone_taken",
		"A user of the target already has this telephone number.",
		"Ask the person, then set the number on the user who owns it.",
	},
	{
		"target_id_taken",
		"The target has a different user with this id, which this run did not write. The user of the source and all " +
			"rows of that user were not copied.",
		"Find out where the user of the target comes from. Delete it if it is left over from another import, then run " +
			"again.",
	},
	{
		"account_conflict",
		"Two identities are the same account at the same provider, for example under the names twitter and x. The " +
			"import used the older one.",
		"Nothing, if both belong to one user. Otherwise ask which of the two users signs in with it.",
	},
	{
		"target_account_taken",
		"The target already has this account of this provider, with another user or another id.",
		"Decide who owns it. A sign-in with the provider leads to the user of the target.",
	},
	{
		"target_profile_taken",
		"The target already has a different profile for this user, which this run did not write.",
		"Compare the two and keep one.",
	},
	{
		"unconfirmed_held",
		"The email was never confirmed in Supabase, or was confirmed in another spelling with non-ASCII letters. The " +
			"password was not copied, because the person who signed up might not own the email.",
		"Nothing: a password reset by mail proves who owns the email. To import such passwords, roll back and run with " +
			"--unconfirmed allow.",
	},
	{
		"mfa_held",
		"The user has a verified second factor that was not copied, and the password was withheld: you chose --mfa hold, " +
			"or --mfa carry could copy none of the user's factors.",
		"Tell these users to reset their password by mail, and to set up a new second factor if your site offers one.",
	},
	{
		"mfa_not_portable",
		"A verified second factor that was not copied: it works by telephone or with a device of the user, which the " +
			"target cannot use, or you did not choose --mfa carry.",
		"Tell the user that this second factor no longer exists. The option --mfa decides whether the password works " +
			"without it.",
	},
	{
		"mfa_extra_factor",
		"A further authenticator app of the user. The target has one for each user, and the import copied the one that " +
			"was used last.",
		"Nothing: the user signs in with the other one. If it is the one that they have lost, they need a mailed code.",
	},
	{
		"mfa_encrypted",
		"An authenticator app whose secret is encrypted with a key of the Supabase project, and no key that you gave " +
			"opens it. If the user has no other one, the password was withheld.",
		"Run again with --encryption-key ID=KEY if you have the key. Otherwise the user resets the password by mail and " +
			"sets up the app again.",
	},
	{
		"mfa_secret_invalid",
		"An authenticator app whose stored secret is not the base32 of a key, so that no code could be checked. If the " +
			"user has no other one, the password was withheld.",
		"Nothing: the user resets the password by mail and sets up the app again.",
	},
	{
		"target_factor_taken",
		"The user has another second factor in the target, which this run did not write or which changed since.",
		"Nothing: the second factor of the target counts.",
	},
	{
		"mfa_unverified",
		"A second factor whose setup was never completed.",
		"Nothing.",
	},
	{
		"passkey_not_mapped",
		"A passkey. It works only for the domain of the old site, and the target cannot store it.",
		"Ask the user to register a new passkey if your site offers it. The quarantine has the complete row.",
	},
	{
		"hash_unknown",
		"The stored password has a format that Xenon cannot verify, so the user was copied without a password.",
		"Nothing: the user sets a new password with a reset by mail.",
	},
	{
		"hash_encrypted",
		"The stored password is encrypted with a key of the Supabase project, so the user was copied without a " +
			"password.",
		"Nothing: the user sets a new password with a reset by mail. Or decrypt the passwords in the Supabase project " +
			"and run again.",
	},
	{
		"hash_too_costly",
		"Verifying the stored password would use more memory or time than Xenon allows for a sign-in, so the user was " +
			"copied without a password.",
		"Nothing: the user sets a new password with a reset by mail.",
	},
	{
		"provider_subject_incompatible",
		"A Microsoft account whose identity has no object id (oid). Xenon and Better Auth identify the user by the object " +
			"id, which is the same in all apps. Supabase uses an id that differs from app to app.",
		"Before the cut-over, add the scope profile to the sign-in with Microsoft in Supabase: the next sign-in of a user " +
			"stores the object id, and the next pass imports the account. docs/migrate.md describes another way for one " +
			"tenant. The other users sign in by another method or reset their password by mail, and link Microsoft again.",
	},
	{
		"sso_identity",
		"A sign-in through the SAML server of a company, which the import does not copy.",
		"If your site offers SAML, configure that server there. The quarantine has the complete identity.",
	},
	{
		"web3_identity",
		"A sign-in with a wallet, which the target does not offer.",
		"Give the user another way to sign in. The email of the user is a placeholder.",
	},
	{
		"custom_provider",
		"A provider of your own that has no name in the target.",
		"Configure it as a generic OIDC provider, roll back and run with --provider custom:NAME=ID.",
	},
	{
		"provider_unmapped",
		"A provider that Xenon does not have, or whose users have other ids here, such as the old linkedin.",
		"If you configured a generic OIDC provider that gives its users the same ids, roll back and run with --provider " +
			"NAME=ID.",
	},
	{
		"banned_no_target_column",
		"The user is banned, and the target has no columns for bans. A copy of the user would not be banned.",
		"Roll back, add the columns with xenon schema up, and run again.",
	},
	{
		"soft_deleted",
		"The user was deleted in Supabase, which keeps an empty row for the user.",
		"Nothing. The user stays deleted.",
	},
	{
		"parent_quarantined",
		"The row belongs to a user who is in the quarantine.",
		"See the reason of that user. When the user is copied, this row is copied too.",
	},
	{
		"orphan_profile",
		"A profile of a user that does not exist.",
		"Nothing, or restore the user in Supabase and run again.",
	},
	{
		"profile_without_user",
		"A profile without a user: its user_id is NULL or not a UUID.",
		"Nothing, or write the id of the user into the row of the source and run again.",
	},
	{
		"profile_duplicate",
		"Another profile of the same user is newer, and the import copied that one.",
		"Nothing, or merge the two rows in the source and run again.",
	},
	{
		"orphan_identity",
		"An identity of a user that does not exist.",
		"Nothing, or restore the user in Supabase and run again.",
	},
	{
		"enum_unknown",
		"The profile field has a value that the target does not allow. The rest of the profile was copied.",
		"Leave the field empty, or roll back and run with --profile-value FIELD:OLD=NEW to map the value.",
	},
	{
		"check_violation",
		"The profile field has a value that the target does not accept, such as a negative number of hours. The rest of " +
			"the profile was copied.",
		"Correct the value in the source and run again, or leave it out.",
	},
	{
		"value_too_long",
		"The value of the profile field is longer than the target allows. The rest of the profile was copied, with the " +
			"default for this field.",
		"Correct the value in the source and run again, or keep the default.",
	},
	{
		"image_too_long",
		"The picture of the user has more than 32,768 characters, for example a picture in a data URL. The user was " +
			"copied without it.",
		"Nothing, or store the picture elsewhere and set the user's image to its URL. The quarantine has the original.",
	},
	{
		"date_unrepresentable",
		"A date that JavaScript and JSON cannot represent, such as infinity or a year after 9999. It was replaced by " +
			"another known date, or by NULL.",
		"Nothing, unless the date matters to you. The quarantine has the original.",
	},
	{
		"deleted_in_source",
		"The user or row was deleted in Supabase after this run had read it. If the run had written a copy, and the copy " +
			"was unchanged, a later pass deleted the copy and kept it in the quarantine.",
		"Nothing. If the deletion was a mistake, you can restore the row from the quarantine.",
	},
	{
		"removed_at_source",
		"The user or row was copied, then deleted in Supabase. The target keeps it, because rows of other tables refer to " +
			"it or because the target rejects the deletion. The detail names the tables and the numbers of rows, or the " +
			"SQLSTATE of the error.",
		"Delete or change those rows, or remove the cause of the error, and the next pass removes the user. Or keep the " +
			"user, and ban a user who must not sign in.",
	},
	{
		"target_modified",
		"The row, or the user of the row, was changed or deleted in the target after the import, and then changed in the " +
			"source, too. The import did not change the version of the target.",
		"Compare the two. After the cut-over, use the version of the target.",
	},
	{
		"rolled_back",
		"The user changed in the target after the import, and a rollback with --force removed the user anyway. The " +
			"entry has the row as it was before.",
		"Nothing, or restore the changes from this entry.",
	},
	{
		"cascaded",
		"A row of another table that referred to a user whom a rollback with --force and --cascade removed. The field " +
			"names the table, and the detail is either deleted or reference removed. The entry has the row as it was before.",
		"Nothing, or restore the row from this entry: docs/migrate.md explains how.",
	},
	{
		"target_error",
		"The target rejected the row. The detail has the SQLSTATE of the error.",
		"The usual cause is a constraint or trigger of your own on the tables of the target. Correct it and run again.",
	},
}
