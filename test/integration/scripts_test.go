package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tealgate/tealgate/test/env"
)

// TestScripts runs the stories in which tealgate is up.
func TestScripts(t *testing.T) {
	w := everyday(t)
	for _, dir := range []string{"rules", "behaviour", "policies"} {
		t.Run(dir, func(t *testing.T) { w.run(t, filepath.Join("testdata", dir)) })
	}
}

// TestScriptsWithoutMutation runs the stories in which the mutating webhooks,
// which fail open, did not answer.
func TestScriptsWithoutMutation(t *testing.T) {
	w := solitary(t)
	w.unmutated(t)
	w.run(t, filepath.Join("testdata", "unmutated"))
}

// TestScriptsWhileDown runs, one after the other, the stories in which tealgate is
// killed: what must go on without it, and what must not happen. Those of the admission
// policies have the same answers as in TestScripts.
func TestScriptsWhileDown(t *testing.T) {
	w := solitary(t)
	w.mortal = true
	t.Cleanup(func() { w.mortal = false })
	files, err := filepath.Glob("testdata/down/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	ofPolicies, err := filepath.Glob("testdata/policies/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, ofPolicies)
	files = append(files, ofPolicies...)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			// The script itself runs when this function has returned.
			t.Cleanup(func() { w.revive(t) })
			w.run(t, file)
		})
	}
}

// TestApplications runs the stories of an application's way into tealgate, through its
// releases, and out, as kubectl tealgate goes it.
func TestApplications(t *testing.T) {
	buildPlugin(t)
	w := everyday(t)
	w.run(t, filepath.Join("testdata", "applications"))
}

// run runs one script, or all of a folder at the same time. Beside those of testscript
// they have these commands:
//
//	namespace MODE [LANGUAGE]   creates the script's own namespace, and in it the
//	                            ConfigMap shop-config
//	kubectl ARGS                as the developer, in that namespace; kubectl tealgate is
//	                            the plugin
//	admin ARGS                  kubectl as the administrator, in that namespace
//	holder ARGS                 kubectl as another developer, whom a script may give rights
//	at VARIABLE DURATION        sets a variable to a time from now, for example 30m or -1m
//	fill FILE                   replaces the names of variables in a file
//	look ARGS                   the same, for answers that are never twice the same
//	settled DEPLOYMENT          waits until it is rolled out
//	untilmode MODE              waits until the namespace's new mode has arrived
//	until TEXT ARGS             kubectl as the administrator, until its output has TEXT;
//	                            with ! in front, until it has not
//	capture VARIABLE ARGS       kubectl as the administrator, its output in a variable
//	own CONFIGMAP OBJECT        makes a ConfigMap the owner of an object
//	paste FILE                  applies the fixes of the last denial to a manifest
//	killtealgate                ends tealgate as a crash would
//	starttealgate               starts it again, and waits until it is ready
//	watchready SERVICE NUMBER   counts, once there are so many, the ready endpoints after each change
//	alwaysready NUMBER          ends that; there never were fewer
//	watchdeletions SERVICE      notes what it selects, and which pods are deleted
//	neverbehind NUMBER          ends that once so many were: the Service selected none of
//	                            them when its deletion began
//	untilmetric LINE            waits until tealgate's metrics have that line
//	withhold RESOURCES          tealgate's lists of these, and of no others, get no
//	                            answer from now on
//	behind RESOURCES            tealgate's cache of these stays as it is from now on; without
//	                            any it catches up
//	maydie                      does so where the script is run with tealgate down
//
// What kubectl, admin and holder show is gathered in the file session, which a script
// can compare as a whole at its end. Each finds the manifests of testdata/shared in its
// folder: a Service, and a blue and a green Deployment that have no problem, and the
// blue one with a single pod, and in docs the examples of the documentation. Names of pods are random and shown as NAME-HASH-xxxxx,
// tealgate's port as PORT, times as 2006-01-02T15:04:05Z and 15:04Z.
func (w *world) run(t *testing.T, path string) {
	t.Helper()
	params := testscript.Params{Dir: path}
	if filepath.Ext(path) != "" {
		params = testscript.Params{Files: []string{path}}
	}
	testscript.Run(t, testscript.Params{
		Dir: params.Dir, Files: params.Files,
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			w.places <- struct{}{}
			e.Defer(func() { <-w.places })
			e.Vars = append(e.Vars, "NS="+namespaceOf(e))
			if err := os.CopyFS(filepath.Join(e.WorkDir, "docs"), os.DirFS(filepath.Join("..", "..", "docs", "examples"))); err != nil {
				return err
			}
			return os.CopyFS(e.WorkDir, os.DirFS(filepath.Join("testdata", "shared")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"namespace": w.namespace,
			"kubectl": func(ts *testscript.TestScript, neg bool, args []string) {
				record(ts, "$", args, w.kubectl(ts, neg, w.kubeconfig, args))
			},
			"admin": func(ts *testscript.TestScript, neg bool, args []string) {
				record(ts, "#", args, w.kubectl(ts, neg, w.cluster.Kubeconfig, args))
			},
			"look": func(ts *testscript.TestScript, neg bool, args []string) {
				w.kubectl(ts, neg, w.cluster.Kubeconfig, args)
			},
			"settled": func(ts *testscript.TestScript, _ bool, args []string) {
				w.kubectl(ts, false, w.cluster.Kubeconfig, []string{"rollout", "status", "deployment/" + args[0], "--timeout=90s"})
			},
			"holder": func(ts *testscript.TestScript, neg bool, args []string) {
				record(ts, holder+"$", args, w.kubectl(ts, neg, w.holder, args))
			},
			"at":             at,
			"fill":           fill,
			"untilmode":      w.untilMode,
			"until":          w.until,
			"capture":        w.capture,
			"paste":          paste,
			"own":            w.own,
			"withhold":       w.withhold,
			"behind":         w.behind,
			"starttealgate":  func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(w.tealgate.Start(context.Background())) },
			"watchready":     w.watchReady,
			"alwaysready":    w.alwaysReady,
			"untilmetric":    w.untilMetricLine,
			"neverbehind":    w.neverBehind,
			"watchdeletions": w.watchDeletions,
			"killtealgate":   func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(w.tealgate.Kill()) },
			"maydie": func(ts *testscript.TestScript, _ bool, _ []string) {
				if w.mortal {
					ts.Check(w.tealgate.Kill())
				}
			},
		},
	})
}

