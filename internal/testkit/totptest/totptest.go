// Package totptest computes the codes of an authenticator app. It shares no code with the product.
package totptest

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // G505: as in TOTP
	"encoding/base32"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

// Period is how long an app shows a code.
const Period = 30 * time.Second

// App is an authenticator app with the secret of one account.
type App struct{ key []byte }

// Scan returns the app that has scanned the QR code of a URI.
func Scan(uri string) (App, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return App{}, fmt.Errorf("parse the URI: %w", err)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil || len(key) == 0 || u.Scheme != "otpauth" || u.Host != "totp" {
		return App{}, fmt.Errorf("%q is no URI of an authenticator app (%w)", uri, err)
	}
	return App{key}, nil
}

// Code returns the code that the app shows at a time.
func (a App) Code(at time.Time) string {
	message := make([]byte, 8)
	big.NewInt(at.Unix() / 30).FillBytes(message)
	h := hmac.New(sha1.New, a.key)
	h.Write(message)
	sum := h.Sum(nil)
	offset := int(sum[19] % 16)
	number := new(big.Int).SetBytes(sum[offset : offset+4])
	number.And(number, big.NewInt(1<<31-1))
	return fmt.Sprintf("%06d", number.Mod(number, big.NewInt(1e6)).Int64())
}
