package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
)

// NormalizePrivateKey returns Apple's private key as PEM with line breaks. In text, the line breaks may also be the two
// characters \n, or the whole PEM may be encoded as base64, because many tools do not keep line breaks in an
// environment variable. The error does not quote the text.
func NormalizePrivateKey(text string) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, `\n`, "\n"))
	if !strings.HasPrefix(text, "-----BEGIN ") {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return "", errPrivateKey
		}
		text = strings.TrimSpace(string(decoded))
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return "", errPrivateKey
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", errPrivateKey
	}
	if ec, ok := key.(*ecdsa.PrivateKey); !ok || ec.Curve != elliptic.P256() {
		return "", errors.New("is a private key of another kind; Apple's are EC keys on the curve P-256")
	}
	return string(pem.EncodeToMemory(block)), nil
}

// ApplePrivateKey is the name of the setting whose value NormalizePrivateKey parses.
const ApplePrivateKey = "APPLE_PRIVATE_KEY"

var errPrivateKey = errors.New("is not a private key; set the text of the file AuthKey_….p8 that Apple offers: PEM, " +
	`PEM with \n for the line breaks, or base64 of the PEM`)
