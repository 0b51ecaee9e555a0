package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/rulebook"
)

// cluster is the one that the flags name.
type cluster struct {
	client client.WithWatch
	// namespace is that of the flags, else that of the kubeconfig's context.
	namespace string
}

// connect also silences controller-runtime, which would complain after half a minute
// that nobody takes its log.
func connect(flags *genericclioptions.ConfigFlags) (*cluster, error) {
	log.SetLogger(logr.Discard())
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	// Commands have a few requests under way at most; a limit per second would only make
	// a large cluster slow. The API server's priority and fairness shares out the rest.
	config.QPS = -1
	mapper, err := flags.ToRESTMapper()
	if err != nil {
		return nil, err
	}
	kinds := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(kinds), v1alpha1.AddToScheme(kinds)); err != nil {
		return nil, err
	}
	c, err := client.NewWithWatch(config, client.Options{Mapper: mapper, Scheme: kinds})
	if err != nil {
		return nil, err
	}
	namespace, _, err := flags.ToRawKubeConfigLoader().Namespace()
	return &cluster{c, namespace}, err
}

// rulesTimeout bounds the reading of policies and settings.
const rulesTimeout = 30 * time.Second

// edition is what is in force in the cluster, for who may know that. Everything about
// it that is not as it should be is said on standard error.
func (c *cluster) edition(command *cobra.Command) (admission.Edition, error) {
	ctx := logr.NewContext(command.Context(), logr.Discard())
	limited, cancel := context.WithTimeoutCause(ctx, rulesTimeout, fmt.Errorf("no answer within %s", rulesTimeout))
	defer cancel()
	wanted, err := rulebook.ReadCluster(limited, c.client)
	switch {
	case apierrors.IsForbidden(err):
		command.PrintErrln("note: the built-in rules and default settings were used:", err)
		wanted = rulebook.Wanted{}
	case limited.Err() != nil:
		return admission.Edition{}, context.Cause(limited)
	case err != nil:
		return admission.Edition{}, err
	}
	book, err := rulebook.Open(ctx, prometheus.NewRegistry())
	if err != nil {
		return admission.Edition{}, err
	}
	if _, err := book.Load(ctx, wanted); err != nil {
		return admission.Edition{}, err
	}
	inForce := book.Edition()
	for _, source := range inForce.Sources {
		if len(source.Problems) > 0 {
			command.PrintErrf("note: %s is %s: %s\n", source.Source.Name, source.State, source.Problems[0])
		}
	}
	return admission.Edition{Rules: inForce.Rules, Settings: inForce.Settings}, nil
}

// addCluster adds the flags by which kubectl chooses a cluster and a user. Of those
// that few need the help says only that they are there.
func addCluster(command *cobra.Command, flags *genericclioptions.ConfigFlags) {
	shown := map[string]bool{"namespace": true, "context": true, "kubeconfig": true}
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.AddFlags(set)
	set.VisitAll(func(flag *pflag.Flag) { flag.Hidden = !shown[flag.Name] })
	command.Flags().AddFlagSet(set)
}
