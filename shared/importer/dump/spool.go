package dump

import (
	"bufio"
	"crypto/md5" //nolint:gosec // for an id, not for security
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// spool keeps rows in a temporary file.
type spool struct {
	*bufio.Writer
	file    *os.File
	columns []string
}

func newSpool(dir string) (*spool, error) {
	file, err := os.CreateTemp(dir, "rows-")
	if err != nil {
		return nil, fmt.Errorf("create a file for rows: %w", err)
	}
	return &spool{Writer: bufio.NewWriter(file), file: file}, nil
}

// copyTo writes all rows to w.
func (s *spool) copyTo(w io.Writer) error {
	if err := s.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, s.file)
	return err
}

func (s *spool) close() {
	_ = s.file.Close() // its rows were copied, or there was another error
	_ = os.Remove(s.file.Name())
}

// writeRow writes the values of an object, and then more values, as a row in the text format of COPY.
func writeRow(w io.Writer, all []member, object map[string]json.RawMessage, more ...string) error {
	values := make([]string, 0, len(all)+len(more))
	for _, m := range all {
		isJSON := strings.HasPrefix(m.column, "raw_") || m.column == "identity_data"
		values = append(values, jsonText(object[m.name], isJSON))
	}
	_, err := io.WriteString(w, strings.Join(append(values, more...), "\t")+"\n")
	return err
}

var copyReplacer = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// jsonText returns a value in the text format of COPY. keep says that the column has JSON.
func jsonText(value json.RawMessage, keep bool) string {
	text := string(value)
	if text == "" || text == "null" {
		return `\N`
	}
	if !keep && text[0] == '"' {
		_ = json.Unmarshal(value, &text) // the decoder has checked the value
	}
	return copyReplacer.Replace(text)
}

// derivedID returns a UUID, as JSON, that depends on the values only.
func derivedID(values ...json.RawMessage) json.RawMessage {
	h := md5.New() //nolint:gosec // for an id, not for security
	for _, v := range values {
		fmt.Fprintf(h, "%s ", v)
	}
	sum := h.Sum(nil)
	return fmt.Appendf(nil, `"%x-%x-%x-%x-%x"`, sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:])
}
