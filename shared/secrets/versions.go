package secrets

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/xenon-auth/xenon/shared/config"
)

// stagePending is the staging label of the version that a rotation creates.
const stagePending = "AWSPENDING"

// ErrNoValue means that the version, or the secret, has no value yet.
var ErrNoValue = errors.New("the version of the secret has no value")

// Versions reads and changes the versions of the secret SIGNING_KEYS_ARN, for a rotation. Other callers read the secret
// with Secrets. Versions caches nothing. No error contains a value. It is not safe for concurrent use.
type Versions struct {
	arn   string
	cloud manager
}

// NewVersions returns a Versions for the secret with the ARN. It makes no request.
func NewVersions(as config.AWS, arn string) *Versions {
	return &Versions{arn: arn, cloud: manager{aws: as}}
}

// Manages reports whether secretID is the ARN of the secret.
func (v *Versions) Manages(secretID string) bool { return isSameSecret(v.arn, secretID) }

// Stages holds the staging labels of the versions of a secret.
type Stages struct {
	Rotated bool                // Secrets Manager rotates the secret with a function
	labels  map[string][]string // labels by version
}

// Current returns the id of the version in use, or "" if there is none.
func (s Stages) Current() string {
	for version := range s.labels {
		if s.IsCurrent(version) {
			return version
		}
	}
	return ""
}

// IsCurrent reports whether the version is the one in use.
func (s Stages) IsCurrent(version string) bool {
	return slices.Contains(s.labels[version], stageCurrent)
}

// IsPending reports whether the version has the label AWSPENDING. It may keep the label after its rotation has ended.
func (s Stages) IsPending(version string) bool {
	return slices.Contains(s.labels[version], stagePending)
}

// Stages reads the labels.
func (v *Versions) Stages(ctx context.Context) (Stages, error) {
	if err := v.cloud.createClient(); err != nil {
		return Stages{}, err
	}
	out, err := v.cloud.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &v.arn})
	if err != nil {
		return Stages{}, v.wrapError(err)
	}
	return Stages{Rotated: aws.ToBool(out.RotationEnabled), labels: out.VersionIdsToStages}, nil
}

// Read returns the value of a version, or ErrNoValue.
func (v *Versions) Read(ctx context.Context, version string) ([]byte, error) {
	if version == "" {
		return nil, fmt.Errorf("secret %s: %w", v.arn, ErrNoValue)
	}
	if err := v.cloud.createClient(); err != nil {
		return nil, err
	}
	out, err := v.cloud.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &v.arn, VersionId: &version,
	})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		return nil, fmt.Errorf("secret %s, version %s: %w", v.arn, version, ErrNoValue)
	}
	if err != nil {
		return nil, v.wrapError(err)
	}
	return newSecretText(v.arn, out.SecretString, out.SecretBinary).text, nil
}

// Put creates a pending version and returns its id. If version is empty, the AWS SDK generates the id. The value of a
// version cannot be changed later. The first version of a secret comes into use immediately.
func (v *Versions) Put(ctx context.Context, version string, text []byte) (string, error) {
	if err := v.cloud.createClient(); err != nil {
		return "", err
	}
	in := &secretsmanager.PutSecretValueInput{
		SecretId: &v.arn, SecretString: aws.String(string(text)), VersionStages: []string{stagePending},
	}
	if version != "" {
		in.ClientRequestToken = &version
	}
	out, err := v.cloud.client.PutSecretValue(ctx, in)
	if err != nil {
		return "", v.wrapError(err)
	}
	return aws.ToString(out.VersionId), nil
}

// Promote brings a version into use instead of the version old: it moves the label AWSCURRENT. It returns an error if
// old is not in use any more.
func (v *Versions) Promote(ctx context.Context, version, old string) error {
	return v.moveLabel(ctx, stageCurrent, old, version)
}

// Cancel ends the rotation that created a pending version, so that another can begin.
func (v *Versions) Cancel(ctx context.Context, version string) error {
	return v.moveLabel(ctx, stagePending, version, "")
}

func (v *Versions) moveLabel(ctx context.Context, label, from, to string) error {
	if err := v.cloud.createClient(); err != nil {
		return err
	}
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: &v.arn, VersionStage: &label}
	if from != "" {
		in.RemoveFromVersionId = &from
	}
	if to != "" {
		in.MoveToVersionId = &to
	}
	_, err := v.cloud.client.UpdateSecretVersionStage(ctx, in)
	return v.wrapError(err)
}

// StartRotation makes Secrets Manager start a rotation with the secret's function, and returns the version that the
// rotation will bring into use.
func (v *Versions) StartRotation(ctx context.Context) (version string, err error) {
	if err := v.cloud.createClient(); err != nil {
		return "", err
	}
	out, err := v.cloud.client.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &v.arn})
	if err != nil {
		return "", v.wrapError(err)
	}
	return aws.ToString(out.VersionId), nil
}

func (v *Versions) wrapError(err error) error {
	if err == nil {
		return nil
	}
	return callError{arns: []string{v.arn}, err: err}
}
