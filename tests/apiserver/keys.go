package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// serviceRange is where services get their addresses from; the first one is
// that of the API server itself.
const (
	serviceRange = "10.0.0.0/24"
	serviceIP    = "10.0.0.1"
)

// keys is what a client needs, PEM encoded.
type keys struct{ ca, adminCert, adminKey []byte }

// openKeys reads the keys below dir, and makes them first if there are none.
// They stay with the data: a client that was there before a restart goes on.
func openKeys(dir string) (*keys, error) {
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		if err := makeKeys(dir); err != nil {
			return nil, err
		}
	}
	k := &keys{}
	for name, data := range map[string]*[]byte{"ca.crt": &k.ca, "admin.crt": &k.adminCert, "admin.key": &k.adminKey} {
		var err error
		if *data, err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// makeKeys fills dir in one step, so that a start that was cut short leaves no
// half of a set behind.
func makeKeys(dir string) error {
	temp, err := os.MkdirTemp(".", dir+"-") // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	// Kept data is for days. Ten years is what spares a look at the clock.
	base := x509.Certificate{
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(10, 0, 0),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
	}
	authority := base
	authority.Subject.CommonName = "provost-apiserver-ca"
	authority.IsCA = true
	authority.KeyUsage |= x509.KeyUsageCertSign
	ca, err := writePair(temp, "ca", &authority, nil)
	if err != nil {
		return err
	}
	serving := base
	serving.Subject.CommonName = "kube-apiserver"
	serving.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(serviceIP)}
	serving.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	if _, err := writePair(temp, "apiserver", &serving, ca); err != nil {
		return err
	}
	admin := base
	admin.Subject = pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}
	admin.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := writePair(temp, "admin", &admin, ca); err != nil {
		return err
	}
	// kube-apiserver signs tokens with the key and checks them with the public
	// half, which it also reads from a certificate.
	tokens := base
	tokens.Subject.CommonName = "service-account"
	if _, err := writePair(temp, "service-account", &tokens, ca); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// writePair makes NAME.key and NAME.crt, signed by the issuer, or by itself when
// there is none.
func writePair(dir, name string, template *x509.Certificate, issuer *pair) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if issuer == nil {
		issuer = &pair{template, key}
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key) // the one form that every TLS library reads
	if err != nil {
		return nil, err
	}
	return &pair{cert, key}, errors.Join(
		writePEM(dir, name+".crt", "CERTIFICATE", certDER),
		writePEM(dir, name+".key", "PRIVATE KEY", keyDER),
	)
}

func writePEM(dir, name, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// client is an HTTP client with the admin's certificate.
func (k *keys) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(k.ca)
	config := &tls.Config{RootCAs: pool}
	if admin, err := tls.X509KeyPair(k.adminCert, k.adminKey); err == nil {
		config.Certificates = []tls.Certificate{admin}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 5 * time.Second}
}

// kubeconfig has all the admin needs in the one file.
func (k *keys) kubeconfig(url string) []byte {
	encode := base64.StdEncoding.EncodeToString
	var b bytes.Buffer
	b.WriteString(kubeconfigMark)
	fmt.Fprintf(&b, `apiVersion: v1
kind: Config
clusters:
- name: provost
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: admin
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: provost
  context:
    cluster: provost
    user: admin
current-context: provost
`, url, encode(k.ca), encode(k.adminCert), encode(k.adminKey))
	return b.Bytes()
}
