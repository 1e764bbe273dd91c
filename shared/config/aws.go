package config

import (
	"cmp"
	"fmt"
	"strings"
)

// AWS holds the region, the credentials and the endpoints from the environment variables of the AWS SDK. Lambda sets
// those of the region and the credentials. The SDK's own config package also finds profiles and single sign-on, but
// makes each function 1.6 MB larger; shared/secrets/awsprofile uses it for cmd/xenon.
type AWS struct {
	Region          string
	AccessKeyID     string
	SecretAccessKey Secret
	SessionToken    Secret // empty with credentials that do not expire

	LogGroup string // of the functions, in CloudWatch Logs; Lambda sets it

	SecretsEndpoint string // of an emulator of Secrets Manager; empty: AWS
	QueueEndpoint   string // of an emulator of SQS; empty: AWS
	LogsEndpoint    string // of an emulator of CloudWatch Logs; empty: AWS
	EventsEndpoint  string // of an emulator of EventBridge; empty: AWS
	StorageEndpoint string // of an emulator of S3; empty: AWS
	MailEndpoint    string // of an emulator of SES; empty: AWS
}

// Check returns an error that names the missing variables.
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
		return fmt.Errorf("environment variables for AWS are missing: %s; Lambda sets them", strings.Join(missing, ", "))
	}
	return nil
}

func (l *loader) readAWS() AWS {
	endpoint := l.getenv("AWS_ENDPOINT_URL")
	return AWS{
		Region:          l.getenv("AWS_REGION"),
		AccessKeyID:     l.getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: Secret(l.getenv("AWS_SECRET_ACCESS_KEY")),
		SessionToken:    Secret(l.getenv("AWS_SESSION_TOKEN")),
		LogGroup:        l.getenv("AWS_LAMBDA_LOG_GROUP_NAME"),
		SecretsEndpoint: cmp.Or(l.getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"), endpoint),
		QueueEndpoint:   cmp.Or(l.getenv("AWS_ENDPOINT_URL_SQS"), endpoint),
		LogsEndpoint:    cmp.Or(l.getenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"), endpoint),
		EventsEndpoint:  cmp.Or(l.getenv("AWS_ENDPOINT_URL_EVENTBRIDGE"), endpoint),
		MailEndpoint:    cmp.Or(l.getenv("AWS_ENDPOINT_URL_SESV2"), endpoint),
		StorageEndpoint: cmp.Or(l.getenv("AWS_ENDPOINT_URL_S3"), endpoint),
	}
}
