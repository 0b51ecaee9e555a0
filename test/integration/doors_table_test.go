package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/tealgate/tealgate/policies"
)

// doorsFile is the table of doors: one section a row.
var doorsFile = filepath.Join("testdata", "doors", "table.txtar")

// door is one row: a command that a user types, and what comes of it.
type door struct {
	name string
	// user is a key of the users of a doorway.
	user string
	// run is for sh. first and then are too, run by the administrator: what must be so
	// before, and what must come of it.
	run, first, then string
	// up is the verdict while tealgate is up, down that while it is not: empty where
	// the row is not tried then.
	up, down string
	// answer is all that was shown, answerDown the same while tealgate is down unless
	// that has the same verdict.
	answer, answerDown string
}

// Verdicts. The first two are followed by ids of rules and policies.
const (
	deniedBy   = "denied by "
	passesWith = "passes with "
	passes     = "passes"
	// keeps: it passes and has changed nothing.
	keeps = "changes nothing"
	// same: the verdict and the answer are those with tealgate up.
	same = "same"
	// waits: it is refused until tealgate is back.
	waits = "waits"
)

// whileDown stands between the two answers of a row.
const whileDown = "\nWhile tealgate is down:\n"

// doors reads the table.
func doors(t *testing.T) ([]door, *txtar.Archive) {
	t.Helper()
	archive, err := txtar.ParseFile(doorsFile)
	require.NoError(t, err)
	rows := make([]door, len(archive.Files))
	for i, file := range archive.Files {
		row := door{name: file.Name}
		head, body, _ := strings.Cut(string(file.Data), "\n\n")
		fields := map[string]*string{
			"as": &row.user, "run": &row.run, "first": &row.first, "then": &row.then, "up": &row.up, "down": &row.down,
		}
		for line := range strings.SplitSeq(strings.TrimSpace(head), "\n") {
			key, value, _ := strings.Cut(line, ": ")
			require.Contains(t, fields, key, "%s: %s", row.name, line)
			*fields[key] = value
		}
		row.answer, row.answerDown, _ = strings.Cut(body, whileDown)
		rows[i] = row
	}
	return rows, archive
}

// write is the opposite of doors.
func (row *door) write() []byte {
	var b strings.Builder
	for _, field := range [][2]string{
		{"as", row.user}, {"first", row.first}, {"run", row.run}, {"then", row.then}, {"up", row.up}, {"down", row.down},
	} {
		if field[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", field[0], field[1])
		}
	}
	b.WriteString("\n" + row.answer)
	if row.answerDown != "" {
		b.WriteString(whileDown + row.answerDown)
	}
	return []byte(b.String())
}

// ids are those that a verdict names.
func ids(verdict string) []string {
	for _, prefix := range []string{deniedBy, passesWith} {
		if list, found := strings.CutPrefix(verdict, prefix); found {
			return strings.Split(list, ", ")
		}
	}
	return nil
}

// rbac is who denies beside rules and policies.
const rbac = "RBAC"

// TestDoorsTable holds the form of the table, and that it is what docs/doors.md shows.
func TestDoorsTable(t *testing.T) {
	rows, _ := doors(t)
	assert.GreaterOrEqual(t, len(rows), 50)
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	known := []string{rbac}
	for _, rule := range engine.Rules() {
		known = append(known, rule.ID)
	}
	for _, object := range objects[admissionregistrationv1.ValidatingAdmissionPolicy](t, "ValidatingAdmissionPolicy") {
		known = append(known, strings.TrimSuffix(object.Name, ".tealgate.dev"))
	}
	seen := map[string]bool{}
	for _, row := range rows {
		assert.False(t, seen[row.name], "%s: stands there twice", row.name)
		seen[row.name] = true
		assert.NotContains(t, row.name, "|", "it is a row of a table in Markdown")
		assert.Subset(t, known, ids(row.up), row.name)
		if ids(row.up) == nil {
			assert.Contains(t, []string{passes, keeps}, row.up, row.name)
		}
		assert.Contains(t, []string{"", same, waits, passes, keeps}, row.down, row.name)
	}
	compareDoorsPage(t, rows)
}

// generated is the part of docs/doors.md between its two marks.
var generated = regexp.MustCompile(`(?s)(<!-- rows of test/integration/testdata/doors/table.txtar -->\n).*(<!-- end of rows -->\n)`)

func compareDoorsPage(t *testing.T, rows []door) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "doors.md")
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, generated.Match(page), "%s has lost its marks", path)
	want := generated.ReplaceAllString(string(page), "${1}"+strings.ReplaceAll(doorsPage(rows), "$", "$$")+"${2}")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(page), "docs/doors.md is out of date: go test ./test/integration -run TestDoorsTable -update")
}

// doorsPage is both tables: what is refused, and what passes.
func doorsPage(rows []door) string {
	var closed, open strings.Builder
	for _, row := range rows {
		table := &open
		if strings.HasPrefix(row.up, deniedBy) {
			table = &closed
		}
		fmt.Fprintf(table, "| %s | %s | %s | %s |\n", row.name, row.user, shownVerdict(row.up), shownDown(row))
	}
	const head = "| who | tealgate is up | tealgate is down |\n|---|---|---|---|\n"
	return "\n### Closed\n\n| door " + head + closed.String() + "\n### What passes\n\n| what " + head + open.String() + "\n"
}

func shownDown(row door) string {
	switch row.down {
	case "":
		return ""
	case same:
		return shownVerdict(row.up)
	}
	return row.down
}

// shownVerdict links rules to their pages; policies have none.
func shownVerdict(verdict string) string {
	for _, id := range ids(verdict) {
		shown := "`" + id + "`"
		if id == rbac {
			shown = id
		} else if _, err := os.Stat(filepath.Join("..", "..", "policies", "rules", id)); err == nil {
			shown = fmt.Sprintf("[%[1]s](rules.md#%[1]s)", id)
		}
		verdict = strings.Replace(verdict, id, shown, 1)
	}
	return verdict
}
