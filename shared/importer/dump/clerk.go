package dump

import (
	"encoding/binary"
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clerk reads the export of Clerk: the CSV file of the dashboard, which has passwords and secrets of authenticator
// apps, the same users in JSON, or users as Clerk's Backend API and `clerk migrate export clerk` return them.
type clerk struct{}

func (clerk) info() serviceInfo {
	return serviceInfo{
		name: "Clerk", export: "Clerk's export", origin: "https://clerk.com", id: "id",
		remedy: "Export the users in Clerk's dashboard again",
	}
}

// clerkMember matches members that only users of Clerk have, and the form of their ids.
var clerkMember = regexp.MustCompile(
	`"(primary_email_address(_id)?|password_(digest|hasher))"\s*:|"id"\s*:\s*"user_[0-9A-Za-z]{27}"`)

func (clerk) matchesJSON(head []byte) bool { return clerkMember.Match(head) }

func (clerk) matchesCSV(head []byte) bool {
	columns, separator := csvHeader(oneLine(head))
	return separator == "," && slices.Contains(columns, "id") &&
		(slices.Contains(columns, "primary_email_address") || slices.Contains(columns, "password_hasher"))
}

func (clerk) user(f fields, n *notes) (exportedUser, error) {
	f.drop("object")
	u := exportedUser{
		id: f.takeText("id"), banned: f.takeBool("banned"), created: f.takeTime("created_at"),
		updated: f.takeTime("updated_at"), lastSignIn: f.takeTime("last_sign_in_at"),
	}
	if u.created.IsZero() {
		u.created = ksuidTime(u.id)
	}
	takeClerkFactors(f, &u, n)
	u.email, u.emailVerified = clerkEmails.take(f, n)
	u.phone, u.phoneVerified = clerkPhones.take(f, n)
	takeClerkProfile(f, &u)
	if u.email == "" && u.phone == "" && u.userMetadata["username"] != "" {
		n.add("users with a username, and without an email and a telephone number",
			"Xenon has no sign-in with a username: give these users an email")
	}
	takeClerkPassword(f, &u, n)
	takeClerkAccounts(f, &u)
	return u, nil
}

func takeClerkProfile(f fields, u *exportedUser) {
	first, last := f.takeText("first_name"), f.takeText("last_name")
	u.userMetadata = map[string]any{
		"name": strings.TrimSpace(first + " " + last), "first_name": first, "last_name": last,
		"username": f.takeText("username"), "unsafe_metadata": f.takeObject("unsafe_metadata"),
	}
	if f.takeText("has_image") != "false" { // otherwise Clerk draws the picture
		u.userMetadata["avatar_url"] = f.takeText("image_url")
	}
	u.appMetadata = map[string]any{
		"clerk_id": u.id, "external_id": f.takeText("external_id"), "public_metadata": f.takeObject("public_metadata"),
	}
}

// clerkContact is a kind of contact of which a user of Clerk can have several.
type clerkContact struct{ one, many, what string }

var (
	clerkEmails = clerkContact{"email_address", "email_addresses", "emails"}
	clerkPhones = clerkContact{"phone_number", "phone_numbers", "telephone numbers"}
)

// take returns the primary contact, and whether Clerk has verified it. The others remain in f.
func (c clerkContact) take(f fields, n *notes) (primary string, isVerified bool) {
	primary = f.text("primary_" + c.one)
	verified, unverified := f.list("verified_"+c.many), f.list("unverified_"+c.many)
	// The API returns objects. Other exports in JSON have a verified contact as the primary one, and only there.
	isVerified = primary != "" && !f.isCSV && !containsFold(unverified, primary)
	for _, o := range f.objects(c.many) {
		value, list := o.text(c.one), &unverified
		if o.isVerified() {
			list = &verified
		}
		*list = append(*list, value)
		if id := o.text("id"); id != "" && id == f.text("primary_"+c.one+"_id") {
			primary = value
		}
	}
	if !f.isCSV && len(f.objects(c.many)) == 0 {
		unverified = append(unverified, f.list(c.many)...)
	}
	all := slices.DeleteFunc(slices.Concat([]string{primary}, verified, unverified),
		func(s string) bool { return strings.TrimSpace(s) == "" })
	if len(all) == 0 {
		return "", false
	}
	primary = all[0]
	isOther := func(s string) bool { return !strings.EqualFold(s, primary) }
	if slices.ContainsFunc(all, isOther) {
		n.add("users with several "+c.what, "Xenon has one for each user and imports the primary one; the ledger keeps the "+
			"others")
	} else {
		f.drop("verified_"+c.many, "unverified_"+c.many, c.many)
	}
	f.drop("primary_"+c.one, "primary_"+c.one+"_id")
	return primary, isVerified || containsFold(verified, primary)
}

// isVerified reports whether an object of Clerk's API is verified.
func (f fields) isVerified() bool {
	var verification struct{ Status string }
	return json.Unmarshal(f.members["verification"], &verification) == nil && verification.Status == "verified"
}

func containsFold(all []string, s string) bool {
	return slices.ContainsFunc(all, func(other string) bool { return strings.EqualFold(other, s) })
}

// takeClerkFactors takes the authenticator app and the telephone numbers that are second factors.
func takeClerkFactors(f fields, u *exportedUser, n *notes) {
	for _, name := range []string{"totp_secret", "totp_enabled", "two_factor_enabled"} {
		n.knowsFactors = n.knowsFactors || f.has(name)
	}
	secret := f.takeText("totp_secret")
	if f.takeBool("totp_enabled") || secret != "" {
		u.factors = append(u.factors, exportedFactor{kind: "totp", secret: secret})
	}
	for _, o := range f.objects("phone_numbers") {
		if o.text("reserved_for_second_factor") == "true" {
			u.factors = append(u.factors, exportedFactor{kind: "phone", phone: o.text("phone_number")})
		}
	}
	if len(u.factors) > 0 {
		f.drop("two_factor_enabled")
	}
}

// takeClerkPassword takes the password. A hash that Xenon cannot verify gets the name of its hasher in front, so that
// it does not look like another hash.
func takeClerkPassword(f fields, u *exportedUser, n *notes) {
	hasPassword := f.takeBool("password_enabled")
	digest, hasher := f.takeText("password_digest"), f.takeText("password_hasher")
	switch {
	case digest == "":
		if hasPassword {
			n.add("users with a password that the file does not have", "Only the CSV file of Clerk's dashboard has password "+
				"hashes; without them these users set a new password with a reset by mail")
		}
		return
	case hasher == "bcrypt", hasher == "argon2i", hasher == "argon2id":
		u.password = digest
	case hasher == "scrypt_firebase":
		u.password = clerkFirebaseHash(digest)
	}
	if u.password == "" {
		u.password, u.passwordUnusable = hasher+":"+digest, true
		n.add("passwords with the hasher "+strconv.Quote(hasher), "Xenon cannot verify them: these users are imported "+
			"without a password, and set a new one with a reset by mail")
	}
}

// clerkFirebaseHash returns the hash of a user who came to Clerk from Firebase, or "" if it has another form than
// <hash>$<salt>$<signer key>$<salt separator>$<rounds>$<memory cost>.
func clerkFirebaseHash(digest string) string {
	parts := strings.Split(digest, "$")
	if len(parts) != 6 {
		return ""
	}
	c, err := newHashConfig(parts[2], parts[3], parts[4], parts[5])
	if err != nil {
		return ""
	}
	hash, _ := c.encode(parts[0], parts[1])
	return hash
}

// takeClerkAccounts takes the accounts of providers, of SAML servers and of wallets that Clerk's API returns.
func takeClerkAccounts(f fields, u *exportedUser) {
	take := func(provider func(fields) string, subjects ...string) func(fields) bool {
		return func(o fields) bool {
			i := exportedIdentity{provider: provider(o), data: o.members}
			for _, name := range append(subjects, o.text("provider")+"_id") {
				if i.subject == "" {
					i.subject = o.text(strings.TrimPrefix(name, "oauth_"))
				}
			}
			if i.provider == "" || i.subject == "" || o.has("verification") && !o.isVerified() {
				return false
			}
			u.identities = append(u.identities, i)
			return true
		}
	}
	f.takeObjects("external_accounts", take(clerkProvider, "provider_user_id"))
	saml := func(o fields) string { return "sso:" + o.text("provider") }
	f.takeObjects("saml_accounts", take(saml, "provider_user_id", "email_address"))
	f.takeObjects("enterprise_accounts", take(saml, "provider_user_id", "email_address"))
	f.takeObjects("web3_wallets", take(func(fields) string { return "web3" }, "web3_wallet"))
}

// clerkProvider returns the name of the provider as Supabase has it.
func clerkProvider(account fields) string {
	name := strings.TrimPrefix(account.text("provider"), "oauth_")
	if custom, isCustom := strings.CutPrefix(name, "custom_"); isCustom {
		return "custom:" + custom
	}
	return name
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// ksuidTime returns the time in an id such as user_2gRua7G8WRYBglzXE5sxRbIRkfJ, or the zero time if it has another
// form. The id is a KSUID: 20 bytes in base 62, of which the first four are the seconds since May 2014.
func ksuidTime(id string) time.Time {
	text, found := strings.CutPrefix(id, "user_")
	number := new(big.Int)
	for _, letter := range text {
		digit := strings.IndexRune(base62, letter)
		if digit < 0 {
			return time.Time{}
		}
		number.Mul(number, big.NewInt(62)).Add(number, big.NewInt(int64(digit)))
	}
	if !found || len(text) != 27 || number.BitLen() > 160 {
		return time.Time{}
	}
	const epoch = 1_400_000_000
	seconds := binary.BigEndian.Uint32(number.FillBytes(make([]byte, 20)))
	return time.Unix(epoch+int64(seconds), 0).UTC()
}
