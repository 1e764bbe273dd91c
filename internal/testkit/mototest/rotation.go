//go:build moto

package mototest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var shared = sync.OnceValues(start)

// Start returns the server of this process, for packages in which a few tests need it. It ends with the process.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Version returns a new id for a version of a secret.
func Version() string { return strings.ToLower(rand.Text() + "-version") }

// Steps are the steps of a rotation, in the order in which Secrets Manager calls them.
var Steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// SecretsManager is moto's Secrets Manager behind a proxy that can drop connections. The proxy answers RotateSecret
// itself, as AWS documents it, because moto runs rotation functions in containers only.
type SecretsManager struct {
	Function func(event []byte) error // the rotation function; Secrets Manager ends an attempt at its first error
	Cut      atomic.Bool              // drop every connection without an answer
	Failed   error                    // of the last attempt

	t    testing.TB
	moto string
}

// SecretsManager resets the server and sets the SDK's variables to the proxy, until the end of the test.
func (s *Server) SecretsManager(t testing.TB) *SecretsManager {
	t.Helper()
	s.Fresh(t)
	m := &SecretsManager{t: t, moto: s.URL.String()}
	proxy := httputil.NewSingleHostReverseProxy(s.URL)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case m.Cut.Load():
			panic(http.ErrAbortHandler)
		case r.Header.Get("X-Amz-Target") == "secretsmanager.RotateSecret":
			m.rotateSecret(w, r)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	t.Setenv("AWS_ENDPOINT_URL", front.URL)
	return m
}

// Create creates a secret and returns its ARN.
func (m *SecretsManager) Create(name, text string) string {
	m.t.Helper()
	out := m.call("CreateSecret", map[string]any{"Name": name, "SecretString": text, "ClientRequestToken": Version()})
	return fmt.Sprint(out["ARN"])
}

// Put stores text as a new version in use, or as the version with the label that are given.
func (m *SecretsManager) Put(arn, text string, versionAndLabel ...string) {
	m.t.Helper()
	in := map[string]any{"SecretId": arn, "SecretString": text, "ClientRequestToken": Version()}
	if versionAndLabel != nil {
		in["ClientRequestToken"], in["VersionStages"] = versionAndLabel[0], versionAndLabel[1:]
	}
	m.call("PutSecretValue", in)
}

// Value returns the value of the version with the label.
func (m *SecretsManager) Value(arn, label string) string {
	m.t.Helper()
	return fmt.Sprint(m.call("GetSecretValue", map[string]any{"SecretId": arn, "VersionStage": label})["SecretString"])
}

// Labelled returns the version with the label, or "".
func (m *SecretsManager) Labelled(arn, label string) string {
	m.t.Helper()
	versions, _ := m.call("DescribeSecret", map[string]any{"SecretId": arn})["VersionIdsToStages"].(map[string]any)
	for _, version := range slices.Sorted(maps.Keys(versions)) {
		if labels, _ := versions[version].([]any); slices.Contains(labels, any(label)) {
			return version
		}
	}
	return ""
}

// Begin enables rotation and labels a new empty version AWSPENDING, as Secrets Manager does at the beginning. It does
// not call the function.
func (m *SecretsManager) Begin(arn string) (version string) {
	m.t.Helper()
	m.Cancel(arn) // moto would treat the label of an ended rotation as a rotation in progress
	version = Version()
	_, said := m.try("RotateSecret", map[string]any{
		"SecretId": arn, "ClientRequestToken": version, "RotationRules": map[string]any{"AutomaticallyAfterDays": 30},
		"RotationLambdaARN": "arn:aws:lambda:eu-central-1:123456789012:function:rotate",
	})
	// moto sets the label before it reports that there is no such function.
	if !strings.Contains(said, "function:rotate") || m.Labelled(arn, "AWSPENDING") != version {
		m.t.Errorf("begin a rotation: %s", said)
	}
	return version
}

// Cancel removes the label AWSPENDING, as an operator may to end a rotation.
func (m *SecretsManager) Cancel(arn string) {
	m.t.Helper()
	if pending := m.Labelled(arn, "AWSPENDING"); pending != "" {
		m.call("UpdateSecretVersionStage", map[string]any{
			"SecretId": arn, "VersionStage": "AWSPENDING", "RemoveFromVersionId": pending,
		})
	}
}

// Attempt calls the function with every step for a pending version.
func (m *SecretsManager) Attempt(arn, version string) error {
	for _, step := range Steps {
		if err := m.Step(arn, version, step); err != nil {
			return err
		}
	}
	return nil
}

// Step calls the function with one step.
func (m *SecretsManager) Step(arn, version, step string) error {
	event, err := json.Marshal(map[string]string{"Step": step, "SecretId": arn, "ClientRequestToken": version})
	if err != nil {
		return err
	}
	return m.Function(event)
}

// rotateSecret answers with an error while an earlier rotation is not over, and attempts that one again.
func (m *SecretsManager) rotateSecret(w http.ResponseWriter, r *http.Request) {
	var in struct{ SecretId string } //nolint:revive // AWS's name
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		m.t.Error(err)
	}
	version := m.Labelled(in.SecretId, "AWSPENDING")
	again := version != "" && version != m.Labelled(in.SecretId, "AWSCURRENT")
	if !again {
		version = m.Begin(in.SecretId)
	}
	m.Failed = m.Attempt(in.SecretId, version)
	answer := map[string]string{"ARN": in.SecretId, "VersionId": version}
	if again {
		answer = map[string]string{
			"__type":  "InvalidRequestException",
			"Message": "A previous rotation isn't complete. That rotation will be reattempted.",
		}
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (m *SecretsManager) call(action string, in any) map[string]any {
	m.t.Helper()
	out, said := m.try(action, in)
	if out == nil {
		m.t.Errorf("%s: %s", action, said)
	}
	return out
}

// try returns the answer, or the text of an error.
func (m *SecretsManager) try(action string, in any) (out map[string]any, said string) {
	m.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		m.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, m.moto, bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "secretsmanager."+action)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+
		"Credential=AKIDEXAMPLE/20260301/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Sprintf("%s %s %v", resp.Status, answer, err)
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		m.t.Fatal(err)
	}
	return out, ""
}
