package config

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// SMTP says how to reach the server that sends mails.
type SMTP struct {
	Host        string
	Port        int
	User        string // "" means that the server needs no password
	Password    Secret
	ImplicitTLS bool // smtps: TLS from the first byte; with smtp, STARTTLS switches to it
}

// RequiresTLS reports whether the connection must be encrypted. It need not be if the server is on this computer.
func (s SMTP) RequiresTLS() bool { return s.ImplicitTLS || !IsLoopbackHost(s.Host) }

var errSMTPURL = errors.New("is not of the form smtp://user:password@host:587 or smtps://user:password@host:465; " +
	"write %40 for an @ in the user or the password, and %3A for a colon")

// ParseSMTPURL parses the value of SMTP_URL. The errors do not quote it, because it has a password.
func ParseSMTPURL(text Secret) (SMTP, error) {
	u, err := url.Parse(string(text))
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.Fragment != "" {
		return SMTP{}, errSMTPURL
	}
	s := SMTP{Host: u.Hostname(), Port: 587, User: u.User.Username(), ImplicitTLS: u.Scheme == "smtps"}
	if s.ImplicitTLS {
		s.Port = 465
	}
	if u.Port() != "" {
		if s.Port, err = strconv.Atoi(u.Port()); err != nil || s.Port < 1 || s.Port > 65535 {
			return SMTP{}, errors.New("the port is not a number from 1 to 65535")
		}
	}
	password, hasPassword := u.User.Password()
	if hasPassword != (s.User != "") || hasPassword && password == "" {
		return SMTP{}, errors.New("has a user without a password, or a password without a user")
	}
	s.Password = Secret(password)
	return s, nil
}

// readSMTPURL reads and checks an SMTP URL. It may be empty.
func (l *loader) readSMTPURL(name string) Secret {
	v := Secret(l.getenv(name))
	if v == "" {
		return ""
	}
	if _, err := ParseSMTPURL(v); err != nil {
		l.addProblem(name, "%w", err)
	}
	return v
}
