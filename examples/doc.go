// Package examples has small complete programs to copy from. Its tests run each of them against a real Xenon.
package examples
