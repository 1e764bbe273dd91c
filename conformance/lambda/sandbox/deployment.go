//go:build moto

package sandbox

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

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
	queue  *sqs.Client
	events string // URL of the queue of events
	values map[string]string
}

// Deploy creates the secrets, the mail queue and the sender of the mails. There are no signing keys before Rotate.
func Deploy(t testing.TB, databaseURL string) *Deployment {
	t.Helper()
	d := &Deployment{t: t, moto: mototest.Start(t)}
	d.Secrets, d.Cloud = d.moto.SecretsManager(t), d.moto.Environment()
	cookies, github := rand.Text()+rand.Text(), rand.Text()
	d.Hidden = []string{databaseURL, cookies, github, OriginSecrets[0], OriginSecrets[1]}
	d.AppARN = d.Secrets.Create("app", fmt.Sprintf(
		`{"DATABASE_URL": %q, "BETTER_AUTH_SECRET": %q, "GITHUB_CLIENT_SECRET": %q, "originSecrets": [%q, %q]}`,
		databaseURL, cookies, github, OriginSecrets[0], OriginSecrets[1]))
	d.KeysARN = d.Secrets.Create("keys", "{}")
	d.queue = sqs.NewFromConfig(d.moto.Config(t))
	queue, err := d.queue.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("mail")})
	if err != nil {
		t.Fatal(err)
	}
	d.QueueURL = aws.ToString(queue.QueueUrl)
	events, err := d.queue.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: aws.String("events.fifo"), Attributes: map[string]string{"FifoQueue": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	domain := &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("learn.example.com")}
	if _, err := sesv2.NewFromConfig(d.moto.Config(t)).CreateEmailIdentity(t.Context(), domain); err != nil {
		t.Fatal(err)
	}
	d.events = aws.ToString(events.QueueUrl)
	d.values = map[string]string{
		"PublicOrigin": Origin, "MailFrom": "Xenon <no-reply@learn.example.com>",
		"AppSecret": d.AppARN, "SigningKeys": d.KeysARN, "MailQueue": d.QueueURL, "MigrateSecretArn": "",
		"EventQueue": d.events,
	}
	d.Functions = ReadTemplate(t, d.values)
	return d
}

// SetValue sets the value of references to a parameter or resource of the template.
func (d *Deployment) SetValue(name, value string) {
	d.t.Helper()
	d.values[name] = value
	d.Functions = ReadTemplate(d.t, d.values)
}

// Start starts the sandbox of a function with additional environment variables. bootstrap is the function's executable.
func (d *Deployment) Start(folder, bootstrap string, more ...map[string]string) *Sandbox {
	d.t.Helper()
	s := Start(d.t, d.Functions[folder].Options(bootstrap, append([]map[string]string{d.Cloud}, more...)...))
	s.AddSecrets(d.Hidden...)
	return s
}

// RotateKeys creates signing keys with functions/rotate, and copies them into a new secret, which the functions use.
// moto's BatchGetSecretValue ignores the stage of a version, so the secret must have only one version.
func (d *Deployment) RotateKeys(rotate *Sandbox) {
	d.t.Helper()
	version := d.Secrets.BeginRotation(d.KeysARN)
	for _, step := range mototest.RotationSteps {
		event := map[string]string{"Step": step, "SecretId": d.KeysARN, "ClientRequestToken": version}
		if got := string(rotate.Invoke(event)); got != "null" {
			d.t.Fatalf("functions/rotate, the step %s: got %s, want null", step, got)
		}
	}
	keys := d.Secrets.Value(d.KeysARN, "AWSCURRENT")
	if !strings.Contains(keys, "current") {
		d.t.Fatalf("after the rotation the secret has no current key, want one; functions/rotate printed:\n%s",
			rotate.Output())
	}
	d.SetValue("SigningKeys", d.Secrets.Create("keys-in-use", keys))
}

// TakeMail removes the oldest mail from the queue and returns it, as the body of an SQS message.
func (d *Deployment) TakeMail() string {
	d.t.Helper()
	got, err := d.queue.ReceiveMessage(d.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &d.QueueURL})
	if err != nil {
		d.t.Fatal(err)
	}
	if len(got.Messages) != 1 {
		d.t.Fatalf("mails received from the queue: got %d, want 1", len(got.Messages))
	}
	_, err = d.queue.DeleteMessage(d.t.Context(), &sqs.DeleteMessageInput{
		QueueUrl: &d.QueueURL, ReceiptHandle: got.Messages[0].ReceiptHandle,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return aws.ToString(got.Messages[0].Body)
}

// Events returns the messages in the queue of events: at most ten, in their order.
func (d *Deployment) Events() []types.Message {
	d.t.Helper()
	got, err := d.queue.ReceiveMessage(d.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &d.events, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameMessageGroupId},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return got.Messages
}

// SentMails returns how many mails the emulated SES has accepted.
func (d *Deployment) SentMails() int {
	d.t.Helper()
	return len(d.moto.Mails(d.t))
}
