// Package lambda runs the functions as built for Lambda under AWS's runtime interface emulator.
package lambda
