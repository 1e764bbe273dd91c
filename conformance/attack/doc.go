// Package attack sends what no client sends: to every endpoint, over a real connection, and many at once.
package attack