// namespaceOf names a script's namespace after it.
func namespaceOf(e *testscript.Env) string {
	script := filepath.Base(e.WorkDir)
	return strings.NewReplacer("script-", "", ".", "-", "_", "-").Replace(script)
}

func (w *world) namespace(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	name := ts.Getenv("NS")
	ts.Check(w.tealgate.Namespace(ctx, name, args[0]))
	_, err := w.cluster.Kubectl(ctx, "-n", name, "create", "configmap", "shop-config", "--from-literal=LOG_LEVEL=info")
	ts.Check(err)
	if len(args) > 1 {
		_, err = w.cluster.Kubectl(ctx, "label", "namespace", name, "tealgate.dev/language="+args[1])
		ts.Check(err)
		// The label reaches tealgate's cache a moment later.
		ts.Check(poll(ctx, func(ctx context.Context) (bool, error) {
			result, err := w.probe(ctx, name)
			return strings.Contains(result.Stderr, "处问题"), err
		}))
	}
}

// probe asks about a Deployment with problems, which does not come to be.
func (w *world) probe(ctx context.Context, namespace string) (env.KubectlResult, error) {
	manifest := "{apiVersion: apps/v1, kind: Deployment, metadata: {name: probe}, spec: {selector: {matchLabels: {app: probe}}, " +
		"template: {metadata: {labels: {app: probe}}, spec: {containers: [{name: probe, image: probe}]}}}}"
	return w.cluster.KubectlWith(ctx, env.KubectlOptions{Stdin: strings.NewReader(manifest)},
		"-n", namespace, "create", "--dry-run=server", "-f", "-")
}

// untilMode does not trust tealgate's metrics alone: scripts beside this one are in them too.
func (w *world) untilMode(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	name, mode := ts.Getenv("NS"), args[0]
	ts.Check(w.tealgate.WaitForMode(ctx, name, mode))
	ts.Check(poll(ctx, func(ctx context.Context) (bool, error) {
		result, err := w.probe(ctx, name)
		denied, told := result.Code != 0, strings.Contains(result.Stderr, "readiness-probe")
		return denied == (mode == "enforce") && told == (mode != "audit"), err
	}))
}

