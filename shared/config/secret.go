package config

const redacted = "[redacted]"

// Secret is a string that fmt, log/slog and encoding/json write as "[redacted]". Convert it to string to use it.
type Secret string

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
