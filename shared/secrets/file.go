package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// keyFile is the key set on a laptop. It looks at the file on every read, so that a rotation shows at once.
type keyFile struct {
	path string

	mu   sync.Mutex
	seen os.FileInfo
	text []byte
}

func (f *keyFile) read() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no signing keys in %s: make dev and xenon keys rotate make them; in the cloud set SIGNING_KEYS_ARN: %w", f.path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("look at signing keys: %w", err)
	}
	if f.seen != nil && same(f.seen, info) {
		return f.text, nil
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	f.seen, f.text = info, text
	return text, nil
}

func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
