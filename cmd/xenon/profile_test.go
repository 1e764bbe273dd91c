package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

var exampleProfile = filepath.Join(repositoryRoot, "examples", "profile-fields", "profile.yaml")

// writeProfile writes a declaration into a new file.
func writeProfile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "profile.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProfileCheckListsFieldsOrProblems(t *testing.T) {
	t.Parallel()
	code, out, err := runXenon(t, []string{"profile", "check", exampleProfile})
	if code != exitDone || !strings.Contains(out, "seats                            integer  default 1\n") ||
		!strings.Contains(out, "newsletter                       boolean  may be null\n") {
		t.Errorf("profile check: got the exit code %d and %s%s, want 0 and the fields", code, out, err)
	}
	fields := "fields:\n"
	for i := range 200 {
		fields += fmt.Sprintf("  - {name: f%d, type: boolean, label: F}\n", i)
	}
	for text, want := range map[string]string{
		"fields: [{name: id, type: boolean, label: I}]": `line 1: the name "id" is reserved`,
		fields: "line 2: fields has 200 items; it can have 1 to 100",
	} {
		path := writeProfile(t, text)
		for _, args := range [][]string{{"profile", "check", path}, {"profile", "openapi"}, {"schema", "up"}, {"dev"}} {
			if args[0] == "dev" {
				args = append(args, "--addr", "127.0.0.1:0", "--no-site", "--dir", t.TempDir())
			}
			code, _, err := runXenon(t, args, "PROFILE_FIELDS", path, "DATABASE_URL", "postgres://127.0.0.1:1/none")
			if code != exitFailed || !strings.Contains(err, want) || !strings.Contains(err, path) {
				t.Errorf("%v: got the exit code %d and %s, want a failure with the file and %s", args, code, err, want)
			}
		}
	}
}

// schema status prints what schema up then runs.
func TestSchemaUpAddsDeclaredFields(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	with := func(file string, args ...string) (int, string, string) {
		t.Helper()
		return runXenon(t, args, "DATABASE_URL", url, "PROFILE_FIELDS", file)
	}
	code, out, stderr := with(exampleProfile, "schema", "status")
	if code != exitDone || !strings.Contains(out, "columns of user_profile          pending\n") ||
		!strings.Contains(out, "user_profile.age_range is not declared; the column keeps its data\n") {
		t.Fatalf("schema status: got the exit code %d and %s%s, want the pending statements", code, out, stderr)
	}
	var planned []string
	for line := range strings.Lines(out) {
		if sql, ok := strings.CutPrefix(line, "would run "); ok {
			planned = append(planned, "ran "+sql)
		}
	}
	code, out, stderr = with(exampleProfile, "schema", "up")
	if code != exitDone || len(planned) != 8 || out != strings.Join(planned, "") {
		t.Errorf("schema up: got the exit code %d and %s%s, want what schema status printed: %v", code, out, stderr, planned)
	}
	if _, out, _ = with(exampleProfile, "schema", "up"); out != "The schema is up to date.\n" {
		t.Errorf("the second schema up: got %s, want nothing to do", out)
	}
	_, out, _ = with("", "schema", "status")
	if !strings.Contains(out, "user_profile          fit the declared fields\n") ||
		!strings.Contains(out, "user_profile.seats is not declared") {
		t.Errorf("schema status without the declaration: got %s, want the columns that it does not declare", out)
	}
	other := writeProfile(t, "fields: [{name: seats, type: boolean, label: S}]")
	const wrongType = "seats: the column is of type integer, but a field of type boolean needs boolean"
	if code, _, err := with(other, "schema", "up"); code != exitFailed || !strings.Contains(err, wrongType) ||
		!strings.Contains(err, "was not changed") {
		t.Errorf("schema up with another type: got the exit code %d and %s, want a refusal", code, err)
	}
	if code, _, err := with(other, "schema", "status"); code != exitNeedsDecision || !strings.Contains(err, "seats: ") {
		t.Errorf("schema status with another type: got the exit code %d and %s, want 3 and the reason", code, err)
	}
	code, out, stderr = runXenon(t, []string{"schema", "status"}, "DATABASE_URL", url, "PROFILE", "off")
	if code != exitDone || !strings.Contains(out, "columns of user_profile          not compared (PROFILE=off)\n") {
		t.Errorf("schema status with PROFILE=off: got the exit code %d and %s%s, want no comparison", code, out, stderr)
	}
}

