package main

import (
	"os"
	"strings"
	"testing"
)

// Without AWS credentials, every command that uses AWS prints what the user can do.
func TestCommandsNeedAWSCredentials(t *testing.T) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	arn := "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/keys-AbCdEf"
	for _, args := range [][]string{{"keys", "list"}, {"keys", "rotate"}, {"migrate", "verify", "--run", "autumn"}} {
		code, _, err := runXenon(t, args, "SIGNING_KEYS_ARN", arn, "MIGRATE_SECRET_ARN", arn)
		if code != exitFailed || !strings.Contains(err, "aws sso login") {
			t.Errorf("xenon %v without AWS credentials: got the exit code %d and %s, want a failure that names aws sso login",
				args, code, err)
		}
	}
	if code, _, err := runXenon(t, []string{"keys", "rotate"}, "SIGNING_KEYS_ARN", "xenon/keys"); code != exitFailed ||
		!strings.Contains(err, "SIGNING_KEYS_ARN: \"xenon/keys\" is not the ARN") {
		t.Errorf("keys rotate with a wrong ARN: got the exit code %d and %s, want a failure that names the setting",
			code, err)
	}
}
