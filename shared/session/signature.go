package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// signatureLength is that of 32 bytes in padded base64; any other length is refused.
const signatureLength = 44

// Sign appends the library's signature to value: "." and the padded standard base64 of HMAC-SHA-256 over it.
func Sign(secret []byte, value string) string {
	return value + "." + base64.StdEncoding.EncodeToString(mac(secret, value))
}

// Verify returns the value of a signed text, and whether its signature is right. Constant time in the signature.
func Verify(secret []byte, signed string) (string, bool) {
	dot := strings.LastIndexByte(signed, '.')
	if dot <= 0 {
		return "", false
	}
	value, signature := signed[:dot], signed[dot+1:]
	if len(signature) != signatureLength || signature[signatureLength-1] != '=' {
		return "", false
	}
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(got, mac(secret, value)) {
		return "", false
	}
	return value, true
}

func mac(secret []byte, value string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(value))
	return h.Sum(nil)
}
