// Package samlocal holds one conversation with the functions in SAM's containers and with `xenon dev`, and compares.
package samlocal
