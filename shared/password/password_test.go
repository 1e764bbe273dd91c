package password

import (
	"strings"
	"testing"
)

func TestR06_LengthCountsUTF16UnitsAsSent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, password string
		want           int
	}{
		{"empty", "", 0},
		{"minimum - 1", strings.Repeat("a", 7), MinLength - 1},
		{"minimum", strings.Repeat("a", 8), MinLength},
		{"maximum", strings.Repeat("a", 128), MaxLength},
		{"maximum + 1", strings.Repeat("a", 129), MaxLength + 1},
		{"two bytes, one unit", strings.Repeat("é", 8), MinLength},
		{"three bytes, one unit", strings.Repeat("€", 7), MinLength - 1},
		{"letter of two units", strings.Repeat("😀", 4), MinLength},
		{"letters of two units, minimum - 1", strings.Repeat("😀", 3) + "a", MinLength - 1},
		{"letters of two units, maximum", strings.Repeat("😀", 64), MaxLength},
		{"letters of two units, maximum + 1", strings.Repeat("😀", 64) + "a", MaxLength + 1},
		{"nothing is trimmed", "  abcd  ", MinLength},
		{"nothing is normalised", "fiance\u0301", 7},
		{"a ligature counts as one", "ﬁancé①②", 7},
		{"the replacement for a lone surrogate", "\ufffd234567", 7},
		{"not UTF-8", "\xff234567", 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := UTF16Length(tt.password); got != tt.want {
				t.Errorf("Length = %d, want %d", got, tt.want)
			}
		})
	}
}
