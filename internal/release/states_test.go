package release_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

var update = flag.Bool("update", false, "write testdata/states.txt")

const deep = 48 * time.Hour

// row is where a release stands, what happens, and what comes of it.
type row struct {
	from   release.Phase
	happen func(*world)
	want   want
}

// want is where that comes to rest.
type want struct {
	phase   release.Phase
	outcome release.Outcome
	// reason is why the release ended or rolls back, waits what a resting one says.
	reason, waits string
	// live is the color that the first Service selects in the end.
	live color.Color
}

// table is that of all states.
func table() map[string]row {
	all := map[string]row{}
	for _, from := range []func() map[string]row{
		fromNew, fromIdle, fromDeploying, fromVerifying, fromAwaiting, fromSwitching, fromWatching, fromRetiring, fromRollingBack,
	} {
		maps.Copy(all, from())
	}
	return all
}

// play lets a row happen and returns the world in which nothing happens any more.
func (r row) play(t *testing.T) *world {
	t.Helper()
	w := newWorld().until(t, r.from)
	w.told = nil
	r.happen(w)
	w.rest(t)
	return w
}

// TestDecide is the table of states: where a release stands, what happens, what comes of it.
// All that is said on the way stands in testdata/states.txt.
func TestDecide(t *testing.T) {
	rows := table()
	var session strings.Builder
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		t.Run(name, func(t *testing.T) {
			test := rows[name]
			w := test.play(t)
			fmt.Fprintf(&session, "%s\n", name)
			for _, said := range w.told {
				fmt.Fprintf(&session, "  %s\n", said)
			}
			got := want{phase: w.State.Phase}
			if w.State.Release != nil {
				got.outcome, got.reason = w.State.Release.Outcome, w.State.Release.Reason
			}
			if test.want.waits != "" {
				got.waits = w.told[len(w.told)-1].message
			}
			if len(w.Services) > 0 {
				got.live = w.Services[0].Color
			}
			assert.Equal(t, test.want, got)
		})
	}
	file := filepath.Join("testdata", "states.txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(session.String()), 0o600))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./internal/release -run TestDecide -update writes it")
	assert.Equal(t, string(golden), session.String())
}

// TestTableIsWhole: whatever a release says in a phase, in any history, a row of the table has
// it; and a row has each reason that there is in the code.
func TestTableIsWhole(t *testing.T) {
	rows := map[said]bool{}
	reasons := map[string]bool{}
	for _, test := range table() {
		for _, said := range test.play(t).told {
			rows[said.kind()] = true
			reasons[said.reason] = true
		}
	}
	missing := map[string]uint64{}
	for seed := range uint64(histories) {
		w := random(t, seed, nil)
		w.rest(t)
		for _, said := range w.told {
			if kind := said.kind(); !rows[kind] {
				missing[kind.String()] = seed
			}
		}
	}
	assert.Empty(t, missing, "no row of the table says this in that phase; the number is the seed of a history that does")
	var unsaid []string
	for _, reason := range literals(t) {
		if !reasons[reason] {
			unsaid = append(unsaid, reason)
		}
	}
	assert.Empty(t, unsaid, "no row of the table has these reasons")
}

// word is how a reason is written.
var word = regexp.MustCompile(`^[A-Z][a-z]+([A-Z][a-z]+)*$`)

// literals are the reasons in the code of the package: the literals that are one word and
// not that of a constant.
func literals(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			if declared, ok := node.(*ast.GenDecl); ok && declared.Tok == token.CONST {
				return false
			}
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				if word.MatchString(text) {
					found[text] = true
				}
			}
			return true
		})
	}
	require.Greater(t, len(found), 30, "the reasons are found")
	return slices.Sorted(maps.Keys(found))
}

func unfit(why string) map[color.Color][]string { return map[color.Color][]string{color.Green: {why}} }

func (w *world) autoscaled(c color.Color) {
	w.change(c, func(d *release.Deployment) { d.Autoscaler = "shop" })
}

// job makes a job fail.
func (w *world) job(stage release.Stage, name, message string) {
	w.Jobs[release.JobKey{Stage: stage, Name: name}] = release.Job{Failed: true, Message: message}
}

func (w *world) sample(value, samples float64, trouble string) {
	w.Samples = map[string]release.Sample{"errors": {Value: value, Samples: samples, Trouble: trouble}}
}

func (w *world) manual() { w.State.Release.Spec.ManualRollback = true }

func (w *world) busy(sample *release.Sample) {
	w.State.Release.Spec.Retire.Evidence = true
	w.OldTraffic = sample
}

// hooked lets the hook before the switch pass.
func (w *world) hooked() { w.Jobs[pauseConsumers] = release.Job{Succeeded: true} }

// half lets the hook pass and moves one Service of two.
func (w *world) half() {
	w.hooked()
	w.step()
	w.selects(color.Green, "shop")
}

// shows moves the preview, by hand.
func (w *world) shows(c color.Color) { w.do(release.Show{Service: "shop-preview", To: c}) }

func (w *world) crashes() {
	w.change(color.Green, func(d *release.Deployment) { d.Crashing = []string{"shop-green-1"} })
}

func (w *world) restarts() {
	w.change(color.Green, func(d *release.Deployment) { d.Restarts = 3 })
}
