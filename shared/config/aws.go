package config

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// AWS is what Lambda tells a function in the SDK's own variables: where it is, and as whom it calls. The SDK's way of
// finding the same also knows profiles and single sign-on, and makes each function 1.6 MB bigger; shared/secrets/laptop has
// it for people.
type AWS struct {
	Region          string
	AccessKeyID     string
	SecretAccessKey Secret
	SessionToken    Secret // empty with credentials that do not expire

	SecretsEndpoint string // of an emulator of Secrets Manager; empty: AWS's own
	QueueEndpoint   string // of an emulator of SQS
}

// AWSFromEnv reads the process environment as every function does.
func AWSFromEnv() AWS {
	l := loader{getenv: os.Getenv}
	return l.aws()
}

// Check returns an error that names what is missing.
func (a AWS) Check() error {
	var missing []string
	for _, v := range []struct{ name, value string }{
		{"AWS_REGION", a.Region},
		{"AWS_ACCESS_KEY_ID", a.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", string(a.SecretAccessKey)},
	} {
		if v.value == "" {
			missing = append(missing, v.name)
		}
	}
	if missing != nil {
		return fmt.Errorf("AWS cannot be called without %s, which Lambda sets", strings.Join(missing, ", "))
	}
	return nil
}

func (l *loader) aws() AWS {
	endpoint := l.getenv("AWS_ENDPOINT_URL")
	return AWS{
		Region:          l.getenv("AWS_REGION"),
		AccessKeyID:     l.getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: Secret(l.getenv("AWS_SECRET_ACCESS_KEY")),
		SessionToken:    Secret(l.getenv("AWS_SESSION_TOKEN")),
		SecretsEndpoint: cmp.Or(l.getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"), endpoint),
		QueueEndpoint:   cmp.Or(l.getenv("AWS_ENDPOINT_URL_SQS"), endpoint),
	}
}

// RotateFromEnv reads only what functions/rotate needs.
func RotateFromEnv() (Config, error) { return Rotate(os.Getenv) }

// Rotate is RotateFromEnv on any environment: Keys, with a secret in the cloud.
func Rotate(getenv func(string) string) (Config, error) {
	c, err := Keys(getenv)
	if err == nil && c.SigningKeysARN == "" {
		l := loader{}
		l.problem("SIGNING_KEYS_ARN", "is missing; it names the secret that is rotated")
		err = l.err()
	}
	return c, err
}
