package conformance

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/totptest"
)

var (
	mailedCodePattern = regexp.MustCompile(`^\d{6}$`)
	appSecretPattern  = regexp.MustCompile(`\bsecret=[A-Z2-7]{52}\b`)
	backupCodePattern = regexp.MustCompile(`^[A-Za-z0-9]{5}-[A-Za-z0-9]{5}$`)

	// The cookies of a challenge and of a trusted device, with their signatures.
	twoFactorCookiePattern = regexp.MustCompile(
		`(2fa-[\w-]{20}|[\w-]{43}!trust-device-[\w-]{32})\.((?:[A-Za-z0-9]|%2B|%2F){43}%3D)`)
)

// replaceTwoFactorValues replaces the secrets, backup codes and cookies of the second factor.
func (n *nameTable) replaceTwoFactorValues(s string) string {
	s = appSecretPattern.ReplaceAllStringFunc(s, func(found string) string {
		return n.nameFor("app secret", found, "secret=SECRET%d")
	})
	s = twoFactorCookiePattern.ReplaceAllStringFunc(s, n.replaceTwoFactorCookie)
	return backupCodePattern.ReplaceAllStringFunc(s, func(code string) string {
		if strings.HasPrefix(code, "spare-") {
			return code
		}
		return n.nameFor("backup code", code, "spare-%05d")
	})
}

// replaceTwoFactorCookie replaces the value of a cookie of the second factor if its signature is valid.
func (n *nameTable) replaceTwoFactorCookie(s string) string {
	value, signature, _ := strings.Cut(s, ".")
	plain, err := url.PathUnescape(signature)
	if err != nil || plain != base64.StdEncoding.EncodeToString(n.mac(value)) {
		return s
	}
	if strings.Contains(value, "!") {
		return n.nameFor("trusted device", value, "trusted-device-%d") + ".signature%3D"
	}
	return n.nameFor("challenge", value, "challenge-%d") + ".signature%3D"
}

// computeCodes saves codes of authenticator apps.
func (p *player) computeCodes(apps map[string]string) error {
	for name, uri := range apps {
		app, err := totptest.Scan(p.fillPlaceholders(uri))
		if err != nil {
			return err
		}
		at := time.Now()
		if strings.HasSuffix(name, ".next") {
			at = at.Add(totptest.Period)
		}
		p.saved[name] = app.Code(at)
		p.names.given["code "+p.saved[name]] = "app-code" // a number would depend on the second at which the test runs
	}
	return nil
}
