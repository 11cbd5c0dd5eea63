// One enclave, two roles: "serve" greets other Marbles and nobody else, "ask" is such a Marble. The
// Coordinator's manifest gives each Marble its arguments, and with them its role.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(arguments []string) error {
	if len(arguments) == 2 && arguments[0] == "serve" {
		return serve(arguments[1])
	}
	if len(arguments) == 2 && arguments[0] == "ask" {
		return ask(arguments[1])
	}
	return errors.New("usage: service serve ADDRESS | service ask URL")
}

func serve(address string) error {
	config, err := serverConfig()
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              address,
		Handler:           http.HandlerFunc(greet),
		TLSConfig:         config,
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Printf("serving on %s", address)
	return server.ListenAndServeTLS("", "")
}

func greet(w http.ResponseWriter, r *http.Request) {
	visitor := r.TLS.PeerCertificates[0].Subject.CommonName
	fmt.Fprintf(w, "%s, Marble %s\n", os.Getenv("GREETING"), visitor)
}

func ask(url string) error {
	config, err := clientConfig()
	if err != nil {
		return err
	}
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: config},
		Timeout:   10 * time.Second,
	}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}
