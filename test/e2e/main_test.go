//go:build e2e

// Package e2e is the stories of people with tealgate on a real node: tealgate runs as
// Pods from its own manifests, probes are real, and so is the way of the traffic.
//
//	make e2e
//	E2E_KUBECONFIG=FILE make e2e
//
// The second takes a cluster that exists, as its administrator. It is refused where tealgate
// is, and leaves none; docs/install.md says what else it takes.
//
// A scenario is a Go file and a YAML of the same name, and a row below. They share one
// cluster and run one after the other, in the order of the rows; each installs what it
// needs, in a namespace of its own. What they can ask of the cluster is in cluster_test.go.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/test/node"
)

// kubeconfigVariable names the kubeconfig of a cluster that exists.
const kubeconfigVariable = "E2E_KUBECONFIG"

// repository is the root of this repository, from here.
const repository = "../.."

var scenarios = []struct {
	name string
	play func(t *testing.T, c *cluster)
}{
	{"Newcomer", newcomer},
	{"UnderLoad", underLoad},
	{"Prevented", prevented},
	{"BrokenGreen", brokenGreen},
	{"Down", down},
	{"AppliedAgain", appliedAgain},
}

func TestMain(m *testing.M) {
	flag.Parse()
	logf.SetLogger(logr.Discard()) // Clients of the tests have nothing to say.
	if os.Getenv(kubeconfigVariable) != "" {
		os.Exit(m.Run())
	}
	os.Exit(node.Main(prepare, m.Run))
}

// prepare makes the images, while there is a network.
func prepare(ctx context.Context, folder string) error {
	images := exec.CommandContext(ctx, "make", "-C", repository, "--no-print-directory", "e2e-images", "IMAGES="+folder)
	images.Stdout, images.Stderr = os.Stderr, os.Stderr
	if err := images.Run(); err != nil {
		return fmt.Errorf("make the images: %w", err)
	}
	programs := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, "bin")+"/", "./cmd/kubectl-tealgate")
	programs.Dir, programs.Stderr = repository, os.Stderr
	return programs.Run()
}

func TestScenarios(t *testing.T) {
	c := connect(t)
	for _, scenario := range scenarios {
		t.Run(scenario.name, func(t *testing.T) { scenario.play(t, c) })
	}
	c.notRefused(t)
}
