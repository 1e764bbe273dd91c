package secrets

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/xenon-auth/xenon/shared/config"
)

// maxOriginSecrets is how many of the app secret's originSecrets are accepted: the one that CloudFront sends, and the
// one that it sends while a deployment is on its way.
const maxOriginSecrets = 2

// minOriginSecret is the least length of one of them, in bytes.
const minOriginSecret = 32

// AcceptsOrigin reports whether got, the origin secret that came with a request, is one of the app secret's
// originSecrets. If it is none of those at hand, the app secret is read again first, no sooner than CoolDown after the
// last time, because a deployment may have rotated them. Without an app secret every request is accepted: CLIENT_IP
// alone says which proxies are trusted.
func (s *Secrets) AcceptsOrigin(ctx context.Context, got string) bool {
	if s.cfg.AppSecretARN == "" {
		return true
	}
	if got == "" {
		return false
	}
	if s.isOriginSecret(ctx, got) {
		return true
	}
	s.Invalidate()
	return s.isOriginSecret(ctx, got)
}

// isOriginSecret takes the same time whichever of the secrets got is, or is not.
func (s *Secrets) isOriginSecret(ctx context.Context, got string) bool {
	app, err := s.app(ctx)
	if err != nil {
		return false
	}
	if len(app.originSecrets) == 0 {
		s.noOrigin.Do(func() {
			slog.WarnContext(ctx, "the app secret has no originSecrets, so no request is known to come through CloudFront and no forwarded IP address counts",
				"advice", "deploy with make deploy, which makes one; docs/deploy.md says how to do it by hand")
		})
	}
	equal := 0
	for _, want := range app.originSecrets {
		equal |= subtle.ConstantTimeCompare([]byte(got), []byte(want))
	}
	return equal == 1
}

func checkOriginSecrets(list []string) error {
	if len(list) > maxOriginSecrets {
		return fmt.Errorf("originSecrets has %d entries, may have %d", len(list), maxOriginSecrets)
	}
	for _, v := range list {
		if len(v) < minOriginSecret {
			return fmt.Errorf("an entry of originSecrets has %d characters, needs at least %d", len(v), minOriginSecret)
		}
	}
	return nil
}

// RotateOrigin puts a new origin secret first in the app secret's originSecrets and keeps as the second the one that
// CloudFront sends: that of the version deployed, if it is known, else the first so far. It repeats the new one as
// originSecret, a text, which is all that a dynamic reference of CloudFormation can read, and returns the version of
// the app secret that has it. Everything else in the app secret stays as it is.
func RotateOrigin(ctx context.Context, as config.AWS, arn, deployed string) (version string, err error) {
	m := manager{aws: as}
	docs, err := m.read(ctx, []string{arn})
	if err != nil {
		return "", err
	}
	text, err := withNewOrigin(docs[arn].text, m.originSecretOf(ctx, arn, deployed), rand.Text()+rand.Text())
	if err != nil {
		return "", fmt.Errorf("secret %s: %w", arn, err)
	}
	out, err := m.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: aws.String(string(text))})
	if err != nil {
		return "", callError{arns: []string{arn}, err: err}
	}
	return aws.ToString(out.VersionId), nil
}

// originSecretOf is the origin secret in a version of the app secret, "" if there is none or it is gone.
func (m *manager) originSecretOf(ctx context.Context, arn, version string) string {
	if version == "" {
		return ""
	}
	out, err := m.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn, VersionId: &version})
	if err != nil {
		return ""
	}
	var app struct {
		OriginSecret string `json:"originSecret"`
	}
	_ = json.Unmarshal([]byte(aws.ToString(out.SecretString)), &app) // what is no JSON has no origin secret
	return app.OriginSecret
}

// withNewOrigin never repeats what it read in an error. sent is what CloudFront sends now, "" if that is not known.
func withNewOrigin(text []byte, sent, secret string) ([]byte, error) {
	members := map[string]json.RawMessage{}
	var accepted []string
	if json.Unmarshal(text, &members) != nil || members == nil {
		return nil, errors.New("it is not a JSON object")
	}
	if list, ok := members["originSecrets"]; ok && json.Unmarshal(list, &accepted) != nil {
		return nil, errors.New("originSecrets is not a list of texts")
	}
	if sent != "" {
		accepted = []string{sent}
	}
	list, err := json.Marshal(append([]string{secret}, accepted[:min(len(accepted), maxOriginSecrets-1)]...))
	if err != nil {
		return nil, err
	}
	members["originSecrets"] = list
	if members["originSecret"], err = json.Marshal(secret); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}
