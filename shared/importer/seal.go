package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/keys"
)

// sealType stands in the header of a report's signature and of nothing else, so that none passes for a session's token.
const sealType = "xenon-report+jws"

// ErrAltered says that a sealed report is not what was sealed. keys.ErrUnknownKey, which CheckSeal also returns, says that
// it was sealed with a key that is not among those given.
var ErrAltered = errors.New("altered")

// Sealed is a report with its digest, and the digest with the deployment's signature.
type Sealed struct {
	Report    Report
	Digest    string // "sha256:" and the digest of the canonical JSON in hex
	Signature string // a compact JWS, RS256, of {"digest":…}; its header names the key by the kid that the JWKS has

	text []byte
}

type sealPayload struct {
	Digest string `json:"digest"`
}

// Seal signs the report with the current key of the set.
func (r Report) Seal(set keys.Set) (Sealed, error) {
	text, err := r.canonical()
	if err != nil {
		return Sealed{}, err
	}
	s := Sealed{Report: r, Digest: digestOf(text), text: text}
	payload, err := json.Marshal(sealPayload{s.Digest})
	if err != nil {
		return Sealed{}, fmt.Errorf("sign the report: %w", err)
	}
	if s.Signature, err = set.Seal(sealType, payload); err != nil {
		return Sealed{}, fmt.Errorf("sign the report: %w", err)
	}
	return s, nil
}

// JSON is the sealed report as a file: {"report":…,"digest":…,"seal":…} in three lines. A report has one such text only,
// so that any byte altered shows.
func (s Sealed) JSON() []byte { return sealedText(s.text, s.Digest, s.Signature) }

func sealedText(report []byte, digest, seal string) []byte {
	return fmt.Appendf(nil, "{\"report\":%s,\n\"digest\":%q,\n\"seal\":%q}\n", report, digest, seal)
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Checked is what a good seal vouches for.
type Checked struct {
	Run    string    `json:"run"`
	Made   time.Time `json:"made"`
	Digest string    `json:"digest"`
	KeyID  string    `json:"kid"`
}

// CheckSeal says whether text is a report as Sealed.JSON wrote it, signed by one of the keys in the JWKS. The error is
// ErrAltered or keys.ErrUnknownKey; anything else is about the JWKS. It reads reports of other versions of Xenon too.
func CheckSeal(text, jwks []byte) (Checked, error) {
	var file struct {
		Report       json.RawMessage
		Digest, Seal string
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return Checked{}, fmt.Errorf("%w: this is no sealed report", ErrAltered)
	}
	if !bytes.Equal(text, sealedText(file.Report, file.Digest, file.Seal)) {
		return Checked{}, fmt.Errorf("%w: the file was rewritten", ErrAltered)
	}
	if file.Digest != digestOf(file.Report) {
		return Checked{}, fmt.Errorf("%w: the digest is not that of the report", ErrAltered)
	}
	payload, kid, err := keys.Unseal(jwks, sealType, file.Seal)
	if errors.Is(err, keys.ErrBadSeal) {
		return Checked{}, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	if err != nil {
		return Checked{}, err
	}
	var signed sealPayload
	if json.Unmarshal(payload, &signed) != nil || signed.Digest != file.Digest {
		return Checked{}, fmt.Errorf("%w: the signature is that of another report", ErrAltered)
	}
	var report Report
	if err := json.Unmarshal(file.Report, &report); err != nil {
		return Checked{}, fmt.Errorf("read the report: %w", err)
	}
	return Checked{report.Status.Run, report.Made, file.Digest, kid}, nil
}
