package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	importreport "github.com/xenon-auth/xenon/shared/importer/report"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

// optionFlags are the options of a run. An option that is not given is empty: the import then uses the value that the
// run stored, or the default.
type optionFlags struct {
	BatchSize         int      `help:"Users in a batch, 1 to 50000; default: 5000" placeholder:"N"`
	Unconfirmed       string   `help:"Passwords of users whose email was never confirmed. hold (default): these users must reset their password by mail. allow: the passwords are imported." enum:",hold,allow" default:"" placeholder:"hold|allow"`
	MFA               string   `name:"mfa" help:"Users with a verified second factor. carry (recommended): the authenticator app of a user works here, too; needs BETTER_AUTH_SECRET or APP_SECRET_ARN. hold: no factor is imported, and these users must reset their password by mail. allow: they sign in with the password alone. Required if there are such users." enum:",carry,allow,hold" default:"" placeholder:"carry|hold|allow"`
	Profiles          string   `help:"The table of profiles with its schema, in the same upper and lower case and without quotes; none if there is no such table; default: public.profiles if it has Xenon's columns, else none" placeholder:"TABLE"`
	ProfileKey        string   `help:"The column of --profiles with the id of the user: a uuid, unique and never NULL; default: user_id" placeholder:"COLUMN"`
	ProfileColumn     []string `help:"Map a column of --profiles to one of Xenon's profile, such as lang=preferred_language. Repeatable." sep:"none" placeholder:"OLD=NEW"`
	Provider          []string `help:"Map a provider of Supabase to one of Xenon, such as custom:acme=acme. Accounts of azure become Microsoft accounts with Microsoft's object id; with azure=ID they become accounts of the generic OIDC provider ID and keep the id that Supabase has. Repeatable." sep:"none" placeholder:"FROM=TO"`
	ProfileValue      []string `help:"Map a value of a profile field, such as age_range:35_44=35_plus. Repeatable." sep:"none" placeholder:"FIELD:OLD=NEW"`
	Sessions          bool     `help:"Also import the sessions of users, so that people who are signed in stay signed in. Needs BETTER_AUTH_SECRET or APP_SECRET_ARN. Stored are keyed digests, not the refresh tokens of Supabase."`
	SessionTimebox    string   `help:"With --sessions: the time-box of the project's sessions, such as 720h; default: none" placeholder:"DURATION"`
	SessionInactivity string   `help:"With --sessions: the inactivity timeout of the project's sessions, such as 168h; default: none" placeholder:"DURATION"`
	AllowDeletion     bool     `name:"allow-deletions" help:"Continue although the source has less than half as many users as the ledger."`
}

func (c optionFlags) options(run string) (importer.Options, error) {
	o := importer.Options{
		Run:            run,
		BatchSize:      c.BatchSize,
		Unconfirmed:    c.Unconfirmed,
		MFA:            c.MFA,
		Profiles:       c.Profiles,
		ProfileKey:     c.ProfileKey,
		AllowDeletions: c.AllowDeletion,

		Sessions: c.Sessions, SessionTimebox: c.SessionTimebox, SessionInactivity: c.SessionInactivity,
	}
	var err error
	if o.ProfileColumns, err = parseProfileColumns(c.ProfileColumn); err != nil {
		return o, err
	}
	for _, p := range c.Provider {
		from, to, ok := strings.Cut(p, "=")
		if !ok || from == "" || to == "" {
			return o, newUsageError("--provider %q is not of the form FROM=TO, such as custom:acme=acme", p)
		}
		if o.Providers == nil {
			o.Providers = map[string]string{}
		}
		o.Providers[from] = to
	}
	for _, v := range c.ProfileValue {
		field, values, ok := strings.Cut(v, ":")
		old, to, hasValue := strings.Cut(values, "=")
		if !ok || !hasValue || field == "" || old == "" || to == "" {
			return o, newUsageError("--profile-value %q is not of the form FIELD:OLD=NEW, such as age_range:35_44=35_plus", v)
		}
		if o.ProfileValues == nil {
			o.ProfileValues = map[string]map[string]string{}
		}
		if o.ProfileValues[field] == nil {
			o.ProfileValues[field] = map[string]string{}
		}
		o.ProfileValues[field][old] = to
	}
	return o, nil
}

// commandLine returns the command line of a migrate command with the same options, without --allow-deletions.
func (c optionFlags) commandLine(command, run string) string {
	words := []string{"xenon migrate " + command}
	if run != "supabase" {
		words = append(words, "--run", quoteForShell(run))
	}
	if flags := c.flags(); flags != "" {
		words = append(words, flags)
	}
	return strings.Join(words, " ")
}

// flags returns the options as flags, without --allow-deletions.
func (c optionFlags) flags() string {
	var words []string
	add := func(flag string, values ...string) {
		for _, v := range values {
			if v != "" {
				words = append(words, "--"+flag, quoteForShell(v))
			}
		}
	}
	if c.BatchSize != 0 {
		add("batch-size", fmt.Sprint(c.BatchSize))
	}
	add("unconfirmed", c.Unconfirmed)
	add("mfa", c.MFA)
	add("profiles", c.Profiles)
	add("profile-key", c.ProfileKey)
	add("profile-column", c.ProfileColumn...)
	add("provider", c.Provider...)
	add("profile-value", c.ProfileValue...)
	if c.Sessions {
		words = append(words, "--sessions")
	}
	add("session-timebox", c.SessionTimebox)
	add("session-inactivity", c.SessionInactivity)
	return strings.Join(words, " ")
}

