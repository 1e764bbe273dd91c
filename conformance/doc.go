// Package conformance holds the proof that Xenon and the pinned Better Auth cannot be told apart.
package conformance
