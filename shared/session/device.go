package session

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/random"
)

// The device cookie. Browsers send it only to the sign-in routes, and sign-in with a password,
// a mailed link or a mailed code reads it.
const (
	deviceCookie         = "better-auth.device"
	deviceCookiePath     = "/api/auth/sign-in"
	deviceCookieLifetime = 365 * 24 * time.Hour

	deviceIDLength = 16 // letters and digits, about 95 bits
)

// Device is a browser or an app that has proved the password of an account before, or has just set it. It gives no
// access. Wrong passwords from a device have their own rate limit, so that an attack on the account does not lock out
// its owner.
//
// The cookie is "issued.id.hashMAC.signature". The signature covers the email of the account, so that the cookie is not
// valid for another account. hashMAC is a MAC of the stored password hash, so that the cookie is not valid after a
// change of the password.
type Device struct {
	ID      string // a new id for every cookie
	hashMAC string
	secret  []byte
}

// Device returns the device that sent r if r has a valid device cookie for the account of email (lower case), else nil.
// It checks every cookie with this name, because another host of the domain may have set an invalid one. API Gateway
// limits the size of the headers, and so the number of cookies.
func (s *Sessions) Device(r *http.Request, email string) (*Device, error) {
	name := s.browserCookieName(deviceCookie)
	for k, v := range cookiePairs(r, name) {
		if k != name {
			continue
		}
		secrets, err := s.Secrets(r.Context())
		if err != nil {
			return nil, fmt.Errorf("read cookie secret: %w", err)
		}
		for _, secret := range secrets {
			if d := s.parseDevice(secret, email, v); d != nil {
				return d, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // no device is a result, not an error
}

// parseDevice returns the device of a cookie value, or nil if the value is not valid for the account of email.
func (s *Sessions) parseDevice(secret []byte, email, value string) *Device {
	part := strings.Split(value, ".")
	if len(part) != 4 || !hmac.Equal([]byte(part[3]), []byte(deviceSignature(secret, email, part[0], part[1], part[2]))) {
		return nil
	}
	issued, err := strconv.ParseInt(part[0], 10, 64)
	if err != nil || s.Now().Sub(time.Unix(issued, 0)) >= deviceCookieLifetime {
		return nil
	}
	return &Device{ID: part[1], hashMAC: part[2], secret: secret}
}

// IsForHash reports whether hash was the account's stored password hash when the cookie was set.
func (d *Device) IsForHash(hash string) bool {
	return hmac.Equal([]byte(d.hashMAC), []byte(deviceHashMAC(d.secret, hash)))
}

// SetDevice sets the device cookie for the account with the email (lower case), whose stored password hash is hash.
func (s *Sessions) SetDevice(w http.ResponseWriter, r *http.Request, email, hash string) error {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	issued, id := strconv.FormatInt(s.Now().Unix(), 10), random.String(tokenAlphabet, deviceIDLength)
	hashMAC := deviceHashMAC(secrets[0], hash)
	value := issued + "." + id + "." + hashMAC + "." + deviceSignature(secrets[0], email, issued, id, hashMAC)
	name, maxAge := s.browserCookieName(deviceCookie), int(deviceCookieLifetime.Seconds())
	w.Header().Add("Set-Cookie", s.setCookieLineForPath(deviceCookiePath, name, value, maxAge))
	return nil
}

// The texts that the two MACs below sign begin differently, so that neither MAC can be used as the other.

func deviceSignature(secret []byte, email, issued, id, hashMAC string) string {
	return encodeBase64URL(hmacSHA256(secret, strings.Join([]string{"device", email, issued, id, hashMAC}, "\x00")))
}

func deviceHashMAC(secret []byte, hash string) string {
	return encodeBase64URL(hmacSHA256(secret, "device password\x00"+hash)[:16])
}

func encodeBase64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
