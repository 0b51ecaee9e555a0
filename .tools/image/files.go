package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// rootsPath is where Go, and not only Go, looks for root certificates. Who has a CA of
// their own mounts a folder over it.
const rootsPath = "etc/ssl/certs/ca-certificates.crt"

// file of an image, by its path from the root.
type file struct {
	path    string
	content []byte
	mode    fs.FileMode
}

// architectures of programs, by the names that images have for them.
var architectures = map[elf.Machine]string{
	elf.EM_X86_64:  "amd64",
	elf.EM_AARCH64: "arm64",
	elf.EM_S390:    "s390x",
	elf.EM_RISCV:   "riscv64",
}

// architectureOf reads for which machine a program is. One that needs a loader, or
// libraries, would not start in an image that has none: it is refused.
func architectureOf(program string) (string, error) {
	f, err := elf.Open(program)
	if err != nil {
		return "", fmt.Errorf("%s is no Linux program: %w", program, err)
	}
	defer func() { _ = f.Close() }()
	for _, segment := range f.Progs {
		if segment.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s is linked dynamically: build it with CGO_ENABLED=0", program)
		}
	}
	architecture, known := architectures[f.Machine]
	if !known {
		return "", fmt.Errorf("%s is for %s: not one of the known architectures", program, f.Machine)
	}
	return architecture, nil
}

// pack makes the layer. It depends on paths, contents and modes only: neither the times of
// the files nor who owns them are in it.
func pack(files []file) ([]byte, error) {
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	for _, f := range files {
		for _, dir := range parents(f.path) {
			header := &tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: time.Unix(0, 0)}
			if err := w.WriteHeader(header); err != nil {
				return nil, err
			}
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.path, Size: int64(len(f.content)), Mode: int64(f.mode), ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	return content.Bytes(), w.Close()
}

// parents of a path, the outermost first.
func parents(of string) []string {
	dir := path.Dir(of)
	if dir == "." {
		return nil
	}
	return append(parents(dir), dir)
}

func opener(content []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
}

// rootCertificates are those that Mozilla trusts for servers, as PEM. One that is trusted
// with a restriction is left out: a file cannot say the restriction.
func rootCertificates() ([]byte, error) {
	var certificates bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&certificates, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return certificates.Bytes(), nil
}
