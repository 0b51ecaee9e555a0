package integration

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/test/env"
	"github.com/tealgate/tealgate/test/rights"
)

var grants = flag.Bool("grants", false, "fail on rights in manifests/rbac that nothing has used: for a run of all tests")

// logs is the folder of the audit logs of all clusters, which have tealgate's requests.
var logs string

// recordRequests has tealgate's requests written down, unless the test has a log of its own.
func recordRequests(t *testing.T, options env.Options) env.Options {
	t.Helper()
	if options.AuditLog != "" {
		return options
	}
	file, err := os.CreateTemp(logs, "*.log")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	options.AuditLog, options.AuditPolicy = file.Name(), rights.Policy
	return options
}

// assertNothingRefused holds that tealgate's roles have all that it asked for.
func assertNothingRefused(t *testing.T, log string) {
	t.Helper()
	requests, err := rights.Read(log)
	require.NoError(t, err)
	assert.Empty(t, rights.Text(rights.Refused(requests)), "tealgate's roles lack something")
}

// checkGrants holds, after a whole run, that tealgate has used every right that its roles
// grant: a right that no test needs is one too many, or a story without a test.
func checkGrants() error {
	files, err := filepath.Glob(filepath.Join(logs, "*.log"))
	if err != nil {
		return err
	}
	var requests []rights.Request
	for _, file := range files {
		some, err := rights.Read(file)
		if err != nil {
			return err
		}
		requests = append(requests, some...)
	}
	var errs []error
	for _, name := range []string{"rbac/role.yaml", "rbac/certificates.yaml", "overlays/cert-manager/rbac.yaml"} {
		roles, err := os.ReadFile(filepath.Join(manifestsDir, name))
		if err != nil {
			return err
		}
		// A binding among them reads like a role without rules.
		for _, role := range strings.Split(string(roles), "---\n") {
			unused, err := rights.Unused([]byte(role), requests)
			if err != nil {
				return err
			}
			for _, one := range unused {
				errs = append(errs, fmt.Errorf("manifests/%s grants what nothing has used: %s", name, one))
			}
		}
	}
	return errors.Join(errs...)
}
