// Package statemachine runs the definition of the import in a real interpreter of the States Language, with the built
// function behind its tasks.
package statemachine
