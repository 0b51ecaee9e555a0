package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// desk is the pair as people see it: each runs kubectl tealgate as themselves.
type desk struct {
	*pair
	path  string
	users map[string]string
	// session is what all of them would have seen on their screens.
	session bytes.Buffer
}

// sit gives people the program, and the roles of manifests/rbac/people.yaml beside
// those that everybody has: view, and edit for who deploys.
func sit(s *pair, roles map[string][]string) *desk {
	s.t.Helper()
	bin := s.t.TempDir()
	build := exec.CommandContext(s.t.Context(), "go", "build", "-o", filepath.Join(bin, "kubectl-tealgate"), "github.com/tealgate/tealgate/cmd/kubectl-tealgate")
	output, err := build.CombinedOutput()
	require.NoError(s.t, err, string(output))
	d := &desk{pair: s, users: map[string]string{}, path: strings.Join([]string{bin, filepath.Dir(s.cluster.Binary("kubectl")), os.Getenv("PATH")}, string(os.PathListSeparator))}
	admin := func(args ...string) {
		result, err := s.cluster.Kubectl(s.t.Context(), args...)
		require.NoError(s.t, err)
		require.Zero(s.t, result.Code, result)
	}
	for user, list := range roles {
		d.users[user], err = s.cluster.UserKubeconfig(user)
		require.NoError(s.t, err)
		for _, role := range list {
			admin("-n", s.namespace, "create", "rolebinding", user+"-"+role, "--clusterrole="+role, "--user="+user)
		}
	}
	return d
}

// types runs a command line behind kubectl tealgate, in the namespace of the pair.
func (d *desk) types(user, line string) env.KubectlResult {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 2*patience)
	defer cancel()
	args := append([]string{"tealgate", "-n", d.namespace}, words(line)...)
	result, err := d.cluster.KubectlWith(ctx, env.KubectlOptions{Kubeconfig: d.users[user], Env: []string{"PATH=" + d.path, "TZ=UTC"}}, args...)
	require.NoError(d.t, err)
	fmt.Fprintf(&d.session, "%s$ kubectl tealgate %s\n%s", user, line, result)
	if result.Code != 0 {
		fmt.Fprintf(&d.session, "(exit code %d)\n", result.Code)
	}
	return result
}

// words splits a command line at its spaces, with single quotes round what has some.
func words(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// changing is what two runs of the same story do not have in common.
var changing = regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d UTC)?)?|\b\d\d:\d\d:\d\d\b|\b[A-Z][a-z]{2} \d+ \d\d:\d\d|\b\d+(\.\d+)?(ms|s|µs)\b|(\b\d+h)?\b\d+m(\d+(\.\d+)?s)?\b`)

// padding is what is between columns, which are as wide as what changes.
var padding = regexp.MustCompile(` {2,}`)

// decisionName is one that the API server made up.
var decisionName = regexp.MustCompile(`\b(shop-\d+-go)-[a-z0-9]{5}\b`)

// alike is what two runs of the same story have in common.
func alike(text string) string {
	text = decisionName.ReplaceAllString(text, "$1-NAME")
	return padding.ReplaceAllString(changing.ReplaceAllString(text, "TIME"), "  ")
}

// TestPeople: one application and the people round it, from the deployment to the report,
// each with the rights of what they do and no others.
func TestPeople(t *testing.T) {
	w := everyday(t)
	w.place(t)
	s := open(t, w.cluster, "shop", change(func(spec *v1alpha1.BlueGreenSpec) {
		spec.Verify.Checklist = []v1alpha1.Check{{Name: "login-and-order"}, {Name: "payment"}}
		spec.Watch.Duration.Duration, spec.Retire.After.Duration = time.Second, time.Second
	}))
	d := sit(s, map[string][]string{
		"mia": {"view", "tealgate-release-manager"},
		"tom": {"view", "tealgate-tester"},
		"ann": {"view", "tealgate-operator"},
		"lee": {"edit", "tealgate-release-manager"},
	})
	d.succeeds()
	d.isStoppedAndTriedAgain()
	d.goesBack()
	d.goesTheOtherWay()
	got := alike(d.session.String())
	file := filepath.Join("testdata", "people.txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./test/integration -run TestPeople -update writes it")
	t.Logf("%s", d.session.String())
	assert.Equal(t, string(want), got)
	onPage(t, got)
}

// said is a command and its whole answer.
type said struct{ command, answer string }

// dialogue is what was typed and answered. How long a command may wait, and its exit code, are
// left out.
func dialogue(session string) []said {
	var all []said
	for line := range strings.Lines(session) {
		switch {
		case strings.Contains(line, "$ kubectl "):
			all = append(all, said{command: strings.TrimSuffix(strings.TrimSpace(line), " --timeout TIME")})
		case len(all) > 0 && !strings.HasPrefix(line, "(exit code "):
			all[len(all)-1].answer += line
		}
	}
	return all
}

// onPage holds that docs/release.md shows what people really see: each answer is one of the
// story's, whole, to the same command, and they stand in the story's order.
func onPage(t *testing.T, session string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "release.md"))
	require.NoError(t, err)
	story := dialogue(session)
	for i, block := range strings.Split(string(page), "```") {
		lines, shown := strings.CutPrefix(block, "console\n")
		if i%2 == 0 || !shown {
			continue
		}
		for _, one := range dialogue(alike(lines)) {
			if one.answer == "" {
				continue
			}
			at := slices.Index(story, one)
			if assert.GreaterOrEqual(t, at, 0, "docs/release.md: this does not come next: %v", one) {
				story = story[at+1:]
			}
		}
	}
}

