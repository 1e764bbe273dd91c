package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// signatureBase64Length is the length of an HMAC-SHA-256, which has 32 bytes, in padded base64.
const signatureBase64Length = 44

// Sign appends Better Auth's signature to value: "." and the HMAC-SHA-256 of value in padded standard base64.
func Sign(secret []byte, value string) string {
	return value + "." + base64.StdEncoding.EncodeToString(hmacSHA256(secret, value))
}

// Verify returns the value of a text that Sign returned, and whether the signature is valid. It compares in constant
// time.
func Verify(secret []byte, signed string) (string, bool) {
	dot := strings.LastIndexByte(signed, '.')
	if dot <= 0 {
		return "", false
	}
	value, signature := signed[:dot], signed[dot+1:]
	if len(signature) != signatureBase64Length || signature[signatureBase64Length-1] != '=' {
		return "", false
	}
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(got, hmacSHA256(secret, value)) {
		return "", false
	}
	return value, true
}

// verifyWithAny is like Verify, with the secrets of a deployment of which any may have signed.
func verifyWithAny(secrets [][]byte, signed string) (value string, ok bool) {
	for _, secret := range secrets {
		if value, ok = Verify(secret, signed); ok {
			return value, true
		}
	}
	return "", false
}

func hmacSHA256(secret []byte, value string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(value))
	return h.Sum(nil)
}
