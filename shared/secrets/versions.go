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

// stagePending is the label of the version that a rotation makes.
const stagePending = "AWSPENDING"

// ErrNoValue means that the version, or the whole secret, holds nothing yet.
var ErrNoValue = errors.New("the secret has no such value")

// Versions are the versions of the secret SIGNING_KEYS_ARN, for a rotation; everything else reads it by Secrets. Nothing is
// kept between two calls. No error holds a value. It is not for concurrent use.
type Versions struct {
	arn   string
	cloud manager
}

// NewVersions calls nothing.
func NewVersions(cfg config.Config) *Versions {
	return &Versions{arn: cfg.SigningKeysARN, cloud: manager{aws: cfg.AWS}}
}

// Are reports whether id is the ARN of the secret.
func (v *Versions) Are(id string) bool { return names(v.arn, id) }

// Stages say which versions there are and what each is labelled.
type Stages struct {
	Rotated bool // by a function, as Secrets Manager is told to
	labels  map[string][]string
}

// Current is the version in use, empty before the first one.
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

// IsPending reports whether the version is that of a rotation. A version whose rotation is over may still be.
func (s Stages) IsPending(version string) bool {
	return slices.Contains(s.labels[version], stagePending)
}

// Stages reads the labels.
func (v *Versions) Stages(ctx context.Context) (Stages, error) {
	if err := v.cloud.open(); err != nil {
		return Stages{}, err
	}
	out, err := v.cloud.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &v.arn})
	if err != nil {
		return Stages{}, v.failed(err)
	}
	return Stages{Rotated: aws.ToBool(out.RotationEnabled), labels: out.VersionIdsToStages}, nil
}

// Read returns what a version holds, or ErrNoValue.
func (v *Versions) Read(ctx context.Context, version string) ([]byte, error) {
	if version == "" {
		return nil, fmt.Errorf("secret %s: %w", v.arn, ErrNoValue)
	}
	if err := v.cloud.open(); err != nil {
		return nil, err
	}
	out, err := v.cloud.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &v.arn, VersionId: &version})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		return nil, fmt.Errorf("secret %s, version %s: %w", v.arn, version, ErrNoValue)
	}
	if err != nil {
		return nil, v.failed(err)
	}
	return newDocument(v.arn, out.SecretString, out.SecretBinary).text, nil
}

// Put makes a pending version, under a new name when it is given none, and returns the name. What a version holds cannot be
// changed later. The first version of a secret is current at once.
func (v *Versions) Put(ctx context.Context, version string, text []byte) (string, error) {
	if err := v.cloud.open(); err != nil {
		return "", err
	}
	in := &secretsmanager.PutSecretValueInput{SecretId: &v.arn, SecretString: aws.String(string(text)), VersionStages: []string{stagePending}}
	if version != "" {
		in.ClientRequestToken = &version
	}
	out, err := v.cloud.client.PutSecretValue(ctx, in)
	if err != nil {
		return "", v.failed(err)
	}
	return aws.ToString(out.VersionId), nil
}

// Promote makes a version the one in use, in place of old. It fails when old is not in use any more.
func (v *Versions) Promote(ctx context.Context, version, old string) error {
	return v.move(ctx, stageCurrent, old, version)
}

// GiveUp ends the rotation that made a pending version, so that another can begin.
func (v *Versions) GiveUp(ctx context.Context, version string) error {
	return v.move(ctx, stagePending, version, "")
}

func (v *Versions) move(ctx context.Context, label, from, to string) error {
	if err := v.cloud.open(); err != nil {
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
	return v.failed(err)
}

// StartRotation asks Secrets Manager to rotate by the secret's function, and returns the version that will be in use then.
func (v *Versions) StartRotation(ctx context.Context) (version string, err error) {
	if err := v.cloud.open(); err != nil {
		return "", err
	}
	out, err := v.cloud.client.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &v.arn})
	if err != nil {
		return "", v.failed(err)
	}
	return aws.ToString(out.VersionId), nil
}

func (v *Versions) failed(err error) error {
	if err == nil {
		return nil
	}
	return callError{arns: []string{v.arn}, err: err}
}