// byKubectlAlone holds that the API server takes from mia the Decision of docs/rollback.md.
func (d *desk) byKubectlAlone(release string) {
	d.t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "rollback.md"))
	require.NoError(d.t, err)
	_, manifest, found := strings.Cut(string(page), "```yaml\napiVersion: tealgate.dev/")
	require.True(d.t, found)
	manifest, _, _ = strings.Cut("apiVersion: tealgate.dev/"+manifest, "```")
	file := filepath.Join(d.t.TempDir(), "rollback.yaml")
	require.NoError(d.t, os.WriteFile(file, []byte(strings.ReplaceAll(manifest, "shop-17", release)), 0o600))
	result, err := d.cluster.KubectlWith(d.t.Context(), env.KubectlOptions{Kubeconfig: d.users["mia"]},
		"-n", d.namespace, "create", "--dry-run=server", "-f", file)
	require.NoError(d.t, err)
	assert.Zero(d.t, result.Code, "docs/rollback.md: %s", result)
}

// notes puts release notes on green.
func (d *desk) notes(text string) {
	d.t.Helper()
	deployment := &appsv1.Deployment{}
	require.NoError(d.t, d.Get(d.t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "shop-green"}, deployment))
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationReleaseNotes, text)
	require.NoError(d.t, d.Patch(d.t.Context(), deployment, client.RawPatch("application/merge-patch+json", patch)))
}

func (d *desk) succeeds() {
	d.types("mia", "go shop")
	d.deploy(color.Green, "1.5.0", 3)
	d.notes("Orders can be paid by invoice.")
	d.until("job done", func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Phase == v1alpha1.PhaseVerifying && bg.Status.Waiting != nil && !strings.Contains(bg.Status.Waiting.Message, "job") && len(bg.Status.Release.Jobs) > 0
	})
	d.types("mia", "get")
	d.types("mia", "go shop")
	d.types("tom", "check-off shop")
	d.types("tom", "check-off shop login-and-order payment --reason 'tried on the preview'")
	d.phase(v1alpha1.PhaseAwaitingDecision)
	d.types("mia", "rollback shop")
	d.types("lee", "go shop")
	d.types("ann", "go shop")
	result := d.types("mia", "go shop --release shop-1 --reason 'all is ticked' --wait --timeout 1m")
	assert.Zero(d.t, result.Code)
	d.idle()
	d.types("mia", "get -o wide")
	d.types("mia", "rollback shop")
	d.types("mia", "report shop")
}

// idle waits until nothing is on its way, and that is told.
func (d *desk) idle() *v1alpha1.BlueGreen {
	d.t.Helper()
	return d.until("idle", func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Phase == v1alpha1.PhaseIdle && bg.Status.Waiting != nil && bg.Status.Waiting.Reason == "Idle"
	})
}

func (d *desk) isStoppedAndTriedAgain() {
	bg := d.idle()
	bg.Spec.Watch.Duration.Duration = time.Hour
	require.NoError(d.t, d.Update(d.t.Context(), bg))
	d.deploy(color.Blue, "1.6.0", 3)
	d.phase(v1alpha1.PhaseVerifying)
	d.types("mia", "no-go shop --reason 'the campaign waits' --wait --timeout 1m")
	d.idle()
	d.types("mia", "retry shop")
	d.types("ann", "retry shop")
	d.phase(v1alpha1.PhaseVerifying)
	d.types("ann", "release shop")
}

func (d *desk) goesBack() {
	d.types("tom", "check-off shop login-and-order payment")
	d.phase(v1alpha1.PhaseAwaitingDecision)
	d.types("ann", "pause shop")
	d.types("mia", "go shop")
	d.types("ann", "resume shop")
	// It is watched for an hour.
	d.until("switched", func(bg *v1alpha1.BlueGreen) bool { return !bg.Status.Release.EndpointsSwitchedTime.IsZero() })
	d.byKubectlAlone("shop-3")
	d.types("mia", "rollback shop --reason 'orders fail' --wait --timeout 1m")
	d.idle()
	d.types("mia", "watch shop --release shop-3")
	d.serves(color.Green, 3)
}

// goesTheOtherWay releases what was rolled back, and what that takes the place of again.
func (d *desk) goesTheOtherWay() {
	bg := d.idle()
	bg.Spec.Watch.Duration.Duration = time.Second
	require.NoError(d.t, d.Update(d.t.Context(), bg))
	d.types("ann", "release shop")
	d.phase(v1alpha1.PhaseVerifying)
	d.types("tom", "check-off shop login-and-order payment")
	d.phase(v1alpha1.PhaseAwaitingDecision)
	d.types("mia", "go shop --wait --timeout 1m")
	d.idle()
	d.types("mia", "rollback shop")
	d.types("ann", "release shop")
	d.phase(v1alpha1.PhaseVerifying)
	d.types("mia", "history shop")
}
