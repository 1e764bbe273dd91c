package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/keys"
)

// newKeySet returns a new key set, and a function that returns its JWKS.
func newKeySet(t *testing.T) (set keys.Set, jwks func() []byte) {
	t.Helper()
	set, err := keys.Generate(reportTime, config.RS256)
	if err != nil {
		t.Fatal(err)
	}
	return set, func() []byte {
		text, err := json.Marshal(map[string]any{"keys": set.Public(reportTime)})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

func signReport(t *testing.T, set keys.Set, r report.Report) report.SignedReport {
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
	s := signReport(t, k, completeReport())
	got, err := report.Check(s.JSON(), jwks())
	want := report.CheckedReport{Run: "supabase", Made: completeReport().Made, Digest: s.Digest, KeyID: got.KeyID}
	if got != want || err != nil || got.KeyID == "" {
		t.Errorf("Check of a signed report: got %+v, %v, want %+v with a key id", got, err, want)
	}
	var file struct{ Report report.Report }
	if err := json.Unmarshal(s.JSON(), &file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(completeReport(), file.Report); diff != "" {
		t.Errorf("the report in the JSON (-signed +read):\n%s", diff)
	}
	if again := signReport(t, k, completeReport()); !bytes.Equal(again.JSON(), s.JSON()) {
		t.Error("signing the same report twice gives two different texts, want the same text")
	}
	_, others := newKeySet(t)
	if _, err := report.Check(s.JSON(), others()); !errors.Is(err, keys.ErrUnknownKey) {
		t.Errorf("Check with the JWKS of another deployment: got %v, want ErrUnknownKey", err)
	}
}

// jq does not escape these characters. The report does not either, so that its digest is that of the output of `jq -cj
// .report`.
func TestReportDoesNotEscapeCharactersThatJQWritesUnescaped(t *testing.T) {
	t.Parallel()
	k, jwks := newKeySet(t)
	r := completeReport()
	r.Plan.Warnings = []string{"<&>\u2028\u2029"}
	s := signReport(t, k, r)
	if !bytes.Contains(s.JSON(), []byte("<&>\u2028\u2029")) {
		t.Errorf("the JSON of the report escapes one of the characters <, &, >, U+2028 and U+2029, want none escaped")
	}
	if _, err := report.Check(s.JSON(), jwks()); err != nil {
		t.Errorf("Check of a report with these characters: got %v, want no error", err)
	}
}

func TestR58_CheckDetectsEveryChangedByte(t *testing.T) {
	t.Parallel()
	k, jwks := newKeySet(t)
	text, public := signReport(t, k, completeReport()).JSON(), jwks()
	for i := range text {
		for _, to := range []byte{text[i] ^ 1, text[i] ^ 0x20, ' '} {
			altered := slices.Clone(text)
			if altered[i] = to; to == text[i] {
				continue
			}
			_, err := report.Check(altered, public)
			if !errors.Is(err, report.ErrAltered) && !errors.Is(err, keys.ErrUnknownKey) {
				t.Fatalf("Check of a report whose byte %d is %q instead of %q: got %v, want ErrAltered or ErrUnknownKey",
					i, to, text[i], err)
			}
		}
	}
	other := completeReport()
	other.Status.Pass++
	otherReport := signReport(t, k, other)
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
			t.Errorf("Check of a report with this change: %s: got %v, want ErrAltered", name, err)
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
