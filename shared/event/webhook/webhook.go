// Package webhook sends events to a URL, in the form and with the signature of Standard Webhooks
// (github.com/standard-webhooks/standard-webhooks, specification 1.0.0).
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/event"
)

const (
	timeout        = 10 * time.Second
	maxAnswerBytes = 4096 // of an answer that is read; the rest is not
	maxSecrets     = 2    // during a change of the secret

	// The limits of the specification for the length of a secret.
	minSecretBytes = 24
	maxSecretBytes = 64
)

// Sender sends events to one URL.
type Sender struct {
	url    string
	secret func(context.Context) (string, error)
	now    func() time.Time
	client *http.Client
}

// New returns a Sender. The function secret returns the value of EVENTS_WEBHOOK_SECRET. It is called for each event, so
// that a change takes effect.
func New(url string, secret func(context.Context) (string, error), now func() time.Time) *Sender {
	return &Sender{url, secret, now, &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Send sends an event. It returns nil if the receiver answers 2xx within ten seconds. The error says what to do. It
// contains neither the URL, whose path or query can be a secret, nor the answer.
func (s *Sender) Send(ctx context.Context, e event.Event) error {
	text, err := s.secret(ctx)
	if err != nil {
		return err
	}
	secrets, err := ParseSecrets(text)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(e.Body))
	if err != nil {
		return errors.New("EVENTS_WEBHOOK_URL is not a URL")
	}
	at := strconv.FormatInt(s.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Xenon")
	req.Header.Set("Webhook-Id", e.ID)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", sign(secrets, e.ID, at, e.Body))
	resp, err := s.client.Do(req)
	if err != nil {
		return explainNoAnswer(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswerBytes)) // so that the connection can be used again
	return explainStatus(resp.StatusCode)
}

// sign returns the value of the header Webhook-Signature: one signature for each secret.
func sign(secrets [][]byte, id, at string, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}

// ParseSecrets reads the value of EVENTS_WEBHOOK_SECRET: one secret, or two separated by a blank, each whsec_ and bytes
// in base64. The error does not quote the value.
func ParseSecrets(text string) ([][]byte, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return nil, errors.New("EVENTS_WEBHOOK_SECRET is missing; in the cloud it is a member of the app secret")
	}
	if len(fields) > maxSecrets {
		return nil, fmt.Errorf("EVENTS_WEBHOOK_SECRET has %d secrets, want one, or two during a change", len(fields))
	}
	secrets := make([][]byte, len(fields))
	for i, field := range fields {
		encoded, ok := strings.CutPrefix(field, "whsec_")
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil {
			return nil, errors.New("EVENTS_WEBHOOK_SECRET is not of the form whsec_ and bytes in base64")
		}
		if len(secret) < minSecretBytes || len(secret) > maxSecretBytes {
			return nil, fmt.Errorf("EVENTS_WEBHOOK_SECRET has %d bytes, want %d to %d",
				len(secret), minSecretBytes, maxSecretBytes)
		}
		secrets[i] = secret
	}
	return secrets, nil
}

// explainNoAnswer returns the cause of a request without an answer, without the URL.
func explainNoAnswer(err error) error {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return errors.New("the receiver did not answer")
	}
	if failed.Timeout() {
		return fmt.Errorf("the receiver did not answer within %v; it should store the event, answer, and then process it",
			timeout)
	}
	return fmt.Errorf("the receiver did not answer: %w", failed.Err)
}

// explainStatus returns nil for a 2xx, and otherwise an error that says what to do.
func explainStatus(status int) error {
	advice := "the receiver rejects the event; look at its log"
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		advice = "a redirect is not followed; set EVENTS_WEBHOOK_URL to the URL to which it leads"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		advice = "the receiver does not accept the signature; compare its secret with EVENTS_WEBHOOK_SECRET"
	case status == http.StatusNotFound:
		advice = "there is nothing at the path of EVENTS_WEBHOOK_URL; correct it"
	case status == http.StatusGone:
		advice = "the receiver wants no more events; set EVENTS_WEBHOOK_URL to another URL, or switch events off"
	case status == http.StatusTooManyRequests:
		advice = "the receiver gets too many requests; the event is sent again later"
	case status >= 500:
		advice = "the receiver failed; look at its log"
	}
	return fmt.Errorf("the receiver answered %d: %s", status, advice)
}
