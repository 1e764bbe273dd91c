package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/pg"
)

type bridgeCmd struct {
	Status bridgeStatusCmd `cmd:"" help:"Show how many sessions of Supabase were used and how many are left."`
	Purge  bridgePurgeCmd  `cmd:"" help:"Delete the imported sessions of Supabase. No user is signed out."`
}

// bridgeStatus says what happened to the sessions that the import has copied.
type bridgeStatus struct {
	LastPassAt *time.Time `json:"lastPassAt"` // of the import; nil if it has copied no sessions
	Until      *time.Time `json:"until"`      // when they can no longer be used
	Imported   int64      `json:"imported"`
	Used       int64      `json:"used"`
	Revoked    int64      `json:"revoked"`
	Over       int64      `json:"over"`   // unused, and they would have ended at Supabase
	Unused     int64      `json:"unused"` // can still be used
}

type bridgeStatusCmd struct {
	JSON bool `name:"json" help:"Print the numbers as JSON."`
}

func (bridgeStatusCmd) Help() string {
	return `Uses the database DIRECT_DATABASE_URL, else DATABASE_URL, and the schema SCHEMA. Changes nothing.

  xenon bridge status --json`
}

// Run prints the numbers.
func (c bridgeStatusCmd) Run(ctx context.Context, getenv environment, std streams) error {
	until, err := config.LoadSupabaseBridgeUntil(getenv)
	if err != nil {
		return err
	}
	var s bridgeStatus
	err = withBridgeTables(ctx, getenv, func(conn *pgx.Conn, table func(string) string) (err error) {
		s, err = readBridgeStatus(ctx, conn, table)
		return err
	})
	if err != nil {
		return err
	}
	if s.LastPassAt != nil {
		if until.IsZero() {
			until = s.LastPassAt.AddDate(0, 0, config.DefaultBridgeDays)
		}
		s.Until = &until
	}
	if c.JSON {
		return printJSON(std, s)
	}
	if s.LastPassAt == nil {
		fmt.Fprintln(std.out, "No import has copied sessions of Supabase.")
		return nil
	}
	printf(std.out, "%d sessions: %d used, %d revoked, %d over, %d can still be used until %s.\n",
		s.Imported, s.Used, s.Revoked, s.Over, s.Unused, until.UTC().Format(time.RFC3339))
	return nil
}

func readBridgeStatus(ctx context.Context, conn *pgx.Conn, table func(string) string) (s bridgeStatus, err error) {
	err = conn.QueryRow(ctx, `
		SELECT count(*),
		       count(*) FILTER (WHERE "usedAt" IS NOT NULL),
		       count(*) FILTER (WHERE "usedAt" IS NULL AND "revokedAt" IS NOT NULL),
		       count(*) FILTER (WHERE "usedAt" IS NULL AND "revokedAt" IS NULL AND "expiresAt" <= now()),
		       (SELECT "lastPassAt" FROM `+table("supabaseBridge")+`)
		FROM `+table("supabaseSession")).Scan(&s.Imported, &s.Used, &s.Revoked, &s.Over, &s.LastPassAt)
	s.Unused = s.Imported - s.Used - s.Revoked - s.Over
	return s, err
}

type bridgePurgeCmd struct {
	Yes  bool `help:"Do not ask."`
	JSON bool `name:"json" help:"Print the numbers before the deletion as JSON."`
}

func (bridgePurgeCmd) Help() string {
	return `Empties the tables of the imported sessions of Supabase, for example when SUPABASE_BRIDGE is off again.
Sessions that were used stay signed in. Those that were not can no longer be used: their users sign in with their
passwords. Uses the database DIRECT_DATABASE_URL, else DATABASE_URL, and the schema SCHEMA.

  xenon bridge purge --yes`
}

// Run asks for a confirmation and empties the tables.
func (c bridgePurgeCmd) Run(ctx context.Context, getenv environment, std streams) error {
	if !c.Yes && !isTerminal(std.in) {
		return newUsageError("a purge deletes sessions that can still be used: look with xenon bridge status, then " +
			"confirm with --yes")
	}
	return withBridgeTables(ctx, getenv, func(conn *pgx.Conn, table func(string) string) error {
		s, err := readBridgeStatus(ctx, conn, table)
		if err != nil {
			return err
		}
		if !c.Yes {
			question := englishPrinter.Sprintf("Delete %d sessions, of which %d can still be used?", s.Imported, s.Unused)
			if err := confirm(std, question); err != nil {
				return err
			}
		}
		if _, err := conn.Exec(ctx, "TRUNCATE "+table("supabaseCredential")+", "+table("supabaseSession")+", "+
			table("supabaseBridge")); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(std, s)
		}
		printf(std.out, "Deleted %d sessions of Supabase, of which %d were unused.\n", s.Imported, s.Unused)
		return nil
	})
}

// withBridgeTables calls f with a connection and a function that returns the qualified name of a table.
func withBridgeTables(
	ctx context.Context, getenv environment, f func(conn *pgx.Conn, table func(string) string) error,
) error {
	url, schema, err := readSchemaSettings(getenv)
	if err != nil {
		return err
	}
	target, err := pg.Parse(url)
	if err != nil {
		return fmt.Errorf("the database URL %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, target)
	if err != nil {
		return withAdvice(pg.Explain(err),
			"Check that the database runs and that DIRECT_DATABASE_URL or DATABASE_URL is correct.")
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // every statement has returned its error
	err = f(conn, func(name string) string { return pgx.Identifier{schema, name}.Sanitize() })
	if missing, ok := errors.AsType[*pgconn.PgError](err); ok && missing.Code == "42P01" { // undefined_table
		return withAdvice(err, "Apply the migrations: xenon schema up.")
	}
	return err
}
