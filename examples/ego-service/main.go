// A service that talks to nobody but other Marbles: it presents the certificate that the
// Coordinator issued to it, and asks for one in return.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: service ADDRESS")
	}
	config, err := tlsConfig()
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr:              os.Args[1],
		Handler:           http.HandlerFunc(greet),
		TLSConfig:         config,
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Printf("serving on %s", server.Addr)
	log.Fatal(server.ListenAndServeTLS("", ""))
}

func greet(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s, Marble %s\n", os.Getenv("GREETING"), r.TLS.PeerCertificates[0].Subject.CommonName)
}

// tlsConfig uses what every Marble finds in its environment.
func tlsConfig() (*tls.Config, error) {
	chain := os.Getenv("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN")
	key := os.Getenv("MARBLE_PREDEFINED_PRIVATE_KEY")
	certificate, err := tls.X509KeyPair([]byte(chain), []byte(key))
	if err != nil {
		return nil, fmt.Errorf("not started as a Marble: %w", err)
	}
	marbles := x509.NewCertPool()
	if !marbles.AppendCertsFromPEM([]byte(os.Getenv("MARBLE_PREDEFINED_ROOT_CA"))) {
		return nil, fmt.Errorf("MARBLE_PREDEFINED_ROOT_CA holds no certificate")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientCAs:    marbles,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS13,
	}, nil
}
