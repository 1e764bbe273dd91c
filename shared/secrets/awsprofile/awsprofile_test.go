package awsprofile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// clearAWS hides all AWS settings of the machine until the end of the test. It returns an empty directory for the files
// config and credentials.
func clearAWS(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	return dir
}

func TestLoadReadsProfile(t *testing.T) {
	dir := clearAWS(t)
	for name, text := range map[string]string{
		"config":      "[profile work]\nregion = eu-central-1\nendpoint_url = http://localhost:5000\n",
		"credentials": "[work]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\naws_session_token = t\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_PROFILE", "work")
	got, err := Load(t.Context(), config.AWS{QueueEndpoint: "http://localhost:1"})
	want := config.AWS{
		Region: "eu-central-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s", SessionToken: "t",
		SecretsEndpoint: "http://localhost:5000", QueueEndpoint: "http://localhost:1",
		LogsEndpoint: "http://localhost:5000",
	}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("Load with the profile work: %v (-got +want):\n%s", err, diff)
	}
}

func TestLoadNamesWhatIsMissing(t *testing.T) {
	clearAWS(t)
	if _, err := Load(t.Context(), config.AWS{}); err == nil || !strings.Contains(err.Error(), "find AWS credentials") {
		t.Errorf("Load without settings: got %v, want an error about missing credentials", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	if _, err := Load(t.Context(), config.AWS{}); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("Load without a region: got %v, want an error that names AWS_REGION", err)
	}
}
