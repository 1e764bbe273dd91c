// Package statemachine runs the definition of the import in a real interpreter of the States Language, whose tasks
// call the built function.
package statemachine
