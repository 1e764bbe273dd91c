package main

import (
	"fmt"

	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

type profileCmd struct {
	Check   profileCheckCmd   `cmd:"" help:"Check a file that declares the fields of the profile."`
	OpenAPI profileOpenAPICmd `cmd:"" name:"openapi" help:"Print the description of the API with the declared fields of the profile."`
}

type profileCheckCmd struct {
	File string `arg:"" help:"The file."`
}

func (profileCheckCmd) Help() string {
	return `Checks the file and lists its fields. It needs no database: PROFILE_FIELDS=FILE xenon schema status compares
the file with the database, and prints the SQL that xenon schema up would run.

  xenon profile check profile.yaml`
}

// Run checks the file.
func (c profileCheckCmd) Run(std streams) error {
	fields, err := declaration.Load(c.File)
	if err != nil {
		return withAdvice(err, "Correct the file; docs/profile-fields.md describes its form.")
	}
	for _, f := range fields {
		state := "may be null"
		if !f.IsNullable() {
			state = fmt.Sprintf("default %v", f.Default)
		}
		fmt.Fprintf(std.out, "%-32s %-8s %s\n", f.Name, f.Type, state)
	}
	return nil
}

type profileOpenAPICmd struct{}

func (profileOpenAPICmd) Help() string {
	return `Prints the OpenAPI document of this program, with the fields that PROFILE_FIELDS declares. With PROFILE=off it
has no profile API. It needs no database.

  PROFILE_FIELDS=profile.yaml xenon profile openapi > openapi.yaml`
}

// Run prints the document.
func (profileOpenAPICmd) Run(getenv environment, std streams) error {
	fields, err := readProfileFields(getenv)
	if err != nil {
		return err
	}
	document, err := describeAPI(fields)
	if err != nil {
		return err
	}
	_, err = std.out.Write(document)
	return err
}
