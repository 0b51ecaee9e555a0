package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sessionFile holds, in a script's folder, what a person would see on the screen:
// each command with its whole answer.
const sessionFile = "session"

// record adds a command and its answer. Prompts say who it is: $ the developer, # the
// administrator, and others by name.
func record(ts *testscript.TestScript, prompt string, args []string, answer string) {
	file, err := os.OpenFile(ts.MkAbs(sessionFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = quoted(arg)
	}
	_, err = fmt.Fprintf(file, "%s kubectl %s\n%s", prompt, normalise([]byte(strings.Join(shown, " "))), answer)
	ts.Check(err)
	ts.Check(file.Close())
}

// quoted is an argument as one types it.
func quoted(arg string) string {
	if strings.ContainsAny(arg, " {}[]*'\"\\\n") {
		return "'" + strings.ReplaceAll(strings.ReplaceAll(arg, "'", `'\''`), "\n", `\n`) + "'"
	}
	return arg
}

var (
	// matcher is a line of a script that looks at a part of an answer only.
	matcher = regexp.MustCompile(`(?m)^!? *(stdout|stderr|grep) .*$`)
	// looked is one behind a command whose answer cannot be the same twice.
	looked = regexp.MustCompile(`(?m)^!? *look .*\n((!? *(stdout|stderr) .*|cp .*|cmp .*)\n)+`)
)

// TestWholeAnswersAreCompared is the closed set of the stories' answers: nothing that
// kubectl shows in them goes uncompared.
func TestWholeAnswersAreCompared(t *testing.T) {
	for _, dir := range []string{"applications", "behaviour", "down", "policies", "rulebook", "silent", "unmutated"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			script, _, _ := strings.Cut(string(content), "\n-- ")
			assert.True(t, strings.HasSuffix(strings.TrimSpace(script), "\ncmp session want"),
				"%s: ends with `cmp session want`, want is written with -update", file)
			assert.Empty(t, matcher.FindAllString(looked.ReplaceAllString(script+"\n", ""), -1),
				"%s: `cmp session want` compares whole answers; for one that is never the same use look", file)
		}
	}
}
