package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/authoring"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/report"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
)

// editionFlags choose what a command without a cluster judges by.
type editionFlags struct{ policies, settings string }

func (f *editionFlags) add(command *cobra.Command) {
	f.addPolicies(command)
	command.Flags().StringVar(&f.settings, "settings", "", "file with the settings of the cluster")
	// The flag has just been defined, which is all that can be wrong.
	_ = command.MarkFlagFilename("settings", "yaml", "yml")
}

func (f *editionFlags) addPolicies(command *cobra.Command) {
	command.Flags().StringVar(&f.policies, "policy-dir", "", "folder with the policies of the cluster, or a manifest with their ConfigMaps")
	_ = command.MarkFlagFilename("policy-dir", "yaml", "yml")
}

// edition is the built-in rules with the policies and settings of files; without
// files, with the default settings. doubt is told what a cluster would not look at.
func (f *editionFlags) edition(ctx context.Context, doubt func(policy.Problem)) (admission.Edition, []*policy.Rule, error) {
	engine, set, err := f.rules(ctx, doubt)
	if err != nil {
		return admission.Edition{}, nil, err
	}
	if f.settings != "" {
		if set, err = readSettings(f.settings); err == nil {
			err = set.Check(engine.Rules())
		}
		if err != nil {
			return admission.Edition{}, nil, fmt.Errorf("--settings %s: %w", f.settings, err)
		}
	}
	if engine, err = engine.Tuned(set.Tuning()); err != nil {
		return admission.Edition{}, nil, err
	}
	return admission.Edition{Rules: engine, Settings: set}, engine.Rules(), nil
}

// rules are as they are without settings, and the settings that lie beside the policies.
func (f *editionFlags) rules(ctx context.Context, doubt func(policy.Problem)) (*policy.Engine, *settings.Settings, error) {
	if f.policies == "" {
		engine, err := policies.Engine(ctx)
		return engine, settings.Default(), err
	}
	files, err := authoring.Read(ctx, []string{f.policies}, nil)
	if err != nil {
		return nil, nil, err
	}
	if files.Empty() {
		return nil, nil, fmt.Errorf("--policy-dir %s: no policies there", f.policies)
	}
	for _, problem := range files.Doubts {
		doubt(problem)
	}
	engine, set, err := authoring.Load(ctx, files)
	if err != nil {
		return nil, nil, fmt.Errorf("--policy-dir %s: %w", f.policies, err)
	}
	return engine, set, nil
}

// doubtful tells doubts on standard error, so that the answer stays an answer.
func doubtful(command *cobra.Command, language policy.Language) func(policy.Problem) {
	return func(problem policy.Problem) {
		command.PrintErrln(report.Doubt(problem, report.PolicyOptions{Language: language, Color: colorful(command.ErrOrStderr())}))
	}
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
