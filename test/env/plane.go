package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// findInterval is how often the programs that envtest starts are looked for. Until
// they are found, the end of this process would not be theirs.
const findInterval = 10 * time.Millisecond

// plane is etcd and the API server. envtest runs both and keeps to itself which
// processes they are, so they are found by an argument that nobody else has. The
// zero value has nothing to stop.
type plane struct {
	control   envtest.ControlPlane
	processes []*process
	guard     *watchdog

	// up is set once both are ready.
	up bool

	// users guards the serial number of the next certificate.
	users sync.Mutex
}

// start returns when the API server is healthy, and an error with the log of the
// program that is to blame if it does not become so until ctx ends.
func (p *plane) start(ctx context.Context, c *Cluster) error {
	timeout := c.options.StartTimeout // ctx is to end first.
	p.control.Etcd = &envtest.Etcd{
		Path: c.Binary("etcd"), DataDir: filepath.Join(c.Dir, "etcd"),
		StartTimeout: timeout, StopTimeout: stopTimeout,
	}
	p.control.Etcd.Configure().Set("log-level", "warn")
	p.control.APIServer = &envtest.APIServer{
		Path: c.Binary("kube-apiserver"), CertDir: c.Dir,
		StartTimeout: timeout, StopTimeout: stopTimeout,
	}
	if err := configureAPIServer(p.control.APIServer.Configure(), c.Dir, c.options); err != nil {
		return err
	}
	ca, err := p.listenAt(c.options.Address, c.Dir)
	if err != nil {
		return err
	}
	if err := override(p.control.APIServer.Configure(), c.options.APIServerArgs); err != nil {
		return err
	}

	etcd := &process{name: "etcd", logPath: filepath.Join(c.Dir, "etcd.log")}
	server := &process{name: "kube-apiserver", logPath: filepath.Join(c.Dir, "kube-apiserver.log")}
	etcdLog, err := os.Create(etcd.logPath)
	if err != nil {
		return err
	}
	defer etcdLog.Close()
	serverLog, err := os.Create(server.logPath)
	if err != nil {
		return err
	}
	defer serverLog.Close()
	p.control.Etcd.Out, p.control.Etcd.Err = etcdLog, etcdLog
	p.control.APIServer.Out, p.control.APIServer.Err = serverLog, serverLog

	if p.guard, err = startWatchdog(); err != nil {
		return err
	}
	if err := p.run(ctx, []wanted{
		{etcd, "--data-dir=" + p.control.Etcd.DataDir},
		{server, "--cert-dir=" + p.control.APIServer.CertDir},
	}); err != nil {
		blamed := server
		if p.control.APIServer.EtcdURL == nil {
			blamed = etcd
		}
		return blamed.says(fmt.Errorf("wait until %s is ready: %w", blamed.name, err))
	}
	p.up = true
	if ca != nil {
		p.control.APIServer.CA = ca
	}
	return nil
}

// wanted is a program and the argument by which its process is found.
type wanted struct {
	process *process
	arg     string
}

// run has envtest start both programs and finds them meanwhile. envtest knows no
// context: when ctx ends the programs are killed, upon which it returns.
func (p *plane) run(ctx context.Context, missing []wanted) error {
	started := make(chan error, 1)
	go func() { started <- p.control.Start() }()

	ticker := time.NewTicker(findInterval)
	defer ticker.Stop()
	var failure error
	for ready := false; !ready || len(missing) > 0; {
		select {
		case err := <-started:
			if failure != nil {
				return failure
			}
			if err != nil {
				return err
			}
			ready = true
		case <-ticker.C:
		}

		var err error
		if missing, err = p.find(missing); err == nil {
			err = context.Cause(ctx)
		}
		if err != nil && ready {
			return err
		}
		if err != nil {
			failure = err
			for _, process := range p.processes {
				_ = process.cmd.Process.Kill() // An error means that it has ended.
			}
		}
	}
	return nil
}

// find puts those that run under guard and returns the others.
func (p *plane) find(missing []wanted) ([]wanted, error) {
	for len(missing) > 0 {
		next := missing[0]
		pid, err := childWithArg(next.arg)
		if err != nil || pid == 0 {
			return missing, err
		}
		handle, err := os.FindProcess(pid)
		if err != nil {
			return missing, err
		}
		missing = missing[1:]
		next.process.pid, next.process.cmd = pid, &exec.Cmd{Process: handle}
		p.processes = append(p.processes, next.process)
		if err := p.guard.watch(pid); err != nil {
			return missing, err
		}
	}
	return nil, nil
}

// stop returns when both have ended, and an error if one had done so before.
func (p *plane) stop() error {
	var errs []error
	for _, process := range slices.Backward(p.processes) {
		if p.up && process.ended() {
			errs = append(errs, process.endedByItself())
		}
	}
	if p.guard != nil {
		p.guard.end()
	}

	// envtest kills what does not end in time, calls that an error and does not wait.
	stopErr := p.control.Stop()
	for _, process := range p.processes {
		err := wait.PollUntilContextTimeout(context.Background(), findInterval, stopTimeout, true,
			func(context.Context) (bool, error) { return process.ended(), nil })
		if err != nil {
			errs = append(errs, fmt.Errorf("%s does not end: %w", process.name, errors.Join(stopErr, err)))
		}
	}
	return errors.Join(errs...)
}

// addUser issues a certificate by which the API server knows a user and the groups.
func (p *plane) addUser(name string, groups []string, base *rest.Config) (*envtest.AuthenticatedUser, error) {
	p.users.Lock()
	defer p.users.Unlock()
	return p.control.AddUser(envtest.User{Name: name, Groups: groups}, base)
}
