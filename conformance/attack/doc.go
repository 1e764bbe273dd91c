// Package attack sends requests that no client sends to every endpoint, over a real connection and concurrently.
package attack
