package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/internal/testkit/smtptest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

var testContent = content.Content{
	Subject: "Neues Passwort für „Lernen & Üben“, mit einer Zeile, die länger ist als achtundsiebzig Zeichen",
	Text:    "Grüße\n.\n..zwei\nhttps://learn.example.com/r?token=t0k3n&x=1\n" + strings.Repeat("lang ", 300) + "\n",
	HTML:    "<p>Grüße</p>\n" + strings.Repeat("<b>lang</b>", 300) + "\n",
}

var testNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// newSender returns a Sender for the server, which it knows by the name host.
func newSender(s *smtptest.Server, host string, change func(*config.SMTP)) *Sender {
	server := config.SMTP{Host: host, Port: s.Port(), User: smtptest.User, Password: smtptest.Password}
	if change != nil {
		change(&server)
	}
	sender := New(server, "Lernen <no-reply@learn.example.com>", `"Hilfe, bitte" <help@learn.example.com>`,
		func() time.Time { return testNow })
	sender.roots, sender.timeout = s.Roots, time.Minute // a busy machine needs more than connectTimeout
	sender.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Addr)
	}
	return sender
}

// checkNoSecrets fails the test if an error has a value of the mail or the password.
func checkNoSecrets(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"ada@", "t0k3n", smtptest.User, smtptest.Password, "battery"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error contains %q: %v", secret, err)
		}
	}
}

// parsedMail is a mail as a program that shows mails reads it.
type parsedMail struct {
	From, To, ReplyTo, Subject, Date, AutoSubmitted string
	Parts                                           map[string]string
}

func parseMail(t *testing.T, text string) (p parsedMail, messageID string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("parse the mail: %v\n%s", err, text)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	p = parsedMail{
		From: m.Header.Get("From"), To: m.Header.Get("To"), ReplyTo: m.Header.Get("Reply-To"), Subject: subject,
		Date: m.Header.Get("Date"), AutoSubmitted: m.Header.Get("Auto-Submitted"), Parts: map[string]string{},
	}
	kind, options, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("type of the mail: got %s, %v, want multipart/alternative", kind, err)
	}
	for parts := multipart.NewReader(m.Body, options["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return p, m.Header.Get("Message-ID")
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
			t.Errorf("encoding of a part: got %s, want quoted-printable", got)
		}
		decoded, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		p.Parts[part.Header.Get("Content-Type")] = strings.ReplaceAll(string(decoded), "\r\n", "\n")
	}
}

func TestMailArrivesAsItWasSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options smtptest.Options
		change  func(*config.SMTP)
		host    string
	}{
		"STARTTLS": {smtptest.Options{}, nil, "example.com"},
		"implicit TLS": {
			smtptest.Options{ImplicitTLS: true}, func(s *config.SMTP) { s.ImplicitTLS = true }, "example.com",
		},
		"without TLS, on this host": {smtptest.Options{NoTLS: true}, nil, "127.0.0.1"},
		"without a password": {
			smtptest.Options{RefusePasswords: true}, func(s *config.SMTP) { s.User, s.Password = "", "" }, "example.com",
		},
	} {
		server := smtptest.Start(t, c.options)
		sender := newSender(server, c.host, c.change)
		ids := map[string]bool{}
		for i := range 3 {
			if err := sender.Send(t.Context(), fmt.Sprintf("ada@%d.example.com", i), testContent); err != nil {
				t.Fatalf("%s: got %v, want no error", name, err)
			}
		}
		sender.Close()
		got := server.Mails()
		if len(got) != 3 {
			t.Fatalf("%s: the server has %d mails, want 3", name, len(got))
		}
		for i, m := range got {
			to := fmt.Sprintf("ada@%d.example.com", i)
			if diff := cmp.Diff(smtptest.Mail{From: "no-reply@learn.example.com", To: []string{to}},
				smtptest.Mail{From: m.From, To: m.To}); diff != "" {
				t.Errorf("%s: sender and recipient of the mail (-want +got):\n%s", name, diff)
			}
			parsed, id := parseMail(t, m.Text)
			ids[id] = true
			if !strings.HasSuffix(id, "@learn.example.com>") {
				t.Errorf("%s: got the Message-ID %s, want one of the sender's domain", name, id)
			}
			if diff := cmp.Diff(parsedMail{
				From: `"Lernen" <no-reply@learn.example.com>`, To: "<" + to + ">",
				ReplyTo: `"Hilfe, bitte" <help@learn.example.com>`,
				Subject: testContent.Subject, Date: "Fri, 02 Jan 2026 03:04:05 +0000", AutoSubmitted: "auto-generated",
				Parts: map[string]string{
					"text/plain; charset=UTF-8": testContent.Text, "text/html; charset=UTF-8": testContent.HTML,
				},
			}, parsed); diff != "" {
				t.Errorf("%s: mail that arrived (-want +got):\n%s", name, diff)
			}
		}
		if len(ids) != 3 {
			t.Errorf("%s: got %d different Message-IDs of 3 mails, want 3", name, len(ids))
		}
		want := 1 // for all mails; with STARTTLS the server counts the session before it, too
		if name == "STARTTLS" || name == "without a password" {
			want = 2
		}
		if got := server.Connections(); got != want {
			t.Errorf("%s: the server saw %d sessions, want %d", name, got, want)
		}
	}
}

