// Command kubernetes builds a Kubernetes control plane from Go modules, so that
// tests and the demo need neither Docker nor an image registry.
//
// Each folder below this one holds a go.mod that pins what is built and nothing
// else. The binaries go into a cache outside the repository, in a folder whose
// name follows from the versions, the go.mod and go.sum files and the linker
// flags: what is there is never rebuilt, and a changed pin never meets an old
// binary. The last and only line on standard output is that folder.
//
//	cd test/kubernetes && go run .
//	cd test/kubernetes && go run . -only kubectl,etcd
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	only := flag.String("only", "", "comma separated `names` to build; default: all of the control plane")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	dir, err := run(ctx, *only, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(dir)
}

// run builds what is missing and returns the folder of the binaries.
func run(ctx context.Context, only string, log io.Writer) (string, error) {
	wanted, err := choose(only)
	if err != nil {
		return "", err
	}
	cache, err := openCache()
	if err != nil {
		return "", err
	}
	if len(cache.missing(wanted)) == 0 {
		return cache.dir, nil
	}

	unlock, err := cache.lock(ctx, log)
	if err != nil {
		return "", err
	}
	defer unlock()

	// Asked again under the lock: whoever held it may have built the same.
	for _, b := range cache.missing(wanted) {
		fmt.Fprintf(log, "building %s %s, about %s on 2 cores (this machine: %d), once\n",
			b.name, b.module.version, b.takes, runtime.NumCPU())
		began := time.Now()
		if err := cache.build(ctx, b, log); err != nil {
			return "", fmt.Errorf("build %s: %w", b.name, err)
		}
		fmt.Fprintf(log, "built %s in %s\n", b.name, time.Since(began).Round(time.Second))
	}
	return cache.dir, nil
}

// choose returns the binaries named in only, in the order of the table, or the
// default set if only is empty. An unknown name is an error.
func choose(only string) ([]binary, error) {
	names := map[string]bool{}
	for name := range strings.SplitSeq(only, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names[name] = true
		}
	}

	all := len(names) == 0

	var chosen []binary
	for _, b := range binaries {
		if names[b.name] || (all && !b.onRequest) {
			chosen = append(chosen, b)
		}
		delete(names, b.name)
	}

	var unknown []error
	for name := range names {
		unknown = append(unknown, fmt.Errorf("no binary is called %q", name))
	}
	return chosen, errors.Join(unknown...)
}
