//go:build node

package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOriginPatternVectorsEqualBetterAuths checks every pattern of vectors/trusted_urls.json with Better Auth's
// matcher. The tests of shared/web use these vectors.
func TestOriginPatternVectorsEqualBetterAuths(t *testing.T) {
	t.Parallel()
	type pattern struct {
		Pattern string   `json:"pattern"`
		URLs    []string `json:"urls"`
	}
	var v struct {
		Patterns []struct {
			Pattern string
			Cases   []struct {
				URL   string
				Match bool
			}
		}
	}
	text, err := os.ReadFile(filepath.Join("vectors", "trusted_urls.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var input struct {
		Patterns []pattern `json:"patterns"`
	}
	want := map[string]bool{}
	for _, p := range v.Patterns {
		q := pattern{Pattern: p.Pattern}
		for _, c := range p.Cases {
			q.URLs = append(q.URLs, c.URL)
			want[p.Pattern+" "+c.URL] = c.Match
		}
		input.Patterns = append(input.Patterns, q)
	}
	in, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "reference/origins.mjs")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers [][]bool
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for i, p := range input.Patterns {
		for j, url := range p.URLs {
			got[p.Pattern+" "+url] = answers[i][j]
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("which origins match a pattern (-Better Auth +vectors):\n%s", diff)
	}
}
