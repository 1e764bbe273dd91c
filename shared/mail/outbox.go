package mail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/xenon-auth/xenon/shared/stringify"
)

// outbox is a file to which each mail is appended as a JSON line. Developers and tests read the links from it.
type outbox struct{ file string }

// Send appends the line with one write, so that lines of several processes do not mix.
func (o outbox) Send(_ context.Context, m Message) error {
	if m.Kind == Nothing {
		return nil
	}
	line, err := stringify.Marshal(m) // without HTML escapes, so that the link can be copied from the file
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(o.file), 0o700); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	file, err := os.OpenFile(o.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	return nil
}
