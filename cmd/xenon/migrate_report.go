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
	HTML  string `name:"html" help:"Write the report as an HTML page to this file. The page contains the signed JSON." placeholder:"FILE"`
	Out   string `help:"Write the signed JSON to this file." placeholder:"FILE"`
	Check string `help:"Check the signature of this JSON report. Does not need a database." placeholder:"FILE"`
	JWKS  string `name:"jwks" help:"The public keys for --check; default: JWKS_URL, else the deployment's own keys" placeholder:"FILE|URL"`
}

func (migrateReportCmd) Help() string {
	return `Writes a report of a run: counts, checksums, reasons and differences, without personal data. Counts who has
signed in since the run began and who still has to, and what became of the imported sessions and second factors. Signs
the report with the key that signs tokens (SIGNING_KEYS_ARN, else SIGNING_KEYS_FILE).

  xenon migrate report --html report.html --out report.json
  xenon migrate report --check report.json --jwks https://learn.example.com/api/auth/jwks`
}

// Run writes a report or checks one.
func (c migrateReportCmd) Run(ctx context.Context, getenv environment, std streams) error {
	if c.Check != "" {
		return c.check(ctx, getenv, std)
	}
	m, p, err := c.open(ctx, getenv, std)
	if err != nil {
		return err
	}
	stop, err := c.load(ctx, m, p, "")
	if err != nil {
		return err
	}
	defer stop()
	r, err := importreport.Read(ctx, m.Env(), c.Name)
	if err != nil {
		return withImportAdvice(ctx, err)
	}
	if c.HTML == "" && c.Out == "" && !c.JSON {
		printReport(std.out, r)
		fmt.Fprintf(std.out, "\nTo write it to a file: %s --html report.html\n", optionFlags{}.commandLine("report", c.Name))
		return nil
	}
	cfg, err := loadKeySettings(ctx, getenv)
	if err != nil {
		return err
	}
	signed, err := signReport(ctx, r, cfg)
	if err != nil {
		return withAdvice(err, "Set SIGNING_KEYS_ARN or SIGNING_KEYS_FILE. For local development, generate keys with "+
			"xenon keys rotate.")
	}
	return c.write(signed, std)
}

// signReport signs the report with the key that signs the deployment's tokens.
func signReport(ctx context.Context, r importreport.Report, cfg config.Keys) (importreport.SignedReport, error) {
	set, err := keys.LoadKeySet(ctx, cfg)
	if err != nil {
		return importreport.SignedReport{}, err
	}
	return r.Sign(set)
}

func (c migrateReportCmd) write(s importreport.SignedReport, std streams) error {
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
	fmt.Fprintf(out, "%s: %s\n  %s\n", r.Status.Run, end.Title, wrapText(end.Text, 106, "\n  "))
	printFileRows(out, r)
	printCounts(out, "Results, in rows", r.Status.Counts)
	printReasons(out, "In the quarantine", r.Status.Reasons, r.Plan.File.ServiceName())
	printSessionCounts(out, r.Status.Sessions)
	printAfterMove(out, r.AfterMove, r.Plan.File.ServiceName())
	printLines(out, "Not checked", r.Plan.NotChecked)
}

// printFileRows prints the rows of a file, with the rows that the ledger knows.
func printFileRows(out io.Writer, r importreport.Report) {
	f := r.Plan.File
	if f == nil {
		return
	}
	printf(out, "\nRows of %s (sha256 %s)\n%-28s%12s%12s\n", f.Name, f.SHA256, "", "in the file", "in ledger")
	for _, row := range r.FileRows() {
		if row.Counted {
			printf(out, "  %-26s%12d%12s\n", row.Table, row.File, "not copied")
			continue
		}
		printf(out, "  %-26s%12d%12d\n", row.Table, row.File, row.Ledger)
	}
}

// checkOutput is the JSON output of --check.
type checkOutput struct {
	Result string `json:"verdict"` // "valid", "altered" or "unknown key"
	Why    string `json:"why,omitempty"`
	*importreport.CheckedReport
}

func (c migrateReportCmd) check(ctx context.Context, getenv environment, std streams) error {
	text, err := os.ReadFile(c.Check)
	if err != nil {
		return err
	}
	jwks, err := c.readJWKS(ctx, getenv)
	if err != nil {
		return err
	}
	report, err := importreport.Check(text, jwks)
	answer := checkOutput{Result: "valid", CheckedReport: &report}
	switch {
	case errors.Is(err, importreport.ErrAltered):
		answer = checkOutput{Result: "altered", Why: err.Error()}
		err = withAdvice(
			fmt.Errorf("%s: %w", c.Check, err),
			"Do not trust this file. Ask for the original file, or write the report again.",
		)
	case errors.Is(err, keys.ErrUnknownKey):
		answer = checkOutput{Result: "unknown key", Why: err.Error()}
		err = withAdvice(
			fmt.Errorf("%s: %w", c.Check, err),
			"These keys cannot verify the report. Use --jwks with the public keys that the deployment had when it wrote the "+
				"report.",
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
			"valid: the report of run %q of %s, signed with key %s\n",
			report.Run,
			report.Made.UTC().Format(time.RFC3339),
			report.KeyID,
		)
	}
	return err
}

// readJWKS returns the JWKS that verifies a report.
func (c migrateReportCmd) readJWKS(ctx context.Context, getenv environment) ([]byte, error) {
	cfg, err := config.LoadKeySettings(getenv)
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
	set, err := keys.LoadKeySet(ctx, cfg)
	if err != nil {
		return nil, withAdvice(err, "Use --jwks for other public keys: a file, or the deployment's /api/auth/jwks.")
	}
	return json.Marshal(map[string]any{"keys": set.Public(time.Now())})
}

const (
	jwksTimeout  = 10 * time.Second
	maxJWKSBytes = 64 << 10 // bytes
)

func fetchJWKS(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, jwksTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("fetch the public keys: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the public keys: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the public keys: %s answered %s", url, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxJWKSBytes))
}
