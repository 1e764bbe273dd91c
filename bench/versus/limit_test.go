package versus

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"

	"github.com/xenon-auth/xenon/jwtverify"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// pgbenchWorkload returns a workload that runs the statement of get-session with pgbench, prepared, directly on
// Postgres.
func (w *benchmarkSetup) pgbenchWorkload(tb testing.TB, counts [3]int) workload {
	tb.Helper()
	program, err := exec.LookPath("pgbench")
	if err != nil {
		tb.Fatal("pgbench is not installed; it comes with Postgres, in Debian's postgresql-contrib")
	}
	if _, err := sendOne(tb.Context(), w.argon2id.address, getSessionCalls(w.argon2id)(1)); err != nil {
		tb.Fatal(err)
	}
	sql, err := lastStatement(tb.Context(), w.argon2id.database, `s."expiresAt", s.token`)
	if err != nil {
		tb.Fatal(err)
	}
	script := filepath.Join(tb.TempDir(), "get-session.sql")
	text := fmt.Sprintf("\\set token random(1, %d) + %d\n%s;\n", activeCount, sessionTokenBase,
		strings.NewReplacer("$1", ":token", "$2", ":moment").Replace(strings.Join(strings.Fields(sql), " ")))
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return workload{
		request: "get-session", subject: pgbenchSubject, counts: counts,
		run: func(ctx context.Context, conns, count int) (loadResult, error) {
			logs := tb.TempDir()
			cmd := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-c", strconv.Itoa(conns),
				"-j", strconv.Itoa(min(conns, runtime.NumCPU())), "-t", strconv.Itoa(count/conns), "-f", script,
				"-D", "moment="+time.Now().Format(time.RFC3339), "-l",
				"--log-prefix="+filepath.Join(logs, "x"), w.argon2id.database)
			output, err := cmd.CombinedOutput()
			if err != nil {
				return loadResult{}, fmt.Errorf("run pgbench: %w: %s", err, output)
			}
			took, err := readTransactionTimes(logs)
			if err != nil {
				return loadResult{}, err
			}
			perSecond, err := transactionRate(string(output))
			return loadResult{took: took, whole: time.Duration(float64(len(took)) / perSecond * float64(time.Second))}, err
		},
	}
}

// transactionRate returns the transactions per second that pgbench prints, without the time to connect.
func transactionRate(output string) (float64, error) {
	_, rest, ok := strings.Cut(output, "tps = ")
	if !ok {
		return 0, errors.New("the output of pgbench has no line with tps: " + output)
	}
	return strconv.ParseFloat(strings.Fields(rest)[0], 64)
}

// readTransactionTimes returns the times in pgbench's logs. A line has client, number, microseconds and more.
func readTransactionTimes(dir string) (took []time.Duration, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "x*"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 3 {
				return nil, errors.New("a line in pgbench's log has fewer than 3 fields: " + lines.Text())
			}
			us, err := strconv.Atoi(fields[2])
			if err != nil {
				return nil, err
			}
			took = append(took, time.Duration(us)*time.Microsecond)
		}
		file.Close()
	}
	return took, nil
}

// hashFunction returns the hash function of a format alone, with the parameters of Xenon's new hashes.
func hashFunction(format string) func(context.Context) error {
	salt := make([]byte, 16)
	if format == config.Argon2id {
		return func(context.Context) error {
			argon2.IDKey([]byte(userPassword), salt, 2, 19*1024, 1, 32)
			return nil
		}
	}
	return func(context.Context) error {
		_, err := scrypt.Key([]byte(userPassword), salt, 16384, 16, 1, 64)
		return err
	}
}

// signatureFunction returns a function that computes an RSA signature with a key of 2048 bits.
func signatureFunction(tb testing.TB) func(context.Context) error {
	tb.Helper()
	private, err := rsa.GenerateKey(rand.Reader, keys.MinRSABits)
	if err != nil {
		tb.Fatal(err)
	}
	digest := sha256.Sum256([]byte("text"))
	return func(context.Context) error {
		_, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
		return err
	}
}

// The two workloads that verify a JWT. They differ, because a verifier caches the tokens that are valid.
const (
	newJWT, seenJWT = "verify a new JWT", "verify a JWT again"
	newJWTs         = 400 // number of new JWTs in each run
)

// verifyWorkloads returns the workloads that verify JWTs of the server w.argon2id with package jwtverify. fetched
// counts the verifier's requests for the JWKS.
func (w *benchmarkSetup) verifyWorkloads(tb testing.TB, fetched *atomic.Int64) []workload {
	tb.Helper()
	if !isSelected(newJWT, xenonSubject) && !isSelected(seenJWT, xenonSubject) {
		return nil
	}
	to := &url.URL{Scheme: "http", Host: w.argon2id.address}
	proxy := httputil.NewSingleHostReverseProxy(to)
	jwks := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		proxy.ServeHTTP(rw, r)
	}))
	tb.Cleanup(jwks.Close)
	origin := "http://" + w.argon2id.host()
	cfg := config.API{
		JWKSURL: jwks.URL + "/api/auth/jwks", JWTIssuer: origin, JWTAudience: origin,
		JWTExpiresIn:    config.DefaultJWTExpiresIn,
		SigningKeysFile: filepath.Join(w.argon2id.dir, "signing-keys.json"),
	}
	v := jwtverify.MustNew(jwtverify.Options{
		JWKSURL: cfg.JWKSURL, Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience, Now: time.Now,
	})
	signer := keys.New(secrets.New(cfg, time.Now), cfg, time.Now)
	fresh := make(chan string, newJWTs*(*roundCount+1))
	for range cap(fresh) {
		token, err := signer.Sign(tb.Context(), keys.Claims{Subject: "some user", SessionID: "some session"})
		if err != nil {
			tb.Fatal(err)
		}
		fresh <- token
	}
	return []workload{
		inProcessWorkload(newJWT, xenonSubject, [3]int{newJWTs}, func(ctx context.Context) error {
			_, err := v.Verify(ctx, <-fresh)
			return err
		}),
		inProcessWorkload(seenJWT, xenonSubject, [3]int{2000}, func(ctx context.Context) error {
			_, err := v.Verify(ctx, w.jwts[0])
			return err
		}),
	}
}

func TestLogOfPgbenchIsParsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.1"), []byte("0 0 412 0 1700000000 1\n1 0 98 0 1700000000 2\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readTransactionTimes(dir)
	if err != nil || len(got) != 2 || got[1] != 98*time.Microsecond {
		t.Errorf("two lines of pgbench's log: got %v and the error %v, want 2 times, the second 98 µs", got, err)
	}
	if rate, err := transactionRate(
		"latency average = 1 ms\ntps = 3514.2 (without initial connection time)\n",
	); err != nil ||
		rate != 3514.2 {
		t.Errorf("the rate in pgbench's output: got %v and the error %v, want 3514.2", rate, err)
	}
}
