package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

const (
	// hostInside is the name by which containers know the machine they run on.
	hostInside = "host.docker.internal"
	// keysInside is where scripts/sam-local puts the signing keys of every function.
	keysInside = "/var/task/signing-keys.json"
	// samStopTimeout is how long `sam local` may take to remove its containers.
	samStopTimeout = 30 * time.Second
)

// samCmd makes what the functions need in SAM's containers in place of a cloud, and runs a command beside it. It is not for
// people: scripts/sam-local calls it, and `make sam-local` that.
type samCmd struct {
	Addr        string   `help:"Where sam will listen" default:"localhost:3000" placeholder:"HOST:PORT"`
	DatabaseURL string   `help:"Use this Postgres and start none. Beats DATABASE_URL." placeholder:"URL"`
	Dir         string   `help:"Where the database, the secret and the signing keys live, and in sam/ what is made here" default:".xenon" placeholder:"DIR"`
	Gateway     string   `help:"This machine's address in the network of the containers" required:"" placeholder:"IP"`
	Arch        string   `help:"What the containers run on" enum:"amd64,arm64" required:"" placeholder:"ARCH"`
	Command     []string `arg:"" passthrough:"" help:"What to run; when it ends, all ends."`
}

// Run works until the command or the context ends.
func (c samCmd) Run(ctx context.Context, getenv environment, std streams) error {
	addr, err := net.ResolveTCPAddr("tcp", c.Addr)
	if err != nil {
		return advise(err, "Give an address such as localhost:3000 with --addr.")
	}
	local, err := newLocal(devCmd{DatabaseURL: c.DatabaseURL, Dir: c.Dir}, getenv, std.err)
	if err != nil {
		return err
	}
	defer local.stop()
	if err := local.startDatabase(ctx, "", config.DefaultSchema, std.err); err != nil {
		return err
	}
	set, cfg, err := inContainer(local.getenv(getenv, addr), portOf(addr))
	if err != nil {
		return advise(err, "Correct them in the environment; .env.example explains each.")
	}
	if err := makeKeys(cfg.SigningKeysFile, std.err); err != nil {
		return err
	}
	if err := c.reachable(ctx, set); err != nil {
		return err
	}
	if err := c.write(set, cfg); err != nil {
		return err
	}
	return c.runCommand(ctx, std)
}

// inContainer are all settings that have a value and that a function reads: those of `xenon dev`, but for where files are.
func inContainer(getenv func(string) string, port string) (map[string]string, config.API, error) {
	set := map[string]string{}
	cfg, err := config.LoadAPI(func(name string) string {
		value := getenv(name)
		if value != "" && !strings.HasPrefix(name, "AWS_") { // sam hands on what it knows of AWS
			set[name] = value
		}
		return value
	})
	set["SIGNING_KEYS_FILE"] = keysInside
	set["MAIL_FILE"] = "/dev/stdout" // sam prints it; a file would end with its container
	if set["JWKS_URL"] == "" {
		set["JWKS_URL"] = "http://" + net.JoinHostPort("localhost", port) + "/api/auth/jwks"
	}
	return set, cfg, err
}

// reachable turns the addresses among the settings that only this machine can reach into ones that its containers can.
func (c samCmd) reachable(ctx context.Context, set map[string]string) error {
	for name, port := range map[string]string{"DATABASE_URL": "5432", "JWKS_URL": "80"} {
		u, err := url.Parse(set[name])
		if err != nil {
			return fmt.Errorf("%s is not a URL", name) // whose text may hold a password
		}
		if u.Hostname() == "" {
			return advise(fmt.Errorf("%s has no host, and containers cannot reach a socket file", name), "Give an address: postgres://user@localhost/database.")
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			continue
		}
		port = cmp.Or(u.Port(), port)
		if err := passOn(ctx, net.JoinHostPort(c.Gateway, port), net.JoinHostPort(u.Hostname(), port)); err != nil {
			return err
		}
		u.Host = net.JoinHostPort(hostInside, port)
		set[name] = u.String()
	}
	return nil
}

// passOn hands what comes to one address on to another until the context ends. Where the engine runs in a machine of its own,
// as on a Mac, this machine does not have the address, and containers reach its loopback without; and what listens at the
// address already needs no help.
func passOn(ctx context.Context, from, to string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", from)
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EADDRINUSE):
		return nil
	case err != nil:
		return fmt.Errorf("listen for the containers: %w", err)
	}
	context.AfterFunc(ctx, func() { l.Close() }) //nolint:errcheck // the process ends
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go join(ctx, conn, to)
		}
	}()
	return nil
}

func join(ctx context.Context, inside net.Conn, to string) {
	defer inside.Close() //nolint:errcheck // nothing is left to say
	outside, err := new(net.Dialer).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer outside.Close() //nolint:errcheck // nothing is left to say
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{outside, inside}, {inside, outside}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // the end of either side is the end of both
			done <- struct{}{}
		}()
	}
	<-done
}

// write makes the files that scripts/sam-local gives to sam.
func (c samCmd) write(set map[string]string, cfg config.API) error {
	t, err := samTemplate(templateFile, c.Arch, set)
	if err != nil {
		return err
	}
	keys, err := os.ReadFile(cfg.SigningKeysFile)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	env, err := json.Marshal(map[string]any{"Parameters": set})
	if err != nil {
		return err
	}
	dir := filepath.Join(c.Dir, "sam")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, text := range map[string][]byte{"template.json": t, "env.json": env, filepath.Base(keysInside): keys} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// runCommand gives the command a process group of its own: so it gets one interrupt, from here, and removes its containers
// before the database goes.
func (c samCmd) runCommand(ctx context.Context, std streams) error {
	cmd := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...) //nolint:gosec // the caller's own
	cmd.Stdout, cmd.Stderr = std.out, std.err
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = samStopTimeout
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Command[0], err)
	}
	return nil
}
