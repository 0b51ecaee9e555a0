package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
)

// getFlags are the flags as they were given.
type getFlags struct {
	person
	print *genericclioptions.PrintFlags
	all   bool
}

func newGet() *cobra.Command {
	flags := &getFlags{print: genericclioptions.NewPrintFlags("")}
	command := flags.command(&cobra.Command{
		Use:   "get [NAME...]",
		Short: "List BlueGreens: what is live, and where releases stand",
		Long: "List BlueGreens: what is live, and where the present or last release of each stands.\n" +
			"-o wide adds the conditions and what a release waits for; every other -o of kubectl get works too.",
		Example: `  kubectl tealgate get
  kubectl tealgate get -A -o wide
  kubectl tealgate get shop -o jsonpath='{.status.liveColor}'`,
		RunE: func(command *cobra.Command, names []string) error { return flags.run(command, names) },
	}, nil)
	flags.print.AddFlags(command)
	command.Flags().Lookup("output").Usage = "wide, name, json, yaml, jsonpath=..., go-template=... as for kubectl get"
	command.Flags().BoolVarP(&flags.all, "all-namespaces", "A", false, "list those of all namespaces")
	for _, name := range []string{"allow-missing-template-keys", "show-managed-fields", "template"} {
		// kubectl get has them too; the help is short without.
		command.Flags().Lookup(name).Hidden = true
	}
	return command
}

func (f *getFlags) run(command *cobra.Command, names []string) error {
	if f.all && len(names) > 0 {
		return fmt.Errorf("a BlueGreen cannot be named across all namespaces: leave out -A or %s", names[0])
	}
	c, err := connect(f.cluster)
	if err != nil {
		return err
	}
	all := &v1alpha1.BlueGreenList{}
	all.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BlueGreenList"))
	if len(names) == 0 {
		if err := f.list(command, c, all); err != nil {
			return err
		}
	}
	for _, name := range names {
		bg, err := c.blueGreen(command.Context(), name)
		if err != nil {
			return err
		}
		all.Items = append(all.Items, *bg)
	}
	return f.write(command, all, len(names) == 1)
}

func (f *getFlags) list(command *cobra.Command, c *cluster, all *v1alpha1.BlueGreenList) error {
	ctx, cancel := requesting(command.Context())
	defer cancel()
	namespace := c.namespace
	if f.all {
		namespace = ""
	}
	if err := c.client.List(ctx, all, client.InNamespace(namespace)); err != nil {
		return explained(ctx, err)
	}
	if len(all.Items) == 0 && f.inTable() {
		where := " in namespace " + namespace
		if f.all {
			where = ""
		}
		command.PrintErrf("No BlueGreens%s.\n", where)
	}
	return nil
}

func (f *getFlags) inTable() bool {
	return *f.print.OutputFormat == "" || *f.print.OutputFormat == outputWide
}

// write prints as kubectl get would: one that was named as itself, others as a list.
func (f *getFlags) write(command *cobra.Command, all *v1alpha1.BlueGreenList, one bool) error {
	out := command.OutOrStdout()
	if f.inTable() {
		if len(all.Items) == 0 {
			return nil
		}
		options := printers.PrintOptions{Wide: *f.print.OutputFormat == outputWide, WithNamespace: f.all}
		return printers.NewTablePrinter(options).PrintObj(desk.List(all.Items, time.Now()), out)
	}
	printer, err := f.print.ToPrinter()
	if err != nil {
		return err
	}
	list := &metav1.List{}
	list.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind("List"))
	list.APIVersion = "v1"
	for i := range all.Items {
		all.Items[i].SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BlueGreen"))
		list.Items = append(list.Items, runtime.RawExtension{Object: &all.Items[i]})
	}
	if one {
		return printer.PrintObj(&all.Items[0], out)
	}
	return printer.PrintObj(list, out)
}
