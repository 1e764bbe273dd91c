package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/keys"
)

// newKeySet returns the key set of a deployment, and its JWKS.
func newKeySet(t *testing.T) (set keys.Set, jwks func() []byte) {
	t.Helper()
	set, err := keys.Generate(noon)
	if err != nil {
		t.Fatal(err)
	}
	return set, func() []byte {
		text, err := json.Marshal(map[string]any{"keys": set.Public(noon)})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

func sign(t *testing.T, set keys.Set, r report.Report) report.Signed {
	t.Helper()
	s, err := r.Sign(set)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestR58_SignedReportIsChecked(t *testing.T) {
	t.Parallel()
	k, jwks := newKeySet(t)
	s := sign(t, k, completeReport())
	got, err := report.Check(s.JSON(), jwks())
	want := report.Checked{Run: "supabase", Made: completeReport().Made, Digest: s.Digest, KeyID: got.KeyID}
	if got != want ||
		err != nil ||
		got.KeyID == "" {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	var file struct{ Report report.Report }
	if err := json.Unmarshal(s.JSON(), &file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(completeReport(), file.Report); diff != "" {
		t.Errorf("the report, written - read +:\n%s", diff)
	}
	if again := sign(t, k, completeReport()); !bytes.Equal(again.JSON(), s.JSON()) {
		t.Error("two encodings of the same report differ")
	}
	_, others := newKeySet(t)
	if _, err := report.Check(s.JSON(), others()); !errors.Is(err, keys.ErrUnknownKey) {
		t.Errorf("another deployment's keys: got %v", err)
	}
}

// jq writes these characters as they are, so that the digest is the one that `jq -cj .report` gives.
func TestReportEscapesNoLineSeparators(t *testing.T) {
	t.Parallel()
	k, jwks := newKeySet(t)
	r := completeReport()
	r.Plan.Warnings = []string{"<&>\u2028\u2029"}
	s := sign(t, k, r)
	if !bytes.Contains(s.JSON(), []byte("<&>\u2028\u2029")) {
		t.Error("the report has escapes that jq does not write")
	}
	if _, err := report.Check(s.JSON(), jwks()); err != nil {
		t.Error(err)
	}
}

func TestR58_CheckDetectsEveryChangedByte(t *testing.T) {
	t.Parallel()
	k, jwks := newKeySet(t)
	text, public := sign(t, k, completeReport()).JSON(), jwks()
	for i := range text {
		for _, to := range []byte{text[i] ^ 1, text[i] ^ 0x20, ' '} {
			altered := slices.Clone(text)
			if altered[i] = to; to == text[i] {
				continue
			}
			if _, err := report.Check(
				altered,
				public,
			); !errors.Is(err, report.ErrAltered) &&
				!errors.Is(err, keys.ErrUnknownKey) {
				t.Fatalf("byte %d, %q instead of %q: got %v", i, to, text[i], err)
			}
		}
	}
	other := completeReport()
	other.Status.Pass++
	otherReport := sign(t, k, other)
	for name, altered := range map[string][]byte{
		"additional byte":             append(slices.Clone(text), '\n'),
		"missing byte":                text[:len(text)-1],
		"nothing":                     nil,
		"an empty object":             []byte("{}"),
		"reformatted JSON":            indent(t, text),
		"signature of another report": bytes.Replace(text, []byte(signatureOf(t, text)), []byte(otherReport.Signature), 1),
		"another report":              bytes.Replace(text, []byte(`"pass":2,"batches"`), []byte(`"pass":3,"batches"`), 1),
		"duplicate member report":     bytes.Replace(text, []byte(`{"report":`), []byte(`{"report":{},"report":`), 1),
		"additional member Report":    bytes.Replace(text, []byte(`{"report":`), []byte(`{"Report":{},"report":`), 1),
		"duplicate member digest":     bytes.Replace(text, []byte("\n\"seal\""), []byte("\n\"digest\":\"\",\"seal\""), 1),
		"report is a number": []byte(`{"report":1,"digest":"sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e5` +
			`2ddb7875b4b","seal":"x"}`),
	} {
		if _, err := report.Check(altered, public); !errors.Is(err, report.ErrAltered) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func signatureOf(t *testing.T, text []byte) string {
	t.Helper()
	var file struct {
		Signature string `json:"seal"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Signature
}

func indent(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
