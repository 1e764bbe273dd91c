package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Account is who a server runs as. The zero Account is whoever runs this process.
type Account struct {
	name     string
	uid, gid uint32
}

// Unprivileged returns the account servers run as: Postgres and PgBouncer refuse to be root, so root gets the user postgres
// or, where there is none, nobody. Everybody else is good as they are.
func Unprivileged() (Account, error) {
	if os.Geteuid() != 0 {
		return Account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return Account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return Account{}, errors.New("root cannot run Postgres and there is no user postgres or nobody to run it; run this as an ordinary user")
}

// accountFor is Unprivileged, unless root comes to data that an ordinary user made: then it is that user.
func accountFor(dir string) (Account, error) {
	if info, err := os.Stat(filepath.Join(dir, "data")); err == nil && dir != "" && os.Geteuid() == 0 {
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 {
			return Account{name: fmt.Sprintf("number %d", s.Uid), uid: s.Uid, gid: s.Gid}, nil
		}
	}
	return Unprivileged()
}

// Own gives files to the account, so that it may use them.
func (a Account) Own(paths ...string) error {
	if a == (Account{}) {
		return nil
	}
	for _, p := range paths {
		if err := os.Chown(p, int(a.uid), int(a.gid)); err != nil {
			return fmt.Errorf("give a file to the account %s: %w", a.name, err)
		}
	}
	return nil
}

func (a Account) credential() *syscall.Credential {
	if a == (Account{}) {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// canEnter asks the system rather than reading modes: it knows about every directory above and about access lists.
func (a Account) canEnter(dir string) bool {
	if a == (Account{}) {
		return true
	}
	cmd := exec.Command("/bin/sh", "-c", `cd -- "$1"`, "sh", dir) //nolint:gosec // a constant script
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	return cmd.Run() == nil
}

// place makes a directory of the account and returns it with links resolved: at path, or, when that lies where the account
// may not go (below /root, say), in /var/tmp with a link at path. With no path it is a new temporary one.
func (a Account) place(path string) (string, error) {
	if path == "" {
		return a.temporary(os.TempDir())
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the directory for Postgres: %w", err)
	}
	if dir, err := filepath.EvalSymlinks(path); err == nil && a.canEnter(filepath.Dir(dir)) {
		return dir, a.Own(dir)
	}
	// Gone by now: an empty directory, or a link whose target somebody removed. Anything else stays and is reported.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s lies where the account %s may not go: %w; %s", path, a.name, err, remedy)
	}
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // the account has to pass through
		return "", fmt.Errorf("make the directory for Postgres: %w", err)
	}
	if !a.canEnter(parent) {
		dir, err := a.temporary("/var/tmp")
		if err != nil {
			return "", err
		}
		return dir, os.Symlink(dir, path)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", fmt.Errorf("make the directory for Postgres: %w", err)
	}
	dir, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("find the directory for Postgres: %w", err)
	}
	return dir, a.Own(dir)
}

func (a Account) temporary(parent string) (string, error) {
	if !a.canEnter(parent) {
		parent = "/var/tmp"
	}
	dir, err := os.MkdirTemp(parent, "xenon-postgres-")
	if err != nil {
		return "", fmt.Errorf("make the directory for Postgres: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("find the directory for Postgres: %w", err)
	}
	return dir, a.Own(dir)
}
