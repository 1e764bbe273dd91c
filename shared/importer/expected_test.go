package importer_test

import (
	"cmp"
	"crypto/md5"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/password"
)

// The model computes the expected target from the rows of a source. It implements the mapping a second time, in Go and
// row by row, from the description of the mapping and not from the import's SQL.

// state is the expected or the actual result of an import.
type state struct {
	Users      map[string]userRow
	Accounts   map[string]accountRow
	Profiles   map[string]profileRow
	Ledger     map[string]string // outcome by "source key"
	Quarantine map[string]string // digest of the original by "source key field reason"
}

type userRow struct {
	Name, Email, Image, BanReason string
	HasImage, Verified, Banned    bool
	Created, Updated, BanExpires  string
}

type accountRow struct {
	User, Provider, Subject, Password, Created, Updated string // Password is a digest
}

type profileRow struct {
	User, Language, Created, Updated string
	Fields                           map[string]string // values that are not NULL
	Hours                            int               // -1: NULL
}

type model struct {
	o            importer.Options
	in           rows
	state        state
	factors      map[string]bool // users with a verified one
	withoutEmail map[string]bool // of the users who lose it to another user
	late         map[string]bool // identities whose account another identity has
	owned        map[string][]sourceIdentity
	existing     map[string]occupant // by email
}

// occupant is a user of the target from before the import, with a password and maybe other rows.
type occupant struct {
	id, email, whole string
	verified, more   bool
	row              userRow
	account          accountRow
	accountID        string
}

func expectedState(o importer.Options, in rows, existing ...occupant) state {
	for i, u := range in.users {
		in.users[i].confirmed = u.confirmed && !folded(u)
	}
	r := &model{
		o: o, in: in, state: newState(), factors: map[string]bool{}, withoutEmail: map[string]bool{}, late: map[string]bool{},
		owned: map[string][]sourceIdentity{}, existing: map[string]occupant{},
	}
	for _, t := range existing {
		r.existing[t.email] = t
		r.state.Users[t.id], r.state.Accounts[t.accountID] = t.row, t.account
	}
	for _, f := range in.others {
		if f.source == mapping.Factor {
			reason := "mfa_unverified"
			if f.verified {
				reason = "mfa_not_portable"
				r.factors[f.user] = true
			}
			r.out(mapping.Factor, f.id, "", reason, f.whole)
			continue
		}
		r.out(mapping.Passkey, f.id, "", "passkey_not_mapped", f.whole)
	}
	for _, i := range in.identities {
		r.owned[i.user] = append(r.owned[i.user], i)
	}
	for _, of := range r.owned {
		slices.SortFunc(of, byAge)
	}
	r.resolveConflicts()
	for _, u := range in.users {
		r.user(u)
	}
	for _, i := range in.identities {
		r.identity(i)
	}
	r.profiles()
	return r.state
}

func newState() state {
	return state{
		map[string]userRow{},
		map[string]accountRow{},
		map[string]profileRow{},
		map[string]string{},
		map[string]string{},
	}
}

// out adds a whole row, or a field of a row, to the quarantine.
func (r *model) out(source mapping.Kind, id, field, reason, whole string) {
	r.state.Quarantine[strings.Join([]string{string(source), id, field, reason}, " ")] = whole
	if field == "" {
		r.is(source, id, mapping.Quarantined)
	}
}

func (r *model) is(source mapping.Kind, id string, outcome mapping.Outcome) {
	r.state.Ledger[string(source)+" "+id] = string(outcome)
}

// byAge orders by age; rows without a time are last.
func byAge(a, b sourceIdentity) int {
	return cmp.Or(a.created.compare(b.created), cmp.Compare(a.id, b.id))
}

// resolveConflicts finds the users who lose an email and the identities that lose an account.
func (r *model) resolveConflicts() {
	claims := map[string][]sourceUser{}
	for _, u := range r.in.users {
		if a := email(u); a != "" && !u.deleted {
			claims[a] = append(claims[a], u)
		}
	}
	for _, all := range claims {
		slices.SortFunc(all, func(a, b sourceUser) int {
			return cmp.Or(
				before(!folded(a), !folded(b)),
				before(!a.sso, !b.sso),
				before(a.confirmed, b.confirmed),
				a.created.compare(b.created),
				cmp.Compare(a.id, b.id),
			)
		})
		for _, u := range all[1:] {
			r.withoutEmail[u.id] = true
		}
	}
	accounts := map[[2]string][]sourceIdentity{}
	for _, u := range r.in.users {
		for _, i := range r.owned[u.id] {
			if provider, subject, reason := r.account(i); reason == "" && provider != "" && !u.deleted {
				accounts[[2]string{provider, subject}] = append(accounts[[2]string{provider, subject}], i)
			}
		}
	}
	for _, all := range accounts {
		slices.SortFunc(all, byAge)
		for _, i := range all[1:] {
			r.late[i.id] = true
		}
	}
}

