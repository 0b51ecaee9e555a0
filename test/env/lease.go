package env

import (
	"context"
	"errors"
	"fmt"
)

// dropLease does what a tealgate that is asked to end does by itself.
func (t *Tealgate) dropLease(ctx context.Context) error {
	result, err := t.cluster.Kubectl(ctx, "-n", "tealgate-system", "delete", "lease", "--all")
	if err == nil && result.Code != 0 {
		err = errors.New(result.String())
	}
	if err != nil {
		return fmt.Errorf("delete the lease of the killed tealgate: %w", err)
	}
	return nil
}
