package importer_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// sourceRows are all rows of a source that the import reads.
type sourceRows struct {
	users      []sourceUser
	identities []sourceIdentity
	profiles   []sourceProfile
	others     []sourceFactorOrPasskey

	withMetadata bool // the run fills the columns for metadata
}

// sourceUser is a user in the source. In this type and in the other source types, rowDigest is a digest of the row as
// JSON.
type sourceUser struct {
	id, email, phone, hash, rowDigest  string // "" means NULL or an empty text
	confirmed, deleted, sso, anonymous bool
	created, updated, banned           sourceTime
	times                              []sourceTime // the other timestamps, for a user without created
	metadata                           any
	metadataText, appMetadataText      string // "" means NULL
}

type sourceIdentity struct {
	id, user, provider, subject, rowDigest string
	claims                                 any
	created, updated                       sourceTime
}

type sourceProfile struct {
	user, language, rowDigest string
	text                      string            // the row as Postgres converts it to text
	fields                    map[string]string // values that are not NULL
	hours                     *int
	created, updated          sourceTime
}

// sourceFactorOrPasskey is a second factor or a passkey.
type sourceFactorOrPasskey struct {
	source              mapping.Kind
	id, user, rowDigest string
	verified            bool
	kind, secret        string // of a second factor
	lastUsed, updated   sourceTime
}

// shortDigest returns the first eight bytes of the SHA-256 of a text in hexadecimal.
func shortDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

func toSourceTime(t pgtype.Timestamptz) sourceTime {
	return sourceTime{null: !t.Valid, infinity: int(t.InfinityModifier), at: t.Time.UTC()}
}

