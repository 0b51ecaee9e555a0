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
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/policy"
)

// What all sources together may hold: three times the embedded rules, which leaves
// room for dozens of rules with their tests. It bounds the time and, above all, the
// memory that compiling takes: the manifests allow for as much beside what is in force.
const (
	MaxBytes = 512 << 10
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
	// Ref is the ConfigMap; nil for a folder.
	Ref *corev1.ObjectReference

	// problems say why nothing could be read.
	problems policy.Problems
}

// Unreadable is a source of which nothing could be read. It is set aside like one
// that does not compile.
func Unreadable(name string, err error) Source {
	var problems policy.Problems
	if !errors.As(err, &problems) {
		problems = policy.Problems{{Kind: policy.NotRead, Detail: err.Error()}}
	}
	return Source{Name: name, problems: problems}
}

// same says that two sources hold the same.
func (s Source) same(other Source) bool {
	return s.Name == other.Name && maps.Equal(s.Files, other.Files) && slices.Equal(s.problems, other.problems)
}

func (s Source) has(file string) bool {
	_, has := s.Files[file]
	return has
}

// FromConfigMap reads the keys that end in .rego. Other keys are nobody's business.
func FromConfigMap(configMap *corev1.ConfigMap) Source {
	source := ofConfigMap(configMap)
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

func ofConfigMap(configMap *corev1.ConfigMap) Source {
	return Source{
		Name: ConfigMapName(configMap.Namespace, configMap.Name), Files: map[string]string{},
		Ref: &corev1.ObjectReference{
			APIVersion: "v1", Kind: "ConfigMap", Namespace: configMap.Namespace, Name: configMap.Name, UID: configMap.UID,
		},
	}
}

// ConfigMapName is how a source that is a ConfigMap is named.
func ConfigMapName(namespace, name string) string { return "ConfigMap " + namespace + "/" + name }

// FolderName is how a source that is a folder is named.
func FolderName(dir string) string { return "folder " + dir }

// ReadDir reads the .rego files below a folder as one source. What begins with a dot
// is left out, above all the folders in which Kubernetes keeps the real files of a
// mounted ConfigMap; links to files are followed, links to folders below are not. It reads
// no more than sources may hold, and is then Problems.
func ReadDir(dir string) (Source, error) {
	source := Source{Name: FolderName(dir), Files: map[string]string{}}
	root, room := os.DirFS(dir), MaxBytes
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		hidden := path != "." && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			return err
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case entry.IsDir() || hidden || !strings.HasSuffix(path, extension):
			return nil
		}
		content, isFile, err := readFile(root, path, room)
		if err != nil || !isFile {
			return err
		}
		name := filepath.Join(dir, path)
		if room -= len(content); room < 0 || len(source.Files) == MaxFiles {
			return tooLarge(name)
		}
		source.Files[name] = string(content)
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

// readFile reads at most one byte more than there is room for, and nothing of what
// is no file.
func readFile(root fs.FS, path string, room int) (content []byte, isFile bool, err error) {
	// Opening a pipe would wait for its other end.
	info, err := fs.Stat(root, path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, false, err
	}
	file, err := root.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }()
	content, err = io.ReadAll(io.LimitReader(file, int64(room)+1))
	return content, true, err
}

func tooLarge(file string) policy.Problems {
	return policy.Problems{{
		File: file, Kind: policy.TooLarge, Between: [2]string{fmt.Sprintf("%d KiB", MaxBytes>>10), fmt.Sprint(MaxFiles)},
		Detail: fmt.Sprintf("policies hold more than %d KiB or %d files", MaxBytes>>10, MaxFiles),
	}}
}
