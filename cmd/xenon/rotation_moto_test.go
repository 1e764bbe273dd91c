//go:build moto

package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// These tests use a real moto server. They set environment variables and use one server, so none is parallel.

// setRotationFunction makes m call the code of functions/rotate, in this process, when a test rotates the secret.
func setRotationFunction(t *testing.T, m *mototest.SecretsManager, arn string, now func() time.Time) {
	t.Helper()
	cfg, err := config.LoadRotation(func(name string) string {
		if name == "SIGNING_KEYS_ARN" {
			return arn
		}
		return os.Getenv(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	r := keys.NewRotation(cfg, now)
	m.Function = func(event []byte) error {
		var s keys.RotationStep
		if err := json.Unmarshal(event, &s); err != nil {
			return err
		}
		return r.Do(t.Context(), s)
	}
}

// The keys are in Secrets Manager. Each rotation fails once in its last step, then Secrets Manager is unavailable for
// some requests, and then the rotation is repeated.
func TestR37_TwoRotationsUnderLoadInTheCloud(t *testing.T) {
	m := mototest.Start(t).SecretsManager(t)
	arn := m.Create("xenon/keys", "{}")
	x := &xenonServer{t: t}
	setRotationFunction(t, m, arn, func() time.Time { return x.now() })
	if err := m.CallAllSteps(arn, m.BeginRotation(arn)); err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{"SIGNING_KEYS_ARN": arn}
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"} {
		settings[name] = os.Getenv(name)
	}
	x = newXenonServer(t, settings)

	rotate, broken := m.Function, errors.New("connection lost")
	x.rotateTwiceUnderLoad(keyStore{
		every:    2 * keys.MaxPropagation,
		readKeys: func() (keys.Set, error) { return keys.ParseSet([]byte(m.Value(arn, "AWSCURRENT"))) },
		rotate: func() error {
			version := m.BeginRotation(arn)
			m.Function = func(event []byte) error {
				if strings.Contains(string(event), "finishSecret") {
					return broken
				}
				return rotate(event)
			}
			if err := m.CallAllSteps(arn, version); !errors.Is(err, broken) {
				return err
			}
			m.Function = rotate
			m.Cut.Store(true)
			x.ahead.Add(int64(secrets.CacheTTL)) // all caches fetch again and get no response
			for range 50 {
				if status, body, _ := x.send("GET", "/api/auth/jwks", "", "", ""); status != http.StatusOK {
					t.Errorf("JWKS: got %d %s, want 200", status, body)
				}
			}
			m.Cut.Store(false)
			return m.CallAllSteps(arn, version)
		},
	})
}

func TestKeysCommandsUseSecretsManager(t *testing.T) {
	m := mototest.Start(t).SecretsManager(t)
	for _, enabled := range []bool{false, true} {
		name := map[bool]string{false: "by-hand", true: "by-function"}[enabled]
		arn := m.Create(name, "{}")
		env := []string{"SIGNING_KEYS_ARN", arn}
		if code, _, err := runXenon(t, []string{"keys", "list"}, env...); code != exitFailed ||
			!strings.Contains(err, "xenon keys rotate") {
			t.Errorf("%s: keys list without keys: got the exit code %d and %s, want a failure that names xenon keys rotate",
				name, code, err)
		}
		if enabled {
			setRotationFunction(t, m, arn, time.Now)
			m.BeginRotation(arn)
			m.CancelRotation(arn)
		}
		code, out, err := runXenon(t, []string{"keys", "rotate", "--json"}, env...)
		if code != exitDone || m.Failed != nil {
			t.Fatalf("%s: keys rotate: got the exit code %d, %s and the failed calls %v, want success",
				name, code, err, m.Failed)
		}
		var rotated struct{ Current, Next string }
		if err := json.Unmarshal([]byte(out), &rotated); err != nil {
			t.Fatal(err)
		}
		code, out, _ = runXenon(t, []string{"keys", "list"}, env...)
		if code != exitDone || !strings.Contains(out, "current  "+rotated.Current) ||
			!strings.Contains(out, "next     "+rotated.Next) || strings.Contains(out, "PRIVATE") {
			t.Errorf("%s: keys list: got the exit code %d and %s, want the current and the next key without a private key",
				name, code, out)
		}
		code, out, err = runXenon(t, []string{"keys", "rotate"}, env...)
		if code != exitFailed || !strings.Contains(err, "rotate again after") {
			t.Errorf("%s: second keys rotate: got the exit code %d and %s%s, want a failure with the time of the next rotation",
				name, code, out, err)
		}
	}
	const wrong = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nowhere-AbCdEf"
	for _, command := range []string{"list", "rotate"} {
		if code, _, err := runXenon(t, []string{"keys", command}, "SIGNING_KEYS_ARN", wrong); code != exitFailed ||
			!strings.Contains(err, wrong) {
			t.Errorf("keys %s with a wrong ARN: got the exit code %d and %s, want a failure that names the ARN",
				command, code, err)
		}
	}
}

// scripts/deploy calls the command once in each deployment. The version that the command prints has the originSecret
// that CloudFront will send.
func TestOriginSecretCommandRotates(t *testing.T) {
	m := mototest.Start(t).SecretsManager(t)
	arn := m.Create("xenon/app", `{"DATABASE_URL":"postgres://h/d","BETTER_AUTH_SECRET":"kept"}`)
	for range 2 {
		code, out, stderr := runXenon(t, []string{"origin-secret", arn})
		if code != exitDone || strings.TrimSpace(out) != m.VersionWithLabel(arn, "AWSCURRENT") {
			t.Fatalf("origin-secret: got the exit code %d, the output %q and %s, want the id of the new version",
				code, out, stderr)
		}
	}
	var got struct {
		OriginSecrets []string `json:"originSecrets"`
		OriginSecret  string   `json:"originSecret"`
		AuthSecret    string   `json:"BETTER_AUTH_SECRET"`
	}
	if err := json.Unmarshal([]byte(m.Value(arn, "AWSCURRENT")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.OriginSecrets) != 2 || got.OriginSecrets[0] != got.OriginSecret ||
		got.OriginSecrets[1] == got.OriginSecret || got.AuthSecret != "kept" {
		t.Errorf(
			"the app secret after two rotations: got %d origin secrets, the first is originSecret = %v, want 2 different ones, "+
				"true, and BETTER_AUTH_SECRET unchanged",
			len(got.OriginSecrets),
			got.OriginSecrets[0] == got.OriginSecret,
		)
	}
	if code, _, stderr := runXenon(t, []string{"origin-secret", arn + "x"}); code != exitFailed ||
		!strings.Contains(stderr, "rotate the origin secret") {
		t.Errorf("origin-secret with an unknown ARN: got the exit code %d and %s, want a failure to rotate the origin secret",
			code, stderr)
	}
}
