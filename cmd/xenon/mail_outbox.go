package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/xenon-auth/xenon/shared/mail"
)

const (
	// maxListedMails limits the list of the page /mail.
	maxListedMails = 200
	// maxReadBytes is how much of the end of the outbox file is read for the list.
	maxReadBytes = 1 << 20
)

// outboxMail is a mail in the outbox file. Its id is the position of its line, which does not change when mails are
// added.
type outboxMail struct {
	ID int64
	mail.Message
}

// listOutbox returns the newest mails of the outbox file, the newest first. A file that does not exist has no mails.
func listOutbox(file string) ([]outboxMail, error) {
	f, err := os.Open(file) //nolint:gosec // the file of the settings
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	start := max(0, info.Size()-maxReadBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, start, info.Size()-start))
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	if start > 0 { // the first line is not whole
		_, rest, _ := bytes.Cut(text, []byte("\n"))
		start, text = start+int64(len(text)-len(rest)), rest
	}
	var all []outboxMail
	for line := range bytes.Lines(text) {
		m := outboxMail{ID: start}
		if start += int64(len(line)); json.Unmarshal(line, &m.Message) == nil && m.Kind != "" {
			all = append(all, m)
		}
	}
	slices.Reverse(all)
	return all[:min(len(all), maxListedMails)], nil
}

var errNoSuchMail = errors.New("this mail is not in the outbox any more")

// readOutboxMail returns the mail with an id.
func readOutboxMail(file string, id int64) (m mail.Message, err error) {
	f, err := os.Open(file) //nolint:gosec // the file of the settings
	if err != nil {
		return m, errNoSuchMail
	}
	defer f.Close()
	if id > 0 { // the line begins after the end of another one
		before := make([]byte, 1)
		if _, err := f.ReadAt(before, id-1); err != nil || before[0] != '\n' {
			return m, errNoSuchMail
		}
	}
	line, err := bufio.NewReader(io.NewSectionReader(f, id, maxReadBytes)).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &m) != nil || m.Kind == "" {
		return mail.Message{}, errNoSuchMail
	}
	return m, nil
}
