// Package load asks much at once, and for long: five hundred people who each must get their own answers, hours of it if one
// wants, and fifty processes at one pooler.
package load
