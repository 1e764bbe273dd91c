package stringify_test

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/stringify"
)

func TestMarshalEncodesLikeJavaScript(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<b>&\u2028\u2029":     "\"<b>&\u2028\u2029\"",
		`\u2028 as text`:       `"\\u2028 as text"`,
		"\\\u2028":             "\"\\\\\u2028\"",
		"tab\tquote\" nul\x00": `"tab\tquote\" nul\u0000"`,
	} {
		got, err := stringify.Marshal(in)
		if err != nil || string(got) != want {
			t.Errorf("Marshal(%q) = %s, %v, want %s", in, got, err, want)
		}
	}
}

func TestMarshalSortsTheKeysOfMaps(t *testing.T) {
	t.Parallel()
	got, err := stringify.Marshal(map[string]string{"b": "<&>", "a": "1"})
	if err != nil || string(got) != `{"a":"1","b":"<&>"}` {
		t.Errorf("Marshal of a map = %s, %v, want its keys in the order a, b", got, err)
	}
	if _, err := stringify.Marshal(func() {}); err == nil {
		t.Error("Marshal of a function returned no error, want one")
	}
}

func TestAppendStringWritesWhatMarshalWrites(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "plain", `a "quote"`, `a\b`, "line\nbreak", "<b>&\u2028\u2029", "ü😀", "\x00\x1f\x7f", "invalid \xff",
	} {
		want, err := stringify.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(stringify.AppendString([]byte("x"), text)); got != "x"+string(want) {
			t.Errorf("AppendString of %q: got %s, want x and %s", text, got, want)
		}
	}
}
