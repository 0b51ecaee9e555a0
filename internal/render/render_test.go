package render

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/offline"
)

var update = flag.Bool("update", false, "write the answers into the cases")

// TestCases renders each file of testdata. Its first lines are a comment and the flags
// --color, --helm and --unguarded (no tealgate looks after the namespace). The file
// input.yaml is rendered, cluster.yaml is what runs; said is what is said about it, and
// output.yaml, absent after an error, what comes out.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			text := func(name string) []byte {
				i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name })
				require.GreaterOrEqual(t, i, 0, "%s: no %s", file, name)
				return archive.Files[i].Data
			}
			flags := string(archive.Comment)
			options := Options{Cluster: cluster(t, text("cluster.yaml"), !strings.Contains(flags, "--unguarded")), Helm: strings.Contains(flags, "--helm")}
			if _, rest, ok := strings.Cut(flags, "--color "); ok {
				options.Color, _ = color.Parse(strings.Fields(rest)[0])
			}
			manifests := read(t, text("input.yaml"))
			said, err := Run(t.Context(), manifests, options)
			for _, problem := range leaves(err) {
				said = append(said, "error: "+problem.Error())
			}
			answer := archive.Files[:2:2]
			answer = append(answer, txtar.File{Name: "said", Data: []byte(strings.Join(append(said, ""), "\n"))})
			if err == nil {
				answer = append(answer, txtar.File{Name: "output.yaml", Data: manifests.Text()})
			} else {
				assert.Equal(t, string(text("input.yaml")), string(manifests.Text()), "nothing is edited after an error")
			}
			got := txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: answer})
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), "go test ./internal/render -update writes it")
			if len(answer) == 4 && options.Color == "" {
				again := read(t, manifests.Text())
				_, err = Run(t.Context(), again, options)
				require.NoError(t, err)
				assert.Equal(t, string(manifests.Text()), string(again.Text()), "rendering twice is rendering once")
			}
		})
	}
}

func leaves(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var all []error
		for _, each := range joined.Unwrap() {
			all = append(all, leaves(each)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func read(t *testing.T, text []byte) *offline.Manifests {
	t.Helper()
	manifests, err := offline.Read(t.Context(), offline.Sources{
		Files: []string{offline.Stdin}, Stdin: strings.NewReader(string(text)), Namespace: "shop",
	})
	require.NoError(t, err)
	require.Empty(t, manifests.Unreadable)
	return manifests
}

type standing State

func (s *standing) State(context.Context, string) (*State, error) { return (*State)(s), nil }

func cluster(t *testing.T, text []byte, restores bool) *standing {
	t.Helper()
	state := &standing{Restores: restores}
	for _, object := range read(t, text).Objects {
		switch object.GetKind() {
		case "Service":
			state.Services = append(state.Services, *typed[corev1.Service](t, object))
		case "Deployment":
			state.Deployments = append(state.Deployments, *typed[appsv1.Deployment](t, object))
		case "HorizontalPodAutoscaler":
			state.Autoscalers = append(state.Autoscalers, *typed[autoscalingv2.HorizontalPodAutoscaler](t, object))
		default:
			require.Fail(t, "not read from a cluster", object.GetKind())
		}
	}
	return state
}

func typed[T any](t *testing.T, object *offline.Object) *T {
	t.Helper()
	into := new(T)
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into))
	return into
}

// TestStateFails holds that a cluster that cannot be asked decides nothing.
func TestStateFails(t *testing.T) {
	gone := errors.New("gone")
	manifests := read(t, []byte("{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}, spec: {selector: {matchLabels: {app: shop}}}}"))
	_, err := Run(t.Context(), manifests, Options{Cluster: failing{gone}})
	require.ErrorIs(t, err, gone)

	manifests = read(t, []byte("{apiVersion: v1, kind: Service, metadata: {name: shop, labels: {"+v1alpha1.LabelRole+": preview}}}"))
	_, err = Run(t.Context(), manifests, Options{Cluster: failing{gone}})
	assert.NoError(t, err, "nobody asks where there is no Deployment")
}

type failing struct{ err error }

func (f failing) State(context.Context, string) (*State, error) { return nil, f.err }
