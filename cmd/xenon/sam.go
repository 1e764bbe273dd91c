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
	// hostNameInContainer is the name of the host machine inside a container.
	hostNameInContainer = "host.docker.internal"
	// keysPathInContainer is the path that the signing keys have inside a container. scripts/sam-local copies them there.
	keysPathInContainer = "/var/task/signing-keys.json"
	// samStopTimeout is the time that `sam local` has to remove its containers.
	samStopTimeout = 30 * time.Second
)

// samCmd creates the database, the keys and the template that the functions need in SAM's containers, and runs a
// command with them. scripts/sam-local calls it for `make sam-local`; users do not call it.
type samCmd struct {
	Addr        string   `help:"The host and port on which sam listens" default:"localhost:3000" placeholder:"HOST:PORT"`
	DatabaseURL string   `help:"Use this Postgres server; do not start one. Overrides DATABASE_URL." placeholder:"URL"`
	Dir         string   `help:"The directory for the database, the auth secret and the signing keys. Files for sam are in its folder sam/." default:".xenon" placeholder:"DIR"`
	Gateway     string   `help:"The IP address of this machine in the network of the containers" required:"" placeholder:"IP"`
	Arch        string   `help:"The architecture of the containers" enum:"amd64,arm64" required:"" placeholder:"ARCH"`
	Command     []string `arg:"" passthrough:"" help:"The command to run. When it ends, xenon stops the database and ends."`
}

// Run returns when the command has ended. If the context ends first, it interrupts the command.
func (c samCmd) Run(ctx context.Context, getenv environment, std streams) error {
	addr, err := net.ResolveTCPAddr("tcp", c.Addr)
	if err != nil {
		return withAdvice(err, "Give a host and a port with --addr, such as --addr localhost:3000.")
	}
	local, err := newLocalResources(devCmd{DatabaseURL: c.DatabaseURL, Dir: c.Dir}, getenv, std.err)
	if err != nil {
		return err
	}
	defer local.stop()
	set, cfg, err := containerSettings(local.getenv(getenv, addr), portOf(addr))
	if err != nil {
		return withAdvice(err, "Correct the settings in the environment; .env.example explains each setting.")
	}
	fields, err := loadProfileFields(cfg)
	if err != nil {
		return err
	}
	if err := local.prepareDatabase(ctx, "", cfg, fields, std.err); err != nil {
		return err
	}
	set["DATABASE_URL"] = local.databaseURL
	if err := generateKeys(cfg.SigningKeysFile, cfg.JWTAlg, std.err); err != nil {
		return err
	}
	if err := c.makeURLsReachable(ctx, set); err != nil {
		return err
	}
	if err := c.write(set, cfg); err != nil {
		return err
	}
	return c.runCommand(ctx, std)
}

// containerSettings returns the settings of the functions in the containers: the settings of `xenon dev` that have a
// value, with the paths of files inside a container.
func containerSettings(getenv func(string) string, port string) (map[string]string, config.API, error) {
	set := map[string]string{}
	cfg, err := config.LoadAPI(func(name string) string {
		value := getenv(name)
		if value != "" && !strings.HasPrefix(name, "AWS_") { // sam passes its own AWS variables
			set[name] = value
		}
		return value
	})
	set["SIGNING_KEYS_FILE"] = keysPathInContainer
	if path := set["PROFILE_FIELDS"]; path != "" {
		set["PROFILE_FIELDS"] = filepath.Base(path) // the build puts the file beside the functions
	}
	set["MAIL_FILE"] = "/dev/stdout" // sam prints it; a file would be removed with its container
	if set["JWKS_URL"] == "" {
		set["JWKS_URL"] = "http://" + net.JoinHostPort("localhost", port) + "/api/auth/jwks"
	}
	return set, cfg, err
}

// makeURLsReachable changes the URLs in the settings: it replaces a host that only this machine can reach by a host
// that the containers can reach, and forwards the port to this machine.
func (c samCmd) makeURLsReachable(ctx context.Context, set map[string]string) error {
	for name, port := range map[string]string{"DATABASE_URL": "5432", "JWKS_URL": "80"} {
		u, err := url.Parse(set[name])
		if err != nil {
			return fmt.Errorf("%s is not a URL", name) // the error would show the URL, which may contain a password
		}
		if u.Hostname() == "" {
			return withAdvice(fmt.Errorf("%s has no host, and containers cannot use a socket file", name),
				"Use a URL with a host: postgres://user@localhost/database.")
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			continue
		}
		port = cmp.Or(u.Port(), port)
		if err := forwardPort(ctx, net.JoinHostPort(c.Gateway, port), net.JoinHostPort(u.Hostname(), port)); err != nil {
			return err
		}
		u.Host = net.JoinHostPort(hostNameInContainer, port)
		set[name] = u.String()
	}
	return nil
}

// forwardPort listens on the host and port `from` until the context ends, and forwards connections to the host and port
// `to`. It does nothing if this machine does not have the IP address in `from`. This is the case on a Mac: the
// container engine runs in a virtual machine, and containers can reach the host's loopback interface. It also does
// nothing if another program already listens there.
func forwardPort(ctx context.Context, from, to string) error {
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
			go forwardConnection(ctx, conn, to)
		}
	}()
	return nil
}

func forwardConnection(ctx context.Context, inside net.Conn, to string) {
	defer inside.Close() //nolint:errcheck // the connection is over
	outside, err := new(net.Dialer).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer outside.Close() //nolint:errcheck // the connection is over
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{outside, inside}, {inside, outside}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // the end of one direction ends both connections
			done <- struct{}{}
		}()
	}
	<-done
}

// write writes the files that scripts/sam-local passes to sam.
func (c samCmd) write(set map[string]string, cfg config.API) error {
	t, err := samTemplate(c.Arch, set)
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
	for name, text := range map[string][]byte{
		"template.json": t, "env.json": env, filepath.Base(keysPathInContainer): keys,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// runCommand runs the command in its own process group. So the command gets one interrupt, from this process, and
// removes its containers before the database stops.
func (c samCmd) runCommand(ctx context.Context, std streams) error {
	cmd := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...) //nolint:gosec // the caller names the command
	cmd.Stdout, cmd.Stderr = std.out, std.err
	startInOwnGroup(cmd)
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
