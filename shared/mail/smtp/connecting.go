package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

var (
	errNoSTARTTLS = errors.New("the SMTP server does not offer STARTTLS, so neither password nor mail was sent; " +
		"use smtps:// if the server has a port for TLS, or another port")
	errNoPasswords = errors.New("the SMTP server does not accept passwords (AUTH PLAIN or LOGIN) on this port; " +
		"remove user and password from SMTP_URL if it needs none")
	errConnectTimeout = errors.New("no answer from the SMTP server within the time limit")
)

// describeConnecting returns the reason why there is no connection, without the text of the server, which can quote the
// user.
func describeConnecting(err error) error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		if strings.HasPrefix(err.Error(), "SMTP AUTH failed") {
			return fmt.Errorf("the SMTP server answered %d: it refuses the user or the password of SMTP_URL", answer.Code)
		}
		return fmt.Errorf("the SMTP server answered %d to the connection", answer.Code)
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the certificate of the SMTP server is not valid: %w", certificate.Err)
	}
	switch {
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return errNoSTARTTLS
	case strings.Contains(err.Error(), "does not support SMTP AUTH"), errors.Is(err, gomail.ErrPlainAuthNotSupported),
		errors.Is(err, gomail.ErrLoginAuthNotSupported), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered):
		return errNoPasswords
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errConnectTimeout
	case errors.As(err, new(*net.OpError)), errors.As(err, new(*net.DNSError)): // they name the host and the port
		return fmt.Errorf("no connection to the SMTP server: %w", err)
	}
	return errors.New("no connection to the SMTP server: it does not speak SMTP, or the network failed")
}
