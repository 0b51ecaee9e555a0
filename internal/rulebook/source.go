// Package rulebook keeps what is in force: the embedded rules, what platform teams
// add to them or replace, and their settings. It reads sources, tries them before
// they count, swaps editions atomically and keeps the last good one. It does not
// know what becomes of a request.
package rulebook

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/policy"
)

// What all sources together may hold: as much as one ConfigMap, about six times
// the embedded rules. It bounds the time that compiling takes.
const (
	MaxBytes = 1 << 20
	MaxFiles = 500
)

// extension ends the names of files that are read.
const extension = ".rego"

// Source is one place where a platform team keeps policies. Immutable.
type Source struct {
	// Name is the source for people, and tells it from others.
	Name string
	// Files are Rego by the name that problems are reported with.
	Files map[string]string
}

func (s Source) has(file string) bool {
	_, has := s.Files[file]
	return has
}

// FromConfigMap reads the keys that end in .rego. Other keys are nobody's business.
func FromConfigMap(configMap *corev1.ConfigMap) Source {
	source := Source{Name: ConfigMapName(configMap.Namespace, configMap.Name), Files: map[string]string{}}
	for key, text := range configMap.Data {
		if strings.HasSuffix(key, extension) {
			source.Files[configMap.Name+"/"+key] = text
		}
	}
	for key, bytes := range configMap.BinaryData {
		if strings.HasSuffix(key, extension) {
			source.Files[configMap.Name+"/"+key] = string(bytes)
		}
	}
	return source
}

// ConfigMapName is how a source that is a ConfigMap is named.
func ConfigMapName(namespace, name string) string { return "ConfigMap " + namespace + "/" + name }

// ReadDir reads the .rego files below a folder as one source. What begins with a dot
// is left out, above all the folders in which Kubernetes keeps the real files of a
// mounted ConfigMap; links to files are followed, links to folders are not. It reads
// no more than sources may hold, and is then Problems.
func ReadDir(dir string) (Source, error) {
	source := Source{Name: "folder " + dir, Files: map[string]string{}}
	room := int64(MaxBytes)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		hidden := path != dir && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			return err
		case entry.IsDir() && hidden:
			return filepath.SkipDir
		case entry.IsDir() || hidden || !strings.HasSuffix(path, extension):
			return nil
		}
		content, err := readFile(path, room)
		if err != nil || content == nil {
			return err
		}
		if room -= int64(len(content)); room < 0 || len(source.Files) == MaxFiles {
			return tooLarge(path)
		}
		source.Files[path] = string(content)
		return nil
	})
	if problems := policy.Problems(nil); errors.As(err, &problems) {
		return Source{}, problems
	}
	if err != nil {
		return Source{}, fmt.Errorf("policies: %w", err)
	}
	return source, nil
}

// readFile reads at most one byte more than there is room for. It returns nil for
// what is no file.
func readFile(path string, room int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	file, err := os.Open(path) //nolint:gosec // reading the files of that folder is what is asked for
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, room+1))
	if content == nil {
		content = []byte{}
	}
	return content, err
}

// The kinds of problems that this package finds beside those of internal/policy.
const (
	// TooLarge: the sources hold more than MaxBytes or MaxFiles.
	TooLarge policy.ProblemKind = "too-large"
	// NotYours: Subject is a package that belongs to tealgate.
	NotYours policy.ProblemKind = "package"
	// Twice: Subject is a package that another source has too; Detail names both.
	Twice policy.ProblemKind = "twice"
	// NoTestPackage: a test stands in the package of a rule of somebody else.
	NoTestPackage policy.ProblemKind = "test-package"
	// Fails: the rules have an error when they are asked about a plain object.
	Fails policy.ProblemKind = "fails"
	// BadSettings: Detail says what and where.
	BadSettings policy.ProblemKind = "settings"
)

func tooLarge(file string) policy.Problems {
	return policy.Problems{{
		File: file, Kind: TooLarge,
		Detail: fmt.Sprintf("policies hold more than %d MiB or %d files", MaxBytes>>20, MaxFiles),
	}}
}
