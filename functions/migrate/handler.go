package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/sessions"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/secrets"
)

type handler struct {
	cfg    config.Import
	fields []mapping.ProfileField // nil: those of the shipped declaration
	log    *slog.Logger
	now    func() time.Time
}

// loadHandler reads the settings, and the file that PROFILE_FIELDS names.
func loadHandler(log *slog.Logger) (handler, error) {
	h := handler{log: log, now: time.Now}
	var err error
	if h.cfg, err = config.FromEnv(config.LoadImport); err != nil || h.cfg.ProfileFields == "" || h.cfg.ProfilesOff {
		return h, err
	}
	fields, err := declaration.Load(h.cfg.ProfileFields)
	h.fields = mapping.ProfileFieldsOf(fields)
	return h, err
}

// handle executes one action. The type of its error is a name of stepfn.ErrorName, which the state machine uses. The
// text of the error has no secrets and no personal data.
func (h handler) handle(ctx context.Context, event json.RawMessage) (answer any, err error) {
	defer func() {
		if p := recover(); p != nil {
			h.log.ErrorContext(ctx, "panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			answer, err = nil, messages.InvokeResponse_Error{
				Type:    "Failed",
				Message: "the function panicked; its log has the stack trace",
			}
		}
	}()
	began := h.now()
	a, answer, err := h.runAction(ctx, event)
	record := []any{"action", a.Action, "run", a.Job.Run, "lane", a.Shard.Index, "ms", h.now().Sub(began).Milliseconds()}
	if err != nil {
		name, text := stepfn.ErrorName(err), importer.ErrorText(err)
		h.log.ErrorContext(ctx, "action failed", append(record, "type", name, "error", text)...)
		return nil, messages.InvokeResponse_Error{Type: name, Message: text}
	}
	if s, ok := answer.(stepfn.ReportResult); ok {
		record = append(record, "digest", s.Digest)
	}
	h.log.InfoContext(ctx, "action done", record...)
	return answer, nil
}

// runAction reads the action from the event and executes it.
func (h handler) runAction(ctx context.Context, event json.RawMessage) (a stepfn.Action, answer any, err error) {
	if err := json.Unmarshal(event, &a); err != nil {
		return a, nil, fmt.Errorf("%w: the event is not an action: %w", importer.ErrRefused, err)
	}
	m, err := h.open(ctx, a)
	if err != nil {
		return a, nil, err
	}
	answer, err = stepfn.RunAction(ctx, m.Env(), a)
	return a, answer, err
}

// open returns the import of an action. It reads the database URLs from the secret.
func (h handler) open(ctx context.Context, a stepfn.Action) (*importer.Import, error) {
	secret, err := secrets.ReadImportSecret(ctx, h.cfg)
	if err != nil {
		return nil, err
	}
	for name, url := range map[string]string{"FROM_DATABASE_URL": secret.From, "TO_DATABASE_URL": secret.To} {
		if ignored := pg.IgnoredParameters(url); ignored != nil {
			h.log.WarnContext(ctx, "parameters of a database URL are ignored, because only other drivers know them",
				"setting", name, "parameters", ignored)
		}
	}
	keys, err := atrest.ParseKeys(secret.EncryptionKeys)
	if err != nil {
		return nil, fmt.Errorf("%w: encryptionKeys of the secret: %w", importer.ErrRefused, err)
	}
	return &importer.Import{
		From:   secret.From,
		To:     secret.To,
		Schema: h.cfg.Schema,
		Secret: func(ctx context.Context) (cipher.Keys, error) { return secrets.ImportAuthSecrets(ctx, h.cfg) },

		EncryptionKeys: keys,
		PublicKeys:     sessions.ReadPublicKeys(h.cfg.PublicKeys),
		ProfileFields:  h.fields,
		ProfilesOff:    h.cfg.ProfilesOff,
		Holder:         a.Job.Holder,
		Shared:         true,
		Progress:       h.logProgress,
		Now:            h.now,
	}, nil
}
