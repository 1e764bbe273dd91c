//go:build moto

package sandbox

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
)

// Origin is the public origin of the deployment.
const Origin = "https://learn.example.com"

// Deployment is the part of template.yaml that a function uses, with moto in place of AWS.
type Deployment struct {
	Functions map[string]Function // by folder
	Cloud     map[string]string   // the environment variables for the AWS SDK
	AppARN    string
	KeysARN   string
	QueueURL  string
	Hidden    []string // values that no function may print
	Secrets   *mototest.SecretsManager

	t      testing.TB
	moto   *mototest.Server
	values map[string]string
}

// Deploy creates the secrets and the queue. There are no signing keys before Rotate.
func Deploy(t testing.TB, databaseURL string) *Deployment {
	t.Helper()
	d := &Deployment{t: t, moto: mototest.Start(t)}
	d.Secrets, d.Cloud = d.moto.SecretsManager(t), d.moto.Environment()
	cookies := rand.Text() + rand.Text()
	d.Hidden = []string{databaseURL, cookies, OriginSecrets[0], OriginSecrets[1]}
	d.AppARN = d.Secrets.Create("app", fmt.Sprintf(
		`{"DATABASE_URL": %q, "BETTER_AUTH_SECRET": %q, "originSecrets": [%q, %q]}`,
		databaseURL, cookies, OriginSecrets[0], OriginSecrets[1]))
	d.KeysARN = d.Secrets.Create("keys", "{}")
	var queue struct{ QueueURL string }
	d.call("sqs", "/", "AmazonSQS.CreateQueue", map[string]string{"QueueName": "mail"}, &queue)
	d.QueueURL = queue.QueueURL
	d.call("ses", "/v2/email/identities", "", map[string]string{"EmailIdentity": "learn.example.com"}, nil)
	d.values = map[string]string{
		"PublicOrigin": Origin, "MailFrom": "Xenon <no-reply@learn.example.com>",
		"AppSecret": d.AppARN, "SigningKeys": d.KeysARN, "MailQueue": d.QueueURL, "MigrateSecretArn": "",
	}
	d.Functions = Template(t, d.values)
	return d
}

// SetValue sets the value of references to a parameter or resource of the template.
func (d *Deployment) SetValue(name, value string) {
	d.t.Helper()
	d.values[name] = value
	d.Functions = Template(d.t, d.values)
}

// Start starts the sandbox of a function.
func (d *Deployment) Start(folder, bootstrap string, more ...map[string]string) *Sandbox {
	d.t.Helper()
	s := Start(d.t, d.Functions[folder].Options(bootstrap, append([]map[string]string{d.Cloud}, more...)...))
	s.Hide(d.Hidden...)
	return s
}

// Rotate creates signing keys with functions/rotate, and copies them into a new secret, which the functions use. moto's
// BatchGetSecretValue ignores the stage of a version, so the secret must have only one version.
func (d *Deployment) Rotate(rotate *Sandbox) {
	d.t.Helper()
	version := d.Secrets.Begin(d.KeysARN)
	for _, step := range mototest.Steps {
		event := map[string]string{"Step": step, "SecretId": d.KeysARN, "ClientRequestToken": version}
		if got := string(rotate.Invoke(event)); got != "null" {
			d.t.Fatalf("rotate, %s: got %s", step, got)
		}
	}
	keys := d.Secrets.Value(d.KeysARN, "AWSCURRENT")
	if !strings.Contains(keys, "current") {
		d.t.Fatalf("after the rotation there are no keys:\n%s", rotate.Printed())
	}
	d.SetValue("SigningKeys", d.Secrets.Create("keys-in-use", keys))
}

// Queued removes the oldest mail from the queue and returns it, as the body of an SQS message.
func (d *Deployment) Queued() string {
	d.t.Helper()
	var got struct {
		Messages []struct{ Body, ReceiptHandle string }
	}
	d.call("sqs", "/", "AmazonSQS.ReceiveMessage", map[string]any{"QueueUrl": d.QueueURL}, &got)
	if len(got.Messages) != 1 {
		d.t.Fatalf("%d mails in the queue", len(got.Messages))
	}
	message := map[string]any{"QueueUrl": d.QueueURL, "ReceiptHandle": got.Messages[0].ReceiptHandle}
	d.call("sqs", "/", "AmazonSQS.DeleteMessage", message, nil)
	return got.Messages[0].Body
}

// Sent returns how many mails SES has accepted.
func (d *Deployment) Sent() int {
	d.t.Helper()
	var data struct {
		SES struct{ Message []json.RawMessage } `json:"ses"`
	}
	d.request(http.MethodGet, "", "/moto-api/data.json", "", nil, &data)
	return len(data.SES.Message)
}

func (d *Deployment) call(service, path, action string, in, out any) {
	d.t.Helper()
	d.request(http.MethodPost, service, path, action, in, out)
}

// request sends a request of AWS's JSON protocols to moto, which reads the service from the signature and does not
// verify it.
func (d *Deployment) request(method, service, path, action string, in, out any) {
	d.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		d.t.Fatal(err)
	}
	url := d.moto.URL.JoinPath(path).String()
	req, err := http.NewRequestWithContext(d.t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if req.Header.Set("Content-Type", "application/json"); action != "" {
		req.Header.Set("Content-Type", "application/x-amz-json-1.0")
		req.Header.Set("X-Amz-Target", action)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/eu-central-1/"+service+
		"/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s %s %s: %s", method, path, action, resp.Status)
	}
	if out == nil {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		d.t.Fatal(err)
	}
}
