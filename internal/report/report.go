// Package report writes what the offline check found: for a person, and in the
// forms that CI systems read. Every form has the same sentences.
package report

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
)

// Format is a form of a report.
type Format string

// The formats.
const (
	Text  Format = "text"
	JSON  Format = "json"
	SARIF Format = "sarif"
	JUnit Format = "junit"
)

// Formats lists them in the order of the documentation.
func Formats() []Format { return []Format{Text, JSON, SARIF, JUnit} }

// Options says how to write.
type Options struct {
	Format   Format
	Language policy.Language
	// Color is for text on a terminal.
	Color bool
	// Rules are all rules that were asked, whether they found something or not.
	Rules []*policy.Rule
	// Docs returns the platform team's page about a rule, empty where there is none;
	// nil for a team that wrote none.
	Docs func(rule string) string
	// Version is that of this program.
	Version string
}

// Write writes a result.
func Write(out io.Writer, result *offline.Result, options Options) error {
	switch options.Format {
	case Text:
		return writeText(out, result, options)
	case JSON:
		return writeJSON(out, result)
	case SARIF:
		return writeSARIF(out, result, options)
	case JUnit:
		return writeJUnit(out, result)
	default:
		return fmt.Errorf("%q is no format", options.Format)
	}
}

// slashed is a file's name as it is written on every system.
func slashed(name string) string { return filepath.ToSlash(name) }
