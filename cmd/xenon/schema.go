package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
)

type schemaCmd struct {
	Up     schemaUpCmd     `cmd:"" help:"Apply the migrations that the database lacks."`
	Status schemaStatusCmd `cmd:"" help:"List the migrations and when they were applied."`
}

type schemaUpCmd struct {
	JSON bool `name:"json" help:"Print the names of the applied files as JSON."`
}

func (schemaUpCmd) Help() string {
	return `Goes to DIRECT_DATABASE_URL, else DATABASE_URL. Several may run at once: one works, the others wait.

  DIRECT_DATABASE_URL=postgres://… xenon schema up`
}

// Run applies what is missing.
func (c schemaUpCmd) Run(ctx context.Context, getenv environment, std streams) error {
	url, err := config.SchemaURL(getenv)
	if err != nil {
		return err
	}
	applied, err := migrations.Up(ctx, string(url))
	if err != nil {
		return advise(err, "Nothing of the failed file was kept. Correct the cause and run it again.")
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(map[string][]string{"applied": append([]string{}, applied...)})
	}
	for _, name := range applied {
		fmt.Fprintln(std.out, "applied", name)
	}
	if len(applied) == 0 {
		fmt.Fprintln(std.out, "The schema is up to date.")
	}
	return nil
}

type schemaStatusCmd struct {
	JSON bool `name:"json" help:"Print the list as JSON."`
}

func (schemaStatusCmd) Help() string {
	return `Goes to DIRECT_DATABASE_URL, else DATABASE_URL, and changes nothing.

  xenon schema status --json`
}

// Run lists the migrations.
func (c schemaStatusCmd) Run(ctx context.Context, getenv environment, std streams) error {
	url, err := config.SchemaURL(getenv)
	if err != nil {
		return err
	}
	all, err := migrations.Status(ctx, string(url))
	if err != nil {
		return advise(err, "Is the database there? DIRECT_DATABASE_URL or DATABASE_URL names it.")
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(map[string]any{"betterAuth": migrations.BetterAuth, "migrations": all})
	}
	fmt.Fprintf(std.out, "Tables as Better Auth %s makes them.\n", migrations.BetterAuth)
	for _, m := range all {
		state := "pending"
		if !m.Pending() {
			state = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(std.out, "%-32s %s\n", m.Name, state)
	}
	return nil
}
