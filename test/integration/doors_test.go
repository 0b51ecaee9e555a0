package integration

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/test/env"
)

// TestDoors opens one door after the other, each as the user who might, and does what
// must pass, on a real API server: first with tealgate up, then what the table says of a
// killed one, in a second namespace like the first. Whatever happens, the Services that
// stand guarded go on serving by ready pods of the one color that they name.
//
//	go test ./test/integration -run TestDoors -update
func TestDoors(t *testing.T) {
	t.Parallel()
	// A drain meets every pod that there is. The API server streams no lists, as those before
	// Kubernetes 1.34: tealgate's caches ask for them.
	w := start(t, env.Options{APIServerArgs: []string{"--feature-gates=WatchList=false"}})
	w.policiesTypeCheck(t)
	rows, archive := doors(t)
	up, down := w.doorway(t, "doors"), w.doorway(t, "doors-down")
	for i := range rows {
		up.try(t, &rows[i], rows[i].up, &rows[i].answer)
	}
	w.kill(t)
	for i := range rows {
		row := &rows[i]
		switch row.down {
		case "":
		case same:
			answer := row.answer
			down.try(t, row, row.up, &answer)
			assert.Equal(t, row.answer, answer, "%s: while tealgate is down", row.name)
		default:
			down.try(t, row, row.down, &row.answerDown)
		}
	}
	w.admin(t.Context(), t, "wait", "--for=delete", "namespace/doors", "namespace/doors-down", "--timeout=180s")
	if *update && !t.Failed() {
		for i := range rows {
			archive.Files[i].Data = rows[i].write()
		}
		require.NoError(t, os.WriteFile(doorsFile, txtar.Format(archive), 0o644))
	}
}

// doorway is a namespace in enforce with the applications that the rows are about.
type doorway struct {
	world     *world
	client    kubernetes.Interface
	namespace string
	// dir is where commands run.
	dir string
	// users are kubeconfigs with the namespace as their default.
	users map[string]string
}

// guarded are the Services that have to serve after each row, as long as they are there.
var guarded = []string{"shop", "pay", "legacy", "bg", "way"}

func (w *world) doorway(t *testing.T, namespace string) *doorway {
	t.Helper()
	d := w.doorwayAt(t, namespace, filepath.Join("testdata", "doors"))
	d.join(t, "developer", w.kubeconfig)
	d.join(t, "on call", w.holder)
	for name, groups := range map[string][]string{
		"platform": nil, "chief": nil, "tester": nil, "operator": nil,
		// What GitOps robots are installed with: all rights.
		"system:serviceaccount:argocd:argocd-application-controller": {"system:masters"},
		// Controllers, by their names. Their rights are not what this is about.
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler": {"system:masters"},
		"system:serviceaccount:kube-system:deployment-controller":     {"system:masters"},
		"system:serviceaccount:kube-system:replicaset-controller":     {"system:masters"},
		"system:serviceaccount:kube-system:daemon-set-controller":     {"system:masters"},
	} {
		kubeconfig, err := w.cluster.UserKubeconfig(name, groups...)
		require.NoError(t, err)
		short := name[strings.LastIndexByte(name, ':')+1:]
		if short == "argocd-application-controller" {
			short = "GitOps robot"
		}
		d.join(t, short, kubeconfig)
	}
	d.must(t, "sh ./setup.sh")
	d.must(t, "sh ./managed.sh")
	d.must(t, "sh ./released.sh")
	d.serves(t)
	return d
}

// doorwayAt is one for the administrator alone, whose commands find files in dir. What
// before.sh there does is done before the namespace gets its mode.
func (w *world) doorwayAt(t *testing.T, namespace, dir string) *doorway {
	t.Helper()
	client, err := kubernetes.NewForConfig(w.cluster.Config)
	require.NoError(t, err)
	d := &doorway{world: w, client: client, namespace: namespace, dir: dir, users: map[string]string{}}
	w.admin(t.Context(), t, "create", "namespace", namespace)
	d.join(t, "admin", w.cluster.Kubeconfig)
	d.must(t, "test ! -f before.sh || sh ./before.sh")
	require.NoError(t, w.tealgate.Namespace(t.Context(), namespace, "enforce"))
	return d
}

// join copies a kubeconfig, and makes the namespace its default.
func (d *doorway) join(t *testing.T, user, kubeconfig string) {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	require.NoError(t, err)
	config.Contexts[config.CurrentContext].Namespace = d.namespace
	d.users[user] = filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, d.users[user]))
}

