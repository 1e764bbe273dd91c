package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/schema"
)

type schemaCmd struct {
	Up     schemaUpCmd     `cmd:"" help:"Apply the pending migrations."`
	Status schemaStatusCmd `cmd:"" help:"List the migrations and when they were applied."`
}

type schemaUpCmd struct {
	JSON     bool   `name:"json" help:"Print the names of the applied files as JSON."`
	Metadata bool   `help:"Also add the columns userMetadata and appMetadata to the table user, for the metadata that an import from Supabase copies."`
	Events   string `help:"Also make (on) or drop (off) the triggers that write events. Without the option the triggers stay as they are." enum:",on,off" default:"" placeholder:"on|off"`
	Role     string `help:"Also give this existing role the privileges that requests need on the tables, and no others." placeholder:"NAME"`
}

func (schemaUpCmd) Help() string {
	return `Uses the database DIRECT_DATABASE_URL, else DATABASE_URL, and the schema SCHEMA, which it creates if there is
none. Checks the existing tables first. If a table does not match, it applies nothing and prints the column and the SQL
that repairs it. Then it adds the columns and constraints of the fields that PROFILE_FIELDS declares to the table
user_profile, and prints the SQL. It drops no column. Concurrent runs wait for each other.

  DIRECT_DATABASE_URL=postgres://… xenon schema up
  SCHEMA=xenon xenon schema up
  xenon schema up --metadata
  xenon schema up --events on
  xenon schema up --role xenon_api`
}

// Run applies the pending migrations.
func (c schemaUpCmd) Run(ctx context.Context, getenv environment, std streams) error {
	url, name, err := readSchemaSettings(getenv)
	if err != nil {
		return err
	}
	fields, err := readProfileFields(getenv)
	if err != nil {
		return err
	}
	printIgnored(std, "database URL", url)
	if _, err := migrations.PlanProfile(ctx, url, name, fields); errors.As(err, new(*migrations.ProfileError)) {
		return adviseProfile(err)
	}
	applied, err := migrations.UpIn(ctx, url, name)
	if newer := adviseNewer(err); newer != nil {
		return newer
	}
	if errors.As(err, new(*schema.Error)) {
		return adviseRepair(err, name)
	}
	if err != nil {
		return withAdvice(err, "The failed file was rolled back. Correct the cause and run the command again.")
	}
	change, err := migrations.ChangeProfile(ctx, url, name, fields)
	if err != nil {
		return adviseProfile(err)
	}
	if c.Metadata {
		added, err := migrations.AddMetadata(ctx, url, name)
		if err != nil {
			return withAdvice(err, "The columns were not added. Correct the cause and run the command again.")
		}
		if added {
			applied = append(applied, migrations.MetadataFile)
			if err := adviseMovedTables(ctx, url, name, std); err != nil {
				return err
			}
		}
	}
	applied, err = c.switchEvents(ctx, url, name, applied)
	if err != nil {
		return err
	}
	if err := c.grant(ctx, url, name); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, appliedReply{append([]string{}, applied...), change.Statements})
	}
	for _, name := range applied {
		fmt.Fprintln(std.out, "applied", name)
	}
	for _, sql := range change.Statements {
		fmt.Fprintln(std.out, "ran "+sql+";")
	}
	if len(applied) == 0 && len(change.Statements) == 0 {
		fmt.Fprintln(std.out, "The schema is up to date.")
	}
	return nil
}

// switchEvents makes or drops the triggers that write events, if the option --events is given. It returns the list of
// applied files, with the change if there was one.
func (c schemaUpCmd) switchEvents(ctx context.Context, url, name string, applied []string) ([]string, error) {
	if c.Events == "" {
		return applied, nil
	}
	changed, err := migrations.SwitchEvents(ctx, url, name, c.Events == "on")
	if err != nil {
		return applied, withAdvice(err, "The triggers were not changed. Correct the cause and run the command again.")
	}
	switch {
	case changed && c.Events == "on":
		applied = append(applied, migrations.EventsFile)
	case changed:
		applied = append(applied, migrations.EventsFile+" (dropped)")
	}
	return applied, nil
}

// appliedReply is the output of xenon schema up --json.
type appliedReply struct {
	Applied    []string `json:"applied"`
	Statements []string `json:"statements,omitempty"` // the SQL for the fields of the profile
}

// adviseMovedTables says what to do if tables were moved before the columns for metadata were added.
func adviseMovedTables(ctx context.Context, url, name string, std streams) error {
	moved, err := migrations.HasMovedTables(ctx, url, name)
	if err != nil || !moved {
		return err
	}
	fmt.Fprintln(std.err, `Tables were moved into this database before these columns existed. Run xenon migrate tables
again, with --triggers if it has made triggers on "user": then they and the view auth.users read the columns.
The columns are empty for users whose import began before: see docs/move-tables.md.`)
	return nil
}

