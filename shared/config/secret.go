package config

const redacted = "[redacted]"

// Secret is a string that prints as "[redacted]" in every format. Convert it to string to use it.
type Secret string

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
