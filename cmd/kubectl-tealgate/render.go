package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/render"
)

const renderLong = `Make, of the one manifest that Git has, the manifest of the color to deploy to.

Git has Deployment shop and Service shop, and neither names a color. The cluster is asked
which color serves; the other one is printed: Deployment shop-green, with its color on
itself, its selector and its pods, and as many replicas as serve now. Autoscalers and
disruption budgets of that Deployment get its name and color too. The first time it is
blue. What comes out is applied; no traffic moves by that.

What it decided is said on standard error, in a sentence each. Comments and order stay,
and what is not about colors is printed byte for byte. A Deployment is left as it is when
it names its color itself, when no Service selects its pods, and when it declares
tealgate.dev/traffic: none or tealgate.dev/blue-green: disabled.

--color chooses without asking a cluster; replicas stay as they are then.

--helm is for a post-renderer. Helm deletes what leaves a release, and the name of the
other color does, so what carries a color is annotated helm.sh/resource-policy: keep. Helm
does not tell a post-renderer its namespace: give -n, or HELM_NAMESPACE.

You need the right to list Deployments, Services and HorizontalPodAutoscalers. Exit code
0: everything was printed; 2: something was in doubt, and nothing was printed.`

const renderExample = `  kubectl tealgate render -f shop.yaml -n shop | kubectl apply -f -
  kubectl tealgate render -f manifests -R | kubectl diff -f -
  kubectl kustomize overlays/production | kubectl tealgate render -f - | kubectl apply --server-side -f -
  kubectl tealgate render -f shop.yaml --color green
  helm upgrade shop ./chart -n shop --post-renderer tealgate --post-renderer-args=-n=shop`

// renderFlags are the flags as they were given.
type renderFlags struct {
	cluster *genericclioptions.ConfigFlags
	sources offline.Sources
	color   string
	helm    bool
}

func newRender() *cobra.Command {
	flags := renderFlags{cluster: genericclioptions.NewConfigFlags(true)}
	command := &cobra.Command{
		Use:     "render (-f FILE|DIR|-)...",
		Short:   "Print the manifest of the idle color",
		Long:    renderLong,
		Example: renderExample,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := flags.validate(); err != nil {
				return err
			}
			return runRender(command, flags)
		},
	}
	set := command.Flags()
	addCluster(command, flags.cluster)
	set.StringSliceVarP(&flags.sources.Files, "filename", "f", nil, "file or folder to read, or - for standard input (repeatable)")
	set.BoolVarP(&flags.sources.Recursive, "recursive", "R", false, "read the folders below a folder too")
	set.StringVar(&flags.color, "color", "", "blue or green, without asking a cluster")
	set.BoolVar(&flags.helm, "helm", false, "keep Helm from deleting the other color")
	// The flags have just been defined, which is all that can be wrong.
	_ = command.MarkFlagFilename("filename", "yaml", "yml", "json")
	_ = command.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]cobra.Completion{"blue", "green"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

func (f renderFlags) validate() error {
	if len(f.sources.Files) == 0 {
		return errors.New("nothing to render: name files or folders with -f (- is standard input)")
	}
	if _, ok := color.Parse(f.color); f.color != "" && !ok {
		return fmt.Errorf("--color %q: not blue or green", f.color)
	}
	return nil
}

// renderTimeout bounds what the cluster is asked.
const renderTimeout = 30 * time.Second

func runRender(command *cobra.Command, flags renderFlags) error {
	if flags.helm && *flags.cluster.Namespace == "" {
		*flags.cluster.Namespace = os.Getenv("HELM_NAMESPACE")
		if *flags.cluster.Namespace == "" && flags.color == "" {
			return errors.New("--helm: Helm does not tell its namespace, and in another one nothing would be found: name it with -n")
		}
	}
	options := render.Options{Color: color.Color(flags.color), Helm: flags.helm}
	if err := flags.target(&options); err != nil {
		return err
	}
	flags.sources.Stdin = command.InOrStdin()
	ctx, cancel := context.WithTimeoutCause(command.Context(), renderTimeout, fmt.Errorf("no answer within %s", renderTimeout))
	defer cancel()
	manifests, err := offline.Read(ctx, flags.sources)
	if err != nil {
		return err
	}
	if len(manifests.Unreadable) > 0 {
		problems := make([]error, 0, len(manifests.Unreadable))
		for _, unread := range manifests.Unreadable {
			problems = append(problems, unread)
		}
		return sayEach(command, problems)
	}
	said, err := render.Run(ctx, manifests, options)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return sayEach(command, leaves(err))
	}
	for _, sentence := range said {
		command.PrintErrln(sentence)
	}
	_, err = command.OutOrStdout().Write(manifests.Text())
	return err
}

// target says where to look, and which namespace is meant by objects that name none.
func (f *renderFlags) target(options *render.Options) error {
	if options.Color != "" {
		f.sources.Namespace = cmp.Or(*f.cluster.Namespace, "default")
		return nil
	}
	cluster, err := connect(f.cluster)
	if err != nil {
		return err
	}
	f.sources.Namespace = cluster.namespace
	options.Cluster = render.Live{Client: cluster.client}
	return nil
}

// leaves takes joined errors apart, so that each gets a line.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, each := range joined.Unwrap() {
		all = append(all, leaves(each)...)
	}
	return all
}

func sayEach(command *cobra.Command, problems []error) error {
	command.SilenceErrors = true
	for _, problem := range problems {
		command.PrintErrln(command.Root().ErrPrefix(), problem)
	}
	command.PrintErrln("Nothing was printed.")
	return exitError(exitFailed)
}
