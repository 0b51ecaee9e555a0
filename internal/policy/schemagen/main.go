// Command schemagen writes the JSON schema of the rules' input, for opa check and
// for editors. go generate runs it in the folder of package policy.
package main

import (
	"fmt"
	"os"

	"github.com/tealgate/tealgate/internal/policy"
)

const target = "../../policies/schema/input.json"

func main() {
	schema, err := policy.SchemaJSON()
	if err == nil {
		err = os.WriteFile(target, schema, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}
