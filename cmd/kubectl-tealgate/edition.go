package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
)

// edition is the built-in rules with the settings of a file; without a file, with
// the defaults.
func edition(ctx context.Context, file string) (admission.Edition, []*policy.Rule, error) {
	engine, err := policies.Engine(ctx)
	if err != nil {
		return admission.Edition{}, nil, err
	}
	set := settings.Default()
	if file != "" {
		if set, err = readSettings(file); err == nil {
			err = set.Check(engine.Rules())
		}
		if err != nil {
			return admission.Edition{}, nil, fmt.Errorf("--settings %s: %w", file, err)
		}
		if engine, err = engine.Tuned(set.Tuning()); err != nil {
			return admission.Edition{}, nil, err
		}
	}
	return admission.Edition{Rules: engine, Settings: set}, engine.Rules(), nil
}

func readSettings(file string) (*settings.Settings, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // the user names the file
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // the name is said by the caller
		}
		return nil, err
	}
	return settings.ParseFile(raw)
}
