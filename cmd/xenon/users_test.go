package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/password"
)

// The users of these tests.
const (
	adaID   = "11111111-1111-4111-8111-111111111111" // an administrator
	graceID = "22222222-2222-4222-8222-222222222222"
	alanID  = "33333333-3333-4333-8333-333333333333" // banned
)

// insertUsers stores the users. Everything that no command may print contains "S3CRET".
const insertUsers = `
	INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt", role, banned, "banReason") VALUES
		('` + adaID + `', 'Ada Lovelace', 'ada@example.com', true, now() - interval '40 days', now(), 'admin', false, NULL),
		('` + graceID + `', 'Grace Hopper', 'grace@example.com', false, now() - interval '3 days', now(), 'user', false,
		 NULL),
		('` + alanID + `', 'Alan Turing', 'alan@example.org', true, now() - interval '2 hours', now(), 'user', true, 'spam');
	UPDATE "user" SET "twoFactorEnabled" = true WHERE id = '` + graceID + `';
	INSERT INTO account (
		"accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", scope, password, "createdAt",
		"updatedAt")
	VALUES
		('` + graceID + `', 'credential', '` + graceID + `', NULL, NULL, NULL, NULL, 'S3CRET-hash', now(), now()),
		('g-1', 'google', '` + graceID + `', 'S3CRET-access', 'S3CRET-refresh', 'S3CRET-id', 'openid', NULL,
		 now() + interval '1 second', now()),
		('` + adaID + `', 'credential', '` + adaID + `', NULL, NULL, NULL, NULL, 'S3CRET-hash', now(), now());
	INSERT INTO session (token, "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent") VALUES
		('S3CRET-session-1', '` + graceID + `', now() + interval '1 day', now(), now(), '192.0.2.1', 'Firefox'),
		('S3CRET-session-2', '` + graceID + `', now() - interval '1 day', now() - interval '9 days', now(), '', ''),
		('S3CRET-session-3', '` + adaID + `', now() + interval '1 day', now() - interval '2 days', now(), '', '');
	INSERT INTO "twoFactor" (secret, "backupCodes", "userId", verified)
	VALUES ('S3CRET-app', 'S3CRET-codes', '` + graceID + `', true);
	INSERT INTO user_profile (user_id, age_range) VALUES ('` + graceID + `', '25_34');
	INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES
		('reset-password:S3CRET-reset', '` + graceID + `', now() + interval '1 hour', now(), now()),
		('sign-in-otp-grace@example.com', 'S3CRET-123456:0', now() + interval '1 hour', now(), now()),
		('magic-link:S3CRET-link', '{"type":"magic-link","email":"grace@example.com"}', now(), now(), now()),
		('2fa-otp-` + graceID + `!a', 'S3CRET-654321:0', now(), now(), now()),
		('reset-password:S3CRET-of-ada', '` + adaID + `', now() + interval '1 hour', now(), now());
	WITH s AS (
		INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt")
		VALUES (gen_random_uuid(), '` + graceID + `', false, now())
		RETURNING id
	)
	INSERT INTO "supabaseCredential" (digest, "supabaseSessionId", aal2)
	SELECT convert_to('S3CRET-digest', 'UTF8'), id, false FROM s`

// insertImport stores what an import from Supabase knows about a user.
const insertImport = `
	INSERT INTO supabase_import.run (name, plan, watermark) VALUES ('supabase', '{}', now());
	INSERT INTO supabase_import.ledger (run, user_id, source, key, outcome, pass, residue)
	SELECT id, '` + graceID + `', 'user', '` + graceID + `', 'copied', 1,
	       '{"phone": "+4930123456", "encrypted_password": "S3CRET-bcrypt",
	         "raw_user_meta_data": {"api_key": "S3CRET-key"}}'
	FROM supabase_import.run;
	INSERT INTO supabase_import.quarantine (run, user_id, source, key, field, reason, detail, original)
	SELECT id, '` + graceID + `', 'factor', '` + graceID + `', '', 'unsupported', 'S3CRET-detail',
	       '{"friendly_name": "phone", "secret": "S3CRET-totp", "list": [{"recovery_token": "S3CRET-recovery"}]}'
	FROM supabase_import.run`

