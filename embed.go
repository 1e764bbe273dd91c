// Package xenon has the files of the repository that the command xenon needs. They are part of the program, so it also
// runs outside a checkout.
package xenon

import _ "embed" // the files below

// Template is template.yaml, the deployment on AWS.
//
//go:embed template.yaml
var Template []byte

// OpenAPI is docs/openapi.yaml, the description of the API.
//
//go:embed docs/openapi.yaml
var OpenAPI []byte

// EnvExample is .env.example, all settings with their defaults.
//
//go:embed .env.example
var EnvExample []byte

// SAMConfig is samconfig.toml, the parameters of deployments.
//
//go:embed samconfig.toml
var SAMConfig []byte
