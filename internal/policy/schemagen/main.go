// Command schemagen writes the JSON schema of the rules' input to the file that
// it is given, for opa check and for editors.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tealgate/tealgate/internal/policy"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want the name of one file, have %d arguments", len(args))
	}
	schema, err := policy.SchemaJSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(args[0]), 0o750); err != nil {
		return err
	}
	return os.WriteFile(args[0], schema, 0o600)
}
