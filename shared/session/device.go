package session

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The device cookie. Only sign-in reads it, so browsers send it nowhere else.
const (
	deviceCookie = "better-auth.device"
	devicePath   = "/api/auth/sign-in"
	deviceLife   = 365 * 24 * time.Hour
)

// Device is a browser or an app that has shown the password of an account. It opens nothing: failed sign-ins from it
// are counted apart from those of strangers, so that an attack on the account does not lock its owner out.
//
// The cookie reads "issued.id.password.signature". The signature covers the email of the account, so that the cookie of
// one account means nothing for another. The third part is made from the stored hash, so that the cookie ends with the
// password.
type Device struct {
	ID       string // new with every cookie
	password string
	secret   []byte
}

// Device returns the device that sent r if it is known to the account of email (lower case), else nil. It looks at
// every cookie of the name, so that junk that another host of the domain sets does not hide the right one; API Gateway
// bounds their number by the size of a request's headers.
func (s *Sessions) Device(r *http.Request, email string) (*Device, error) {
	name := s.name(deviceCookie)
	for k, v := range cookies(r) {
		if k != name {
			continue
		}
		secret, err := s.Secret(r.Context())
		if err != nil {
			return nil, fmt.Errorf("read cookie secret: %w", err)
		}
		if d := s.parseDevice(secret, email, v); d != nil {
			return d, nil
		}
	}
	return nil, nil //nolint:nilnil // an unknown device is an answer, not a fault
}

func (s *Sessions) parseDevice(secret []byte, email, value string) *Device {
	part := strings.Split(value, ".")
	if len(part) != 4 || !hmac.Equal([]byte(part[3]), []byte(deviceSignature(secret, email, part[0], part[1], part[2]))) {
		return nil
	}
	issued, err := strconv.ParseInt(part[0], 10, 64)
	if err != nil || s.Now().Sub(time.Unix(issued, 0)) >= deviceLife {
		return nil
	}
	return &Device{ID: part[1], password: part[2], secret: secret}
}

// Knows reports whether hash, as it is stored now, is the one that the device has shown the password of.
func (d *Device) Knows(hash string) bool {
	return hmac.Equal([]byte(d.password), []byte(devicePassword(d.secret, hash)))
}

// SetDevice makes the device that sent r known to the account of email (lower case) while its stored hash is hash.
func (s *Sessions) SetDevice(w http.ResponseWriter, r *http.Request, email, hash string) error {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	var id [12]byte
	rand.Read(id[:]) // never returns an error
	issued, name, password := strconv.FormatInt(s.Now().Unix(), 10), text(id[:]), devicePassword(secret, hash)
	value := issued + "." + name + "." + password + "." + deviceSignature(secret, email, issued, name, password)
	w.Header().Add("Set-Cookie", s.lineFor(devicePath, s.name(deviceCookie), value, int(deviceLife.Seconds())))
	return nil
}

// The words that begin what is signed keep these signatures apart from those of the other cookies.

func deviceSignature(secret []byte, email, issued, id, password string) string {
	return text(mac(secret, strings.Join([]string{"device", email, issued, id, password}, "\x00")))
}

func devicePassword(secret []byte, hash string) string {
	return text(mac(secret, "device password\x00"+hash)[:16])
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
