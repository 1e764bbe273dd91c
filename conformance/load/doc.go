// Package load sends many concurrent requests for a long time: from five hundred people, each of whom must get their
// own data, for hours if wanted, and from fifty processes through one pooler.
package load
