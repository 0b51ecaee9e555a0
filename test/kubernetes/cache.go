package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// cache is the folder of one set of pins.
type cache struct {
	root string
	dir  string
}

// openCache names the folder and creates it. It must run in the folder of this
// program, because that is where the pins are.
func openCache() (*cache, error) {
	base := os.Getenv("TEALGATE_CACHE")
	if base == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("set TEALGATE_CACHE: %w", err)
		}
		base = filepath.Join(user, "tealgate")
	}
	if !filepath.IsAbs(base) {
		return nil, fmt.Errorf("TEALGATE_CACHE is %q, which is not an absolute path", base)
	}
	root := filepath.Join(base, "kubernetes")
	key, err := cacheKey()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, key)
	return &cache{root: root, dir: dir}, os.MkdirAll(dir, 0o755)
}

// cacheKey is the versions for people, then a hash over everything that decides
// what the binaries are, except the Go toolchain.
func cacheKey() (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.GOOS, runtime.GOARCH)
	var versions []string
	for _, m := range modules {
		versions = append(versions, m.folder+"-"+m.version)
		fmt.Fprintln(hash, m.folder, m.version, m.ldflags())
		for _, name := range []string{"go.mod", "go.sum"} {
			content, err := os.ReadFile(filepath.Join(m.folder, name))
			if err != nil {
				return "", fmt.Errorf("run this in test/kubernetes: %w", err)
			}
			if name == "go.mod" && !strings.Contains(string(content), " "+m.version) {
				return "", fmt.Errorf("%s/go.mod does not pin %s: binaries.go must name the same version", m.folder, m.version)
			}
			fmt.Fprintln(hash, len(content))
			hash.Write(content)
		}
	}
	return strings.Join(versions, "_") + "_" + hex.EncodeToString(hash.Sum(nil))[:10], nil
}

// missing returns those of wanted that are not built yet.
func (c *cache) missing(wanted []binary) []binary {
	var missing []binary
	for _, b := range wanted {
		if _, err := os.Stat(filepath.Join(c.dir, b.name)); err != nil {
			missing = append(missing, b)
		}
	}
	return missing
}

// lock keeps other processes from building into any cache folder until the
// returned function is called; the kernel releases it if this process dies.
func (c *cache) lock(ctx context.Context, log io.Writer) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(c.root, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for said := false; ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		if !said {
			said = true
			fmt.Fprintln(log, "waiting for another process that is building")
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-poll.C:
		}
	}
}

// build compiles b and moves it into place when it is whole. What go prints goes
// to log.
func (c *cache) build(ctx context.Context, b binary, log io.Writer) error {
	temp := filepath.Join(c.dir, "."+b.name+".part")
	defer os.Remove(temp)

	// -mod=readonly: the committed go.sum decides, not what a proxy says today.
	cmd := exec.CommandContext(ctx, "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false",
		"-ldflags", b.module.ldflags(), "-o", temp, b.pkg)
	cmd.Dir = b.module.folder
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "PWD=")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(c.dir, b.name))
}