// kubectl returns all that it shows, in the order of a terminal.
func (w *world) kubectl(ts *testscript.TestScript, neg bool, kubeconfig string, args []string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	args = slices.Clone(args)
	if !slices.Contains(args, "-n") && !slices.Contains(args, "-A") {
		at := 0
		if args[0] == "tealgate" {
			at = 2 // behind the plugin's command
		}
		args = slices.Insert(args, at, "-n", ts.Getenv("NS"))
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, w.cluster.Binary("kubectl"), args...)
	command.Dir = ts.MkAbs(".")
	command.Env = append(w.cluster.KubectlEnv(kubeconfig), w.pluginPath())
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	out, errs := normalise(stdout.Bytes()), normalise(stderr.Bytes())
	_, _ = ts.Stdout().Write(out)
	_, _ = ts.Stderr().Write(errs)
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		ts.Fatalf("kubectl: %v", err)
	case err != nil && !neg:
		ts.Fatalf("kubectl failed: %s%s", stdout.String(), stderr.String())
	case err == nil && neg:
		ts.Fatalf("kubectl succeeded: %s%s", stdout.String(), stderr.String())
	}
	return ended(out) + ended(errs)
}

// ended ends with a line break, which jsonpath writes none of.
func ended(text []byte) string {
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) {
		return string(text)
	}
	return string(text) + "\n"
}

func (w *world) own(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	namespace := ts.Getenv("NS")
	uid, err := w.cluster.Kubectl(ctx, "-n", namespace, "get", "configmap", args[0], "-o=jsonpath={.metadata.uid}")
	ts.Check(err)
	patch := fmt.Sprintf("metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: %s, uid: %s}]}", args[0], uid.Stdout)
	result, err := w.cluster.Kubectl(ctx, "-n", namespace, "patch", args[1], "-p", patch)
	ts.Check(err)
	if result.Code != 0 {
		ts.Fatalf("own: %s", result)
	}
}

func (w *world) capture(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	result, err := w.cluster.Kubectl(ctx, append([]string{"-n", ts.Getenv("NS")}, args[1:]...)...)
	ts.Check(err)
	if result.Code != 0 || result.Stdout == "" {
		ts.Fatalf("capture: %s", result)
	}
	ts.Setenv(args[0], result.Stdout)
}

// podName matches the random end of a pod's name, of which Kubernetes makes no
// words: https://pkg.go.dev/k8s.io/apimachinery/pkg/util/rand.
var podName = regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{5,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b`)

// localPort is where tealgate listens in this run. The timeout that its URL ends with is
// shown as the manifests have it.
var localPort = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// times match a time of day, with its date or without.
var (
	fullTime  = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	timeOfDay = regexp.MustCompile(`([^:\d])\d\d:\d\dZ`)
)

func normalise(output []byte) []byte {
	output = podName.ReplaceAll(output, []byte("-HASH-xxxxx"))
	output = localPort.ReplaceAll(output, []byte("127.0.0.1:PORT"))
	output = bytes.ReplaceAll(output, fmt.Appendf(nil, "?timeout=%ds", longTimeout), fmt.Appendf(nil, "?timeout=%ds", timeout))
	output = fullTime.ReplaceAll(output, []byte("2006-01-02T15:04:05Z"))
	return timeOfDay.ReplaceAll(output, []byte("${1}15:04Z"))
}

func at(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().UTC().Add(d).Format(time.RFC3339))
}

func fill(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(path, []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o644))
}

func (w *world) until(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	last := ""
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		options := env.KubectlOptions{Dir: ts.MkAbs(".")}
		result, err := w.cluster.KubectlWith(ctx, options, append([]string{"-n", ts.Getenv("NS")}, args[1:]...)...)
		if err == nil {
			last = result.String()
		}
		return strings.Contains(result.String(), args[0]) != neg, err
	})
	if err != nil {
		ts.Fatalf("until %q: %v; last: %s", args[0], err, last)
	}
}

func poll(ctx context.Context, condition wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, condition)
}