// before orders true first.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

var lower = cases.Lower(language.Und)

func blank(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) == "" }

// email is "" if the user has none.
func email(u sourceUser) string {
	if blank(u.email) {
		return ""
	}
	return lower.String(u.email)
}

// folded reports whether the email has a letter beyond ASCII whose lower case is an ASCII letter.
func folded(u sourceUser) bool {
	others := func(text string) int {
		return len(strings.Map(func(r rune) rune {
			if r < utf8.RuneSelf {
				return -1
			}
			return 'x'
		}, text))
	}
	return others(u.email) > others(lower.String(u.email))
}

var e164 = regexp.MustCompile(`^\+?[1-9][0-9]{1,14}$`)

func phone(u sourceUser) string {
	p := strings.NewReplacer(" ", "", "(", "", ")", "", ".", "", "-", "").Replace(u.phone)
	if !e164.MatchString(p) {
		return ""
	}
	return "+" + strings.TrimPrefix(p, "+")
}

const invalid = ".supabase-migration.invalid"

func (r *model) user(u sourceUser) {
	if u.deleted {
		r.out(mapping.User, u.id, "", "soft_deleted", u.whole)
		return
	}
	r.is(mapping.User, u.id, mapping.Copied)
	row := userRow{Name: r.name(u), Created: createdAt(u), Banned: !u.banned.null}
	row.Updated = u.updated.or(row.Created)
	row.Image, row.HasImage = r.claim(u, "avatar_url", "picture")
	if utf8.RuneCountInString(row.Image) > 32_768 {
		row.Image, row.HasImage = "", false
		r.out(mapping.User, u.id, "image", "image_too_long", u.whole)
	}
	own := email(u)
	if own != "" && (r.withoutEmail[u.id] || strings.HasSuffix(u.email, invalid)) {
		r.out(mapping.User, u.id, "email", "email_conflict", u.whole)
		row.Email = u.id + "@email-conflict" + invalid
	} else if reason := r.keepReason(u, own); reason != "" {
		r.out(mapping.User, u.id, "email", reason, u.whole)
		row.Email = u.id + "@email-conflict" + invalid
	} else if own != "" {
		row.Email, row.Verified = own, u.confirmed
	} else {
		row.Email = u.id + "@" + kind(u) + invalid
	}
	if row.Banned {
		row.BanReason = "supabase: banned_until"
		row.BanExpires = u.banned.ban()
	}
	for column, t := range map[string]stamp{"created_at": u.created, "updated_at": u.updated} {
		if t.unusual() {
			r.out(mapping.User, u.id, column, "date_unrepresentable", u.whole)
		}
	}
	r.state.Users[u.id] = row
	if u.hash == "" {
		return
	}
	if why := r.withholdReason(u); why != "" {
		r.out(mapping.User, u.id, "encrypted_password", why, u.whole)
		return
	}
	r.state.Accounts[u.id] = accountRow{u.id, "credential", u.id, digest(u.hash), row.Created, row.Updated}
}

// keepReason is the reason why a user of the target keeps an email. An unverified user with nothing but a password
// loses it to a user who has confirmed it.
func (r *model) keepReason(u sourceUser, email string) string {
	t, held := r.existing[email]
	switch {
	case !held || email == "":
		return ""
	case t.verified || !u.confirmed:
		return "target_email_taken"
	case t.more:
		return "target_email_unverified"
	}
	t.row.Email = t.id + "@unverified" + invalid
	r.state.Users[t.id] = t.row
	delete(r.state.Accounts, t.accountID)
	r.state.Quarantine[strings.Join([]string{"user", t.id, "", "address_released"}, " ")] = t.whole
	return ""
}

func kind(u sourceUser) string {
	switch {
	case u.anonymous:
		return "anonymous"
	case phone(u) != "":
		return "phone-only"
	}
	return "no-email"
}

// createdAt is the earliest known time if the user has no created_at.
func createdAt(u sourceUser) string {
	first := stamp{null: true}
	for _, t := range u.times {
		if !t.unusual() && t.compare(first) < 0 {
			first = t
		}
	}
	return u.created.or(first.or("1970-01-01 00:00:00+00"))
}

