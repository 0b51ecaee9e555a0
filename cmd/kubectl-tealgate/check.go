package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/report"
)

const checkLong = `Say what admission would say to manifests, without a cluster.

The given files are the cluster: a Service, the two colors of its application and the
BlueGreen that manages them are judged together. Each object is judged as if it were
created in a namespace that is in enforce, after tealgate has added its color. What needs
running pods is not judged.

Exit code 0: nothing would be denied; 1: something would; 2: something could not be
read, and the rest was checked, or there was no object at all.

--settings takes the settings of the cluster, as the file settings.yaml or as the
manifest of the ConfigMap tealgate-settings that holds it: actions, known sidecars,
patterns, and what is left alone. Without it the defaults count.

--policy-dir takes the platform team's policies, as a folder with .rego files or as the
manifest of their ConfigMaps, and puts them upon the built-in rules, as the cluster does.

--fix writes into the files what needs no guess, and then checks them: the color that
tealgate would give a new Deployment, and a version label from an image tag. Comments,
order and layout stay. The selector of a Deployment that exists cannot change: do not
write a color into the manifest of one that has none.`

const checkExample = `  kubectl tealgate check -f shop.yaml
  kubectl tealgate check -R -f manifests -o sarif > tealgate.sarif
  helm template shop ./chart | kubectl tealgate check -f - -n shop
  kubectl tealgate check -k overlays/production --policy-dir platform/policies \
    --settings platform/tealgate-settings.yaml`

// checkFlags are the flags as they were given.
type checkFlags struct {
	sources          offline.Sources
	edition          editionFlags
	output, language string
	fix              bool
}

func newCheck() *cobra.Command {
	var flags checkFlags
	command := &cobra.Command{
		Use:     "check (-f FILE|DIR|- | -k DIR)...",
		Short:   "Say what would be denied, before it is applied",
		Long:    checkLong,
		Example: checkExample,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := flags.validate(); err != nil {
				return err
			}
			return check(command, flags)
		},
	}
	set := command.Flags()
	set.StringSliceVarP(&flags.sources.Files, "filename", "f", nil, "file or folder to check, or - for standard input (repeatable)")
	set.BoolVarP(&flags.sources.Recursive, "recursive", "R", false, "read the folders below a folder too")
	set.StringSliceVarP(&flags.sources.Kustomizations, "kustomize", "k", nil, "folder with a kustomization.yaml to build and check (repeatable)")
	set.StringVarP(&flags.sources.Namespace, "namespace", "n", "default", "namespace of objects that name none")
	flags.edition.add(command)
	set.StringVarP(&flags.output, "output", "o", string(report.Text), "text, json, sarif or junit")
	set.BoolVar(&flags.fix, "fix", false, "write the cures that need no guess into the files first")
	addLanguage(command, &flags.language, "language of the findings")
	// The flags have just been defined, which is all that can be wrong.
	_ = command.MarkFlagFilename("filename", "yaml", "yml", "json")
	_ = command.MarkFlagDirname("kustomize")
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]cobra.Completion{"text", "json", "sarif", "junit"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

// errNoObject: behind a pipe whose first command failed, nothing is not clean.
var errNoObject = errors.New("nothing to check: there is no object in what was given")

func (f checkFlags) validate() error {
	if len(f.sources.Files)+len(f.sources.Kustomizations) == 0 {
		return errors.New("nothing to check: name files or folders with -f (- is standard input), or a kustomization with -k")
	}
	if !slices.Contains(report.Formats(), report.Format(f.output)) {
		return fmt.Errorf("--output %q: not text, json, sarif or junit", f.output)
	}
	if f.fix && (len(f.sources.Kustomizations) > 0 || slices.Contains(f.sources.Files, offline.Stdin)) {
		return errors.New("--fix writes into files: name them with -f, without - and -k")
	}
	return checkLanguage(f.language)
}

func check(command *cobra.Command, flags checkFlags) error {
	ctx := command.Context()
	flags.sources.Stdin = command.InOrStdin()
	language := policy.Language(flags.language)
	edition, rules, err := flags.edition.edition(ctx, doubtful(command, language))
	if err != nil {
		return err
	}
	judge := func() (*offline.Result, error) {
		manifests, err := offline.Read(ctx, flags.sources)
		if err != nil {
			return nil, err
		}
		if len(manifests.Objects)+len(manifests.Unreadable) == 0 {
			return nil, errNoObject
		}
		return offline.Check(ctx, manifests, offline.Options{Edition: edition, Language: language})
	}
	result, err := judge()
	if err != nil {
		return err
	}
	if flags.fix {
		if err := fix(command, result); err != nil {
			return err
		}
		if result, err = judge(); err != nil {
			return err
		}
	}
	err = report.Write(command.OutOrStdout(), result, report.Options{
		Format: report.Format(flags.output), Language: language, Color: colorful(command.OutOrStdout()),
		Rules: rules, Docs: edition.Settings.Docs, Version: version,
	})
	if err != nil {
		return err
	}
	for _, unread := range result.Unreadable {
		command.PrintErrln(command.Root().ErrPrefix(), unread.Error())
	}
	return verdict(command, result)
}

// fix says on standard error what it wrote, so that the report stays a report.
func fix(command *cobra.Command, result *offline.Result) error {
	done, err := offline.Fix(result)
	for _, fixed := range done {
		if fixed.Err != nil {
			command.PrintErrf("%s: %s: %s: %v\n", fixed.Position, fixed.Object, fixed.Field, fixed.Err)
			continue
		}
		command.PrintErrf("%s: %s: set %s: %s\n", fixed.Position, fixed.Object, fixed.Field, fixed.Value)
	}
	return err
}

// verdict is the exit code, of which nothing more is to be said.
func verdict(command *cobra.Command, result *offline.Result) error {
	command.SilenceErrors = true
	switch {
	case len(result.Unreadable) > 0:
		return exitError(exitFailed)
	case result.Denied() > 0:
		return exitError(exitNo)
	default:
		return nil
	}
}
