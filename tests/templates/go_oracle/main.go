// Executes templates with Go's text/template: the oracle that ours are compared with.
//
// Reads one JSON array of base64 templates from standard input and writes one of results: base64
// output, or null where Go refuses.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"text/template"
)

type cert []byte
type public []byte
type private []byte

type secret struct {
	Cert    cert
	Public  public
	Private private
}

type secrets map[string]secret

type data struct {
	Secrets   secrets
	Previous  struct{ Secrets secrets }
	MarbleRun struct{ RootCA, MarbleCert, CoordinatorRoot, CoordinatorIntermediate secret }
}

func content(value any) ([]byte, error) {
	var data []byte
	switch value := value.(type) {
	case secret:
		data = value.Public
	case cert:
		data = value
	case public:
		data = value
	case private:
		data = value
	default:
		return nil, errors.New("no secret")
	}
	if len(data) == 0 {
		return nil, errors.New("no value")
	}
	return data, nil
}

func encodePEM(value any) (string, error) {
	label := ""
	switch value.(type) {
	case cert:
		label = "CERTIFICATE"
	case public:
		label = "PUBLIC KEY"
	case private:
		label = "PRIVATE KEY"
	default:
		return "", errors.New("no part")
	}
	data, err := content(value)
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: data})), err
}

func encodeHex(value any) (string, error) {
	data, err := content(value)
	return hex.EncodeToString(data), err
}

func encodeBase64(value any) (string, error) {
	data, err := content(value)
	return base64.StdEncoding.EncodeToString(data), err
}

func raw(value any) (string, error) {
	data, err := content(value)
	return string(data), err
}

func execute(source string, values data) []byte {
	functions := template.FuncMap{"pem": encodePEM, "hex": encodeHex, "base64": encodeBase64, "raw": raw}
	parsed, err := template.New("").Option("missingkey=error").Funcs(functions).Parse(source)
	if err != nil {
		return nil
	}
	output := bytes.NewBuffer([]byte{})
	if parsed.Execute(output, values) != nil {
		return nil
	}
	return output.Bytes()
}

func main() {
	values := data{Secrets: secrets{
		"a":   {cert("the certificate of a"), public("public\x00of a"), private("private of a")},
		"key": {nil, public("a key"), private("a key")},
		"a-b": {nil, public("dash"), private("dash")},
		"é":   {nil, public("accent"), private("accent")},
	}}
	values.Previous.Secrets = secrets{"a": {cert("old certificate"), public("old"), private("old")}}
	values.MarbleRun.RootCA = secret{cert("root"), nil, nil}
	values.MarbleRun.MarbleCert = secret{cert("leaf"), public("leaf key"), private("leaf private")}
	values.MarbleRun.CoordinatorRoot = secret{cert("coordinator"), nil, nil}
	values.MarbleRun.CoordinatorIntermediate = secret{cert("intermediate"), nil, nil}

	var sources [][]byte
	if err := json.NewDecoder(os.Stdin).Decode(&sources); err != nil {
		panic(err)
	}
	results := [][]byte{}
	for _, source := range sources {
		results = append(results, execute(string(source), values))
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		panic(err)
	}
}
