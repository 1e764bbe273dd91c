//go:build moto

package mailer

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
)

// storage is moto's S3 behind a proxy that can fail.
type storage struct {
	t    *testing.T
	url  string
	down atomic.Bool
	gets atomic.Int64
}

func newStorage(t *testing.T) *storage {
	t.Helper()
	moto.ResetAndConfigure(t)
	s := &storage{t: t}
	proxy := httputil.NewSingleHostReverseProxy(moto.URL)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.gets.Add(1)
		if s.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	s.url = front.URL
	t.Setenv("AWS_ENDPOINT_URL_S3", front.URL)
	s.put("/mails", "")
	return s
}

// put creates a bucket, or an object in it. moto finds the service in the header Authorization.
func (s *storage) put(path, text string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, moto.URL.JoinPath(path).String(),
		strings.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, "+
		"SignedHeaders=host, Signature=0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("PUT %s to S3: got %s, want 200", path, answer.Status)
	}
}

// subject returns the subject of a reset-password mail, or the error.
func (s *storage) subject(m *Mailer) string {
	s.t.Helper()
	templates, err := m.templates(s.t.Context())
	if err != nil {
		return "error: " + err.Error()
	}
	c, err := templates.Render(testMail(mail.ResetPassword))
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Subject
}

func TestMotoTemplatesOfS3AreCheckedAndKeptForFiveMinutes(t *testing.T) {
	s := newStorage(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cfg := config.Mailer{From: senderAddress, AWS: mototest.AWSSettings(t)}
	cfg.Templates = config.MailTemplates{Bucket: "mails", Prefix: "prod/"}
	m, err := New(cfg, func(context.Context) (config.Secret, error) { return "", nil }, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if got := s.gets.Load(); got != 0 {
		t.Errorf("calls of S3 before the first mail: got %d, want 0", got)
	}
	s.put("/mails/prod/en/reset-password.tmpl", ownPhrases)
	s.put("/mails/prod/README.md", "{{")
	s.put("/mails/elsewhere/en/reset-password.tmpl", "{{")
	check := func(what, want string) {
		t.Helper()
		if got := s.subject(m); got != want && (want != "error" || !strings.HasPrefix(got, "error: ")) {
			t.Errorf("subject %s: got %q, want %q", what, got, want)
		}
	}
	check("with an own template", "Own subject")
	calls := s.gets.Load()
	s.put("/mails/prod/en/reset-password.tmpl", strings.Replace(ownPhrases, "Own", "New", 1))
	check("within five minutes", "Own subject")
	if got := s.gets.Load(); got != calls {
		t.Errorf("calls of S3 within five minutes: got %d, want %d", got, calls)
	}
	now = now.Add(templatesTTL)
	check("after five minutes", "New subject")
	s.down.Store(true)
	now = now.Add(templatesTTL)
	check("while S3 is down", "New subject")
	s.down.Store(false)
	s.put("/mails/prod/en/reset-password.tmpl", "{{")
	now = now.Add(templatesTTL)
	check("while the template is wrong", "New subject")
}

// Without a good version of the templates all mails stay in the queue.
func TestMotoMailsWaitIfTheTemplatesOfS3AreWrong(t *testing.T) {
	s := newStorage(t)
	cfg := config.Mailer{From: senderAddress, AWS: mototest.AWSSettings(t)}
	cfg.Templates = config.MailTemplates{Bucket: "mails"}
	for name, c := range map[string]struct{ path, text, want string }{
		"a wrong template": {"/mails/en/reset-password.tmpl", "{{.URL", "en/reset-password.tmpl:1: unclosed action"},
		"S3 is down":       {"", "", "S3 answered 503"},
	} {
		if c.path != "" {
			s.put(c.path, c.text)
		}
		s.down.Store(c.path == "")
		var failed Failures
		var err error
		log := captureLog(t, func() {
			failed, err = newMailerWith(t, cfg, 0).Deliver(t.Context(),
				newBatch(t, messageText(t, testMail(mail.VerifyEmail)), messageText(t, mail.Message{Kind: mail.Nothing})))
		})
		if got := failedIDs(t, failed, err); got != "a" || !strings.Contains(log, c.want) {
			t.Errorf("%s: got the failed mails %q, want a and %q in the log:\n%s", name, got, c.want, log)
		}
	}
}

// moto checks the signatures with botocore's signer, also of keys with characters that have to be escaped.
func TestMotoCallsOfS3AreSigned(t *testing.T) {
	s := newStorage(t)
	s.put("/mails/a%20b/%C3%BC+/en/reset-password.tmpl", ownPhrases)
	key, secret := moto.NewIAMUser(t, "s3:*")
	moto.CheckSignatures(t)
	t.Setenv("AWS_ACCESS_KEY_ID", key)
	for name, c := range map[string]struct {
		secret string
		ok     bool
	}{"right": {secret, true}, "wrong": {secret + "-not", false}} {
		t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
		b := bucket{
			aws: mototest.AWSSettings(t), templates: config.MailTemplates{Bucket: "mails", Prefix: "a b/ü+/"}, now: time.Now,
		}
		files, err := b.read(t.Context())
		if c.ok && (err != nil || files["en/reset-password.tmpl"] != ownPhrases) ||
			!c.ok && (err == nil || !strings.Contains(err.Error(), "S3 answered 403")) {
			t.Errorf("templates in S3 with the %s secret key: got %d files, %v", name, len(files), err)
		}
	}
}