func schemasOf(t *testing.T, document []byte) map[string]map[string]any {
	t.Helper()
	var doc struct {
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := yaml.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas
}

// dropDescriptions removes the descriptions of properties: those of docs/openapi.yaml are longer than the labels.
func dropDescriptions(properties any) any {
	for _, property := range properties.(map[string]any) {
		delete(property.(map[string]any), "description")
	}
	return properties
}

func TestOpenAPIDescribesTheShippedDeclaration(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join(repositoryRoot, "docs", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	copied, err := declaration.Parse(declaration.ShippedFile())
	if err != nil {
		t.Fatal(err)
	}
	generated, err := describeAPI(copied)
	if err != nil {
		t.Fatal(err)
	}
	want, got := schemasOf(t, generated), schemasOf(t, document)
	for _, name := range []string{"ProfileFields", "Profile"} {
		wanted, found := dropDescriptions(want[name]["properties"]), dropDescriptions(got[name]["properties"])
		if diff := cmp.Diff(wanted, found); diff != "" {
			t.Errorf("docs/openapi.yaml, properties of %s (-declaration +document):\n%s", name, diff)
		}
		if diff := cmp.Diff(want[name]["required"], got[name]["required"]); diff != "" {
			t.Errorf("docs/openapi.yaml, required members of %s (-declaration +document):\n%s", name, diff)
		}
	}
}

func TestOpenAPIHasTheDeclaredFields(t *testing.T) {
	t.Parallel()
	code, out, stderr := runXenon(t, []string{"profile", "openapi"}, "PROFILE_FIELDS", exampleProfile)
	if code != exitDone {
		t.Fatalf("profile openapi: got the exit code %d and %s, want 0", code, stderr)
	}
	profile := schemasOf(t, []byte(out))["Profile"]
	want := []any{
		"id", "user_id", "display_name", "postal_code", "track", "shirt_size", "seats", "year_of_birth", "newsletter",
		"visible", "created_at", "updated_at",
	}
	if diff := cmp.Diff(want, profile["required"]); diff != "" {
		t.Errorf("required members (-want +got):\n%s", diff)
	}
	properties := profile["properties"].(map[string]any)
	for name, want := range map[string]map[string]any{
		"seats":      {"type": "integer", "minimum": 1, "maximum": 12, "default": 1, "description": "Seats"},
		"shirt_size": {"enum": []any{"s", "m", "l", nil}, "description": "T-shirt size"},
		"newsletter": {"type": []any{"boolean", "null"}, "description": "Send me the newsletter"},
		"display_name": {
			"type": []any{"string", "null"}, "minLength": 1, "maxLength": 80, "description": "Name on the certificate",
		},
	} {
		if diff := cmp.Diff(want, properties[name]); diff != "" {
			t.Errorf("schema of %s (-want +got):\n%s", name, diff)
		}
	}
	if len(properties) != len(want) || strings.Contains(out, "age_range") {
		t.Errorf("got %d properties, want %d, and no field of the shipped declaration in the document",
			len(properties), len(want))
	}
	_, out, _ = runXenon(t, []string{"profile", "openapi"}, "PROFILE", "off")
	if strings.Contains(out, "/api/profile:") || strings.Contains(out, "name: Profile}") ||
		!strings.Contains(out, "/api/auth/ok:") {
		t.Errorf("profile openapi with PROFILE=off: got %d bytes with the profile API, want them without", len(out))
	}
}

// The build puts the file beside the functions, and a container sees only the folder of its function.
func TestContainersReadTheDeclarationBesideTheFunction(t *testing.T) {
	t.Parallel()
	settings := map[string]string{
		"DATABASE_URL": "postgres://localhost/db", "BETTER_AUTH_SECRET": strings.Repeat("s", 32),
		"PROFILE_FIELDS": exampleProfile,
	}
	set, cfg, err := containerSettings(func(name string) string { return settings[name] }, "3000")
	if err != nil || set["PROFILE_FIELDS"] != "profile.yaml" || cfg.ProfileFields != exampleProfile {
		t.Errorf("PROFILE_FIELDS of the containers: got %q and the error %v, want profile.yaml; of this process: got %q, "+
			"want the path", set["PROFILE_FIELDS"], err, cfg.ProfileFields)
	}
}
