package reencrypt_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/reencrypt"
)

const (
	newSecret = "the newest secret of these tests"
	oldSecret = "the former secret of these tests"
	single    = "the secret from before the versions"
)

func parseKeys(t *testing.T, versioned, unversioned string) cipher.Keys {
	t.Helper()
	k, err := cipher.ParseKeys(versioned, unversioned)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// store has a database with users, and the keys before and after the change of the secret.
type store struct {
	t           *testing.T
	url, schema string

	bare, first, after cipher.Keys
}

func newStore(t *testing.T, schema string) store {
	t.Helper()
	s := store{
		t: t, url: dbtest.NewEmpty(t), schema: schema, bare: parseKeys(t, "", single),
		first: parseKeys(t, "1:"+oldSecret, single), after: parseKeys(t, "2:"+newSecret+",1:"+oldSecret, single),
	}
	if _, err := migrations.UpIn(t.Context(), s.url, schema); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, s.url, s.in(`INSERT INTO %s."user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
		VALUES ('11111111-1111-4111-8111-111111111111', 'Ada', 'ada@example.com', true, now(), now())`))
	return s
}

// in returns a statement with the name of the schema.
func (s store) in(sql string) string { return fmt.Sprintf(sql, pgx.Identifier{s.schema}.Sanitize()) }

func (s store) addFactor(secret, codes string) {
	s.t.Helper()
	dbtest.Exec(s.t, s.url, s.in(`INSERT INTO %s."twoFactor" (secret, "backupCodes", "userId")
		VALUES ($1, $2, '11111111-1111-4111-8111-111111111111')`), secret, codes)
}

func (s store) addAccount(access, refresh any) {
	s.t.Helper()
	dbtest.Exec(s.t, s.url, s.in(`INSERT INTO %s.account ("accountId", "providerId", "userId", "accessToken",
			"refreshToken", "createdAt", "updatedAt")
		VALUES (gen_random_uuid(), 'discord', '11111111-1111-4111-8111-111111111111', $1, $2, now(), now())`),
		access, refresh)
}

// column returns the values of a column that are not NULL.
func (s store) column(table, name string) []string {
	s.t.Helper()
	return dbtest.Value[[]string](s.t, s.url, fmt.Sprintf(`SELECT coalesce(array_agg(%[1]s), '{}') FROM %[2]s
		WHERE %[1]s IS NOT NULL`, pgx.Identifier{name}.Sanitize(), pgx.Identifier{s.schema, table}.Sanitize()))
}

// plain returns the texts of a column in plain text, sorted. It fails the test if the newest secret alone does not
// decrypt one of the texts with a version.
func (s store) plain(table, name string) []string {
	s.t.Helper()
	newest := parseKeys(s.t, "2:"+newSecret, "")
	values := s.column(table, name)
	for i, v := range values {
		if !strings.HasPrefix(v, "$ba$") {
			continue
		}
		text, err := newest.Decrypt(v)
		if err != nil {
			s.t.Errorf("%s.%s: the newest secret does not decrypt %.20s: %v", table, name, v, err)
		}
		values[i] = text
	}
	slices.Sort(values)
	return values
}

func (s store) run(ctx context.Context) map[string]reencrypt.Result {
	s.t.Helper()
	results, err := reencrypt.Run(ctx, s.url, s.schema, s.after)
	if err != nil {
		s.t.Fatal(err)
	}
	all := map[string]reencrypt.Result{}
	for _, r := range results {
		all[r.Column] = r
	}
	return all
}

