package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// run is what a node has outside of its namespaces.
type run struct {
	dir     string
	cgroups []string
}

// newRun removes what was left by runs whose process is gone and makes the folder and the
// cgroups of this one.
func newRun() (*run, error) {
	hierarchies, err := cgroupMounts()
	if err != nil {
		return nil, err
	}
	parents := append([]string{os.TempDir()}, hierarchies...)
	if err := sweep(parents); err != nil {
		return nil, err
	}
	name := prefix + strconv.Itoa(os.Getpid())
	r := &run{dir: filepath.Join(os.TempDir(), name)}
	for _, dir := range []string{"prepared", "run", "lib", "log"} {
		if err := os.MkdirAll(filepath.Join(r.dir, dir), 0o755); err != nil {
			return nil, err
		}
	}
	for _, hierarchy := range hierarchies {
		cgroup := filepath.Join(hierarchy, name)
		if err := os.Mkdir(cgroup, 0o755); err != nil {
			return nil, errors.Join(err, r.remove())
		}
		r.cgroups = append(r.cgroups, cgroup)
		if err := errors.Join(inheritCPUs(cgroup), goFirst(cgroup)); err != nil {
			return nil, errors.Join(err, r.remove())
		}
	}
	return r, nil
}

// inheritCPUs gives a cgroup of version 1 the processors and memory nodes of its parent;
// without any it takes no process.
func inheritCPUs(cgroup string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		own := filepath.Join(cgroup, name)
		content, err := os.ReadFile(own)
		if errors.Is(err, fs.ErrNotExist) || len(strings.TrimSpace(string(content))) > 0 {
			continue
		}
		if err != nil {
			return err
		}
		content, err = os.ReadFile(filepath.Join(filepath.Dir(cgroup), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // Version 2, where an empty one is that of the parent.
		}
		if err == nil {
			err = os.WriteFile(own, content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// goFirst has the pods of the node take their turn before the rest of the machine, which
// includes kubelet and the API server: all of them together would weigh as much as one
// process, and applications would be slow because somebody compiles.
func goFirst(cgroup string) error {
	for name, most := range map[string]string{"cpu.shares": "262144", "cpu.weight": "10000"} { // Of version 1, and 2.
		path := filepath.Join(cgroup, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.WriteFile(path, []byte(most), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes what is called after a process that is gone.
func sweep(parents []string) error {
	var errs []error
	for _, parent := range parents {
		paths, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
		if err != nil {
			return err
		}
		for _, path := range paths {
			pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), prefix))
			if err != nil || pid != os.Getpid() && syscall.Kill(pid, 0) == nil {
				continue
			}
			if parent == parents[0] {
				errs = append(errs, os.RemoveAll(path))
			} else {
				errs = append(errs, removeCgroup(path))
			}
		}
	}
	return errors.Join(errs...)
}

// remove takes away the folder and the cgroups.
func (r *run) remove() error {
	errs := []error{os.RemoveAll(r.dir)}
	for _, cgroup := range r.cgroups {
		errs = append(errs, removeCgroup(cgroup))
	}
	return errors.Join(errs...)
}

// removeCgroup removes a cgroup and those below it, the deepest first. The kernel takes a
// moment to notice that the last process of one is gone.
func removeCgroup(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	patience := time.NewTimer(10 * time.Second)
	defer patience.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for _, dir := range slices.Backward(dirs) {
		for {
			err := syscall.Rmdir(dir)
			if err == nil {
				break
			}
			select {
			case <-again.C:
			case <-patience.C:
				return fmt.Errorf("remove cgroup %s: %w", dir, err)
			}
		}
	}
	return nil
}

// cgroupMounts are the folders at which cgroup hierarchies are mounted.
func cgroupMounts() ([]string, error) {
	mounts, err := readMounts()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, m := range mounts {
		if m.kind == "cgroup" || m.kind == "cgroup2" {
			found = append(found, m.point)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no cgroups are mounted")
	}
	return found, nil
}

type mount struct{ point, kind string }

// readMounts reads the mounts of this process.
func readMounts() ([]mount, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var mounts []mount
	for line := range strings.Lines(string(content)) {
		fields, rest, _ := strings.Cut(line, " - ")
		kind, _, _ := strings.Cut(rest, " ")
		if columns := strings.Fields(fields); len(columns) > 4 {
			mounts = append(mounts, mount{point: columns[4], kind: kind})
		}
	}
	return mounts, nil
}