// quoteForShell quotes a word for the shell, if it has characters that need quotes.
func quoteForShell(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_-.:=/", r)
	}) < 0
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

type migratePlanCmd struct {
	importFlags
	optionFlags
}

func (migratePlanCmd) Help() string {
	return `Reads both databases and writes to neither. The exit status is 3 if you have to decide something before a run
can start.

  export FROM_DATABASE_URL=postgres://postgres.ref:…@aws-0-eu-central-1.pooler.supabase.com:5432/postgres
  export TO_DATABASE_URL=postgres://…@ep-name.eu-central-1.aws.neon.tech/neondb
  xenon migrate plan
  xenon migrate plan --from data.sql

With a file, --from is the dump of supabase db dump --data-only or of pg_dump (plain, custom, directory or tar; also
.gz), a CSV of auth.users or the JSON of auth.admin.listUsers. The command loads it into a temporary Postgres.

The exports of Clerk and Firebase are read, too:

  xenon migrate plan --from clerk-users.csv --mfa hold
  xenon migrate plan --from users.json --firebase-hash-config hash_config.txt --mfa allow`
}

// Run prints the plan.
func (c migratePlanCmd) Run(ctx context.Context, getenv environment, std streams) error {
	return c.plan(ctx, c.importFlags, getenv, std)
}

func (c optionFlags) plan(ctx context.Context, f importFlags, getenv environment, std streams) error {
	o, err := c.options(f.Name)
	if err != nil {
		return err
	}
	m, p, err := f.open(ctx, getenv, std)
	if err != nil {
		return err
	}
	stop, err := f.load(ctx, m, p, c.Profiles)
	if err != nil {
		return err
	}
	defer stop()
	p.printOnTerminal("Reading both databases; a million users take about a minute …")
	plan, err := m.Plan(ctx, o)
	p.finish()
	if err != nil {
		return withImportAdvice(ctx, err)
	}
	if f.JSON {
		err = printJSON(std, planOutput{plan, providerSettings(plan.Providers, getenv)})
	} else {
		printPlan(std.out, plan, sourceText(m), hostAndDatabase(m.To))
		printProviderSettings(std.out, plan.Providers, getenv)
		if len(plan.Refusals) == 0 {
			next := c.commandLine("run", f.Name) + f.sameFlags()
			fmt.Fprintf(std.out, "\nNothing was written. Next:\n  %s\n", next)
		}
	}
	if err == nil && len(plan.Refusals) > 0 {
		return needsDecisionError("the run cannot start yet: see the reasons above")
	}
	return err
}

// sameFlags returns a remark about flags that the next command needs, too, and that are not printed, because they have
// secrets. It is "" if there are none.
func (f importFlags) sameFlags() string {
	var flags []string
	if f.From != "" || f.To != "" {
		flags = append(flags, f.sourceFlags())
	}
	if len(f.EncryptionKey) > 0 {
		flags = append(flags, "--encryption-key")
	}
	if len(flags) == 0 {
		return ""
	}
	return " (with the same " + strings.Join(flags, ", and ") + ")"
}

// englishPrinter formats numbers with commas between the thousands.
var englishPrinter = message.NewPrinter(language.English)

// printf is like fmt.Fprintf, but formats numbers with commas between the thousands.
func printf(out io.Writer, format string, args ...any) {
	fmt.Fprint(out, englishPrinter.Sprintf(format, args...))
}

func printPlan(out io.Writer, p importer.Plan, from, to string) {
	printf(
		out,
		"Plan of the run %q\n  from  %s, Postgres %s\n  to    %s, Postgres %s\n",
		p.Run,
		from,
		p.Source.Server,
		to,
		p.Target.Server,
	)
	if len(p.Source.Rows) > 0 {
		printf(out, "  in    %d batches of %d users\n", p.Batches, p.Options.BatchSize)
	}
	printFile(out, p.File)
	printCounts(out, "Expected results, in rows", p.Expected)
	printReasons(out, "Expected in the quarantine", p.Reasons, p.File.ServiceName())
	printNumbers(out, "Conflicts: ids, emails and accounts of two users", p.Collisions)
	printSecondFactors(out, p)
	printProfileColumns(out, p)
	printMetadataColumns(out, p)
	printNumbers(out, "Passwords by format", p.Hashes)
	printProviders(out, p.Providers, p.File.ServiceName())
	printReferringTables(out, p.Referring)
	printOtherTables(out, p.OtherTables)
	printProfileCandidates(out, p.ProfileCandidates)
	printSessionPlan(out, p.Sessions)
	printNumbers(out, "Counted, not imported", withoutZeros(p.NotCarried))
	printLines(out, "Not checked", p.NotChecked)
	printLines(out, "Warnings", p.Warnings)
	printLines(out, "Reasons why the run cannot start", p.Refusals)
}

