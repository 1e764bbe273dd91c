package jwtverify

import "errors"

// ErrInvalidToken means that the token is not valid. The service should answer 401. The error that wraps it has the
// reason, for the log.
var ErrInvalidToken = errors.New("invalid token")

// ErrUnavailable means that the public keys could not be fetched, or are too old, so that the token cannot be verified.
// The service should answer 503. The error that wraps it has the reason. ErrUnavailable has the method Unavailable()
// bool, which returns true.
var ErrUnavailable error = unavailable{}

type unavailable struct{}

func (unavailable) Error() string     { return "the public keys are unavailable" }
func (unavailable) Unavailable() bool { return true }
