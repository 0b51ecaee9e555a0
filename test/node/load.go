package node

import (
	"context"
	"fmt"
	"os/exec"
)

// Load makes the images of an archive known to the node, under the names in it.
func (n *Node) Load(ctx context.Context, archive string) error {
	if err := n.Await(ctx, "containerd answers", "containerd", func(ctx context.Context) (bool, error) {
		return n.ctr(ctx, "version") == nil, nil
	}); err != nil {
		return err
	}
	return n.ctr(ctx, "images", "import", "--local", archive)
}

// ctr asks containerd, in the namespace that kubelet uses.
func (n *Node) ctr(ctx context.Context, args ...string) error {
	output, err := exec.CommandContext(ctx, n.Binary("ctr"), append([]string{"--namespace=k8s.io"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %v: %w: %s", args, err, output)
	}
	return nil
}
