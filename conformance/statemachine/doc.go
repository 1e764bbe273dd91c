// Package statemachine tests the state machine of the import. A local interpreter of the Amazon States Language runs
// the definition, and the tasks call functions/migrate, built as for Lambda.
package statemachine
