package secrets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/xenon-auth/xenon/shared/config"
)

// keyFile is the file with the key set, for local development. It checks at every read whether the file has changed.
type keyFile struct {
	path string
	last atomic.Pointer[keyFileContent]
}

type keyFileContent struct {
	seen os.FileInfo // what os.Stat returned before text was read
	text []byte
}

// read holds no lock while it looks at the file, because every request would wait for it.
func (f *keyFile) read() ([]byte, error) {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no signing keys in %s: make dev or xenon keys rotate generates them; "+
			"in the cloud set SIGNING_KEYS_ARN: %w", f.path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	if last := f.last.Load(); last != nil && isUnchanged(last.seen, info) {
		return last.text, nil
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	f.last.Store(&keyFileContent{info, text})
	return text, nil
}

// ReadSigningKeys returns the key set that the settings name, for a command. A function uses Secrets.SigningKeys.
func ReadSigningKeys(ctx context.Context, cfg config.Keys) ([]byte, error) {
	if cfg.SigningKeysARN == "" {
		file := keyFile{path: cfg.SigningKeysFile}
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
