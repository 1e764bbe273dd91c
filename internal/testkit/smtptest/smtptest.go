// Package smtptest starts a real SMTP server, github.com/emersion/go-smtp, for tests.
package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The user and the password that the server accepts.
const (
	User     = "mailer@example.com"
	Password = "correct horse: battery/staple"
)

// Mail is a mail that the server accepted.
type Mail struct {
	From string
	To   []string
	Text string // headers and body
}

// Server is an SMTP server on the loopback interface.
type Server struct {
	Addr  string         // host and port
	Roots *x509.CertPool // of its certificate, which is valid for 127.0.0.1 and example.com

	mu          sync.Mutex
	mails       []Mail
	users       []string // of every sign-in that was tried
	connections int
	refuse      func(to string) error
}

// Options of a Server.
type Options struct {
	NoTLS           bool // the server does not offer STARTTLS, and accepts passwords without TLS
	ImplicitTLS     bool // TLS from the first byte
	RefusePasswords bool // the server does not offer AUTH
}

// Start starts a server until the end of the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	web := httptest.NewTLSServer(nil) // only for its certificate
	certificate, roots := web.TLS.Certificates[0], x509.NewCertPool()
	roots.AddCert(web.Certificate())
	web.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: listener.Addr().String(), Roots: roots}
	settings := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.connections++
		session := &session{server: s}
		if o.RefusePasswords {
			return session, nil
		}
		return &authSession{session}, nil
	}))
	server.Domain, server.AllowInsecureAuth, server.EnableSMTPUTF8 = "mx.example.com", o.NoTLS, true
	server.ErrorLog = log.New(io.Discard, "", 0) // clients end connections on purpose
	if !o.NoTLS {
		server.TLSConfig = settings
	}
	if o.ImplicitTLS {
		listener = tls.NewListener(listener, settings)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Errorf("serve SMTP: %v", err)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return s
}

// Port returns the port of the server.
func (s *Server) Port() int {
	_, text, _ := net.SplitHostPort(s.Addr)
	port, err := strconv.Atoi(text)
	if err != nil {
		panic(err) // not possible: net.Listen has returned it
	}
	return port
}

// Refuse sets a function that returns the answer to a recipient, or nil to accept it.
func (s *Server) Refuse(refuse func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// Answer returns an answer of the server. Its text quotes the recipient, as those of real servers do.
func Answer(code int, to string) error {
	return &smtp.SMTPError{
		Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "mailbox of " + to + " is not available",
	}
}

// Mails returns the mails that the server has accepted.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Users returns the users of every sign-in that was tried.
func (s *Server) Users() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.users)
}

// Connections returns how many sessions clients have begun. STARTTLS begins another one.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

type session struct {
	server *Server
	mail   Mail
}

func (s *session) Reset()        { s.mail = Mail{} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.refuse != nil {
		if err := s.server.refuse(to); err != nil {
			return err
		}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.Text = string(text)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

type authSession struct{ *session }

func (s *authSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *authSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.users = append(s.server.users, user)
		if user != User || password != Password {
			return &smtp.SMTPError{
				Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password for " + user,
			}
		}
		return nil
	}), nil
}
