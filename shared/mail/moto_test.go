//go:build moto

package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
)

// These tests use a real moto server. They set environment variables and share the server, so none is parallel.

var moto *mototest.Server

func TestMain(m *testing.M) { mototest.RunMain(m, func(s *mototest.Server) { moto = s }) }

// makeQueue creates a queue. It returns a Sender for the queue, a client of SQS, and the URL of the queue.
func makeQueue(t *testing.T) (Sender, *awssqs.Client, string) {
	t.Helper()
	moto.ResetAndConfigure(t)
	client := awssqs.NewFromConfig(moto.Config(t))
	made, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("mail")})
	if err != nil {
		t.Fatal(err)
	}
	return newSender(t, *made.QueueUrl), client, *made.QueueUrl
}

// newSender returns a Sender for the queue with the settings of the environment.
func newSender(t *testing.T, queueURL string) Sender {
	t.Helper()
	return New(config.API{AWS: mototest.AWSSettings(t), Mail: config.MailQueue, MailQueueURL: queueURL})
}

func receiveAll(t *testing.T, client *awssqs.Client, url string) []string {
	t.Helper()
	var bodies []string
	for {
		got, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return bodies
		}
		for _, m := range got.Messages {
			bodies = append(bodies, *m.Body)
		}
	}
}

func TestMotoQueueTakesEveryKind(t *testing.T) {
	q, client, url := makeQueue(t)
	want := map[Kind]Message{}
	for _, kind := range []Kind{VerifyEmail, ResetPassword, ChangeEmailConfirmation, DeleteAccount, Nothing} {
		m := changeEmail
		m.Kind = kind
		want[kind] = m
		if err := q.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := map[Kind]Message{}
	for _, text := range receiveAll(t, client, url) {
		var m Message
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		got[m.Kind] = m
		if len(text) != bodyLengthUnitBytes {
			t.Errorf("the body of a %s mail has %d bytes, want %d for every kind", m.Kind, len(text), bodyLengthUnitBytes)
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("messages in the queue (-got +want):\n%s", diff)
	}
}

func TestMotoQueueIsSafeForConcurrentUse(t *testing.T) {
	q, client, url := makeQueue(t)
	const mails = 50
	var wg sync.WaitGroup
	for range mails {
		wg.Go(func() {
			if err := q.Send(t.Context(), changeEmail); err != nil {
				t.Errorf("Send: %v", err)
			}
		})
	}
	wg.Wait()
	if got := len(receiveAll(t, client, url)); got != mails {
		t.Errorf("%d mails in the queue, want %d", got, mails)
	}
}

// moto.CheckSignatures makes moto check signatures, with botocore's signer.
func TestMotoQueueSignsItsRequests(t *testing.T) {
	_, client, queueURL := makeQueue(t)
	key, secret := moto.NewIAMUser(t, "sqs:*")
	moto.CheckSignatures(t)
	t.Setenv("AWS_ACCESS_KEY_ID", key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret+"-not")
	err := newSender(t, queueURL).Send(t.Context(), changeEmail)
	checkNoSecrets(t, err)
	if err == nil || !strings.Contains(err.Error(), "SQS answered 403 ") {
		t.Errorf("Send with a wrong secret key: got %v, want an error with 403", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	if err := newSender(t, queueURL).Send(t.Context(), changeEmail); err != nil {
		t.Errorf("Send with the right secret key: got the error %v, want none", err)
	}
	moto.AcceptAnySignature(t)
	if got := len(receiveAll(t, client, queueURL)); got != 1 {
		t.Errorf("%d mails in the queue, want 1", got)
	}
}

// Send tries at most three times, and only once if SQS would give the same answer again.
func TestMotoSendTriesThreeTimes(t *testing.T) {
	_, client, queueURL := makeQueue(t)
	for name, c := range map[string]struct {
		queue string
		down  int64 // number of calls that fail
		calls int64
		ok    bool
	}{
		"up":                 {queueURL, 0, 1, true},
		"down for two calls": {queueURL, 2, 3, true},
		"down":               {queueURL, 9, 3, false},
		"an unknown queue":   {queueURL + "-not", 0, 1, false},
	} {
		for _, how := range []string{"no answer", "500", "throttled"} {
			var calls atomic.Int64
			proxy := httputil.NewSingleHostReverseProxy(moto.URL)
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case calls.Add(1) > c.down:
					proxy.ServeHTTP(w, r)
				case how == "no answer":
					panic(http.ErrAbortHandler) // drops the connection
				case how == "500":
					w.WriteHeader(http.StatusInternalServerError)
				default:
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprint(w, `{"__type":"com.amazonaws.sqs#RequestThrottled","message":"ada@example.com"}`)
				}
			}))
			t.Setenv("AWS_ENDPOINT_URL", front.URL)
			err := newSender(t, c.queue).Send(t.Context(), changeEmail)
			front.Close()
			if got := calls.Load(); got != c.calls || (err == nil) != c.ok {
				t.Errorf("%s, %s: Send made %d calls and returned the error %v; want %d calls, success: %v",
					name, how, got, err, c.calls, c.ok)
			}
			if !c.ok {
				checkNoSecrets(t, err)
			}
		}
	}
	if got := len(receiveAll(t, client, queueURL)); got != 6 {
		t.Errorf("%d mails in the queue, want 6", got)
	}
}

func TestMotoSendStopsWhenTheRequestIsCanceled(t *testing.T) {
	_, _, queueURL := makeQueue(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := newSender(t, queueURL).Send(ctx, changeEmail)
	checkNoSecrets(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Send with a canceled context: got %v, want context canceled", err)
	}
}