// decodeJSON decodes JSON, with numbers as json.Number. It returns nil for nil.
func decodeJSON(t *testing.T, text *string) any {
	t.Helper()
	if text == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(*text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// readSource reads all rows of a source.
func readSource(t *testing.T, url string) sourceRows {
	t.Helper()
	c := importtest.Connect(t, url)
	var in sourceRows
	var u sourceUser
	var metadata *string
	var row string
	times := make([]pgtype.Timestamptz, 13)
	into := []any{
		&u.id, &u.email, &u.phone, &u.hash, &u.deleted, &u.sso, &u.anonymous, &metadata, &u.metadataText, &u.appMetadataText,
		&row,
	}
	for i := range times {
		into = append(into, &times[i])
	}
	importtest.ForEachRow(
		t,
		c,
		`select id::text, coalesce(email, ''), coalesce(phone, ''), coalesce(encrypted_password, ''), deleted_at is not null,
			is_sso_user, is_anonymous,
  raw_user_meta_data::text, coalesce(raw_user_meta_data::text, ''), coalesce(raw_app_meta_data::text, ''),
  to_jsonb(u)::text, created_at, updated_at, banned_until, email_confirmed_at,
  phone_confirmed_at, invited_at, confirmation_sent_at,
  recovery_sent_at, email_change_sent_at, last_sign_in_at, phone_change_sent_at, reauthentication_sent_at, updated_at
  from auth.users u`,
		into,
		func() {
			u := u
			u.created, u.updated, u.banned = toSourceTime(times[0]), toSourceTime(times[1]), toSourceTime(times[2])
			u.confirmed = times[3].Valid
			for _, other := range times[3:] {
				u.times = append(u.times, toSourceTime(other))
			}
			u.metadata, u.rowDigest = decodeJSON(t, metadata), shortDigest(row)
			in.users = append(in.users, u)
		},
	)
	var i sourceIdentity
	importtest.ForEachRow(
		t,
		c,
		`select id::text, user_id::text, provider, provider_id, identity_data::text, to_jsonb(i)::text, created_at, updated_at
			from auth.identities i`,
		[]any{&i.id, &i.user, &i.provider, &i.subject, &metadata, &row, &times[0], &times[1]},
		func() {
			i := i
			i.claims, i.rowDigest = decodeJSON(t, metadata), shortDigest(row)
			i.created, i.updated = toSourceTime(times[0]), toSourceTime(times[1])
			in.identities = append(in.identities, i)
		},
	)
	var fields string
	var p sourceProfile
	importtest.ForEachRow(
		t,
		c,
		`select coalesce(user_id::text, ''), preferred_language, time_per_week, to_jsonb(p)::text, p::text, created_at,
			updated_at,
  jsonb_strip_nulls(jsonb_build_object('age_range', age_range, 'education_level', education_level, 'tech_background',
  tech_background, 'primary_goal', primary_goal,
    'learning_mode', learning_mode, 'learning_speed', learning_speed))::text from public.profiles p`,
		[]any{&p.user, &p.language, &p.hours, &row, &p.text, &times[0], &times[1], &fields},
		func() {
			p := p
			p.rowDigest, p.created, p.updated = shortDigest(row), toSourceTime(times[0]), toSourceTime(times[1])
			if p.hours != nil {
				n := *p.hours
				p.hours = &n
			}
			p.fields = map[string]string{}
			if err := json.Unmarshal([]byte(fields), &p.fields); err != nil {
				t.Fatal(err)
			}
			in.profiles = append(in.profiles, p)
		},
	)
	var o sourceFactorOrPasskey
	importtest.ForEachRow(
		t,
		c,
		`select 'factor', id::text, user_id::text, to_jsonb(f)::text, status = 'verified', factor_type::text,
  coalesce(secret, ''), last_challenged_at, updated_at from auth.mfa_factors f
union all select 'passkey', id::text, user_id::text, to_jsonb(k)::text, false, '', '', null, null
from auth.webauthn_credentials k`,
		[]any{&o.source, &o.id, &o.user, &row, &o.verified, &o.kind, &o.secret, &times[0], &times[1]},
		func() {
			o := o
			o.lastUsed, o.updated = toSourceTime(times[0]), toSourceTime(times[1])
			o.rowDigest = shortDigest(row)
			in.others = append(in.others, o)
		},
	)
	return in
}

// readTarget reads the tables of the target, and what the ledger and the quarantine have of rows that are not deleted
// in the source.
func readTarget(t *testing.T, url string) importResult {
	t.Helper()
	s, c := readTargetTables(t, url), importtest.Connect(t, url)
	var key, value string
	importtest.ForEachRow(
		t,
		c,
		`select source || ' ' || key, outcome::text from supabase_import.ledger where outcome <> 'deleted'`,
		[]any{&key, &value},
		func() { s.Ledger[key] = value },
	)
	importtest.ForEachRow(
		t,
		c,
		`select concat_ws(' ', source, key, field, reason), coalesce(original::text, '') from supabase_import.quarantine
			where resolved is null and reason <> 'deleted_in_source'`,
		[]any{&key, &value},
		func() { s.Quarantine[key] = shortDigest(value) },
	)
	return s
}

// readTargetTables reads the users, accounts and profiles of the target.
func readTargetTables(t *testing.T, url string) importResult {
	t.Helper()
	c := importtest.Connect(t, url)
	s := newImportResult()
	metadata := `'', ''`
	if hasMetadataColumns(t, url) {
		metadata = `coalesce("userMetadata"::text, ''), coalesce("appMetadata"::text, '')`
	}
	var id string
	var u userRow
	importtest.ForEachRow(
		t,
		c,
		`select id::text, name, email, coalesce(image, ''), image is not null, "emailVerified", coalesce(banned, false),
			coalesce((to_jsonb("user")->>'twoFactorEnabled')::boolean, false),
			coalesce("banReason", ''), coalesce("banExpires"::text, ''),
  "createdAt"::text, "updatedAt"::text, `+metadata+` from "user"`,
		[]any{
			&id,
			&u.Name,
			&u.Email,
			&u.Image,
			&u.HasImage,
			&u.Verified,
			&u.Banned,
			&u.HasFactor,
			&u.BanReason,
			&u.BanExpires,
			&u.Created,
			&u.Updated,
			&u.UserMetadata,
			&u.AppMetadata,
		},
		func() { s.Users[id] = u },
	)
	var a accountRow
	importtest.ForEachRow(
		t,
		c,
		`select id::text, "userId"::text, "providerId", "accountId", coalesce(password, ''), "createdAt"::text,
			"updatedAt"::text from account
where num_nonnulls("accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", scope) =
  0`,
		[]any{&id, &a.User, &a.Provider, &a.Subject, &a.Password, &a.Created, &a.Updated},
		func() {
			a := a
			if a.Password != "" {
				a.Password = shortDigest(a.Password)
			}
			s.Accounts[id] = a
		},
	)
	var p profileRow
	var fields string
	importtest.ForEachRow(
		t,
		c,
		`select id::text, user_id::text, preferred_language, coalesce(time_per_week, -1), created_at::text, updated_at::text,
  jsonb_strip_nulls(jsonb_build_object('age_range', age_range, 'education_level', education_level, 'tech_background',
  tech_background, 'primary_goal', primary_goal,
    'learning_mode', learning_mode, 'learning_speed', learning_speed))::text from user_profile`,
		[]any{&id, &p.User, &p.Language, &p.Hours, &p.Created, &p.Updated, &fields},
		func() {
			p := p
			p.Fields = map[string]string{}
			if err := json.Unmarshal([]byte(fields), &p.Fields); err != nil {
				t.Fatal(err)
			}
			s.Profiles[id] = p
		},
	)
	return s
}
