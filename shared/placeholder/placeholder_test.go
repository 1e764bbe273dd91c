package placeholder_test

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/placeholder"
)

func TestIsRecognizesPlaceholders(t *testing.T) {
	t.Parallel()
	for _, email := range []string{
		"6f1c4f0e-35b8-4f0e-9f86-0d4d1f3f8f5e@no-email.supabase-migration.invalid",
		"6f1c4f0e-35b8-4f0e-9f86-0d4d1f3f8f5e@email-conflict.supabase-migration.invalid",
		"6f1c4f0e-35b8-4f0e-9f86-0d4d1f3f8f5e@anonymous.supabase-migration.invalid",
		"6f1c4f0e-35b8-4f0e-9f86-0d4d1f3f8f5e@phone-only.supabase-migration.invalid",
		"6f1c4f0e-35b8-4f0e-9f86-0d4d1f3f8f5e@unverified.supabase-migration.invalid",
		"1234567890@twitter.placeholder.invalid",
		"1234567890@TWITTER.placeholder.INVALID",
	} {
		if !placeholder.Is(email) {
			t.Errorf("Is(%q) = false, want true", email)
		}
	}
	for _, email := range []string{
		"ada@example.com",
		"x7f2kq@privaterelay.appleid.com",
		"ada@twitter.placeholder.invalid.example.com",
		"ada@notplaceholder.invalid",
		"twitter.placeholder.invalid@example.com",
		`"x@twitter.placeholder.invalid"@example.com`,
		"ada@other.invalid",
		"",
	} {
		if placeholder.Is(email) {
			t.Errorf("Is(%q) = true, want false", email)
		}
	}
}