// Every text of an older secret can be decrypted with the newest one afterwards. Other texts stay as they are. A second
// call changes nothing.
func TestTextsOfOlderSecretsGetTheNewestOne(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"public", "xenon"} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, schema)
			s.addFactor(s.first.Encrypt("app 1"), s.bare.Encrypt("codes 1"))
			s.addFactor(s.bare.Encrypt("app 2"), s.after.Encrypt("codes 2"))
			current := s.after.Encrypt("app 3")
			s.addFactor(current, `["plain","codes"]`)
			s.addAccount(s.first.Encrypt("access 1"), s.bare.Encrypt("refresh 1"))
			s.addAccount("gho_plain", nil)
			s.addAccount(strings.Repeat("0f", 20), strings.Repeat("0f", 50)) // tokens in hex; the second is long enough
			key := s.first.Encrypt(`{"d":"private"}`)
			for _, private := range []string{`"` + key + `"`, `{"d":"not encrypted"}`} {
				dbtest.Exec(t, s.url, s.in(`INSERT INTO %s.jwks ("publicKey", "privateKey", "createdAt") VALUES ('', $1, now())`),
					private)
			}
			counts, err := reencrypt.CountTexts(t.Context(), s.url, s.schema)
			if err != nil {
				t.Fatal(err)
			}
			one, two := 1, 2
			wantCounts := []reencrypt.Count{
				{"twoFactor.secret", &one, 1},
				{"twoFactor.secret", &two, 1},
				{"twoFactor.secret", nil, 1},
				{"twoFactor.backupCodes", &two, 1},
				{"twoFactor.backupCodes", nil, 1},
				{"account.accessToken", &one, 1},
				{"account.refreshToken", nil, 2},
				{"jwks.privateKey", &one, 1},
			}
			if diff := gocmp.Diff(wantCounts, counts); diff != "" {
				t.Errorf("texts before (-want +got):\n%s", diff)
			}
			want := map[string]reencrypt.Result{
				"twoFactor.secret":      {"twoFactor.secret", 2, 0},
				"twoFactor.backupCodes": {"twoFactor.backupCodes", 1, 0},
				"account.accessToken":   {"account.accessToken", 1, 0},
				"account.refreshToken":  {"account.refreshToken", 1, 1},
				"jwks.privateKey":       {"jwks.privateKey", 1, 0},
			}
			if diff := gocmp.Diff(want, s.run(t.Context())); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			for name, want := range map[string][]string{
				"twoFactor.secret":      {"app 1", "app 2", "app 3"},
				"twoFactor.backupCodes": {`["plain","codes"]`, "codes 1", "codes 2"},
				"account.accessToken":   {strings.Repeat("0f", 20), "access 1", "gho_plain"},
				"account.refreshToken":  {strings.Repeat("0f", 50), "refresh 1"},
			} {
				table, column, _ := strings.Cut(name, ".")
				if diff := gocmp.Diff(want, s.plain(table, column)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if !slices.Contains(s.column("twoFactor", "secret"), current) {
				t.Error("the text of the newest secret was encrypted again, want it unchanged")
			}
			private := s.column("jwks", "privateKey")
			slices.SortFunc(private, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
			text, err := parseKeys(t, "2:"+newSecret, "").Decrypt(strings.Trim(private[1], `"`))
			if text != `{"d":"private"}` || err != nil || private[0] != `{"d":"not encrypted"}` ||
				!strings.HasPrefix(private[1], `"$ba$2$`) || !strings.HasSuffix(private[1], `"`) {
				t.Errorf("jwks.privateKey: got %q, %v, want the encrypted key in quotes and the other one unchanged", private, err)
			}
			for column, r := range s.run(t.Context()) {
				if r.Encrypted != 0 || r.Unreadable != want[column].Unreadable {
					t.Errorf("second call, %s: got %+v, want nothing encrypted", column, r)
				}
			}
		})
	}
}

// More rows than a transaction changes, and rows whose secret is lost.
func TestAllBatchesAreEncrypted(t *testing.T) {
	t.Parallel()
	s := newStore(t, "public")
	lost := parseKeys(t, "9:"+newSecret, "").Encrypt("lost")
	dbtest.Exec(t, s.url, `
		INSERT INTO "twoFactor" (secret, "backupCodes", "userId")
		SELECT CASE WHEN n % 2 = 0 THEN $1 ELSE $2 END, '', '11111111-1111-4111-8111-111111111111'
		FROM generate_series(1, 1300) n`, s.first.Encrypt("app"), lost)
	if got := s.run(t.Context())["twoFactor.secret"]; got.Encrypted != 650 || got.Unreadable != 650 {
		t.Errorf("got %+v, want 650 texts encrypted and 650 unreadable", got)
	}
	got := dbtest.Value[int64](t, s.url, `SELECT count(DISTINCT secret) FROM "twoFactor" WHERE secret LIKE '$ba$2$%'`)
	if got != 650 {
		t.Errorf("got %d different texts of version 2, want 650, each with its own nonce", got)
	}
}

// A code that a request spends while its row waits for the batch stays spent.
func TestChangeOfRequestIsKept(t *testing.T) {
	t.Parallel()
	s := newStore(t, "public")
	s.addFactor(s.after.Encrypt("app"), s.first.Encrypt("two codes"))
	conn, err := pgx.Connect(t.Context(), s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	request, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	update := `UPDATE "twoFactor" SET "backupCodes" = $1`
	if _, err := request.Exec(t.Context(), update, s.first.Encrypt("one code")); err != nil {
		t.Fatal(err)
	}
	done, results := make(chan struct{}), []reencrypt.Result(nil)
	go func() {
		defer close(done)
		results, err = reencrypt.Run(t.Context(), s.url, s.schema, s.after)
	}()
	dbtest.AwaitLockWaits(t, s.url, 1, done)
	if failure := request.Commit(t.Context()); failure != nil {
		t.Fatal(failure)
	}
	<-done
	if !slices.Contains(results, reencrypt.Result{Column: "twoFactor.backupCodes", Encrypted: 1}) || err != nil {
		t.Errorf("got %+v, %v, want one text of twoFactor.backupCodes encrypted", results, err)
	}
	if got := s.plain("twoFactor", "backupCodes"); !slices.Equal(got, []string{"one code"}) {
		t.Errorf("got the codes %q, want those that the request has left", got)
	}
}

// A database without the tables of plugins has nothing to encrypt.
func TestMissingTablesAreSkipped(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	keys := parseKeys(t, "2:"+newSecret, "")
	if results, err := reencrypt.Run(t.Context(), url, "public", keys); results != nil || err != nil {
		t.Errorf("got %v, %v, want no result and no error", results, err)
	}
	if counts, err := reencrypt.CountTexts(t.Context(), url, "public"); counts != nil || err != nil {
		t.Errorf("got %v, %v, want no texts and no error", counts, err)
	}
}
