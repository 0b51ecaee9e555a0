package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository is where `make image` runs.
const repository = "../.."

// limit is how large the image may be, in bytes: on a node, not only when it is pulled.
const limit = 60_000_000

// TestTealgate holds that two builds, of two copies of the sources in different folders,
// are one image, byte for byte, and looks at what is in it.
func TestTealgate(t *testing.T) {
	first, said := makeImage(t, repository, "022")
	again, saidAgain := makeImage(t, copySources(t), "077")
	one, err := os.ReadFile(first)
	require.NoError(t, err)
	other, err := os.ReadFile(again)
	require.NoError(t, err)
	require.True(t, bytes.Equal(one, other), "%s and %s differ", first, again)

	tag, err := name.NewTag("tealgate:test")
	require.NoError(t, err)
	image, err := tarball.ImageFromPath(first, &tag)
	require.NoError(t, err)
	digest, err := image.Digest()
	require.NoError(t, err)
	for _, line := range []string{said, saidAgain} {
		assert.Contains(t, line, "tealgate:test "+digest.String()+" ", "a registry gives it this digest")
	}

	config, err := image.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, "65532:65532", config.Config.User)
	assert.Equal(t, []string{"/tealgate"}, config.Config.Entrypoint)
	assert.Equal(t, "linux", config.OS)
	assert.Equal(t, map[string]string{
		"org.opencontainers.image.title":       "tealgate",
		"org.opencontainers.image.description": "Blue-green deployment made safe for plain Deployments and Services",
		"org.opencontainers.image.source":      "https://github.com/tealgate/tealgate",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     "v1.2.3",
		"org.opencontainers.image.revision":    "0123456789",
		"org.opencontainers.image.created":     "2026-11-23T00:00:00Z",
	}, config.Config.Labels)

	files, size := map[string][]byte{}, 0
	content := mutate.Extract(image)
	defer content.Close()
	for r := tar.NewReader(content); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		assert.Zero(t, header.Uid, "%s is not the program's own", header.Name)
		assert.Zero(t, header.FileInfo().Mode()&0o022, "nobody else may write %s", header.Name)
		if header.Typeflag == tar.TypeReg {
			files["/"+header.Name], err = io.ReadAll(r)
			require.NoError(t, err)
			size += len(files["/"+header.Name])
		}
	}
	assert.Len(t, files, 2)
	assert.Less(t, size, limit)
	roots := x509.NewCertPool()
	assert.True(t, roots.AppendCertsFromPEM(files["/"+rootsPath]))

	program := filepath.Join(t.TempDir(), "tealgate")
	require.NoError(t, os.WriteFile(program, files["/tealgate"], 0o755))
	version, err := exec.Command(program, "--version").Output()
	require.NoError(t, err)
	assert.Equal(t, "tealgate version v1.2.3\n", string(version))
}

// makeImage returns the archive and what `make image` says.
func makeImage(t *testing.T, dir, umask string) (archive, said string) {
	t.Helper()
	archive = filepath.Join(t.TempDir(), "tealgate.tar")
	command := exec.Command("sh", "-c", "umask "+umask+` && exec make --no-print-directory image "$@"`, "sh",
		"IMAGE=tealgate:test", "ARCHIVE="+archive, "VERSION=v1.2.3", "REVISION=0123456789", "CREATED=1795392000")
	command.Dir = dir
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return archive, string(output)
}

// copySources copies what git would commit, without git.
func copySources(t *testing.T) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = repository
	output, err := list.Output()
	require.NoError(t, err)
	dir := t.TempDir()
	for path := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(repository, path))
		if os.IsNotExist(err) {
			continue // Deleted, and not committed yet.
		}
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), content, 0o644))
	}
	return dir
}

// TestRefuses holds what would only show when the image is run.
func TestRefuses(t *testing.T) {
	dynamic, err := exec.LookPath("sh")
	require.NoError(t, err)
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755))
	for title, test := range map[string]struct {
		args []string
		want string
	}{
		"Dynamic":  {[]string{"-binary", dynamic, "-name", "a:b", "-o", "x"}, dynamic + " is linked dynamically: build it with CGO_ENABLED=0"},
		"Text":     {[]string{"-binary", text, "-name", "a:b", "-o", "x"}, "is no Linux program"},
		"BadName":  {[]string{"-binary", text, "-name", "A:b", "-o", "x"}, "repository"},
		"BadLabel": {[]string{"-binary", text, "-name", "a:b", "-o", "x", "-label", "a"}, `"a" is not KEY=VALUE`},
		"NoOutput": {[]string{"-binary", text, "-name", "a:b"}, "-binary, -name and -o are needed"},
	} {
		t.Run(title, func(t *testing.T) {
			assert.ErrorContains(t, run(test.args, "", io.Discard), test.want)
		})
	}
	assert.ErrorContains(t, run([]string{"-binary", text, "-name", "a:b", "-o", "x"}, "today", io.Discard), "SOURCE_DATE_EPOCH")
}
