package xenontest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
)

// signingKeys returns the RSA keys of all servers of this process. The generation of the two keys takes a tenth of a
// second of processor time, a large part of the start of xenon dev.
var signingKeys = sync.OnceValues(func() (keys.Set, error) { return keys.Generate(time.Now(), config.RS256) })

// writeSigningKeys writes the signing keys for xenon dev into dir, so that it does not generate them. It writes nothing
// if dir already has keys, or if a setting in env selects another algorithm, whose keys xenon dev generates quickly.
func writeSigningKeys(dir string, env []string) error {
	file := filepath.Join(dir, filepath.Base(config.DefaultSigningKeysFile))
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	hasOtherAlgorithm := func(setting string) bool {
		alg, isAlgorithm := strings.CutPrefix(setting, "JWT_ALG=")
		return isAlgorithm && alg != config.RS256
	}
	if slices.ContainsFunc(env, hasOtherAlgorithm) {
		return nil
	}
	set, err := signingKeys()
	if err != nil {
		return err
	}
	return keys.SaveFile(file, set)
}
