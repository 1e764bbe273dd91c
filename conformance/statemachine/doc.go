// Package statemachine runs the definition of the import in an interpreter of the States Language, whose tasks
// call the built function.
package statemachine