// printReferringTables lists the tables of the target with foreign keys to users. The import does not delete a user to
// whom a row of such a table refers.
func printReferringTables(out io.Writer, all []importrun.Referring) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out, "\nOther tables of the target that refer to users, directly or through other tables")
	for _, r := range all {
		fmt.Fprintf(
			out,
			"  %s (%s) → %s: when the referenced row is deleted, %s\n",
			r.Table,
			strings.Join(r.Columns, ", "),
			r.To,
			importrun.OnDeleteTexts[r.OnDelete],
		)
	}
}

// printProfileColumns lists the columns of the profile table with and without a column in user_profile.
func printProfileColumns(out io.Writer, p importer.Plan) {
	for _, c := range []struct {
		title   string
		columns []string
	}{
		{"Columns of " + p.Options.Profiles + " with a column in user_profile", p.ProfileColumns.Mapped},
		{"Other columns of " + p.Options.Profiles + ", kept in the ledger", p.ProfileColumns.Unmapped},
	} {
		if len(c.columns) > 0 {
			fmt.Fprintf(out, "\n%s\n  %s\n", c.title, wrapText(strings.Join(c.columns, ", "), 106, "\n  "))
		}
	}
}

// printMetadataColumns prints where the run stores the metadata of users.
func printMetadataColumns(out io.Writer, p importer.Plan) {
	if len(p.Expected) == 0 {
		return // the plan ended before it read the users
	}
	fmt.Fprintln(out, "\nMetadata of users")
	for _, c := range [][2]string{{"raw_user_meta_data", "userMetadata"}, {"raw_app_meta_data", "appMetadata"}} {
		where := "kept in the ledger; xenon schema up --metadata adds a column for it, before the run begins"
		if slices.Contains(p.MetadataColumns, c[1]) {
			where = `copied to the column "` + c[1] + `" of "user"`
		}
		fmt.Fprintf(out, "  %s: %s\n", c[0], where)
	}
}

type sourceName struct {
	source mapping.Kind
	name   string
}

var sourceNames = []sourceName{
	{mapping.User, "users"},
	{mapping.Identity, "identities"},
	{mapping.Profile, "profiles"},
	{mapping.Factor, "second factors"},
	{mapping.Passkey, "passkeys"},
}

var outcomeOrder = []mapping.Outcome{
	mapping.Copied,
	mapping.Identical,
	mapping.Folded,
	mapping.Kept,
	mapping.Deleted,
	mapping.Quarantined,
}

// printCounts prints a table with a line for each kind of row and a column for each outcome. It leaves out kinds and
// outcomes that do not occur.
func printCounts(out io.Writer, title string, c mapping.Counts) {
	columns := slices.DeleteFunc(slices.Clone(outcomeOrder), func(o mapping.Outcome) bool {
		return !slices.ContainsFunc(sourceNames, func(n sourceName) bool { return c[n.source][o] > 0 })
	})
	if len(columns) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n%-18s%12s", title, "", "rows")
	for _, o := range columns {
		fmt.Fprintf(out, "%13s", o)
	}
	fmt.Fprintln(out)
	for _, n := range sourceNames {
		total := int64(0)
		for _, count := range c[n.source] {
			total += count
		}
		if total == 0 {
			continue
		}
		printf(out, "  %-16s%12d", n.name, total)
		for _, o := range columns {
			printf(out, "%13d", c[n.source][o])
		}
		fmt.Fprintln(out)
	}
}

// printReasons prints the reasons, the most frequent first. It explains each reason at its first occurrence. service is
// the service that the users come from.
func printReasons(out io.Writer, title string, r mapping.Reasons, service string) {
	keys := slices.SortedFunc(maps.Keys(r), func(a, b string) int {
		if r[a] != r[b] {
			return cmp.Compare(r[b], r[a])
		}
		return strings.Compare(a, b)
	})
	if len(keys) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", title)
	explained := map[string]bool{}
	for _, key := range keys {
		printf(out, "%12d  %s\n", r[key], key)
		if reason := importreport.ExplainReason(key).From(service); !explained[reason.Name] {
			explained[reason.Name] = true
			fmt.Fprintln(out, "              "+wrapText(reason.Means, 96, "\n              "))
		}
	}
}

// wrapText breaks text between words into lines of at most width bytes. newline is the text between two lines.
func wrapText(text string, width int, newline string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column > 0 && column+1+len(word) > width:
			b.WriteString(newline)
			column = 0
		case column > 0:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

func printNumbers(out io.Writer, title string, numbers map[string]int64) {
	if len(numbers) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", title)
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		printf(out, "%12d  %s\n", numbers[name], name)
	}
}

func withoutZeros(numbers map[string]int64) map[string]int64 {
	numbers = maps.Clone(numbers)
	maps.DeleteFunc(numbers, func(_ string, n int64) bool { return n == 0 })
	return numbers
}

func printLines(out io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", title)
	for _, line := range lines {
		fmt.Fprintln(out, "  - "+wrapText(line, 106, "\n    "))
	}
}
