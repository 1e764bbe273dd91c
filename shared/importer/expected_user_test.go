package importer_test

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/password"
)

var toLower = cases.Lower(language.Und)

func isBlank(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) == "" }

// expectedEmail returns the email in lower case, or "" if the user has none.
func expectedEmail(u sourceUser) string {
	if isBlank(u.email) {
		return ""
	}
	return toLower.String(u.email)
}

// foldsToASCII reports whether the email has a non-ASCII letter whose lower case is an ASCII letter.
func foldsToASCII(u sourceUser) bool {
	countNonASCII := func(text string) int {
		return len(strings.Map(func(r rune) rune {
			if r < utf8.RuneSelf {
				return -1
			}
			return 'x'
		}, text))
	}
	return countNonASCII(u.email) > countNonASCII(toLower.String(u.email))
}

var phonePattern = regexp.MustCompile(`^\+?[1-9][0-9]{1,14}$`)

// expectedPhone returns the telephone number in the international form, or "".
func expectedPhone(u sourceUser) string {
	p := strings.NewReplacer(" ", "", "(", "", ")", "", ".", "", "-", "").Replace(u.phone)
	if !phonePattern.MatchString(p) {
		return ""
	}
	return "+" + strings.TrimPrefix(p, "+")
}

const placeholderSuffix = ".supabase-migration.invalid"

func (r *expectation) addUser(u sourceUser) {
	if u.deleted {
		r.quarantine(mapping.User, u.id, "", "soft_deleted", u.rowDigest)
		return
	}
	r.setOutcome(mapping.User, u.id, mapping.Copied)
	row := userRow{Name: r.expectedName(u), Created: createdAt(u), Banned: !u.banned.null, HasFactor: r.carried[u.id]}
	row.Updated = u.updated.textOr(row.Created)
	if r.in.withMetadata {
		row.UserMetadata, row.AppMetadata = u.metadataText, u.appMetadataText
	}
	row.Image, row.HasImage = r.firstText(u, "avatar_url", "picture")
	if utf8.RuneCountInString(row.Image) > 32_768 {
		row.Image, row.HasImage = "", false
		r.quarantine(mapping.User, u.id, "image", "image_too_long", u.rowDigest)
	}
	email := expectedEmail(u)
	if email != "" && (r.withoutEmail[u.id] || strings.HasSuffix(u.email, placeholderSuffix)) {
		r.quarantine(mapping.User, u.id, "email", "email_conflict", u.rowDigest)
		row.Email = u.id + "@email-conflict" + placeholderSuffix
	} else if reason := r.keepReason(u, email); reason != "" {
		r.quarantine(mapping.User, u.id, "email", reason, u.rowDigest)
		row.Email = u.id + "@email-conflict" + placeholderSuffix
	} else if email != "" {
		row.Email, row.Verified = email, u.confirmed
	} else {
		row.Email = u.id + "@" + userKindOf(u) + placeholderSuffix
	}
	if row.Banned {
		row.BanReason = "supabase: banned_until"
		row.BanExpires = u.banned.banExpires()
	}
	for column, t := range map[string]sourceTime{"created_at": u.created, "updated_at": u.updated} {
		if t.isUnrepresentable() {
			r.quarantine(mapping.User, u.id, column, "date_unrepresentable", u.rowDigest)
		}
	}
	r.state.Users[u.id] = row
	if u.hash == "" {
		return
	}
	if why := r.withholdReason(u); why != "" {
		r.quarantine(mapping.User, u.id, "encrypted_password", why, u.rowDigest)
		return
	}
	r.state.Accounts[u.id] = accountRow{u.id, "credential", u.id, shortDigest(u.hash), row.Created, row.Updated}
}

