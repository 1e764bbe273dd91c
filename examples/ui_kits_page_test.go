package examples

import (
	"os"
	"strings"
	"testing"
)

// The page shows the files of the example, each line indented as a part of a numbered list.
func TestPageOfUIKitsShowsTheFilesOfTheExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/ui-kits.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vite.config.ts", "src/style.css", "src/main.tsx"} {
		text, err := os.ReadFile("vite-react/" + name)
		if err != nil {
			t.Fatal(err)
		}
		indented := strings.ReplaceAll("\n"+strings.TrimSpace(string(text)), "\n", "\n   ")
		if want := strings.ReplaceAll(indented, "\n   \n", "\n\n"); !strings.Contains(string(page), want) {
			t.Errorf("docs/ui-kits.md: got a page without the text of examples/vite-react/%s, want the whole file", name)
		}
	}
}
