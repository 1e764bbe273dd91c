package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// outbox is a file to which each mail is appended as a JSON line. Developers and tests read the links from it.
type outbox struct{ file string }

// Send appends the line with one write, so that lines of several processes do not mix.
func (o outbox) Send(_ context.Context, m Message) error {
	if m.Kind == Nothing {
		return nil
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false) // so that the link can be copied from the file
	if err := encoder.Encode(m); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(o.file), 0o700); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	file, err := os.OpenFile(o.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	_, err = file.Write(line.Bytes())
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	return nil
}