// newUsersDatabase returns a database with the users of these tests.
func newUsersDatabase(t *testing.T) string {
	t.Helper()
	url := dbtest.New(t)
	dbtest.Exec(t, url, insertUsers)
	return url
}

// runUsers runs xenon users with an input, which is not a terminal.
func runUsers(t *testing.T, input string, args []string, env ...string) (code int, out, err string) {
	t.Helper()
	settings := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		settings[env[i]] = env[i+1]
	}
	var stdout, stderr bytes.Buffer
	std := streams{io.NopCloser(strings.NewReader(input)), &stdout, &stderr}
	code = run(t.Context(), append([]string{"users"}, args...), func(name string) string { return settings[name] }, std)
	return code, stdout.String(), stderr.String()
}

// stateOfUsers returns a text that changes if a command changes the users, their accounts or their sessions.
func stateOfUsers(t *testing.T, url string) string {
	t.Helper()
	return dbtest.Value[string](t, url, `
		SELECT (SELECT string_agg(u::text, ' ' ORDER BY id) FROM "user" u)
		    || (SELECT string_agg(a::text, ' ' ORDER BY id) FROM account a)
		    || (SELECT string_agg(s::text, ' ' ORDER BY id) FROM session s)`)
}

func TestUsersReadCommandsShowUsers(t *testing.T) {
	t.Parallel()
	url := newUsersDatabase(t)
	before := stateOfUsers(t, url)
	for _, c := range []struct {
		args []string
		want string // a regular expression
	}{
		{[]string{"list"}, `ID +EMAIL +NAME +CREATED +STATE\n` + alanID + ` +alan@example.org +Alan Turing +\S+ +banned\n` +
			graceID + ` +grace@example.com +Grace Hopper +\S+ +not verified, second factor\n` + adaID + ` .*administrator\n` +
			`3 of 3 users.\n$`},
		{[]string{"list", "--limit", "1", "--offset", "1"}, `^ID.*\n` + graceID + `.*\n1 of 3 users.\n$`},
		{[]string{"list", "--banned"}, `^ID.*\n` + alanID + `.*\n1 of 1 users.\n$`},
		{[]string{"list", "--unverified"}, `^ID.*\n` + graceID + `.*\n1 of 1 users.\n$`},
		{[]string{"list", "--admins", "--json"}, `^\{"total":1,"users":\[\{"name":"Ada Lovelace",.*"role":"admin"`},
		{[]string{"find", "EXAMPLE.COM"}, `^ID.*\n` + adaID + `.*\n` + graceID + `.*\n$`},
		{[]string{"find", "turing", "--json"}, `^\{"more":false,"users":\[\{"name":"Alan Turing",.*\}\]\}\n$`},
		{[]string{"find", "example", "--limit", "2"}, `There are more; --limit 2 lists the first ones only`},
		{[]string{"find", "%"}, `^No user was found.\n$`},
		{[]string{"find", graceID}, `^ID.*\n` + graceID + `.*\n$`},
		{[]string{"find", "44444444-4444-4444-8444-444444444444"}, `^No user was found.\n$`},
		{[]string{"show", "Grace@Example.com"}, `id +` + graceID + `\nemail +grace@example.com\n(?s:.*)` +
			`account +google, since (?s:.*)session +192.0.2.1, since \S+, until \S+\n`},
		{[]string{"show", alanID}, `ban +without an end: spam\n`},
		{[]string{"show", adaID, "--json"}, `"isAdministrator":true,"isBanned":false,"accounts":\[\{"accountId"`},
		{[]string{"stats"}, ` 3  users\n +2  with a verified email\n +1  with a second factor\n +1  banned\n` +
			` +1  signed up in the last day, 2 in 7 days, 2 in 30 days\n +2  live sessions\n` +
			` +1  stored sessions began in the last day, 2 in 7 days, 3 in 30 days\n` +
			` +2  accounts of credential \(email and password\)\n +1  accounts of google\n`},
		{[]string{"stats", "--json"}, `"accountsByProvider":\{"credential":2,"google":1\}`},
	} {
		code, out, stderr := runUsers(t, "", c.args, "DATABASE_URL", url)
		if code != exitDone || !regexp.MustCompile(c.want).MatchString(out) {
			t.Errorf("xenon users %v: got the exit code %d, want 0 and %s\n%s%s", c.args, code, c.want, out, stderr)
		}
	}
	if after := stateOfUsers(t, url); after != before {
		t.Errorf("rows after commands that only read: got %s, want %s", after, before)
	}
}

