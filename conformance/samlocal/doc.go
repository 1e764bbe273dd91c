// Package samlocal sends the same requests to the functions in SAM's containers and to `xenon dev`, and compares the
// responses.
package samlocal
