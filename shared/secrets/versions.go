package secrets

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/xenon-auth/xenon/shared/awsjson"
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
	var out struct {
		RotationEnabled    bool
		VersionIdsToStages map[string][]string
	}
	if err := v.call(ctx, "DescribeSecret", getSecretValue{SecretID: v.arn}, &out); err != nil {
		return Stages{}, err
	}
	return Stages{Rotated: out.RotationEnabled, labels: out.VersionIdsToStages}, nil
}

// Read returns the value of a version, or ErrNoValue.
func (v *Versions) Read(ctx context.Context, version string) ([]byte, error) {
	if version == "" {
		return nil, fmt.Errorf("secret %s: %w", v.arn, ErrNoValue)
	}
	var out secretValue
	err := v.call(ctx, "GetSecretValue", getSecretValue{SecretID: v.arn, VersionID: version}, &out)
	if answer, ok := errors.AsType[*awsjson.Error](err); ok && answer.Code == "ResourceNotFoundException" {
		return nil, fmt.Errorf("secret %s, version %s: %w", v.arn, version, ErrNoValue)
	}
	if err != nil {
		return nil, err
	}
	return out.bytes(), nil
}

// Put creates a pending version and returns its id, which is generated if version is empty. The value of a version
// cannot be changed later. The first version of a secret comes into use immediately.
func (v *Versions) Put(ctx context.Context, version string, text []byte) (string, error) {
	in := putSecretValue{
		SecretID: v.arn, ClientRequestToken: cmp.Or(version, newVersionID()), SecretString: string(text),
		VersionStages: []string{stagePending},
	}
	return in.ClientRequestToken, v.call(ctx, "PutSecretValue", in, nil)
}

// newVersionID returns the id of a new version. Secrets Manager accepts 32 to 64 characters.
func newVersionID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
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
	in := struct {
		SecretID            string `json:"SecretId"`
		VersionStage        string
		RemoveFromVersionID string `json:"RemoveFromVersionId,omitempty"`
		MoveToVersionID     string `json:"MoveToVersionId,omitempty"`
	}{v.arn, label, from, to}
	return v.call(ctx, "UpdateSecretVersionStage", in, nil)
}

// StartRotation makes Secrets Manager start a rotation with the secret's function, and returns the version that the
// rotation will bring into use.
func (v *Versions) StartRotation(ctx context.Context) (version string, err error) {
	in := struct {
		SecretID           string `json:"SecretId"`
		ClientRequestToken string
	}{v.arn, newVersionID()}
	var out struct {
		VersionID string `json:"VersionId"`
	}
	err = v.call(ctx, "RotateSecret", in, &out)
	return out.VersionID, err
}

func (v *Versions) call(ctx context.Context, operation string, in, out any) error {
	return v.cloud.call(ctx, operation, []string{v.arn}, in, out)
}
