package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestAWSSettingsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	lambda := []string{
		"AWS_REGION", "eu-central-1", "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY", "s", "AWS_SESSION_TOKEN", "t", "AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/xenon",
	}
	want := config.AWS{
		Region: "eu-central-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s", SessionToken: "t",
		LogGroup: "/aws/lambda/xenon",
	}
	emulator, all := want, want
	emulator.SecretsEndpoint, emulator.QueueEndpoint = "http://localhost:5000", "http://localhost:5000"
	emulator.LogsEndpoint, emulator.EventsEndpoint = "http://localhost:5000", "http://localhost:5000"
	emulator.StorageEndpoint, emulator.MailEndpoint = "http://localhost:5000", "http://localhost:5000"
	all.SecretsEndpoint, all.QueueEndpoint = "http://localhost:1", "http://localhost:2"
	all.LogsEndpoint, all.StorageEndpoint = "http://localhost:3", "http://localhost:4"
	all.MailEndpoint, all.EventsEndpoint = "http://localhost:5", "http://localhost:6"
	for _, c := range []struct {
		more []string
		want config.AWS
	}{
		{nil, want},
		{[]string{"AWS_ENDPOINT_URL", "http://localhost:5000"}, emulator},
		{[]string{
			"AWS_ENDPOINT_URL", "http://localhost:5000",
			"AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://localhost:1", "AWS_ENDPOINT_URL_SQS", "http://localhost:2",
			"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://localhost:3", "AWS_ENDPOINT_URL_S3", "http://localhost:4",
			"AWS_ENDPOINT_URL_SESV2", "http://localhost:5", "AWS_ENDPOINT_URL_EVENTBRIDGE", "http://localhost:6",
		}, all},
	} {
		got, err := config.LoadAPI(testEnvironment(append(lambda, c.more...)...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got.AWS, c.want); diff != "" {
			t.Errorf("AWS settings of Lambda with %q (-got +want):\n%s", c.more, diff)
		}
		if err := got.AWS.Check(); err != nil {
			t.Errorf("Check of the settings of Lambda with %q: got the error %v, want none", c.more, err)
		}
	}
}

func TestAWSCheckNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	got := config.AWS{AccessKeyID: "AKIDEXAMPLE"}.Check()
	if got == nil || !strings.Contains(got.Error(), "missing: AWS_REGION, AWS_SECRET_ACCESS_KEY; Lambda") {
		t.Errorf("Check without region and secret key: got %v, want an error that names these two", got)
	}
}

// The error of a wrong ARN names the variable and the value.
func TestWrongSecretARNsAreRefused(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/keys-AbCdEf": true,
		"arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:keys":             true,
		"": true,
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:": false,
		"arn:aws:secretsmanager:eu-central-1:123456789012":         false,
		"arn:aws:ssm:eu-central-1:123456789012:parameter/keys":     false,
		"arn:aws:kms:eu-central-1:123456789012:key:1234":           false,
		"xenon/keys": false,
	} {
		for _, name := range []string{"APP_SECRET_ARN", "SIGNING_KEYS_ARN"} {
			_, err := config.LoadAPI(testEnvironment(name, value, "MAIL", "none"))
			if good && err != nil {
				t.Errorf("%s=%s: got the error %v, want none", name, value, err)
			}
			namesBoth := err != nil && strings.Contains(err.Error(), name+": ") && strings.Contains(err.Error(), value)
			if !good && !namesBoth {
				t.Errorf("%s=%s: got %v, want an error that names both", name, value, err)
			}
		}
	}
}

func TestRotationRequiresSecret(t *testing.T) {
	t.Parallel()
	if _, err := config.LoadRotation(
		testEnvironment(),
	); err == nil ||
		!strings.Contains(err.Error(), "SIGNING_KEYS_ARN: missing") {
		t.Errorf("LoadRotation without SIGNING_KEYS_ARN: got %v, want an error that says that it is missing", err)
	}
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/keys-AbCdEf"
	got, err := config.LoadRotation(testEnvironment("SIGNING_KEYS_ARN", arn))
	want := config.Rotation{SigningKeysARN: arn, JWTExpiresIn: config.DefaultJWTExpiresIn, JWTAlg: config.RS256}
	if got != want || err != nil {
		t.Errorf("LoadRotation = %+v, %v, want %+v", got, err, want)
	}
}