// try runs one row and compares what came of it with the verdict, and what was shown
// with the answer.
func (d *doorway) try(t *testing.T, row *door, verdict string, answer *string) {
	t.Helper()
	t.Run(row.name, func(t *testing.T) {
		d.must(t, row.first)
		before := d.snapshot(t)
		output, err := d.shell(t.Context(), row.user, row.run)
		var exit *exec.ExitError
		require.True(t, err == nil || errors.As(err, &exit), "%v", err)
		shown := strings.ReplaceAll(string(normalise([]byte(output))), d.namespace, "doors")
		assert.Equal(t, !strings.HasPrefix(verdict, deniedBy) && verdict != waits, err == nil, shown)
		for _, id := range ids(verdict) {
			if id != rbac {
				assert.Contains(t, shown, id)
			}
		}
		if verdict == waits {
			assert.Regexp(t, `failed calling webhook "(validate-enforce|restore-color)\.tealgate\.dev"`, shown)
		}
		if err != nil || verdict == keeps {
			assert.Equal(t, before, d.snapshot(t), "this changes nothing")
		}
		if verdict != waits {
			d.must(t, row.then)
		}
		d.serves(t)
		if *update {
			*answer = shown
		}
		assert.Equal(t, *answer, shown)
	})
}

// shell runs a command line as a person does, with the manifests at hand.
func (d *doorway) shell(ctx context.Context, user, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-c", line)
	command.Dir = d.dir
	command.Env = append(d.world.cluster.KubectlEnv(d.users[user]), "NS="+d.namespace,
		"SOON="+time.Now().UTC().Add(30*time.Minute).Format(time.RFC3339))
	output, err := command.CombinedOutput()
	return string(output), err
}

func (d *doorway) must(t *testing.T, line string) {
	t.Helper()
	if line == "" {
		return
	}
	output, err := d.shell(t.Context(), "admin", line)
	require.NoError(t, err, "%s: %s", line, output)
}

// snapshot is what users say of Services, Deployments and the namespace.
func (d *doorway) snapshot(t *testing.T) string {
	t.Helper()
	var all []any
	namespace, err := d.client.CoreV1().Namespaces().Get(t.Context(), d.namespace, metav1.GetOptions{})
	require.NoError(t, err)
	all = append(all, namespace.Labels)
	services, err := d.client.CoreV1().Services(d.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, service := range services.Items {
		all = append(all, service.Name, service.UID, service.Labels, service.Spec)
	}
	deployments, err := d.client.AppsV1().Deployments(d.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, deployment := range deployments.Items {
		all = append(all, deployment.Name, deployment.UID, deployment.Labels, deployment.Spec)
	}
	raw, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return string(raw)
}

// serves holds that each guarded Service has ready endpoints, and that all of them are
// pods of the color that it names. What controllers do takes a moment.
func (d *doorway) serves(t *testing.T) {
	t.Helper()
	for _, name := range guarded {
		problem := ""
		err := poll(t.Context(), func(ctx context.Context) (done bool, err error) {
			problem, err = d.problem(ctx, name)
			return problem == "", err
		})
		assert.NoError(t, err, "Service %s: %s", name, problem)
	}
}

// problem says what is wrong with the endpoints of a Service, empty for nothing.
func (d *doorway) problem(ctx context.Context, name string) (string, error) {
	service, err := d.client.CoreV1().Services(d.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", client.IgnoreNotFound(err)
	}
	slices, err := d.client.DiscoveryV1().EndpointSlices(d.namespace).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + name,
	})
	if err != nil {
		return "", err
	}
	color := service.Spec.Selector["tealgate.dev/color"]
	if color == "" {
		return "it names no color", nil
	}
	ready := 0
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || !*endpoint.Conditions.Ready {
				continue
			}
			if endpoint.TargetRef == nil || !strings.HasPrefix(endpoint.TargetRef.Name, name+"-") {
				return "it serves by " + endpoint.Addresses[0], nil
			}
			pod, err := d.client.CoreV1().Pods(d.namespace).Get(ctx, endpoint.TargetRef.Name, metav1.GetOptions{})
			if err != nil || pod.Labels["tealgate.dev/color"] != color {
				return "it names " + color + " and serves by " + endpoint.TargetRef.Name, nil
			}
			ready++
		}
	}
	if ready == 0 {
		return "it has no ready endpoint", nil
	}
	return "", nil
}
