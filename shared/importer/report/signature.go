package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// signatureType is the JWS type (typ) of report signatures. No other token has it, so that no server accepts a report
// signature as the token of a session.
const signatureType = "xenon-report+jws"

// ErrAltered means that a file differs from the report that was signed. Check also returns keys.ErrUnknownKey, if the
// key of the signature is not in the JWKS.
var ErrAltered = errors.New("altered")

// notSignedError is an ErrAltered with its own text, for a file that is not JSON of a signed report.
type notSignedError struct{}

func (notSignedError) Error() string        { return "this is not a signed report, or it was changed" }
func (notSignedError) Is(target error) bool { return target == ErrAltered }

// SignedReport is a report with its digest and the deployment's signature of the digest.
type SignedReport struct {
	Report    Report
	Digest    string // "sha256:" and the digest of the canonical JSON in hex
	Signature string // a compact JWS of {"digest":…}; its header has the kid of the key in the JWKS

	text []byte
}

type signedPayload struct {
	Digest string `json:"digest"`
}

// Sign signs the report with the current key of the set.
func (r Report) Sign(set keys.Set) (SignedReport, error) {
	text, err := stringify.Marshal(r)
	if err != nil {
		return SignedReport{}, fmt.Errorf("write the report: %w", err)
	}
	s := SignedReport{Report: r, Digest: run.Digest(text), text: text}
	payload, err := json.Marshal(signedPayload{s.Digest})
	if err != nil {
		return SignedReport{}, fmt.Errorf("sign the report: %w", err)
	}
	if s.Signature, err = set.SignJWS(signatureType, payload); err != nil {
		return SignedReport{}, fmt.Errorf("sign the report: %w", err)
	}
	return s, nil
}

// JSON returns the signed report as a file of three lines: {"report":…,"digest":…,"seal":…}. The member "seal" is the
// signature. There is only one valid text of a report, so Check detects every changed byte.
func (s SignedReport) JSON() []byte { return signedReportText(s.text, s.Digest, s.Signature) }

func signedReportText(report []byte, digest, signature string) []byte {
	return fmt.Appendf(nil, "{\"report\":%s,\n\"digest\":%q,\n\"seal\":%q}\n", report, digest, signature)
}

// CheckedReport is the result of Check for a valid signature.
type CheckedReport struct {
	Run    string    `json:"run"`
	Made   time.Time `json:"made"`
	Digest string    `json:"digest"`
	KeyID  string    `json:"kid"`
}

// Check verifies that text is a report as SignedReport.JSON wrote it, signed by one of the keys in the JWKS. The error
// is ErrAltered or keys.ErrUnknownKey; any other error means that the JWKS or the report cannot be read. Check also
// accepts reports of other versions of Xenon.
func Check(text, jwks []byte) (CheckedReport, error) {
	var file struct {
		Report    json.RawMessage
		Digest    string
		Signature string `json:"seal"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return CheckedReport{}, notSignedError{}
	}
	if !bytes.Equal(text, signedReportText(file.Report, file.Digest, file.Signature)) {
		return CheckedReport{}, fmt.Errorf("%w: the file was rewritten", ErrAltered)
	}
	if file.Digest != run.Digest(file.Report) {
		return CheckedReport{}, fmt.Errorf("%w: the digest does not match the report", ErrAltered)
	}
	payload, kid, err := keys.VerifyJWS(jwks, signatureType, file.Signature)
	if errors.Is(err, keys.ErrBadSignature) {
		return CheckedReport{}, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	if err != nil {
		return CheckedReport{}, err
	}
	var signed signedPayload
	if json.Unmarshal(payload, &signed) != nil || signed.Digest != file.Digest {
		return CheckedReport{}, fmt.Errorf("%w: the signature belongs to another report", ErrAltered)
	}
	var report Report
	if err := json.Unmarshal(file.Report, &report); err != nil {
		return CheckedReport{}, fmt.Errorf("read the report: %w", err)
	}
	return CheckedReport{report.Status.Run, report.Made, file.Digest, kid}, nil
}
