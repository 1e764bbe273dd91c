// Package examples has small complete programs to copy from. Its tests run all of them, except the one for API Gateway,
// against a real Xenon.
package examples
