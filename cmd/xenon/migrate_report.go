package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	importreport "github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/keys"
)

type migrateReportCmd struct {
	importFlags
	HTML  string `name:"html" help:"Write a page for people here; it holds the signed JSON too." placeholder:"FILE"`
	Out   string `help:"Write the signed JSON here." placeholder:"FILE"`
	Check string `help:"Say whether this JSON is a report as it was signed. Needs no database." placeholder:"FILE"`
	JWKS  string `name:"jwks" help:"The public keys for --check; default: JWKS_URL, else the deployment's own keys" placeholder:"FILE|URL"`
}

func (migrateReportCmd) Help() string {
	return "Counts, checksums, reasons and differences of a run, without personal data, signed with the key that signs " +
		"tokens\n" +
		`(SIGNING_KEYS_ARN, else SIGNING_KEYS_FILE).

  xenon migrate report --html report.html --out report.json
  xenon migrate report --check report.json --jwks https://learn.example.com/api/auth/jwks`
}

// Run writes a report or checks one.
func (c migrateReportCmd) Run(ctx context.Context, getenv environment, std streams) error {
	if c.Check != "" {
		return c.check(ctx, getenv, std)
	}
	m, _, err := c.open(ctx, getenv, std)
	if err != nil {
		return err
	}
	r, err := importreport.Read(ctx, m.Env(), c.Name)
	if err != nil {
		return explain(ctx, err)
	}
	if c.HTML == "" && c.Out == "" && !c.JSON {
		printReport(std.out, r)
		fmt.Fprintf(std.out, "\nTo keep it: %s --html report.html\n", choiceFlags{}.again("report", c.Name))
		return nil
	}
	cfg, err := loadKeySettings(ctx, getenv)
	if err != nil {
		return err
	}
	signed, err := sign(ctx, r, cfg)
	if err != nil {
		return advise(err, "SIGNING_KEYS_ARN or SIGNING_KEYS_FILE names the keys; on a laptop, xenon keys rotate makes some.")
	}
	return c.write(signed, std)
}

// sign signs the report with the key that signs the deployment's tokens.
func sign(ctx context.Context, r importreport.Report, cfg config.Keys) (importreport.Signed, error) {
	set, err := keys.Load(ctx, cfg)
	if err != nil {
		return importreport.Signed{}, err
	}
	return r.Sign(set)
}

func (c migrateReportCmd) write(s importreport.Signed, std streams) error {
	var page bytes.Buffer
	if err := s.HTML(&page); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{c.HTML, page.Bytes()}, {c.Out, s.JSON()}} {
		if f.name == "" {
			continue
		}
		if err := os.WriteFile(f.name, f.text, 0o600); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		fmt.Fprintln(std.err, "wrote", f.name)
	}
	if c.JSON {
		_, err := std.out.Write(s.JSON())
		return err
	}
	end := s.Report.Conclusion()
	fmt.Fprintf(std.out, "%s. %s\n%s\n", end.Title, end.Text, s.Digest)
	return nil
}

func printReport(out io.Writer, r importreport.Report) {
	end := r.Conclusion()
	fmt.Fprintf(out, "%s: %s\n  %s\n", r.Status.Run, end.Title, wrap(end.Text, 106, "\n  "))
	printCounts(out, "What became of every row", r.Status.Counts)
	printReasons(out, "In the quarantine", r.Status.Reasons)
	printLines(out, "Not checked", r.Plan.NotChecked)
}

// checked is the answer for machines.
type checked struct {
	Result string `json:"verdict"` // "valid", "altered" or "unknown key"
	Why    string `json:"why,omitempty"`
	*importreport.Checked
}

func (c migrateReportCmd) check(ctx context.Context, getenv environment, std streams) error {
	text, err := os.ReadFile(c.Check)
	if err != nil {
		return err
	}
	jwks, err := c.jwks(ctx, getenv)
	if err != nil {
		return err
	}
	report, err := importreport.Check(text, jwks)
	answer := checked{Result: "valid", Checked: &report}
	switch {
	case errors.Is(err, importreport.ErrAltered):
		answer = checked{Result: "altered", Why: err.Error()}
		err = advise(
			fmt.Errorf("%s: %w", c.Check, err),
			"Do not rely on it. Ask for the original, or write the report again.",
		)
	case errors.Is(err, keys.ErrUnknownKey):
		answer = checked{Result: "unknown key", Why: err.Error()}
		err = advise(
			fmt.Errorf("%s: %w", c.Check, err),
			"Nothing can be said about it with these keys. --jwks takes those of the deployment that made it, as they were "+
				"then.",
		)
	case err != nil:
		return err
	}
	if c.JSON {
		return errors.Join(printJSON(std, answer), err)
	}
	if err == nil {
		fmt.Fprintf(
			std.out,
			"valid: the report of run %q of %s, as it was signed with key %s\n",
			report.Run,
			report.Made.UTC().Format(time.RFC3339),
			report.KeyID,
		)
	}
	return err
}

// jwks is the key set that a report is checked with.
func (c migrateReportCmd) jwks(ctx context.Context, getenv environment) ([]byte, error) {
	cfg, err := config.LoadKeys(getenv)
	if err != nil {
		return nil, err
	}
	from := c.JWKS
	if from == "" {
		from = cfg.JWKSURL
	}
	switch {
	case strings.HasPrefix(from, "https://"), strings.HasPrefix(from, "http://"):
		return fetchJWKS(ctx, from)
	case from != "":
		return os.ReadFile(from) //nolint:gosec // the caller names the file
	}
	if cfg, err = loadKeySettings(ctx, getenv); err != nil {
		return nil, err
	}
	set, err := keys.Load(ctx, cfg)
	if err != nil {
		return nil, advise(err, "--jwks takes the public keys from elsewhere: a file, or the deployment's /api/auth/jwks.")
	}
	return json.Marshal(map[string]any{"keys": set.Public(time.Now())})
}

const (
	jwksTimeout = 10 * time.Second
	maxJWKS     = 64 << 10 // bytes
)

func fetchJWKS(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, jwksTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("fetch the public keys: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the public keys: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the public keys: %s answered %s", address, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxJWKS))
}
