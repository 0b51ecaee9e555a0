package integration

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tealgate/tealgate/test/rights"
)

// logs is the folder of the audit logs of all clusters, which have tealgate's requests.
var logs string

// refusedNothing holds that tealgate's roles have all that it asked for.
func refusedNothing(log string) error {
	requests, err := rights.Read(log)
	if err != nil {
		return err
	}
	if refused := rights.Text(rights.Refused(requests)); refused != "" {
		return fmt.Errorf("tealgate's roles lack something:\n%s", refused)
	}
	return nil
}

// whole reports whether all tests of the package are run.
func whole() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
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
	for _, name := range []string{"rbac/role.yaml", "rbac/certificates.yaml", "components/cert-manager/rbac.yaml"} {
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
