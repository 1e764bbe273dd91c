package mailer

import (
	"context"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
	"github.com/xenon-auth/xenon/shared/remote"
)

// templatesTTL is how long templates from S3 are used before they are read again.
const templatesTTL = 5 * time.Minute

// openTemplates returns a function that returns the templates. It reads and checks those of a folder immediately, and
// those of S3 at the first mail. While S3 is unavailable or its templates are wrong, the last good ones stay in use.
func openTemplates(
	cfg config.Mailer, now func() time.Time,
) (func(context.Context) (*content.Templates, error), error) {
	if cfg.Templates.Bucket != "" {
		source := &remote.Value[*content.Templates]{
			Name: "templates of mails", Fresh: templatesTTL, Now: now,
			Fetch: func(ctx context.Context) (*content.Templates, error) {
				own, err := (&bucket{aws: cfg.AWS, templates: cfg.Templates, now: now}).read(ctx)
				if err != nil {
					return nil, err
				}
				return newTemplates(cfg, own)
			},
		}
		return source.Get, nil
	}
	var own map[string]string
	if folder := cfg.Templates.Folder; folder != "" {
		var err error
		if own, err = content.ReadFolder(folder); err != nil {
			return nil, fmt.Errorf("MAIL_TEMPLATES: %w", err)
		}
	}
	templates, err := newTemplates(cfg, own)
	return func(context.Context) (*content.Templates, error) { return templates, nil }, err
}

func newTemplates(cfg config.Mailer, own map[string]string) (*content.Templates, error) {
	templates, err := content.New(cfg.Look, cfg.Site, own)
	if err != nil {
		return nil, fmt.Errorf("the templates of MAIL_TEMPLATES are wrong:\n%w", err)
	}
	return templates, nil
}