func (r *model) name(u sourceUser) string {
	if name, ok := r.claim(u, "name", "full_name", "username", "user_name", "preferred_username"); ok {
		return name
	}
	local, _, _ := strings.Cut(u.email, "@")
	switch {
	case !blank(local):
		return local
	case phone(u) != "":
		return phone(u)
	case u.anonymous:
		return "Anonymous"
	}
	return "Unknown"
}

// claim returns the first text at one of the keys, in the user's metadata and then in the identities.
func (r *model) claim(u sourceUser, keys ...string) (string, bool) {
	docs := []any{u.metadata}
	for _, i := range r.owned[u.id] {
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

func textAt(doc any, key string) string {
	object, _ := doc.(map[string]any)
	text, _ := object[key].(string)
	if blank(text) {
		return ""
	}
	return text
}

var hashForms = []*regexp.Regexp{
	regexp.MustCompile(`^\$2[abxy]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$`),
	regexp.MustCompile(`^\$argon2(i|id)\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`),
	regexp.MustCompile(`^\$fbscrypt\$v=1,n=[0-9]+,r=[0-9]+,p=[0-9]+(,ss=[^,$]*)?(,sk=[^$]*)?\$[^$]+\$.+$`),
}

// withholdReason is the reason why a password is not imported.
func (r *model) withholdReason(u sourceUser) string {
	known := slices.ContainsFunc(hashForms, func(form *regexp.Regexp) bool { return form.MatchString(u.hash) })
	switch {
	case strings.HasPrefix(u.hash, "{") && strings.Contains(u.hash, `"alg":"aes-gcm-hkdf"`):
		return "hash_encrypted"
	case !known:
		return "hash_unknown"
	case !password.Known(u.hash):
		return "hash_too_costly"
	case r.o.Unconfirmed != "allow" && email(u) != "" && !u.confirmed:
		return "unconfirmed_held"
	case r.o.MFA == "hold" && r.factors[u.id]:
		return "mfa_held"
	}
	return ""
}

var sameName = strings.Fields(
	"google github apple facebook discord gitlab twitch spotify zoom figma kakao notion twitter",
)

// account returns the account of an identity, or the reason why it has none. Both empty: the identity is folded.
func (r *model) account(i sourceIdentity) (provider, subject, reason string) {
	switch to, mapped := r.o.Providers[i.provider]; {
	case i.provider == "email" || i.provider == "phone":
		return "", "", ""
	case i.provider == "azure" && to == "oid":
		claims, _ := i.claims.(map[string]any)
		if oid := textAt(claims["custom_claims"], "oid"); oid != "" {
			return "microsoft", oid, ""
		}
		return "", "", "provider_subject_incompatible"
	case mapped:
		return to, i.subject, ""
	case slices.Contains(sameName, i.provider):
		return i.provider, i.subject, ""
	case i.provider == "x":
		return "twitter", i.subject, ""
	case i.provider == "linkedin_oidc" || i.provider == "slack_oidc":
		return strings.TrimSuffix(i.provider, "_oidc"), i.subject, ""
	case i.provider == "azure":
		return "", "", "provider_subject_incompatible"
	case strings.HasPrefix(i.provider, "sso:"):
		return "", "", "sso_identity"
	case i.provider == "web3":
		return "", "", "web3_identity"
	case strings.HasPrefix(i.provider, "custom:"):
		return "", "", "custom_provider"
	}
	return "", "", "provider_unmapped"
}

func (r *model) identity(i sourceIdentity) {
	user, came := r.state.Users[i.user]
	provider, subject, reason := r.account(i)
	if r.late[i.id] {
		reason = "account_conflict"
	}
	switch {
	case !came:
		r.out(mapping.Identity, i.id, "", "parent_quarantined", i.whole)
	case reason != "":
		r.out(mapping.Identity, i.id, "", reason, i.whole)
	case provider == "":
		r.is(mapping.Identity, i.id, mapping.Folded)
	default:
		r.is(mapping.Identity, i.id, mapping.Copied)
		r.state.Accounts[i.id] = accountRow{
			i.user,
			provider,
			subject,
			"",
			i.created.or(user.Created),
			i.updated.or(i.created.or(user.Updated)),
		}
	}
}

// vocabulary has the values that the profile API accepts.
var vocabulary = map[string][]string{
	"age_range":       {"under_18", "18_24", "25_34", "35_plus"},
	"education_level": {"high_school", "undergrad", "masters", "phd", "self_taught"},
	"tech_background": {"software_engineer", "hardware_engineer", "student", "hobbyist"},
	"primary_goal":    {"career_switch", "academic", "hobby_project", "startup_founder"},
	"learning_mode":   {"visual", "textual", "code_first"},
	"learning_speed":  {"intensive", "balanced", "casual"},
}

// noUser is the owner of profiles without a user.
const noUser = "00000000-0000-0000-0000-000000000000"

// profiles handles the newest profile of every user.
func (r *model) profiles() {
	of := map[string][]sourceProfile{}
	for _, p := range r.in.profiles {
		p.user = cmp.Or(p.user, noUser)
		of[p.user] = append(of[p.user], p)
	}
	for user, all := range of {
		slices.SortFunc(all, func(a, b sourceProfile) int {
			return cmp.Or(newest(a.updated, b.updated), newest(a.created, b.created), -cmp.Compare(a.text, b.text))
		})
		for i, p := range all {
			key := user
			if i > 0 || user == noUser {
				sum := md5.Sum(fmt.Appendf(nil, "profile %s %d", user, i+1))
				key = fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:])
			}
			if reason := r.rejectReason(user, i); reason != "" {
				r.out(mapping.Profile, key, "", reason, p.whole)
				continue
			}
			r.profile(p)
		}
	}
}

