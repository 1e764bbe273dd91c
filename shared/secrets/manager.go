package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/xenon-auth/xenon/shared/awsjson"
	"github.com/xenon-auth/xenon/shared/config"
)

// stageCurrent is the staging label of the version that is in use.
const stageCurrent = "AWSCURRENT"

// manager is a client of Secrets Manager. Types of requests and answers have the names of its API.
type manager struct {
	aws    config.AWS
	client *awsjson.Client // created by the first call
}

// call calls an operation. The error is a callError unless the settings of AWS are incomplete.
func (m *manager) call(ctx context.Context, operation string, arns []string, in, out any) error {
	if m.client == nil {
		client, err := awsjson.SecretsManager(m.aws)
		if err != nil {
			return err
		}
		m.client = client
	}
	if err := m.client.Call(ctx, operation, in, out); err != nil {
		return callError{arns: arns, err: err}
	}
	return nil
}

type getSecretValue struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId,omitempty"`
	VersionStage string `json:",omitempty"`
}

// secretValue is the value of one version of a secret, which has a text or bytes.
type secretValue struct {
	ARN          string
	SecretString *string
	SecretBinary []byte
}

func (v secretValue) bytes() []byte {
	if v.SecretString != nil {
		return []byte(*v.SecretString)
	}
	return v.SecretBinary
}

type putSecretValue struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string // the id of the new version
	SecretString       string
	VersionStages      []string `json:",omitempty"`
}

// secretText is the text of a secret, or the error of reading it.
type secretText struct {
	arn  string
	text []byte
	err  error
}

// read returns the current version of every secret by its ARN, with one call. It returns an error if the call failed.
// The secretText of a secret has the error of this secret alone.
func (m *manager) read(ctx context.Context, arns []string) (map[string]secretText, error) {
	if len(arns) == 1 {
		return m.readOne(ctx, arns[0])
	}
	return m.readAll(ctx, arns)
}

// readOne reads one secret with GetSecretValue, because Secrets Manager allows far more of these calls per second than
// batches.
func (m *manager) readOne(ctx context.Context, arn string) (map[string]secretText, error) {
	var out secretValue
	in := getSecretValue{SecretID: arn, VersionStage: stageCurrent}
	if err := m.call(ctx, "GetSecretValue", []string{arn}, in, &out); err != nil {
		return nil, err
	}
	return map[string]secretText{arn: {arn: arn, text: out.bytes()}}, nil
}

func (m *manager) readAll(ctx context.Context, arns []string) (map[string]secretText, error) {
	in := struct{ SecretIdList []string }{arns}
	var out struct {
		SecretValues []secretValue
		Errors       []struct{ SecretId, ErrorCode, Message string }
	}
	if err := m.call(ctx, "BatchGetSecretValue", arns, in, &out); err != nil {
		return nil, err
	}
	docs := map[string]secretText{}
	for _, arn := range arns {
		docs[arn] = secretText{arn: arn, err: fmt.Errorf("secret %s: Secrets Manager returned no value", arn)}
		for _, v := range out.SecretValues {
			if isSameSecret(arn, v.ARN) {
				docs[arn] = secretText{arn: arn, text: v.bytes()}
			}
		}
		for _, e := range out.Errors {
			if isSameSecret(arn, e.SecretId) {
				docs[arn] = secretText{arn: arn, err: fmt.Errorf("secret %s: %s: %s", arn, e.ErrorCode, e.Message)}
			}
		}
	}
	return docs, nil
}

// isSameSecret reports whether the configured ARN names the secret whose full ARN is the argument full. Secrets Manager
// also accepts an ARN without the hyphen and the six characters that it appends to the name of a secret.
func isSameSecret(configured, full string) bool {
	return full == configured || len(full) == len(configured)+7 && strings.HasPrefix(full, configured+"-")
}

// callError is the error of a call. It names the secrets. The errors of Secrets Manager contain no value.
type callError struct {
	arns []string
	err  error
}

func (e callError) Error() string {
	text := "secret " + strings.Join(e.arns, ", ") + ": " + e.err.Error()
	if answer, ok := errors.AsType[*awsjson.Error](e.err); ok && answer.Message != "" {
		text += ": " + answer.Message
	}
	return text
}
func (e callError) Unwrap() error { return e.err }

// Unavailable reports whether a later call may succeed: there was no answer, a 5xx answer, or throttling.
func (e callError) Unavailable() bool { return awsjson.IsTemporary(e.err) }
