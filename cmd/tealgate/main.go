// Command tealgate runs the webhooks and, on the leader, the controllers.
package main

import (
	"os"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
)

// version is set by the linker.
var version = "dev"

func main() {
	root := &cobra.Command{
		Use:           "tealgate",
		Short:         "Blue-green deployment made safe for plain Deployments and Services",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newServe())
	if err := root.ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		root.PrintErrln("tealgate:", err)
		os.Exit(1)
	}
}
