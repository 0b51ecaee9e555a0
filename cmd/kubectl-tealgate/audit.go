package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/report"
)

const auditLong = `Say what admission would say to what stands in a cluster, before enforcing.

Each Deployment and Service is judged as it stands, as if its namespace were in enforce.
Enforcing stops nothing that runs: what is counted as denied is a copy of it, such as
the other color, and a change that adds the problem. With -A the namespaces come in the
order in which to enforce, the best pilot first.

For one namespace the findings are listed under their objects; --details shows them in
full, with the cures, for -A too.

The policies and settings of the cluster count if you may read them (list ConfigMaps in
tealgate-system); else the built-in ones, and that is said.

What leads traffic past a live Service where no webhook sees it is listed behind that:
routes to preview Services, second names for live Services, endpoints and colors that others
wrote.

Nothing is written to the cluster. You need the right to list Deployments, Services,
Pods, EndpointSlices, ConfigMaps (their metadata) and PersistentVolumeClaims, and to
get or list Namespaces: the ClusterRole view has all of that. Without the right to list
BlueGreens, Ingresses, HTTPRoutes or StatefulSets these are not looked at. Every flag of kubectl that
chooses a cluster or a user works here too (kubectl options).

Exit code 0: the report is complete, whatever it says; 2: something could not be read.`

const auditExample = `  kubectl tealgate audit -A
  kubectl tealgate audit -n shop
  kubectl tealgate audit -n shop --details
  kubectl tealgate audit -A -o json | jq -r .pilot`

// The values of -o.
const (
	outputTable = "table"
	outputWide  = "wide"
	outputJSON  = "json"
	outputYAML  = "yaml"
)

// auditFlags are the flags as they were given.
type auditFlags struct {
	cluster          *genericclioptions.ConfigFlags
	all, details     bool
	chunk            int64
	output, language string
}

func newAudit() *cobra.Command {
	flags := auditFlags{cluster: genericclioptions.NewConfigFlags(true)}
	command := &cobra.Command{
		Use:     "audit [-A | -n NAMESPACE]",
		Short:   "Say what in a cluster would be denied",
		Long:    auditLong,
		Example: auditExample,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := flags.validate(); err != nil {
				return err
			}
			return runAudit(command, flags)
		},
	}
	set := command.Flags()
	addCluster(command, flags.cluster)
	set.BoolVarP(&flags.all, "all-namespaces", "A", false, "audit all namespaces")
	set.BoolVar(&flags.details, "details", false, "show the findings in full, with the cures")
	set.Int64Var(&flags.chunk, "chunk-size", 250, "how many objects one request returns")
	set.StringVarP(&flags.output, "output", "o", outputTable, "table, wide, json or yaml")
	addLanguage(command, &flags.language, "language of the findings")
	// The flag has just been defined, which is all that can be wrong.
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(auditOutputs(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

func auditOutputs() []cobra.Completion {
	return []cobra.Completion{outputTable, outputWide, outputJSON, outputYAML}
}

func (f auditFlags) validate() error {
	if !slices.Contains(auditOutputs(), f.output) {
		return fmt.Errorf("--output %q: not table, wide, json or yaml", f.output)
	}
	if f.chunk < 1 {
		return errors.New("--chunk-size: at least 1")
	}
	return checkLanguage(f.language)
}

func runAudit(command *cobra.Command, flags auditFlags) error {
	cluster, err := connect(flags.cluster)
	if err != nil {
		return err
	}
	edition, err := cluster.edition(command)
	if err != nil {
		return err
	}
	text := report.AuditOptions{
		Language: policy.Language(flags.language), Color: colorful(command.OutOrStdout()),
		Wide: flags.output == outputWide, Full: flags.details, All: flags.all,
	}
	options := audit.Options{
		Reader: cluster.client, Edition: edition, Language: text.Language, Namespace: cluster.namespace,
		PageSize: flags.chunk, Findings: flags.details || !flags.all,
	}
	if flags.all {
		options.Namespace = ""
	}
	inText := flags.output == outputTable || flags.output == outputWide
	if inText && options.Findings {
		// Written as they come, so that a large cluster needs no more memory.
		options.Each = func(namespace audit.Namespace) error {
			return report.WriteAuditObjects(command.OutOrStdout(), namespace, text)
		}
	}
	if options.Each == nil || !terminal(command.OutOrStdout()) {
		bar := newProgress(command.ErrOrStderr())
		defer bar.end()
		options.Progress = bar.update
	}
	result, err := audit.Run(command.Context(), options)
	if err != nil {
		return err
	}
	if err := writeAudit(command.OutOrStdout(), result, flags.output, text); err != nil {
		return err
	}
	return auditEnd(command, result)
}

func writeAudit(out io.Writer, result *audit.Result, output string, text report.AuditOptions) error {
	switch output {
	case outputJSON:
		return report.WriteAuditJSON(out, result)
	case outputYAML:
		return report.WriteAuditYAML(out, result)
	default:
		return report.WriteAudit(out, result, text)
	}
}

// maxUnjudged is how many objects that could not be judged are named. They tend to
// have one cause.
const maxUnjudged = 10

// auditEnd says on standard error what is missing in the report.
func auditEnd(command *cobra.Command, result *audit.Result) error {
	if result.ModesUnknown != nil {
		command.PrintErrln("note: the modes are not known:", result.ModesUnknown)
	}
	if result.ConfigUnknown != nil {
		command.PrintErrln("note: config-exists was not asked:", result.ConfigUnknown)
	}
	if len(result.NotLooked) > 0 {
		what := make([]string, len(result.NotLooked))
		for i, each := range result.NotLooked {
			what[i] = each.What
		}
		command.PrintErrf("note: not looked at, for lack of rights: %s\n", strings.Join(what, ", "))
	}
	for i, unjudged := range result.Unjudged {
		if i == maxUnjudged {
			command.PrintErrf("%s and %d more\n", command.Root().ErrPrefix(), len(result.Unjudged)-i)
			break
		}
		command.PrintErrf("%s %s %s/%s could not be judged: %v\n", command.Root().ErrPrefix(), unjudged.Kind, unjudged.Namespace, unjudged.Name, unjudged.Err)
	}
	if len(result.Unjudged) > 0 {
		command.SilenceErrors = true
		return exitError(exitFailed)
	}
	return nil
}
