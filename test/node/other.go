//go:build !linux

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
)

var errLinux = errors.New("a real node takes Linux; E2E_KUBECONFIG=FILE takes a cluster that exists")

// Main says that this machine cannot run a node.
func Main(func(ctx context.Context, folder string) error, func() int) int {
	fmt.Fprintln(os.Stderr, errLinux)
	return 1
}

// Folder is nowhere.
func Folder() string { return "" }

func overlayWorks(string) bool { return false }
