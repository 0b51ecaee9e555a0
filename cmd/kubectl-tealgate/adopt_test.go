package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRefusals holds what is said before any cluster is asked.
func TestRefusals(t *testing.T) {
	const bounds = "error: --timeout must be more than 0, --drain and --steps not less\n"
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"RenderNothing":   {[]string{"render"}, "error: nothing to render: name files or folders with -f (- is standard input)\n"},
		"RenderColor":     {[]string{"render", "-f", "-", "--color", "red"}, "error: --color \"red\": not blue or green\n"},
		"RenderNamespace": {[]string{"render", "-f", "-", "--helm"}, "error: --helm: Helm does not tell its namespace, and in another one nothing would be found: name it with -n\n"},
		"AdoptNothing":    {[]string{"adopt"}, "error: name one Deployment: kubectl tealgate adopt DEPLOYMENT [flags]\n"},
		"AdoptTimeout":    {[]string{"adopt", "shop", "--timeout", "0s"}, bounds},
		"AdoptBoth":       {[]string{"adopt", "shop", "--apply", "--dry-run"}, "error: if any flags in the group [apply dry-run] are set none of the others can be; [apply dry-run] were all set\n"},
		"EjectSteps":      {[]string{"eject", "shop", "--steps", "-1"}, bounds},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
			t.Setenv("HELM_NAMESPACE", "")
			out, errOut, err := run(t, test.args...)
			require.Error(t, err)
			assert.Equal(t, test.want, errOut)
			assert.Empty(t, out)
		})
	}
}
