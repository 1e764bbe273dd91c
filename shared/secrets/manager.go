package secrets

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/xenon-auth/xenon/shared/config"
)

// stageCurrent is the staging label of the version that is in use.
const stageCurrent = "AWSCURRENT"

// manager is a client of Secrets Manager.
type manager struct {
	aws    config.AWS
	client *secretsmanager.Client // created by open
}

// createClient creates the client. Every method that uses client calls it first.
func (m *manager) createClient() error {
	if m.client != nil {
		return nil
	}
	if err := m.aws.Check(); err != nil {
		return err
	}
	as := aws.Credentials{
		AccessKeyID:     m.aws.AccessKeyID,
		SecretAccessKey: string(m.aws.SecretAccessKey),
		SessionToken:    string(m.aws.SessionToken),
	}
	options := secretsmanager.Options{
		Region:      m.aws.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return as, nil }),
	}
	if m.aws.SecretsEndpoint != "" {
		options.BaseEndpoint = &m.aws.SecretsEndpoint
	}
	m.client = secretsmanager.New(options)
	return nil
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
	if err := m.createClient(); err != nil {
		return nil, err
	}
	if len(arns) == 1 {
		return m.readOne(ctx, arns[0])
	}
	return m.readAll(ctx, arns)
}

// readOne reads one secret with GetSecretValue, because Secrets Manager allows far more of these calls per second than
// batches.
func (m *manager) readOne(ctx context.Context, arn string) (map[string]secretText, error) {
	out, err := m.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &arn, VersionStage: aws.String(stageCurrent),
	})
	if err != nil {
		return nil, callError{arns: []string{arn}, err: err}
	}
	return map[string]secretText{arn: newSecretText(arn, out.SecretString, out.SecretBinary)}, nil
}

func (m *manager) readAll(ctx context.Context, arns []string) (map[string]secretText, error) {
	out, err := m.client.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: arns})
	if err != nil {
		return nil, callError{arns: arns, err: err}
	}
	docs := map[string]secretText{}
	for _, arn := range arns {
		docs[arn] = secretText{arn: arn, err: fmt.Errorf("secret %s: Secrets Manager returned no value", arn)}
	}
	for _, arn := range arns {
		for _, v := range out.SecretValues {
			if isSameSecret(arn, aws.ToString(v.ARN)) {
				docs[arn] = newSecretText(arn, v.SecretString, v.SecretBinary)
			}
		}
		for _, e := range out.Errors {
			if isSameSecret(arn, aws.ToString(e.SecretId)) {
				err := fmt.Errorf("secret %s: %s: %s", arn, aws.ToString(e.ErrorCode), aws.ToString(e.Message))
				docs[arn] = secretText{arn: arn, err: err}
			}
		}
	}
	return docs, nil
}

func newSecretText(arn string, text *string, binary []byte) secretText {
	if text != nil {
		binary = []byte(*text)
	}
	return secretText{arn: arn, text: binary}
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
	return "secret " + strings.Join(e.arns, ", ") + ": " + e.err.Error()
}
func (e callError) Unwrap() error { return e.err }

// Unavailable reports whether a later call may succeed: there was no answer, a 5xx answer, or throttling.
func (e callError) Unavailable() bool {
	var named smithy.APIError
	if errors.As(e.err, &named) {
		if _, slowDown := retry.DefaultThrottleErrorCodes[named.ErrorCode()]; slowDown {
			return true
		}
	}
	var answer *smithyhttp.ResponseError
	if !errors.As(e.err, &answer) {
		return true
	}
	status := answer.HTTPStatusCode() // 0: the connection ended before an answer
	return status == 0 || status >= http.StatusInternalServerError
}
