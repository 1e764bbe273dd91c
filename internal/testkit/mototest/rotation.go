//go:build moto

package mototest

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

var sharedServer = sync.OnceValues(startServer)

// Start returns the server of this process, for packages in which only a few tests need it. The first call starts it,
// and it ends with the process.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := sharedServer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// NewVersionID returns a new id for a version of a secret.
func NewVersionID() string { return strings.ToLower(rand.Text() + "-version") }

// RotationSteps are the steps of a rotation, in the order in which Secrets Manager calls them.
var RotationSteps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// SecretsManager is moto's Secrets Manager behind a proxy that can drop connections. The proxy implements
// RotateSecret as AWS documents it, because moto can run rotation functions only in containers.
type SecretsManager struct {
	Function func(event []byte) error // the rotation function; Secrets Manager ends an attempt at its first error
	Cut      atomic.Bool              // if true, the proxy closes every connection without an answer
	Failed   error                    // the error of the last attempt to rotate; nil if it succeeded

	t      testing.TB
	client *secretsmanager.Client // calls moto without the proxy
}

// SecretsManager resets the server and makes the AWS SDK use the proxy until the end of the test.
func (s *Server) SecretsManager(t testing.TB) *SecretsManager {
	t.Helper()
	s.ResetAndConfigure(t)
	m := &SecretsManager{t: t, client: secretsmanager.NewFromConfig(s.Config(t))}
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

// Create creates a secret and returns its ARN. If text is empty, the secret has no version.
func (m *SecretsManager) Create(name, text string) string {
	m.t.Helper()
	in := &secretsmanager.CreateSecretInput{Name: &name}
	if text != "" {
		in.SecretString = &text
	}
	out, err := m.client.CreateSecret(m.t.Context(), in)
	if err != nil {
		m.t.Error(err)
		return ""
	}
	return aws.ToString(out.ARN)
}

// Put stores text as a new version of a secret with the label AWSCURRENT. versionAndLabel, if given, is the id of the
// version and its labels.
func (m *SecretsManager) Put(arn, text string, versionAndLabel ...string) {
	m.t.Helper()
	in := &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &text}
	if versionAndLabel != nil {
		in.ClientRequestToken, in.VersionStages = &versionAndLabel[0], versionAndLabel[1:]
	}
	if _, err := m.client.PutSecretValue(m.t.Context(), in); err != nil {
		m.t.Error(err)
	}
}

// Value returns the value of the version that has the label.
func (m *SecretsManager) Value(arn, label string) string {
	m.t.Helper()
	in := &secretsmanager.GetSecretValueInput{SecretId: &arn, VersionStage: &label}
	out, err := m.client.GetSecretValue(m.t.Context(), in)
	if err != nil {
		m.t.Error(err)
		return ""
	}
	return aws.ToString(out.SecretString)
}

// VersionWithLabel returns the id of the version that has the label, or "".
func (m *SecretsManager) VersionWithLabel(arn, label string) string {
	m.t.Helper()
	out, err := m.client.DescribeSecret(m.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
	if err != nil {
		m.t.Error(err)
		return ""
	}
	for _, version := range slices.Sorted(maps.Keys(out.VersionIdsToStages)) {
		if slices.Contains(out.VersionIdsToStages[version], label) {
			return version
		}
	}
	return ""
}

// BeginRotation enables rotation and labels a new empty version AWSPENDING, as Secrets Manager does at the start of
// one. It does not call the function.
func (m *SecretsManager) BeginRotation(arn string) (version string) {
	m.t.Helper()
	m.CancelRotation(arn) // moto would treat the label of an ended rotation as a rotation in progress
	version = NewVersionID()
	_, err := m.client.RotateSecret(m.t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &arn, ClientRequestToken: &version,
		RotationRules:     &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
		RotationLambdaARN: aws.String("arn:aws:lambda:eu-central-1:123456789012:function:rotate"),
	})
	// moto sets the label before it reports that there is no such function.
	if err == nil || !strings.Contains(err.Error(), "function:rotate") ||
		m.VersionWithLabel(arn, "AWSPENDING") != version {
		m.t.Errorf("begin a rotation: got the error %v, want one about the function rotate, and the label AWSPENDING set",
			err)
	}
	return version
}

// CancelRotation removes the label AWSPENDING, as an operator can do to cancel a rotation.
func (m *SecretsManager) CancelRotation(arn string) {
	m.t.Helper()
	pending := m.VersionWithLabel(arn, "AWSPENDING")
	if pending == "" {
		return
	}
	_, err := m.client.UpdateSecretVersionStage(m.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &arn, VersionStage: aws.String("AWSPENDING"), RemoveFromVersionId: &pending,
	})
	if err != nil {
		m.t.Error(err)
	}
}

// CallAllSteps calls the rotation function for a version with each step, until a step fails.
func (m *SecretsManager) CallAllSteps(arn, version string) error {
	for _, step := range RotationSteps {
		if err := m.CallStep(arn, version, step); err != nil {
			return err
		}
	}
	return nil
}

// CallStep calls the rotation function with one step.
func (m *SecretsManager) CallStep(arn, version, step string) error {
	event, err := json.Marshal(map[string]string{"Step": step, "SecretId": arn, "ClientRequestToken": version})
	if err != nil {
		return err
	}
	return m.Function(event)
}

// rotateSecret handles RotateSecret. If an earlier rotation is not complete, it attempts that rotation again and
// answers with an error.
func (m *SecretsManager) rotateSecret(w http.ResponseWriter, r *http.Request) {
	var in struct{ SecretId string } //nolint:revive // AWS's name
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		m.t.Error(err)
	}
	version := m.VersionWithLabel(in.SecretId, "AWSPENDING")
	again := version != "" && version != m.VersionWithLabel(in.SecretId, "AWSCURRENT")
	if !again {
		version = m.BeginRotation(in.SecretId)
	}
	m.Failed = m.CallAllSteps(in.SecretId, version)
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
