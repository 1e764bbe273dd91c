// Package smtp sends mails by SMTP. It links go-mail, so only functions/mailer and the command import it.
package smtp

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

const (
	// connectTimeout limits connecting: the connection, TLS and the sign-in together.
	connectTimeout = 10 * time.Second
	// quitTimeout limits how long the server can take to end the connection.
	quitTimeout = 500 * time.Millisecond
)

// Sender sends mails to one server. It opens a connection for the first mail and keeps it until Close. It is not safe
// for concurrent use. No error contains an email, a link or a password.
type Sender struct {
	server  config.SMTP
	from    string
	replyTo string
	now     func() time.Time
	roots   *x509.CertPool // of the server's certificate; nil means those of the system
	timeout time.Duration  // of connecting, and of each mail
	dial    gomail.DialContextFunc

	client *gomail.Client // nil while there is no connection
	conn   net.Conn       // the connection of client, below TLS
	failed error          // why the last attempt to connect failed; Close forgets it
}

// New returns a Sender. from and replyTo are in the form of a header; replyTo may be empty.
func New(server config.SMTP, from, replyTo string, now func() time.Time) *Sender {
	return &Sender{
		server: server, from: from, replyTo: replyTo, now: now,
		timeout: connectTimeout, dial: new(net.Dialer).DialContext,
	}
}

// Send sends one mail. It ends with the context at the latest. After a failed attempt to connect, it fails at once
// until Close is called, so that a batch does not wait for the same server again and again.
func (s *Sender) Send(ctx context.Context, to string, c content.Content) error {
	m, err := s.newMessage(to, c)
	if err != nil {
		return err
	}
	if s.failed != nil {
		return s.failed
	}
	if s.client == nil {
		if err := s.connect(ctx); err != nil {
			s.failed = describeConnecting(err)
			return s.failed
		}
	}
	conn := s.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // it ends a mail that takes too long
	err = s.client.Send(m)
	if !stop() {
		s.drop()
	}
	if err == nil || m.IsDelivered() {
		if err != nil {
			s.drop() // the server has accepted the mail, but does not answer any more
		}
		return nil
	}
	return s.afterRefusal(err)
}

// afterRefusal makes the connection ready for the next mail, or drops it, and returns the error without the text of the
// server.
func (s *Sender) afterRefusal(err error) error {
	refusal, ok := errors.AsType[*gomail.SendError](err)
	isUsable := ok && refusal.ErrorCode() != 0 && refusal.ErrorCode() != codeClosing
	if !isUsable || s.client == nil || s.client.Reset() != nil {
		s.drop()
	}
	if !ok || refusal.ErrorCode() == 0 {
		return errNoAnswer
	}
	return answerError{refusal.ErrorCode(), refusal.EnhancedStatusCode()}
}

// newMessage returns the mail with its headers.
func (s *Sender) newMessage(to string, c content.Content) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(s.from); err != nil {
		return nil, errors.New("MAIL_FROM is not an email that SMTP accepts")
	}
	if m.To(to) != nil { // the error would quote the email
		return nil, errors.New("the recipient is not an email that SMTP accepts")
	}
	if s.replyTo != "" && m.ReplyTo(s.replyTo) != nil {
		return nil, errors.New("MAIL_REPLY_TO is not an email that SMTP accepts")
	}
	m.Subject(c.Subject)
	m.SetDateWithValue(s.now())
	m.SetMessageIDWithValue(strings.ToLower(rand.Text()) + "@" + s.domain())
	m.SetGenHeader("Auto-Submitted", "auto-generated") // no replies from programs (RFC 3834)
	m.SetBodyString(gomail.TypeTextPlain, c.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, c.HTML)
	return m, nil
}

// domain returns the domain of the sender.
func (s *Sender) domain() string {
	from, err := netmail.ParseAddress(s.from)
	if err != nil {
		return "localhost" // not possible: package config has parsed it
	}
	return from.Address[strings.LastIndexByte(from.Address, '@')+1:]
}

// connect opens a connection, encrypts it, and signs in if the settings have a user.
func (s *Sender) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var conn net.Conn
	stop := func() bool { return true }
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		var err error
		if conn, err = s.dial(ctx, network, address); err != nil {
			return nil, err
		}
		stop = context.AfterFunc(ctx, func() { _ = conn.Close() }) // the time is over
		if !s.server.ImplicitTLS {
			return conn, nil
		}
		encrypted := tls.Client(conn, s.tlsConfig())
		return encrypted, encrypted.HandshakeContext(ctx)
	}
	client, err := gomail.NewClient(s.server.Host, s.options(dial)...)
	if err == nil {
		err = client.DialWithContext(ctx)
	}
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		if conn != nil {
			_ = conn.Close() // go-mail leaves it open
		}
		return err
	}
	s.client, s.conn = client, conn
	return nil
}

func (s *Sender) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.server.Host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// options returns the options of go-mail. Without TLS it sends no password, except to a server on this computer.
func (s *Sender) options(dial gomail.DialContextFunc) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.server.Port), gomail.WithTimeout(s.timeout), gomail.WithHELO(s.domain()),
		gomail.WithTLSConfig(s.tlsConfig()), gomail.WithDialContextFunc(dial), gomail.WithoutNoop(),
	}
	switch {
	case s.server.ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case s.server.RequiresTLS():
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if s.server.User == "" {
		return options
	}
	methods := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
	if !s.server.RequiresTLS() {
		methods = []gomail.SMTPAuthType{gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
	}
	return append(options, gomail.WithOpportunisticSMTPAuth(methods...),
		gomail.WithUsername(s.server.User), gomail.WithPassword(string(s.server.Password)))
}

// drop ends the connection without a word to the server.
func (s *Sender) drop() {
	if s.conn != nil {
		_ = s.conn.Close() // the connection is over
	}
	s.client, s.conn = nil, nil
}

// Close ends the connection, if there is one. The next Send opens another.
func (s *Sender) Close() {
	s.failed = nil
	if s.client == nil {
		return
	}
	conn := s.conn
	timer := time.AfterFunc(quitTimeout, func() { _ = conn.Close() }) // the connection is over
	_ = s.client.Close()                                              // all mails have been accepted or refused
	timer.Stop()
	s.drop()
}

// errNoAnswer is the error of a connection that ended while a mail was sent.
var errNoAnswer = errors.New("no answer from the SMTP server: network or time limit")

// codeClosing is the status of a server that ends the connection (RFC 5321, section 3.8).
const codeClosing = 421

// answerError is the status of a server that did not accept a mail.
type answerError struct {
	code     int
	enhanced string // such as 5.1.1, or ""
}

func (e answerError) Error() string {
	text := fmt.Sprintf("the SMTP server answered %d", e.code)
	if e.enhanced != "" {
		text += " " + e.enhanced
	}
	if e.code >= 500 {
		return text + ", which refuses the mail for good"
	}
	return text + ", which refuses the mail for now"
}
