// Package load sends many concurrent requests for a long time: from five hundred users, each of whom must get their own
// data, and from fifty processes through one pooler.
package load