func TestWrongPasswordIsAClearError(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	sender := newSender(server, "example.com", func(s *config.SMTP) { s.Password = "wrong battery" })
	for range 3 { // the batch asks only once
		err := sender.Send(t.Context(), "ada@example.com", testContent)
		checkNoSecrets(t, err)
		const want = "the SMTP server answered 535: it refuses the user or the password of SMTP_URL"
		if err == nil || err.Error() != want {
			t.Errorf("mail with a wrong password: got %v, want %s", err, want)
		}
	}
	if got := server.Users(); len(got) != 1 || len(server.Mails()) != 0 {
		t.Errorf("sign-ins of a batch with a wrong password: got %v and mails %v, want one and none", got, server.Mails())
	}
	sender.server.Password = smtptest.Password
	sender.Close()
	if err := sender.Send(t.Context(), "ada@example.com", testContent); err != nil {
		t.Errorf("mail of the next batch, with the right password: got %v, want no error", err)
	}
}

// Neither the password nor a mail goes to a server without TLS.
func TestServerWithoutSTARTTLSGetsNoPassword(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{NoTLS: true})
	err := newSender(server, "example.com", nil).Send(t.Context(), "ada@example.com", testContent)
	checkNoSecrets(t, err)
	if err == nil || !strings.Contains(err.Error(), "does not offer STARTTLS, so neither password nor mail was sent") {
		t.Errorf("mail through a server without STARTTLS: got %v, want an error that says so", err)
	}
	if len(server.Users()) != 0 || len(server.Mails()) != 0 {
		t.Errorf("a server without STARTTLS: got the users %v and the mails %v, want none", server.Users(), server.Mails())
	}
}

func TestInvalidCertificateGetsNoPassword(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Sender){
		"of an unknown authority": func(s *Sender) { s.roots = nil },
		"of another host":         func(s *Sender) { s.server.Host = "smtp.example.net" },
	} {
		for _, implicit := range []bool{false, true} {
			server := smtptest.Start(t, smtptest.Options{ImplicitTLS: implicit})
			sender := newSender(server, "example.com", func(s *config.SMTP) { s.ImplicitTLS = implicit })
			change(sender)
			err := sender.Send(t.Context(), "ada@example.com", testContent)
			checkNoSecrets(t, err)
			if err == nil || !strings.Contains(err.Error(), "the certificate of the SMTP server is not valid: x509: ") {
				t.Errorf("server with a certificate %s, implicit TLS %v: got %v, want an error of the certificate",
					name, implicit, err)
			}
			if got := server.Users(); len(got) != 0 {
				t.Errorf("server with a certificate %s: got a sign-in of %v, want none", name, got)
			}
		}
	}
}

func TestServerWithoutPasswordsIsAClearError(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{RefusePasswords: true})
	err := newSender(server, "example.com", nil).Send(t.Context(), "ada@example.com", testContent)
	checkNoSecrets(t, err)
	if err == nil || !strings.Contains(err.Error(), "does not accept passwords") {
		t.Errorf("password for a server that accepts none: got %v, want an error that says so", err)
	}
}

