package main

import (
	"context"
	"errors"
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

// audit writes the audit record of a command to the standard error: a JSON line with the fields of the functions' log
// records that a command has, and with the operator and the database. err is the error of the operation.
func (u userAdmin) audit(std streams, command, userID string, err error) {
	level, result := slog.LevelInfo, "ok"
	attrs := []slog.Attr{
		slog.String("command", "users "+command), slog.String("event", auth.AuditEvent(auditedCommands[command])),
	}
	switch {
	case errors.Is(err, admin.ErrLastAdministrator):
		result = "refused"
	case err != nil:
		level, result = slog.LevelError, "failed"
	}
	attrs = append(attrs, slog.String("result", result), slog.String("subject", userID),
		slog.String("operator", operator()), slog.String("database", u.database))
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	line := slog.NewRecord(u.Now().UTC().Truncate(time.Millisecond), level, "command", 0)
	line.AddAttrs(attrs...)
	_ = slog.NewJSONHandler(std.err, nil).Handle(context.Background(), line) // std.err is where an error would go
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
