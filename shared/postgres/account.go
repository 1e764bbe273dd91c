//go:build unix

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

// Account is an account of the operating system. The zero Account is the one that this process runs as.
type Account struct {
	name     string
	uid, gid uint32
}

// UnprivilegedAccount returns the account to run servers as. Postgres and PgBouncer do not run as root. If this process
// runs as root, UnprivilegedAccount returns the account "postgres", or "nobody" if there is no such account. Otherwise
// it returns the account of this process.
func UnprivilegedAccount() (Account, error) {
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
	return Account{}, errors.New("root cannot run Postgres, and there is no user \"postgres\" or \"nobody\" to run it: " +
		"run this command as another user")
}

// accountForServer returns the account to run the server in dir as: if this process runs as root and dir has data, the
// owner of the data, otherwise UnprivilegedAccount.
func accountForServer(dir string) (Account, error) {
	if info, err := os.Stat(filepath.Join(dir, "data")); err == nil && dir != "" && os.Geteuid() == 0 {
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 {
			return Account{name: fmt.Sprintf("number %d", s.Uid), uid: s.Uid, gid: s.Gid}, nil
		}
	}
	return UnprivilegedAccount()
}

// TakeOwnership makes the account the owner of the files.
func (a Account) TakeOwnership(paths ...string) error {
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

// credential returns the credential for a child process that runs as the account: nil for the account of this process.
func (a Account) credential() *syscall.Credential {
	if a == (Account{}) {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// canEnter reports whether the account can enter the directory. It tries it in a child process, because the mode of the
// directory does not tell: access lists and the directories above count too.
func (a Account) canEnter(dir string) bool {
	if a == (Account{}) {
		return true
	}
	cmd := exec.Command("/bin/sh", "-c", `cd -- "$1"`, "sh", dir) //nolint:gosec // the script is constant
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	return cmd.Run() == nil
}

// createOwnDir creates the directory path, which the account owns, or keeps an existing one. It returns the path
// without symbolic links. If the account cannot enter the parent of path, such as /root, createOwnDir creates a
// directory in /var/tmp and makes path a symbolic link to it.
func (a Account) createOwnDir(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the directory for Postgres: %w", err)
	}
	if dir, err := filepath.EvalSymlinks(path); err == nil && a.canEnter(filepath.Dir(dir)) {
		return dir, a.TakeOwnership(dir)
	}
	// os.Remove removes an empty directory or a broken link, and returns an error for everything else.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is in a directory that the account %s cannot enter: %w; %s", path, a.name, err, dataRemedy)
	}
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // the account has to enter it
		return "", fmt.Errorf("create the directory for Postgres: %w", err)
	}
	if !a.canEnter(parent) {
		dir, err := a.createTemporaryDir("/var/tmp")
		if err != nil {
			return "", err
		}
		return dir, os.Symlink(dir, path)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", fmt.Errorf("create the directory for Postgres: %w", err)
	}
	dir, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("find the directory for Postgres: %w", err)
	}
	return dir, a.TakeOwnership(dir)
}

// createTemporaryDir creates a directory that belongs to the account. It creates it in parent, or in /var/tmp if the
// account cannot enter parent.
func (a Account) createTemporaryDir(parent string) (string, error) {
	if !a.canEnter(parent) {
		parent = "/var/tmp"
	}
	dir, err := os.MkdirTemp(parent, "xenon-postgres-")
	if err != nil {
		return "", fmt.Errorf("create the directory for Postgres: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("find the directory for Postgres: %w", err)
	}
	return dir, a.TakeOwnership(dir)
}
