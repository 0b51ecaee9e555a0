// Package corpus holds manifests as teams write them, and what tealgate says of each.
package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Entry is a manifest, or a folder of manifests that are applied together.
type Entry struct {
	// Name is that of the file without its ending, or of the folder.
	Name string
	Path string
}

// Namespace is that of its objects which name none, as -n gives it to kubectl.
func (e Entry) Namespace() string { return e.Name }

// Findings is the file that says what is expected of the entry.
func (e Entry) Findings() string { return filepath.Join(filepath.Dir(e.Path), e.Name+findings) }

const findings = ".findings"

// Entries lists a corpus: everything in a folder that kubectl would read.
func Entries(dir string) ([]Entry, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	names := map[string]string{}
	for _, file := range found {
		ending := filepath.Ext(file.Name())
		if !file.IsDir() && !slices.Contains([]string{".yaml", ".yml", ".json"}, ending) {
			continue
		}
		name := strings.TrimSuffix(file.Name(), ending)
		if other, taken := names[name]; taken {
			return nil, fmt.Errorf("%s and %s would share their expected findings", other, file.Name())
		}
		names[name] = file.Name()
		entries = append(entries, Entry{Name: name, Path: filepath.Join(dir, file.Name())})
	}
	return entries, nil
}
