package env

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// Prometheus is a real Prometheus server: the machine's own, as Debian packages it. Its
// methods must not be called at the same time.
type Prometheus struct {
	// URL is where it answers. It stays the same after Stop and Start.
	URL string

	dir     string
	binary  string
	args    []string
	process *process
}

// StartPrometheus starts Prometheus with a configuration, on 127.0.0.1, and returns when
// it answers. Its data and its log are in dir.
func StartPrometheus(ctx context.Context, dir string, config []byte) (*Prometheus, error) {
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		return nil, fmt.Errorf("there is no Prometheus on this machine: apt-get install --no-install-recommends prometheus: %w", err)
	}
	file := filepath.Join(dir, "prometheus.yaml")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, err
	}
	addresses, err := freeAddresses(1)
	if err != nil {
		return nil, err
	}
	p := &Prometheus{URL: "http://" + addresses[0], dir: dir, binary: binary, args: []string{
		"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + addresses[0], "--log.level=warn",
	}}
	return p, p.Start(ctx)
}

// Start starts it again after Stop, with the data that it had. It returns when it answers;
// after an error it does not run.
func (p *Prometheus) Start(ctx context.Context) error {
	var err error
	if p.process, err = startProcess(p.dir, p.binary, p.args...); err != nil {
		return err
	}
	err = poll(ctx, func(ctx context.Context) (bool, error) {
		if p.process.ended() {
			return false, p.process.endedByItself()
		}
		code, err := get(ctx, p.URL+"/-/ready", io.Discard)
		return err == nil && code == http.StatusOK, nil
	})
	if err != nil && !p.process.ended() {
		err = errors.Join(p.process.says(err), p.Stop())
	}
	if err != nil {
		return fmt.Errorf("prometheus is not ready: %w", err)
	}
	return nil
}

// Stop asks it to end and returns when it has. The error says that it had ended by itself
// before.
func (p *Prometheus) Stop() error { return p.process.stop() }
