package config

import "time"

// Keys holds the settings of the commands that read or rotate the signing keys.
type Keys struct {
	SigningKeysARN  string // the secret in Secrets Manager with the key set
	SigningKeysFile string // the file with the key set, if SigningKeysARN is empty
	JWTExpiresIn    time.Duration
	JWTAlg          string // of new keys: RS256, ES256 or EdDSA
	JWKSURL         string // the public keys that check the signature of a report; empty: those of the key set
	AWS             AWS
}

// LoadKeySettings reads the settings of the key commands.
func LoadKeySettings(getenv func(string) string) (Keys, error) {
	l := loader{getenv: getenv}
	c := Keys{
		SigningKeysARN:  l.readSecretARN("SIGNING_KEYS_ARN"),
		SigningKeysFile: l.readTextOr("SIGNING_KEYS_FILE", DefaultSigningKeysFile),
		JWTExpiresIn:    l.readDuration("JWT_EXPIRES_IN", DefaultJWTExpiresIn),
		JWTAlg:          l.readJWTAlg(),
		AWS:             l.readAWS(),
	}
	if getenv("JWKS_URL") != "" {
		c.JWKSURL = l.readURL("JWKS_URL", "")
	}
	return c, l.err()
}

// Rotation holds the settings of functions/rotate.
type Rotation struct {
	SigningKeysARN string // the secret in Secrets Manager with the key set
	JWTExpiresIn   time.Duration
	JWTAlg         string // of new keys: RS256, ES256 or EdDSA
	AWS            AWS
}

// LoadRotation reads the settings of functions/rotate.
func LoadRotation(getenv func(string) string) (Rotation, error) {
	l := loader{getenv: getenv}
	c := Rotation{
		SigningKeysARN: l.readSecretARN("SIGNING_KEYS_ARN"),
		JWTExpiresIn:   l.readDuration("JWT_EXPIRES_IN", DefaultJWTExpiresIn),
		JWTAlg:         l.readJWTAlg(),
		AWS:            l.readAWS(),
	}
	if getenv("SIGNING_KEYS_ARN") == "" {
		l.addProblem("SIGNING_KEYS_ARN", "missing; set it to the ARN of the secret to rotate")
	}
	return c, l.err()
}
