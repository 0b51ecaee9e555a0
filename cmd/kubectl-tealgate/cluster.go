package main

import (
	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// cluster is the one that the flags name.
type cluster struct {
	client client.Client
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
	c, err := client.New(config, client.Options{Mapper: mapper})
	if err != nil {
		return nil, err
	}
	namespace, _, err := flags.ToRawKubeConfigLoader().Namespace()
	return &cluster{c, namespace}, err
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
