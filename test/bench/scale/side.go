package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/tealgate/tealgate/test/env"
)

// side is a control plane with tealgate.
type side struct {
	objects  int
	cluster  *env.Cluster
	tealgate *env.Tealgate
	client   kubernetes.Interface
	// log is what the API server says of every request.
	log string
}

// start fills a control plane before tealgate comes, as it is where tealgate is restarted.
func start(ctx context.Context, dir string, o options) (*side, error) {
	log := dir + ".audit.log"
	cluster, err := env.Start(ctx, env.Options{Dir: dir, AuditLog: log})
	if err != nil {
		return nil, err
	}
	s := &side{objects: o.deployments + o.services, cluster: cluster, log: log}
	if err := s.begin(ctx, o); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *side) begin(ctx context.Context, o options) error {
	var err error
	config := rest.CopyConfig(s.cluster.Config)
	config.WarningHandler = rest.NoWarnings{}
	if s.client, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if err := s.fill(ctx, o); err != nil {
		return err
	}
	if s.tealgate, err = env.InstallTealgate(ctx, s.cluster, env.TealgateOptions{}); err != nil {
		return err
	}
	if err := s.tealgate.Namespace(ctx, shop, "enforce"); err != nil {
		return err
	}
	return s.pair(ctx)
}

func (s *side) stop() error {
	var err error
	if s.tealgate != nil {
		err = s.tealgate.Stop()
	}
	return errors.Join(err, s.cluster.Stop())
}

// usage is what a process holds, and what of its heap is alive, both in bytes.
type usage struct{ resident, heap int }

// memory is that of tealgate after a number of further collections.
func (s *side) memory(ctx context.Context, collections int) (usage, error) {
	var u usage
	first, err := s.metric(ctx, "go_gc_duration_seconds_count")
	if err != nil {
		return u, err
	}
	err = wait.PollUntilContextTimeout(ctx, 5*time.Second, 10*time.Minute, true, func(ctx context.Context) (bool, error) {
		now, err := s.metric(ctx, "go_gc_duration_seconds_count")
		return now >= first+float64(collections), err
	})
	if err != nil {
		return u, fmt.Errorf("waiting for a collection: %w", err)
	}
	live, err := s.metric(ctx, "go_memstats_heap_alloc_bytes")
	if err != nil {
		return u, err
	}
	u.heap = int(live)
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.tealgate.PID()), "status"))
	if err != nil {
		return u, err
	}
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscanf(line, "%d kB", &u.resident); err != nil {
		return u, fmt.Errorf("resident memory: %w", err)
	}
	u.resident <<= 10
	return u, nil
}

// metric is one of tealgate's metrics that has no labels.
func (s *side) metric(ctx context.Context, name string) (float64, error) {
	text, err := s.tealgate.ReadMetrics(ctx)
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(text, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("no metric %s", name)
}
