package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// serverConfig presents this Marble's certificate and asks for that of another Marble.
func serverConfig() (*tls.Config, error) {
	certificate, marbles, err := credentials()
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientCAs:    marbles,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS13,
	}, err
}

// clientConfig presents this Marble's certificate and trusts other Marbles alone.
func clientConfig() (*tls.Config, error) {
	certificate, marbles, err := credentials()
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		RootCAs:      marbles,
		MinVersion:   tls.VersionTLS13,
	}, err
}

// credentials are what every Marble finds in its environment: its certificate and key, issued for
// this very activation, and the root that all Marbles of the mesh have in common.
func credentials() (tls.Certificate, *x509.CertPool, error) {
	chain := os.Getenv("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN")
	key := os.Getenv("MARBLE_PREDEFINED_PRIVATE_KEY")
	certificate, err := tls.X509KeyPair([]byte(chain), []byte(key))
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("not started as a Marble: %w", err)
	}
	marbles := x509.NewCertPool()
	if !marbles.AppendCertsFromPEM([]byte(os.Getenv("MARBLE_PREDEFINED_ROOT_CA"))) {
		return tls.Certificate{}, nil, errors.New("MARBLE_PREDEFINED_ROOT_CA holds no certificate")
	}
	return certificate, marbles, nil
}
