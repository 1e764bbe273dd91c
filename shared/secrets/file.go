package secrets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

// KeyFileCheckInterval is how long a key set from a file is used before the next read checks whether the file has
// changed. Checking at every read would take a twentieth of the time of a request that reads the session.
const KeyFileCheckInterval = 100 * time.Millisecond

// keyFile is the file with the key set, for local development.
type keyFile struct {
	path string
	now  func() time.Time
	last atomic.Pointer[keyFileContent]
}

type keyFileContent struct {
	checked time.Time
	seen    os.FileInfo // what os.Stat returned before text was read
	text    []byte
}

// read holds no lock while it looks at the file, because every request would wait for it.
func (f *keyFile) read() ([]byte, error) {
	last, now := f.last.Load(), f.now()
	if last != nil && now.Sub(last.checked).Abs() < KeyFileCheckInterval {
		return last.text, nil
	}
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no signing keys in %s: make dev or xenon keys rotate generates them; "+
			"in the cloud set SIGNING_KEYS_ARN: %w", f.path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	if last != nil && isUnchanged(last.seen, info) {
		f.last.Store(&keyFileContent{now, info, last.text})
		return last.text, nil
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	f.last.Store(&keyFileContent{now, info, text})
	return text, nil
}

// ReadSigningKeys returns the key set that the settings name, for a command. A function uses Secrets.SigningKeys.
func ReadSigningKeys(ctx context.Context, cfg config.Keys) ([]byte, error) {
	if cfg.SigningKeysARN == "" {
		file := keyFile{path: cfg.SigningKeysFile, now: time.Now} //nolint:forbidigo // the first read always looks
		return file.read()
	}
	cloud := manager{aws: cfg.AWS}
	docs, err := cloud.read(ctx, []string{cfg.SigningKeysARN})
	if err != nil {
		return nil, err
	}
	doc := docs[cfg.SigningKeysARN]
	return doc.text, doc.err
}

func isUnchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