// keepReason returns the reason why an existing user of the target keeps the email of the source user u. If there is no
// such user, it returns "". An unverified user with only a password loses the email to a source user who confirmed it:
// then keepReason changes the expected result and returns "".
func (r *expectation) keepReason(u sourceUser, email string) string {
	t, exists := r.existing[email]
	switch {
	case !exists || email == "":
		return ""
	case t.verified || !u.confirmed:
		return "target_email_taken"
	case t.hasOtherRows:
		return "target_email_unverified"
	}
	t.row.Email = t.id + "@unverified" + placeholderSuffix
	r.state.Users[t.id] = t.row
	delete(r.state.Accounts, t.accountID)
	r.state.Quarantine[strings.Join([]string{"user", t.id, "", "address_released"}, " ")] = t.rowDigest
	return ""
}

// userKindOf returns the part of the placeholder email that says why the user has no real email.
func userKindOf(u sourceUser) string {
	switch {
	case u.anonymous:
		return "anonymous"
	case expectedPhone(u) != "":
		return "phone-only"
	}
	return "no-email"
}

// createdAt returns created_at. If it is NULL or not representable, it is the earliest other time of the user, or the
// start of 1970.
func createdAt(u sourceUser) string {
	first := sourceTime{null: true}
	for _, t := range u.times {
		if !t.isUnrepresentable() && t.compare(first) < 0 {
			first = t
		}
	}
	return u.created.textOr(first.textOr("1970-01-01 00:00:00+00"))
}

func (r *expectation) expectedName(u sourceUser) string {
	if name, ok := r.firstText(u, "name", "full_name", "username", "user_name", "preferred_username"); ok {
		return name
	}
	local, _, _ := strings.Cut(u.email, "@")
	switch {
	case !isBlank(local):
		return local
	case expectedPhone(u) != "":
		return expectedPhone(u)
	case u.anonymous:
		return "Anonymous"
	}
	return "Unknown"
}

// firstText returns the first text under one of the keys. It looks first in the metadata of the user, then in the
// user's identities, oldest first.
func (r *expectation) firstText(u sourceUser, keys ...string) (string, bool) {
	docs := []any{u.metadata}
	for _, i := range r.identitiesByUser[u.id] {
		docs = append(docs, i.claims)
	}
	for _, doc := range docs {
		for _, key := range keys {
			if text := textAt(doc, key); text != "" {
				return text, true
			}
		}
	}
	return "", false
}

// textAt returns the member key of an object if it is a non-blank text, or "".
func textAt(doc any, key string) string {
	object, _ := doc.(map[string]any)
	text, _ := object[key].(string)
	if isBlank(text) {
		return ""
	}
	return text
}

// supportedHashFormats are the formats of passwords that Xenon can verify.
var supportedHashFormats = []*regexp.Regexp{
	regexp.MustCompile(`^\$2[abxy]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$`),
	regexp.MustCompile(`^\$argon2(i|id)\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`),
	regexp.MustCompile(`^\$fbscrypt\$v=1,n=[0-9]+,r=[0-9]+,p=[0-9]+(,ss=[^,$]*)?(,sk=[^$]*)?\$[^$]+\$.+$`),
}

// withholdReason returns the reason why a password is not imported, or "".
func (r *expectation) withholdReason(u sourceUser) string {
	isKnown := slices.ContainsFunc(supportedHashFormats, func(format *regexp.Regexp) bool {
		return format.MatchString(u.hash)
	})
	switch {
	case strings.HasPrefix(u.hash, "{") && strings.Contains(u.hash, `"alg":"aes-gcm-hkdf"`):
		return "hash_encrypted"
	case !isKnown:
		return "hash_unknown"
	case !password.IsSupported(u.hash):
		return "hash_too_costly"
	case r.o.Unconfirmed != "allow" && expectedEmail(u) != "" && !u.confirmed:
		return "unconfirmed_held"
	case (r.o.MFA == "hold" || r.o.MFA == "carry") && r.factors[u.id] && !r.carried[u.id]:
		return "mfa_held"
	}
	return ""
}
