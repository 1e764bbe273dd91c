package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

// readProfileFields returns the fields of the profile that PROFILE_FIELDS declares, none with PROFILE=off.
func readProfileFields(getenv environment) (profilefields.Fields, error) {
	on, path, err := config.LoadProfile(getenv)
	if err != nil {
		return nil, err
	}
	return loadProfileFields(config.API{Profile: on, ProfileFields: path})
}

// loadProfileFields reads the file that PROFILE_FIELDS names.
func loadProfileFields(cfg config.API) (profilefields.Fields, error) {
	fields, err := declaration.LoadIf(cfg.Profile, cfg.ProfileFields)
	if err != nil {
		return nil, withAdvice(err, "Correct the file that PROFILE_FIELDS names; docs/profile-fields.md describes its form.")
	}
	return fields, nil
}

// profileStatus compares the table user_profile with the declared fields.
type profileStatus struct {
	On         bool     `json:"on"`         // PROFILE
	Statements []string `json:"statements"` // the SQL that xenon schema up would run
	Undeclared []string `json:"undeclared"` // columns that no field declares
	Problems   []string `json:"problems"`   // why xenon schema up would refuse

	err     *migrations.ProfileError
	noTable bool
}

func readProfileStatus(ctx context.Context, getenv environment, url, name string) (profileStatus, error) {
	fields, err := readProfileFields(getenv)
	s := profileStatus{On: len(fields) > 0, Statements: []string{}, Undeclared: []string{}, Problems: []string{}}
	if err != nil || !s.On {
		return s, err
	}
	change, err := migrations.PlanProfile(ctx, url, name, fields)
	if errors.As(err, &s.err) {
		s.Problems, err = s.err.Problems, nil
	}
	s.noTable = change.NoTable
	s.Statements = append(s.Statements, change.Statements...)
	s.Undeclared = append(s.Undeclared, change.Undeclared...)
	return s, err
}

func (s profileStatus) print(out io.Writer) {
	state := "fit the declared fields"
	switch {
	case !s.On:
		state = "not compared (PROFILE=off)"
	case s.noTable:
		state = "pending: there is no table yet"
	case s.err != nil:
		state = "cannot get the declared fields"
	case len(s.Statements) > 0:
		state = "pending"
	}
	fmt.Fprintf(out, "%-32s %s\n", "columns of user_profile", state)
	for _, sql := range s.Statements {
		fmt.Fprintln(out, "would run "+sql+";")
	}
	for _, column := range s.Undeclared {
		fmt.Fprintf(out, "user_profile.%s is not declared; the column keeps its data\n", column)
	}
}

// adviseProfile adds advice to an error of migrations.ChangeProfile.
func adviseProfile(err error) error {
	return withAdvice(err, "The table user_profile was not changed. Change the declaration or the rows, and run the "+
		"command again.")
}
