package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/certs"
	"github.com/tealgate/tealgate/internal/policy"
)

// Who makes the certificate of the webhooks.
const (
	fromTealgate    = "tealgate"
	fromCertManager = "cert-manager"
)

// options of `tealgate serve`.
type options struct {
	webhookAddress      string
	metricsAddress      string
	healthAddress       string
	certificates        string
	certificateNames    []string
	certificateLifetime time.Duration
	language            string
	policyDir           string
	leaderElect         bool
	auditOnly           bool
	drainDelay          time.Duration
	logLevel            string
}

func newServe() *cobra.Command {
	o := &options{}
	command := &cobra.Command{
		Use:   "serve",
		Short: "Answer admission webhooks and pin Services",
		Long: "Answer the admission webhooks and, on the leader, pin colorless Services.\n" +
			"The cluster is the one that tealgate runs in, or that KUBECONFIG names.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return serve(command.Context(), o)
		},
	}
	flags := command.Flags()
	// controller-runtime reads this one itself.
	flags.AddGoFlag(flag.Lookup("kubeconfig"))
	flags.StringVar(&o.webhookAddress, "webhook-address", ":9443", "host:port that the webhooks listen on")
	flags.StringVar(&o.metricsAddress, "metrics-address", ":8080", "host:port of /metrics; 0 switches it off")
	flags.StringVar(&o.healthAddress, "health-address", ":8081", "host:port of /healthz and /readyz")
	flags.StringVar(&o.certificates, "certificates", fromTealgate,
		"who makes the certificate of the webhooks: tealgate, or cert-manager (manifests/overlays/cert-manager)")
	flags.StringSliceVar(&o.certificateNames, "certificate-names", []string{
		"tealgate-webhook." + v1alpha1.Namespace + ".svc",
		"tealgate-webhook." + v1alpha1.Namespace + ".svc.cluster.local",
	}, "DNS names and IP addresses that the API server calls the webhooks by")
	flags.DurationVar(&o.certificateLifetime, "certificate-lifetime", certs.DefaultLifetime,
		"lifetime of the certificates that tealgate makes, at least 1h; they are replaced in the last third of it, at most 30 days before the end")
	flags.StringVar(&o.language, "language", string(policy.English),
		"language of messages, en or zh; the namespace label "+v1alpha1.LabelLanguage+" counts first")
	flags.StringVar(&o.policyDir, "policy-dir", "",
		"folder with .rego files beside the ConfigMaps labelled "+v1alpha1.LabelPolicy+"=true; read again when it changes")
	flags.BoolVar(&o.leaderElect, "leader-elect", true, "elect one replica for what only one may do; webhooks run on all")
	flags.BoolVar(&o.auditOnly, "audit-only", false, "take every mode for audit: pin and release nothing (manifests/overlays/audit-only)")
	flags.DurationVar(&o.drainDelay, "drain-delay", 5*time.Second,
		"how long to answer on after the signal to stop, until no client is sent here any more")
	flags.StringVar(&o.logLevel, "log-level", "info", "debug, info or error")
	return command
}

func (o *options) validate() error {
	if !slices.Contains(policy.Languages(), policy.Language(o.language)) {
		return fmt.Errorf("--language %q: not en or zh", o.language)
	}
	if !slices.Contains([]string{"debug", "info", "error"}, o.logLevel) {
		return fmt.Errorf("--log-level %q: not debug, info or error", o.logLevel)
	}
	if !slices.Contains([]string{fromTealgate, fromCertManager}, o.certificates) {
		return fmt.Errorf("--certificates %q: not tealgate or cert-manager", o.certificates)
	}
	if o.certificateLifetime < certs.MinLifetime {
		return fmt.Errorf("--certificate-lifetime %s: must be at least %s", o.certificateLifetime, certs.MinLifetime)
	}
	if o.drainDelay < 0 {
		return fmt.Errorf("--drain-delay %s: must not be negative", o.drainDelay)
	}
	if info, err := os.Stat(o.policyDir); o.policyDir != "" && (err != nil || !info.IsDir()) {
		return fmt.Errorf("--policy-dir %q: not a folder", o.policyDir)
	}
	if _, _, err := splitAddress(o.webhookAddress); err != nil {
		return fmt.Errorf("--webhook-address: %w", err)
	}
	return nil
}

func splitAddress(address string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(digits)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("port %q is not between 1 and 65535", digits)
	}
	return host, port, nil
}
