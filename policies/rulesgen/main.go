// Command rulesgen writes docs/rules.md and its Chinese twin from the annotations of
// the embedded rules and from the golden files that show their messages filled in. go
// generate runs it in the folder of package policies.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
)

// Folders, as seen from that of package policies.
const (
	goldens = "testdata"
	docs    = "../docs"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "rulesgen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	engine, err := policies.Engine(ctx)
	if err != nil {
		return err
	}
	for _, language := range policy.Languages() {
		said := map[string]examples{}
		for _, rule := range engine.Rules() {
			name := fmt.Sprintf("%s.%s.txt", rule.ID, language)
			golden, err := os.ReadFile(filepath.Join(goldens, name)) //nolint:gosec // named after a rule
			if err == nil {
				said[rule.ID], err = readExamples(rule, string(golden))
			}
			if err != nil {
				return fmt.Errorf("%s (go test ./policies -update writes it): %w", name, err)
			}
		}
		text := page(language, engine.Rules(), said)
		if err := os.WriteFile(filepath.Join(docs, pages[language].file), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
