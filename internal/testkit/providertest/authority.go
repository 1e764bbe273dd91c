package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// certificateAuthority is a certificate authority and the certificate that it signed for the hosts of all providers.
type certificateAuthority struct {
	pem  []byte
	pool *x509.CertPool
	leaf tls.Certificate
}

// getCertificateAuthority returns the certificate authority of this process. The first call creates it.
var getCertificateAuthority = sync.OnceValues(func() (*certificateAuthority, error) {
	root, rootKey, err := createCertificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "providertest"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	leaf, leafKey, err := createCertificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "providers"}, DNSNames: allProviderHosts(), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, root, rootKey)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return &certificateAuthority{
		pem:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}),
		pool: pool,
		leaf: tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey},
	}, nil
})

// createCertificate creates a certificate for a new key. The parent signs it; without a parent it is self-signed.
func createCertificate(
	template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey,
) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a certificate: %w", err)
	}
	made, err := x509.ParseCertificate(der)
	return made, key, err
}