func (c schemaUpCmd) grant(ctx context.Context, url, name string) error {
	if c.Role == "" {
		return nil
	}
	if err := migrations.Grant(ctx, url, name, c.Role); err != nil {
		return withAdvice(err, "Nothing was granted. Create the role with SQL: CREATE ROLE %s LOGIN PASSWORD '…'; "+
			"A role that you create in Neon's console is an administrator.", c.Role)
	}
	return nil
}

// readSchemaSettings returns the database URL and the schema of the settings.
func readSchemaSettings(getenv environment) (url, name string, err error) {
	databaseURL, err := config.LoadSchemaURL(getenv)
	if err != nil {
		return "", "", err
	}
	name, err = config.LoadSchemaName(getenv)
	return string(databaseURL), name, err
}

// adviseNewer adds advice to the error about a schema of a newer release. It returns nil for other errors.
func adviseNewer(err error) error {
	if !errors.As(err, new(*migrations.NewerError)) {
		return nil
	}
	return withAdvice(
		err,
		"Nothing was changed. Install the release that applied them, or a later one. If another program "+
			"has its migrations in this schema, give Xenon a schema of its own: SCHEMA=xenon.",
	)
}

// adviseRepair adds advice to an error about tables that do not match.
func adviseRepair(err error, name string) error {
	if name == config.DefaultSchema {
		return withAdvice(err, "Run the repairs, then this command again. If the tables belong to your application, do not "+
			"change them and give Xenon a schema of its own: SCHEMA=xenon.")
	}
	return withAdvice(err, "Run the repairs, then this command again.")
}

type schemaStatusCmd struct {
	JSON bool `name:"json" help:"Print the list as JSON."`
}

func (schemaStatusCmd) Help() string {
	return `Uses the database DIRECT_DATABASE_URL, else DATABASE_URL, and the schema SCHEMA. Changes nothing. If a table
does not match, it prints the column and the SQL that repairs it, and the exit status is 3. Also prints the SQL that
xenon schema up would run for the fields that PROFILE_FIELDS declares.

  xenon schema status --json`
}

// Run lists the migrations and the problems of the tables.
func (c schemaStatusCmd) Run(ctx context.Context, getenv environment, std streams) error {
	url, name, err := readSchemaSettings(getenv)
	if err != nil {
		return err
	}
	printIgnored(std, "database URL", url)
	all, err := migrations.StatusIn(ctx, url, name)
	if newer := adviseNewer(err); newer != nil {
		return newer
	}
	var mismatch *schema.Error
	if err != nil && !errors.As(err, &mismatch) {
		return withAdvice(err, "Check that the database runs and that DIRECT_DATABASE_URL or DATABASE_URL is correct.")
	}
	metadata, err := migrations.HasMetadata(ctx, url, name)
	if err != nil {
		return err
	}
	events, err := migrations.HasEvents(ctx, url, name)
	if err != nil {
		return err
	}
	profile, err := readProfileStatus(ctx, getenv, url, name)
	if err != nil {
		return err
	}
	if err := c.print(all, name, optionalParts{metadata, events}, profile, mismatch, std); err != nil {
		return err
	}
	switch {
	case mismatch != nil:
		return needsDecisionError(adviseRepair(mismatch, name).Error())
	case profile.err != nil:
		return needsDecisionError(adviseProfile(profile.err).Error())
	}
	return nil
}

// optionalParts says which optional parts of the schema exist.
type optionalParts struct{ metadata, events bool }

func (c schemaStatusCmd) print(
	all []migrations.Migration,
	name string,
	parts optionalParts,
	profile profileStatus,
	mismatch *schema.Error,
	std streams,
) error {
	if c.JSON {
		problems := []schema.Problem{}
		if mismatch != nil {
			problems = mismatch.Problems
		}
		return printJSON(std, map[string]any{
			"betterAuth": migrations.BetterAuthVersion, "schema": name, "migrations": all, "metadata": parts.metadata,
			"events": parts.events, "problems": problems, "profile": profile,
		})
	}
	fmt.Fprintf(std.out, "The tables are those of Better Auth %s, in the schema %s.\n", migrations.BetterAuthVersion, name)
	for _, m := range all {
		state := "pending"
		if !m.Pending() {
			state = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(std.out, "%-32s %s\n", m.Name, state)
	}
	metadata, events := "not added (xenon schema up --metadata)", "off (xenon schema up --events on)"
	if parts.metadata {
		metadata = "added"
	}
	if parts.events {
		events = "on"
	}
	fmt.Fprintf(std.out, "%-32s %s\n%-32s %s\n", "userMetadata, appMetadata", metadata, "events", events)
	profile.print(std.out)
	return nil
}
