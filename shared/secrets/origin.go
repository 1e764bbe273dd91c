package secrets

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/xenon-auth/xenon/shared/config"
)

// maxOriginSecrets is how many originSecrets the app secret may have: during a deployment CloudFront sends the old or
// the new one.
const maxOriginSecrets = 2

// minOriginSecretBytes is the minimum length of an origin secret, in bytes.
const minOriginSecretBytes = 32

// AcceptsOriginSecret reports whether got, the origin secret of a request, is one of the app secret's originSecrets. If
// it is not, a deployment may have rotated them, so AcceptsOriginSecret reads the app secret again, but not within
// remote.CoolDown of the last fetch. Without an app secret it accepts every request: then CLIENT_IP alone says which
// proxies are trusted.
func (s *Secrets) AcceptsOriginSecret(ctx context.Context, got string) bool {
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

// isOriginSecret reports whether got is one of the known originSecrets. It compares in constant time.
func (s *Secrets) isOriginSecret(ctx context.Context, got string) bool {
	app, err := s.app(ctx)
	if err != nil {
		return false
	}
	if len(app.originSecrets) == 0 {
		s.warnNoOriginSecrets.Do(func() {
			slog.WarnContext(ctx, "the app secret has no originSecrets, so Xenon cannot verify that a request came through "+
				"CloudFront, and ignores the IP address in the headers",
				"advice", "deploy with make deploy, which generates one; docs/deploy.md says how to do it by hand")
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
		return fmt.Errorf("originSecrets has %d entries, at most %d are allowed", len(list), maxOriginSecrets)
	}
	for _, v := range list {
		if len(v) < minOriginSecretBytes {
			return fmt.Errorf("an entry of originSecrets has %d characters, needs at least %d", len(v), minOriginSecretBytes)
		}
	}
	return nil
}

// RotateOriginSecret replaces the app secret's originSecrets by a new origin secret and, after it, the origin secret
// that CloudFront sends now. It reads the latter from the version of the app secret whose id is deployed. If deployed
// is empty, or this version has no origin secret, it keeps the first entry of the current list, if there is one. It
// also stores the new origin secret as the string originSecret, because a dynamic reference in CloudFormation cannot
// read a list. It returns the id of the new version of the app secret, and does not change other members.
func RotateOriginSecret(ctx context.Context, as config.AWS, arn, deployed string) (version string, err error) {
	m := manager{aws: as}
	docs, err := m.read(ctx, []string{arn})
	if err != nil {
		return "", err
	}
	text, err := addOriginSecret(docs[arn].text, m.originSecretOf(ctx, arn, deployed), rand.Text()+rand.Text())
	if err != nil {
		return "", fmt.Errorf("secret %s: %w", arn, err)
	}
	in := putSecretValue{SecretID: arn, ClientRequestToken: newVersionID(), SecretString: string(text)}
	return in.ClientRequestToken, m.call(ctx, "PutSecretValue", []string{arn}, in, nil)
}

// originSecretOf returns the origin secret in a version of the app secret. It returns "" if the version does not exist
// or has no origin secret.
func (m *manager) originSecretOf(ctx context.Context, arn, version string) string {
	if version == "" {
		return ""
	}
	var out secretValue
	in := getSecretValue{SecretID: arn, VersionID: version}
	if err := m.call(ctx, "GetSecretValue", []string{arn}, in, &out); err != nil {
		return ""
	}
	var app struct {
		OriginSecret string `json:"originSecret"`
	}
	_ = json.Unmarshal(out.bytes(), &app) // a text that is not JSON has no origin secret
	return app.OriginSecret
}

// addOriginSecret adds secret, a new origin secret, to the JSON text of an app secret. The argument sent is the origin
// secret that CloudFront sends now, or "" if that is not known. The errors do not quote the text.
func addOriginSecret(text []byte, sent, secret string) ([]byte, error) {
	members := map[string]json.RawMessage{}
	var accepted []string
	if json.Unmarshal(text, &members) != nil || members == nil {
		return nil, errors.New("the text is not a JSON object")
	}
	if list, ok := members["originSecrets"]; ok && json.Unmarshal(list, &accepted) != nil {
		return nil, errors.New("originSecrets is not a list of strings")
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
