// Package policies holds the rules that are part of the program. A rule is one
// folder below rules/: its Rego, its annotations, its tests.
package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:generate go run ./rulesgen

//go:embed main lib rules
var files embed.FS

// Modules returns the embedded Rego by file name, without the tests.
func Modules() (map[string]string, error) {
	return modules(func(path string) bool { return !strings.HasSuffix(path, "_test.rego") })
}

// ModulesWithTests returns the embedded Rego by file name, tests included.
func ModulesWithTests() (map[string]string, error) {
	return modules(func(string) bool { return true })
}

func modules(want func(path string) bool) (map[string]string, error) {
	found := map[string]string{}
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".rego") || !want(path) {
			return err
		}
		source, err := files.ReadFile(path)
		if err != nil {
			return fmt.Errorf("embedded policies: %w", err)
		}
		found[path] = string(source)
		return nil
	})
	return found, err
}