// newest orders by time; rows without one are last.
func newest(a, b stamp) int {
	if a.null || b.null {
		return before(!a.null, !b.null)
	}
	return -a.compare(b)
}

// rejectReason is the reason why a profile is not imported; place counts the user's profiles from the newest.
func (r *model) rejectReason(user string, place int) string {
	_, came := r.state.Users[user]
	switch {
	case user == noUser:
		return "profile_without_user"
	case !came && slices.ContainsFunc(r.in.users, func(u sourceUser) bool { return u.id == user }):
		return "parent_quarantined"
	case !came:
		return "orphan_profile"
	case place > 0:
		return "profile_duplicate"
	}
	return ""
}

func (r *model) profile(p sourceProfile) {
	r.is(mapping.Profile, p.user, mapping.Copied)
	row := profileRow{User: p.user, Language: p.language, Fields: map[string]string{}, Hours: -1}
	for field, said := range p.fields {
		if to, ok := r.o.ProfileValues[field][said]; ok {
			said = to
		}
		if !slices.Contains(vocabulary[field], said) {
			r.out(mapping.Profile, p.user, field, "enum_unknown", p.whole)
			continue
		}
		row.Fields[field] = said
	}
	switch {
	case p.hours == nil:
	case *p.hours < 0:
		r.out(mapping.Profile, p.user, "time_per_week", "check_violation", p.whole)
	default:
		row.Hours = *p.hours
	}
	switch n := utf8.RuneCountInString(p.language); {
	case n > 10:
		row.Language = "en"
		r.out(mapping.Profile, p.user, "preferred_language", "value_too_long", p.whole)
	case n == 0:
		row.Language = "en"
		r.out(mapping.Profile, p.user, "preferred_language", "check_violation", p.whole)
	}
	user := r.state.Users[p.user]
	row.Created, row.Updated = p.created.or(user.Created), p.updated.or(p.created.or(user.Updated))
	r.state.Profiles[p.user] = row
}

// stamp is a time of the source, which may be outside the range of JavaScript and JSON.
type stamp struct {
	null     bool
	infinity int // -1, 1
	at       time.Time
}

func (s stamp) unusual() bool {
	return !s.null && (s.infinity != 0 || s.at.Year() < 1 || s.at.Year() > 9999)
}

// compare orders missing times last.
func (s stamp) compare(t stamp) int {
	return cmp.Or(before(!s.null, !t.null), cmp.Compare(s.infinity, t.infinity), s.at.Compare(t.at))
}

// or returns the time as Postgres writes it, or the other one if it is NULL.
func (s stamp) or(other string) string {
	if s.null || s.unusual() {
		return other
	}
	return s.at.Format("2006-01-02 15:04:05.999999+00")
}

// ban returns the end of a ban: "" is for ever. A ban that ended before the year 1 is over.
func (s stamp) ban() string {
	if s.infinity < 0 || s.infinity == 0 && s.at.Year() < 1 {
		return "1970-01-01 00:00:00+00"
	}
	return s.or("")
}
