package policies

import (
	"context"
	"fmt"

	"github.com/tealgate/tealgate/internal/policy"
)

// Engine compiles the embedded rules. A broken or incomplete set is an error: no
// program starts with one.
func Engine(ctx context.Context) (*policy.Engine, error) {
	modules, err := Modules()
	if err != nil {
		return nil, err
	}
	engine, err := policy.New(ctx, modules)
	if err != nil {
		return nil, fmt.Errorf("embedded policies: %w", err)
	}
	if err := engine.Complete(); err != nil {
		return nil, fmt.Errorf("embedded policies: %w", err)
	}
	return engine, nil
}
