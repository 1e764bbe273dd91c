// Package lambda runs the functions, as built for Lambda, in AWS's runtime interface emulator.
package lambda
