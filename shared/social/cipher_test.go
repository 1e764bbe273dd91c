package social

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/cipher"
)

// The encrypted texts are from better-auth 1.7.25.
func TestTextsOfBetterAuthAreDecrypted(t *testing.T) {
	t.Parallel()
	keys, err := cipher.ParseKeys("", "vector-secret-0123456789-abcdefghijklmnopqrstuvwxyz")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		keys            cipher.Keys
		encrypted, want string
	}{
		"session token of a link": {
			keys.For(linkKeyPurpose),
			"80e4d9cd591b83d3e0f503404781a61752a8c7a6f01e733c7c9745a2dff1852ba7588c52c28c945098be421847c2" +
				"26ce04c06b89fbd2994a7d6f901e915ed3032ea225f695f3d378",
			"Zx9KfQ2mB7cT4vLw8RyN1sHd6PjGaEuX",
		},
		"token of a provider": {
			keys, "4befedec386e7bbfa1e00b0f985773f73200410a06e2a1d4210500332d066cb35d30334aae4c4675399673a50ae331f74fa7",
			"ya29.token",
		},
	} {
		if got, err := test.keys.Decrypt(test.encrypted); got != test.want || err != nil {
			t.Errorf("decrypt %s: got %q, %v, want the text without an error", name, got, err)
		}
	}
}