// Every command, with and without --json, on a user for whom every kind of secret is stored.
func TestUsersCommandsPrintNoSecret(t *testing.T) {
	t.Parallel()
	url := newUsersDatabase(t)
	ledger, err := os.ReadFile(filepath.Join(repositoryRoot, "shared/importer/run/schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, string(ledger))
	dbtest.Exec(t, url, insertImport)
	dbtest.Exec(t, url, `ALTER TABLE "user" ADD "appPassword" text DEFAULT 'S3CRET-app-password'`)
	const stored = "SELECT count(*) FROM (SELECT a::text AS row FROM account a UNION ALL SELECT s::text FROM session s " +
		"UNION ALL SELECT u::text FROM \"user\" u) x WHERE row LIKE '%S3CRET%'"
	if n := dbtest.Value[int](t, url, stored); n < 8 {
		t.Fatalf("rows with a secret: got %d, want at least 8", n)
	}
	for _, command := range []string{
		"list", "find grace", "show grace@example.com", "export grace@example.com", "stats", "ban grace@example.com --yes",
		"unban grace@example.com --yes", "verify-email grace@example.com --yes",
		"set-password grace@example.com --yes", "sign-out grace@example.com --yes", "delete grace@example.com --yes",
		"set-password ada@example.com --yes", "ban example --yes",
	} {
		for _, flag := range []string{"", " --json"} {
			_, out, stderr := runUsers(t, "S3CRET-new-password\n", strings.Fields(command+flag), "DATABASE_URL", url)
			if text := out + stderr; strings.Contains(text, "S3CRET") || strings.Contains(text, "$argon2") {
				t.Errorf("xenon users %s: got a secret in the output\n%s", command+flag, text)
			}
		}
	}
}

func TestUsersExportHasEverythingThatIsStored(t *testing.T) {
	t.Parallel()
	url := newUsersDatabase(t)
	ledger, err := os.ReadFile(filepath.Join(repositoryRoot, "shared/importer/run/schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, `ALTER TABLE "user" ADD "favouriteColour" text DEFAULT 'green'`)
	read := func() (export map[string]any) {
		t.Helper()
		code, out, stderr := runUsers(t, "", []string{"export", graceID}, "DATABASE_URL", url)
		if err := json.Unmarshal([]byte(out), &export); err != nil || code != exitDone {
			t.Fatalf("export: got the exit code %d, %v\n%s%s", code, err, out, stderr)
		}
		if record := auditRecord(t, stderr); record["event"] != "admin-user-read" || record["subject"] != graceID {
			t.Errorf("audit record of an export: got %v, want admin-user-read of the user", record)
		}
		return export
	}
	if export := read(); export["import"] != nil {
		t.Errorf("import without the tables of an import: got %v, want none", export["import"])
	}
	dbtest.Exec(t, url, string(ledger))
	dbtest.Exec(t, url, insertImport)
	export := read()
	kinds := []string{}
	for _, v := range export["verifications"].([]any) {
		kinds = append(kinds, v.(map[string]any)["kind"].(string))
	}
	user, profile := export["user"].(map[string]any), export["profile"].(map[string]any)
	imported := export["import"].(map[string]any)
	first := func(v any) map[string]any { return v.([]any)[0].(map[string]any) }
	got := map[string]any{
		"email": user["email"], "colour": user["favouriteColour"], "age": profile["age_range"],
		"accounts": len(export["accounts"].([]any)), "hasPassword": first(export["accounts"])["hasPassword"],
		"sessions": len(export["sessions"].([]any)), "factor": first(export["twoFactors"])["verified"],
		"supabase": len(export["supabaseSessions"].([]any)), "kinds": slices.Sorted(slices.Values(kinds)),
		"residue": first(imported["ledger"])["residue"], "original": first(imported["quarantine"])["original"],
	}
	want := map[string]any{
		"email": "grace@example.com", "colour": "green", "age": "25_34", "accounts": 2, "hasPassword": true, "sessions": 2,
		"factor": true, "supabase": 1, "kinds": []string{"2fa-otp", "magic-link", "reset-password", "sign-in-otp"},
		"residue":  map[string]any{"phone": "+4930123456", "raw_user_meta_data": map[string]any{}},
		"original": map[string]any{"friendly_name": "phone", "list": []any{map[string]any{}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("export (-want +got):\n%s", diff)
	}
}

// auditRecord returns the only JSON line of the standard error of a command, or nil if it has none.
func auditRecord(t *testing.T, stderr string) (record map[string]any) {
	t.Helper()
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		if record != nil {
			t.Errorf("audit records of a command: got two, want one\n%s", stderr)
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Errorf("audit record: %v\n%s", err, line)
		}
	}
	return record
}

func TestUsersChangesAreStoredAndAudited(t *testing.T) {
	t.Parallel()
	url := newUsersDatabase(t)
	for _, c := range []struct {
		args, input string
		event       string // "" if nothing changes
		out         string
		is          string // a condition that holds afterwards
	}{
		{
			"ban grace@example.com --reason spam --for 24h", "", "admin-ban", "grace@example.com is banned",
			`(SELECT banned AND "banReason" = 'spam' AND "banExpires" BETWEEN now() + interval '23 hours' AND
			  now() + interval '24 hours' FROM "user" WHERE id = '` + graceID + `')
			AND NOT EXISTS (SELECT FROM session WHERE "userId" = '` + graceID + `')`,
		},
		{
			"ban " + alanID, "", "admin-ban", "alan@example.org is banned",
			`(SELECT "banReason" = 'No reason' AND "banExpires" IS NULL FROM "user" WHERE id = '` + alanID + `')`,
		},
		{
			"unban GRACE@example.com", "", "admin-unban", "is not banned any more",
			`(SELECT NOT banned AND "banReason" IS NULL FROM "user" WHERE id = '` + graceID + `')`,
		},
		{"unban grace@example.com", "", "", "is not banned. Nothing was changed.", `true`},
		{
			"verify-email grace@example.com", "", "admin-user-update", "grace@example.com is verified",
			`(SELECT "emailVerified" FROM "user" WHERE id = '` + graceID + `')`,
		},
		{"verify-email grace@example.com", "", "", "verified already. Nothing was changed.", `true`},
		{
			"set-password alan@example.org", "correct horse\r\n", "admin-password-change", "The password of alan",
			`(SELECT password LIKE '$argon2id$%' FROM account WHERE "userId" = '` + alanID + `')`,
		},
		{
			"sign-out ada@example.com", "", "admin-session-revoke", "All sessions of ada@example.com are ended",
			`NOT EXISTS (SELECT FROM session)`,
		},
		{
			"delete grace@example.com", "", "admin-user-delete", "grace@example.com is deleted",
			`NOT EXISTS (SELECT FROM account WHERE "userId" = '` + graceID + `')
			AND NOT EXISTS (SELECT FROM user_profile) AND NOT EXISTS (SELECT FROM "twoFactor")
			AND NOT EXISTS (SELECT FROM "user" WHERE id = '` + graceID + `')`,
		},
	} {
		code, out, stderr := runUsers(t, c.input, append(strings.Fields(c.args), "--yes"), "DIRECT_DATABASE_URL", url)
		if code != exitDone || !strings.Contains(out, c.out) {
			t.Errorf("xenon users %s: got the exit code %d, want 0 and %q\n%s%s", c.args, code, c.out, out, stderr)
		}
		if !dbtest.Value[bool](t, url, "SELECT "+c.is) {
			t.Errorf("xenon users %s: the condition is false: %s", c.args, c.is)
		}
		record := auditRecord(t, stderr)
		if c.event == "" && record != nil {
			t.Errorf("xenon users %s changes nothing: got the audit record %v, want none", c.args, record)
		}
		command, _, _ := strings.Cut(c.args, " ")
		if c.event != "" && (record["event"] != c.event || record["result"] != "ok" || record["subject"] == "" ||
			record["msg"] != "command" || record["command"] != "users "+command || record["operator"] == "") {
			t.Errorf(
				"xenon users %s: got the audit record %v, want the event %s and the user as subject",
				c.args,
				record,
				c.event,
			)
		}
	}
	hash := dbtest.Value[string](t, url, `SELECT password FROM account WHERE "userId" = '`+alanID+`'`)
	if ok, err := password.NewCheap().Verify(t.Context(), hash, "correct horse"); err != nil || !ok {
		t.Errorf("stored password: got a mismatch with the one of the standard input, %v", err)
	}
}

// A refused command says why and what to do, and changes nothing.
func TestUsersCommandsRefuseAndChangeNothing(t *testing.T) {
	t.Parallel()
	url := newUsersDatabase(t)
	dbtest.Exec(t, url, `
		INSERT INTO "user" (name, email, "emailVerified", "createdAt", "updatedAt")
		SELECT 'Many ' || n, 'many' || n || '@example.net', true, now() + n * interval '1 second', now()
		FROM generate_series(10, 21) n`)
	before := stateOfUsers(t, url)
	for _, c := range []struct {
		args, input string
		env         []string
		code        int
		want        []string
	}{
		{"ban ada@example.com", "", nil, exitUsage, []string{"confirm with --yes"}},
		{"delete grace@example.com --json", "", nil, exitUsage, []string{"confirm with --yes"}},
		{"ban grace --yes", "", nil, exitFailed, []string{
			`"grace" is not an id or the whole email`, "of one user", "Nothing was changed", graceID + "  grace@example.com",
		}},
		{"delete example.com --yes", "", nil, exitFailed, []string{"of 2 users", adaID, graceID}},
		{"sign-out many --yes", "", nil, exitFailed, []string{"of more than 10 users", "many19@", "… and others"}},
		{"ban ida@example.com --yes", "", nil, exitFailed, []string{"no user has the id or the email", "xenon users find"}},
		{"show 44444444-4444-4444-8444-444444444444", "", nil, exitFailed, []string{"no user has the id"}},
		{"ban ada@example.com --yes", "", nil, exitFailed, []string{
			"the user is the last administrator", `"result":"refused"`, "Nothing was changed",
		}},
		{"delete " + adaID + " --yes", "", nil, exitFailed, []string{"the user is the last administrator"}},
		{
			"delete ada@example.com --yes", "", []string{"ADMIN_USER_IDS", alanID}, exitFailed, // Alan is banned
			[]string{"the user is the last administrator"},
		},
		{"ban grace@example.com --for -1h --yes", "", nil, exitUsage, []string{"--for"}},
		{"ban grace@example.com --yes --reason " + strings.Repeat("x", 1001), "", nil, exitUsage, []string{"--reason"}},
		{"list --limit 1001", "", nil, exitUsage, []string{"--limit must be 1 to 1000"}},
		{"set-password grace@example.com --yes", "", nil, exitFailed, []string{"has no password. Nothing was changed"}},
		{"set-password grace@example.com --yes", "short\n", nil, exitFailed, []string{"too short", "8 to 128 characters"}},
		{"set-password grace@example.com --yes", strings.Repeat("x", 129), nil, exitFailed, []string{"too long"}},
		{"set-password grace@example.com --yes", "correct horse\nbattery\n", nil, exitFailed, []string{"more than one line"}},
		{
			"set-password grace@example.com --yes", "password123\n",
			[]string{"PASSWORD_BLOCKLIST", "on"},
			exitFailed,
			[]string{"PASSWORD_COMPROMISED", "Choose another password"},
		},
	} {
		args := strings.Fields(c.args)
		code, out, stderr := runUsers(t, c.input, args, append(c.env, "DATABASE_URL", url)...)
		if code != c.code || out != "" {
			t.Errorf("xenon users %s: got the exit code %d, want %d and no output\n%s%s", c.args, code, c.code, out, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("xenon users %s: got %s, want %q", c.args, stderr, want)
			}
		}
		if n := strings.Count(stderr, "\n    "); n > 11 {
			t.Errorf("xenon users %s: got %d candidates, want at most 10\n%s", c.args, n, stderr)
		}
	}
	if after := stateOfUsers(t, url); after != before {
		t.Errorf("rows after refused commands: got %s, want %s", after, before)
	}
	code, out, stderr := runUsers(t, "", []string{"ban", adaID, "--yes"}, "DATABASE_URL", url, "ADMIN_USER_IDS", graceID)
	if code != exitDone {
		t.Errorf("ban with another administrator in ADMIN_USER_IDS: got the exit code %d, want 0\n%s%s", code, out, stderr)
	}
}

// A database whose migrations were not applied lacks the columns of the plugins.
func TestUsersCommandsNameTheMigrationsThatAreMissing(t *testing.T) {
	t.Parallel()
	withoutColumns := newUsersDatabase(t)
	dbtest.Exec(t, withoutColumns, `ALTER TABLE "user" DROP role CASCADE, DROP banned CASCADE`)
	for name, url := range map[string]string{"no tables": dbtest.NewEmpty(t), "no columns": withoutColumns} {
		for _, args := range []string{"ban grace@example.com --yes", "list", "export " + graceID} {
			code, out, stderr := runUsers(t, "", strings.Fields(args), "DATABASE_URL", url)
			if code != exitFailed || !strings.Contains(stderr, "Apply the migrations: xenon schema up.") {
				t.Errorf("%s: xenon users %s: got the exit code %d, want 1 and the advice to apply the migrations\n%s%s",
					name, args, code, out, stderr)
			}
		}
	}
	for _, c := range []struct {
		env  []string
		want string
	}{
		{nil, "DATABASE_URL: missing"},
		{[]string{"DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/db"}, "Check that the database runs"},
	} {
		code, _, stderr := runUsers(t, "", []string{"list"}, c.env...)
		if code != exitFailed || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("xenon users list with %v: got the exit code %d and %s, want 1 and %q without the password",
				c.env, code, stderr, c.want)
		}
	}
}

func TestUsersCommandsUseTheSchema(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	if _, err := migrations.UpIn(t.Context(), url, "xenon"); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, "SET search_path = xenon; "+insertUsers)
	for _, args := range []string{
		"list", "find ada", "show grace@example.com", "export grace@example.com", "stats", "ban grace@example.com --yes",
		"unban grace@example.com --yes", "verify-email grace@example.com --yes", "sign-out grace@example.com --yes",
		"set-password grace@example.com --yes", "delete grace@example.com --yes",
	} {
		code, out, stderr := runUsers(t, "correct horse\n", strings.Fields(args), "DATABASE_URL", url, "SCHEMA", "xenon")
		if code != exitDone {
			t.Errorf("xenon users %s with SCHEMA=xenon: got the exit code %d, want 0\n%s%s", args, code, out, stderr)
		}
	}
	if n := dbtest.Value[int](t, url, `SELECT count(*) FROM xenon."user"`); n != 2 {
		t.Errorf("users after the deletion of one of three: got %d, want 2", n)
	}
}
