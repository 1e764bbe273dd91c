package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"time"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auth"
)

// auditedCommands maps the commands of xenon users that write an audit record to the path of the API that does the
// same. The record has the event of this path. docs/audit-log.md lists the commands.
//
//nolint:gosec // G101: set-password is the name of a command
var auditedCommands = map[string]string{
	"export":       "/admin/get-user",
	"ban":          "/admin/ban-user",
	"unban":        "/admin/unban-user",
	"verify-email": "/admin/update-user",
	"set-password": "/admin/set-user-password",
	"sign-out":     "/admin/revoke-user-sessions",
	"delete":       "/admin/remove-user",
}

// newRecord returns the audit record of a command: with the fields of the functions' log records that a command has,
// and with the operator and the database.
func (u userAdmin) newRecord(level slog.Level, command, userID string, attrs ...slog.Attr) slog.Record {
	line := slog.NewRecord(u.Now().UTC().Truncate(time.Millisecond), level, "command", 0)
	line.AddAttrs(slog.String("command", "users "+command))
	line.AddAttrs(attrs...)
	line.AddAttrs(slog.String("subject", userID), slog.String("operator", operator()), slog.String("database", u.database))
	return line
}

// beginAudit writes to CloudWatch that a change begins. If that fails, the change must not happen. Without
// AUDIT_LOG_GROUP it does nothing.
func (u userAdmin) beginAudit(ctx context.Context, std streams, command, userID string) error {
	if u.auditLog == nil {
		if u.settings.AppSecretARN != "" {
			fmt.Fprintln(std.err, "xenon: AUDIT_LOG_GROUP is not set, so the audit record is only on the standard error")
		}
		return nil
	}
	begins := slog.String("begins", auth.AuditEvent(auditedCommands[command]))
	if err := u.writeToLog(ctx, u.newRecord(slog.LevelInfo, command, userID, begins)); err != nil {
		return withAdvice(err, "Nothing was changed, because the audit record cannot be written. The AWS user needs the "+
			"rights that docs/audit-log.md lists. Without AUDIT_LOG_GROUP the record goes to the standard error only.")
	}
	return nil
}

// audit writes the audit record of a command: a JSON line to the standard error and, with AUDIT_LOG_GROUP, the same to
// CloudWatch. err is the error of the operation. It returns an error if the record is not in CloudWatch.
func (u userAdmin) audit(ctx context.Context, std streams, command, userID string, err error) error {
	level, result := slog.LevelInfo, "ok"
	switch {
	case errors.Is(err, admin.ErrLastAdministrator):
		result = "refused"
	case err != nil:
		level, result = slog.LevelError, "failed"
	}
	line := u.newRecord(level, command, userID,
		slog.String("event", auth.AuditEvent(auditedCommands[command])), slog.String("result", result))
	if err != nil {
		line.AddAttrs(slog.String("error", err.Error()))
	}
	_ = slog.NewJSONHandler(std.err, nil).Handle(ctx, line) // std.err is where an error would go
	if u.auditLog == nil {
		return nil
	}
	if err := u.writeToLog(context.WithoutCancel(ctx), line); err != nil { // also after Ctrl-C
		return withAdvice(err, "The record is only on the standard error: keep the line above.")
	}
	return nil
}

// writeToLog writes a record to CloudWatch.
func (u userAdmin) writeToLog(ctx context.Context, line slog.Record) error {
	var text bytes.Buffer
	if err := slog.NewJSONHandler(&text, nil).Handle(ctx, line); err != nil {
		return err
	}
	return u.auditLog.Write(ctx, line.Time, bytes.TrimSpace(text.Bytes()))
}

// operator returns the account of the operating system that runs the command, and the host.
func operator() string {
	name := "unknown"
	if current, err := user.Current(); err == nil {
		name = current.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