// A refused mail does not disturb the others of the batch, and needs no other connection.
func TestRefusedMailDoesNotStopTheBatch(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		550: "the SMTP server answered 550 5.1.1, which refuses the mail for good",
		451: "the SMTP server answered 451 4.1.1, which refuses the mail for now",
	} {
		server := smtptest.Start(t, smtptest.Options{})
		server.Refuse(func(to string) error {
			if strings.HasPrefix(to, "refused@") {
				return smtptest.Answer(code, to)
			}
			return nil
		})
		sender := newSender(server, "example.com", nil)
		for _, to := range []string{"ada@example.com", "refused@example.com", "bob@example.com"} {
			err := sender.Send(t.Context(), to, testContent)
			checkNoSecrets(t, err)
			switch {
			case to != "refused@example.com" && err != nil:
				t.Errorf("the mail to %s in a batch with a refused one: got %v, want no error", to, err)
			case to == "refused@example.com" && (err == nil || err.Error() != want):
				t.Errorf("the refused mail: got %v, want %s", err, want)
			}
		}
		server.Refuse(nil)
		if err := sender.Send(t.Context(), "refused@example.com", testContent); err != nil {
			t.Errorf("the mail that was refused with %d before: got %v, want no error", code, err)
		}
		if mails, sessions := len(server.Mails()), server.Connections(); mails != 3 || sessions != 2 {
			t.Errorf("a batch with a mail refused with %d: got %d mails and %d sessions, want 3 and 2", code, mails, sessions)
		}
	}
}

func TestServerThatIsDownIsAClearError(t *testing.T) {
	t.Parallel()
	sender := New(config.SMTP{Host: "127.0.0.1", Port: freeport.Port(t)}, "a@example.com", "", time.Now)
	err := sender.Send(t.Context(), "ada@example.com", testContent)
	checkNoSecrets(t, err)
	if err == nil || !strings.Contains(err.Error(), "no connection to the SMTP server: dial tcp 127.0.0.1:") {
		t.Errorf("mail through a server that is down: got %v, want an error that names its address", err)
	}
}

// silentServer accepts connections, writes greeting and never answers anything.
func silentServer(t *testing.T, greeting string) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			_, _ = io.WriteString(conn, greeting)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// A server that accepts the connection and never answers costs one time limit for a batch, and never more time than the
// invocation has.
func TestSilentServerEndsAtTheTimeLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		greeting string
		implicit bool
		timeout  time.Duration
		deadline time.Duration
	}{
		"before the greeting, own limit": {"", false, 100 * time.Millisecond, time.Minute},
		"before the greeting, deadline":  {"", false, time.Minute, 100 * time.Millisecond},
		"after the greeting":             {"220 mx.example.com\r\n", false, time.Minute, 100 * time.Millisecond},
		"in the TLS handshake":           {"", true, time.Minute, 100 * time.Millisecond},
	} {
		sender := New(config.SMTP{Host: "127.0.0.1", Port: silentServer(t, c.greeting), ImplicitTLS: c.implicit},
			"a@example.com", "", time.Now)
		sender.timeout = c.timeout
		ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
		began := time.Now()
		for range 3 {
			if err := sender.Send(ctx, "ada@example.com", testContent); !errors.Is(err, errConnectTimeout) {
				t.Errorf("a server that is silent %s: got %v, want %v", name, err, errConnectTimeout)
			}
		}
		sender.Close()
		cancel()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("a server that is silent %s: three mails took %s, want about 100 ms", name, took)
		}
	}
}

func TestSenderClosesItsConnections(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{NoTLS: true})
	sender := newSender(server, "127.0.0.1", nil)
	for range 2 {
		if err := sender.Send(t.Context(), "ada@example.com", testContent); err != nil {
			t.Fatal(err)
		}
		conn := sender.conn
		sender.Close()
		if _, err := conn.Write([]byte("NOOP\r\n")); err == nil || sender.client != nil {
			t.Errorf("connection after Close: got %v and the client %v, want a closed connection", err, sender.client)
		}
	}
}
