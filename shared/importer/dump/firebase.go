package dump

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"
)

// firebase reads the file that `firebase auth:export` writes, in JSON or CSV.
type firebase struct {
	config        *hashConfig // nil if the operator did not give it
	skipPasswords bool
}

// firebaseColumns are the columns of a CSV file, which has no header. Older releases of the command write 26.
var firebaseColumns = []string{
	"localId", "email", "emailVerified", "passwordHash", "salt", "displayName", "photoUrl",
	"google.com", "google.com email", "google.com displayName", "google.com photoUrl",
	"facebook.com", "facebook.com email", "facebook.com displayName", "facebook.com photoUrl",
	"twitter.com", "twitter.com email", "twitter.com displayName", "twitter.com photoUrl",
	"github.com", "github.com email", "github.com displayName", "github.com photoUrl",
	"createdAt", "lastSignedInAt", "phoneNumber", "disabled", "customAttributes",
}

func (firebase) info() serviceInfo {
	return serviceInfo{
		name: "Firebase", export: "Firebase's auth:export", origin: "https://firebase.google.com", id: "localId",
		columns: firebaseColumns, minColumns: 26,
		looseQuotes: true, // the command does not escape quotes in names
		remedy: "Export the users again with firebase auth:export users.json: in CSV the command writes quotes and line " +
			"feeds in names as they are",
	}
}

var localID = regexp.MustCompile(`"localId"\s*:`)

func (firebase) matchesJSON(head []byte) bool { return localID.Match(head) }

// matchesCSV recognizes a record by the number of its values and by the third one, emailVerified.
func (s firebase) matchesCSV(head []byte) bool {
	r := csv.NewReader(bytes.NewReader(head))
	r.LazyQuotes = true
	record, err := r.Read()
	n := len(record)
	return err == nil && n >= s.info().minColumns && n <= len(firebaseColumns)+1 && record[0] != "" &&
		(record[2] == "true" || record[2] == "false")
}

func (s firebase) user(f fields, n *notes) (exportedUser, error) {
	n.knowsFactors = n.knowsFactors || f.has("mfaInfo")
	u := exportedUser{
		id: f.takeText("localId"), email: f.takeText("email"), emailVerified: f.takeBool("emailVerified"),
		phone: f.takeText("phoneNumber"), banned: f.takeBool("disabled"), created: f.takeTime("createdAt"),
		lastSignIn: f.takeTime("lastSignedInAt"),
	}
	u.phoneVerified = u.phone != "" // Firebase stores no other numbers
	if u.lastSignIn.IsZero() {
		u.lastSignIn = f.takeTime("lastLoginAt")
	}
	u.userMetadata = map[string]any{"name": f.takeText("displayName"), "avatar_url": f.takeText("photoUrl")}
	u.appMetadata = map[string]any{"firebase_uid": u.id, "custom_claims": f.takeObject("customAttributes")}
	takeFirebaseAccounts(f, &u)
	f.takeObjects("mfaInfo", func(o fields) bool {
		factor := exportedFactor{kind: "totp", phone: o.text("phoneInfo"), name: o.text("displayName")}
		if factor.phone != "" {
			factor.kind = "phone"
		}
		u.factors = append(u.factors, factor)
		return true
	})
	if err := s.takePassword(f, &u, n); err != nil {
		return u, err
	}
	noteWayToSignIn(&u, n)
	return u, nil
}

// takePassword takes the hash of the password.
func (s firebase) takePassword(f fields, u *exportedUser, n *notes) error {
	hash, salt := f.takeText("passwordHash"), f.takeText("salt")
	switch {
	case hash == "":
		return nil
	case s.skipPasswords:
		u.passwordUnusable = true
		n.add("passwords that are not imported, because you chose --firebase-hash-config none",
			"These users set a new password with a reset by mail")
		return nil
	case s.config == nil:
		return refuse("the file has password hashes. Xenon verifies them only with the parameters of the project: open " +
			"Authentication, Users in Firebase's console, choose Password hash parameters in the menu above the list, save " +
			"the text hash_config in a file, and give it with --firebase-hash-config FILE. To import the users without " +
			"their passwords, use --firebase-hash-config none")
	}
	password, ok := s.config.encode(hash, salt)
	if !ok {
		password, u.passwordUnusable = "firebase:"+hash, true
		n.add("passwords whose hash does not fit the parameters of --firebase-hash-config", "Xenon cannot verify them: "+
			"check that the parameters are those of this project. These users set a new password with a reset by mail")
	}
	u.password = password
	return nil
}

// firebaseProviders maps ids of providers to the names that Supabase uses. Another provider keeps its id.
var firebaseProviders = map[string]string{
	"google.com": "google", "facebook.com": "facebook", "twitter.com": "twitter", "github.com": "github",
	"apple.com": "apple", "password": "email", "phone": "phone",
}

// takeFirebaseAccounts takes the accounts of providers, from JSON or from the columns of a CSV file.
func takeFirebaseAccounts(f fields, u *exportedUser) {
	take := func(id, subject string, data object) bool {
		if id == "" || subject == "" {
			return false
		}
		provider, known := firebaseProviders[id]
		if !known {
			provider = id
		}
		if strings.HasPrefix(id, "saml.") {
			provider = "sso:" + id
		}
		u.identities = append(u.identities, exportedIdentity{provider, subject, data})
		return true
	}
	f.takeObjects("providerUserInfo", func(o fields) bool {
		return take(o.text("providerId"), o.text("rawId"), o.members)
	})
	for _, id := range []string{"google.com", "facebook.com", "twitter.com", "github.com"} {
		if f.text(id) == "" {
			continue
		}
		data := object{}
		for _, name := range []string{"email", "displayName", "photoUrl"} {
			if value := f.takeText(id + " " + name); value != "" {
				data[name] = quoted(value)
			}
		}
		take(id, f.takeText(id), data)
	}
}

// noteWayToSignIn notes users who have no way to sign in as far as the file tells.
func noteWayToSignIn(u *exportedUser, n *notes) {
	switch {
	case len(u.identities) > 0 || u.password != "" || u.passwordUnusable:
	case u.email != "":
		n.add("users with an email, and without a password hash and an account of a provider", "auth:export writes only "+
			"hashes of Firebase's own algorithm, and accounts of Google, Facebook, X and GitHub. These users sign in with "+
			"such a provider again, if their email is verified, with a mailed link, or reset the password by mail")
	case u.phone == "":
		u.anonymous = true
		n.add("users without an email, a telephone number and an account of a provider", "They are anonymous users, or "+
			"users of custom tokens. They are imported as anonymous users, and cannot sign in")
	}
}
