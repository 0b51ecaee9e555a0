// Command demo shows a blue-green release on a real Kubernetes API server: what
// tealgate refuses, why, and what it lets pass. It starts a control plane with
// kwok and tealgate, runs the commands of the story, checks every answer, and
// leaves nothing behind. It ends with 1 if any answer is not the expected one.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/tealgate/tealgate/test/env"
)

func main() {
	keep := flag.Bool("keep", false, "leave the cluster running at the end, until Ctrl-C")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A second Ctrl-C ends the program at once; the kernel then ends the cluster.
	context.AfterFunc(ctx, stop)

	err := demo(ctx, newScreen(os.Stdout), *keep)
	switch {
	case errors.Is(err, errShown):
	case err != nil && ctx.Err() != nil && !errors.Is(err, errUnclean):
		fmt.Fprintln(os.Stderr, "\ndemo: interrupted; nothing is left running")
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	if err != nil {
		os.Exit(1)
	}
}

// errUnclean says that the end of the cluster was not as it should be.
var errUnclean = errors.New("while stopping the cluster")

// demo sets up the stage, plays the story and clears the stage.
func demo(ctx context.Context, screen *screen, keep bool) (err error) {
	if err := enterRepository(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tealgate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	s := &stage{dir: dir, screen: screen}
	defer func() {
		if unclean := s.clear(); unclean != nil {
			err = errors.Join(err, errUnclean, unclean)
		}
	}()
	if err := s.setUp(ctx); err != nil {
		return err
	}
	if err := s.play(ctx, story); err != nil {
		return err
	}
	if keep {
		s.keep(ctx)
	}
	return nil
}

// enterRepository makes the paths in the story's commands true.
func enterRepository(ctx context.Context) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the repository: %w", err)
	}
	return os.Chdir(strings.TrimSpace(string(root)))
}

// stage is where the story is played: a cluster with tealgate in it.
type stage struct {
	dir    string
	screen *screen

	cluster  *env.Cluster
	tealgate *env.Tealgate
	// clock is when the stopwatch was started.
	clock time.Time
}

func (s *stage) bin() string { return filepath.Join(s.dir, "bin") }

// kubeconfig is that of a person; who is not named is of the platform team.
func (s *stage) kubeconfig(person string) string {
	return filepath.Join(s.dir, "kubeconfig-"+cmp.Or(person, ann))
}

// setUp builds the programs while the control plane starts, which is the larger part.
func (s *stage) setUp(ctx context.Context) error {
	s.screen.opening()

	built := make(chan error, 1)
	go func() { built <- build(ctx, s.bin()) }()

	done := s.screen.begin("Kubernetes control plane, with kwok to play the pods")
	var err error
	s.cluster, err = env.Start(ctx, env.Options{Dir: filepath.Join(s.dir, "cluster"), Log: s.screen.aside()})
	if err != nil {
		return errors.Join(err, <-built)
	}
	done()

	done = s.screen.begin("tealgate, built from this repository")
	if err := <-built; err != nil {
		return err
	}
	// On an error too there may be one to stop.
	s.tealgate, err = env.InstallTealgate(ctx, s.cluster, env.TealgateOptions{Binary: filepath.Join(s.bin(), "tealgate")})
	if err != nil {
		return err
	}
	done()

	return s.writeKubeconfigs()
}

// writeKubeconfigs gives each person one that names the namespace of the story.
func (s *stage) writeKubeconfigs() error {
	for _, person := range []string{ann, lee, tom, mia} {
		path := s.cluster.Kubeconfig
		if person != ann {
			var err error
			if path, err = s.cluster.UserKubeconfig(person); err != nil {
				return err
			}
		}
		config, err := clientcmd.LoadFromFile(path)
		if err != nil {
			return err
		}
		config.Contexts[config.CurrentContext].Namespace = "shop"
		if err := clientcmd.WriteToFile(*config, s.kubeconfig(person)); err != nil {
			return err
		}
	}
	return nil
}

func build(ctx context.Context, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	output, err := exec.CommandContext(ctx, "go", "build", "-o", dir, "./cmd/tealgate", "./cmd/kubectl-tealgate").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build tealgate: %w\n%s", err, output)
	}
	return nil
}

func (s *stage) clear() error {
	var errs []error
	if s.tealgate != nil {
		errs = append(errs, s.tealgate.Stop())
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Stop())
	}
	return errors.Join(errs...)
}

// keep waits for Ctrl-C.
func (s *stage) keep(ctx context.Context) {
	path := s.bin()
	if _, err := exec.LookPath("kubectl"); err != nil {
		path += string(os.PathListSeparator) + filepath.Dir(s.cluster.Binary("kubectl"))
	}
	s.screen.invitation(s.dir, path)
	<-ctx.Done()
	s.screen.print("\nStopping.")
}
