// Package attack tests how Xenon answers attacks and outages: malicious requests to every endpoint, guessed passwords,
// forged tokens and headers, stolen sessions, many requests at the same time, and dependencies that fail.
package attack
