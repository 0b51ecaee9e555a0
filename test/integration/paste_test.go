package integration

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	pasting "github.com/tealgate/tealgate/test/paste"
)

// paste does what a developer does with a denial: it puts each fix where the text
// says into the manifest, and nothing else.
func paste(ts *testscript.TestScript, _ bool, args []string) {
	fixes, err := readFixes(ts.ReadFile("stderr"))
	ts.Check(err)
	if len(fixes) == 0 {
		ts.Fatalf("the last answer has nothing to paste")
	}
	var manifest map[string]any
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(args[0])), &manifest))
	for _, fix := range fixes {
		manifest, err = pasting.Into(manifest, fix)
		ts.Check(err)
	}
	raw, err := yaml.Marshal(manifest)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
}

var (
	// promise is how a sentence says that the block below it is to be pasted.
	promise = regexp.MustCompile(`\bFix\b|eplace the whole entry|add to env, replace`)
	fixAt   = regexp.MustCompile(`Fix in (spec[a-zA-Z.]*|metadata[a-zA-Z.]*)`)
	fixTop  = regexp.MustCompile(`from the top of the manifest`)
	fixIn   = regexp.MustCompile(`of (init container|container) ([a-z0-9-]+)`)
)

// readFixes finds the blocks of YAML that the answer offers and the place that
// the sentence before each names. A block that is to be pasted nowhere is an error.
func readFixes(answer string) ([]pasting.Fix, error) {
	var fixes []pasting.Fix
	prose, block := "", []string{}
	flush := func() error {
		defer func() { block = nil }()
		if len(block) == 0 || !promise.MatchString(prose) {
			return nil
		}
		text := strings.Join(block, "\n")
		at, ok := place(prose)
		if !ok {
			return fmt.Errorf("no place is named for\n%s\nby:%s", text, prose)
		}
		fix, err := pasting.Read(at, prose, text)
		if err != nil {
			return err
		}
		fixes = append(fixes, fix)
		prose = ""
		return nil
	}
	for line := range strings.SplitSeq(answer, "\n") {
		switch {
		case strings.HasPrefix(line, "     "):
			block = append(block, line[5:])
		case line == "":
			if err := flush(); err != nil {
				return nil, err
			}
			prose = ""
		default:
			if err := flush(); err != nil {
				return nil, err
			}
			prose += " " + strings.TrimSpace(line)
		}
	}
	return fixes, flush()
}

// place is the path that a sentence names.
func place(prose string) (string, bool) {
	if fixTop.MatchString(prose) {
		return "", true
	}
	if at := fixAt.FindStringSubmatch(prose); at != nil {
		return strings.TrimRight(at[1], "."), true
	}
	in := fixIn.FindStringSubmatch(prose)
	if in == nil {
		return "", false
	}
	list := map[string]string{"container": "containers", "init container": "initContainers"}[in[1]]
	container := fmt.Sprintf("spec.template.spec.%s[name=%s]", list, in[2])
	switch {
	case strings.Contains(prose, "eplace the whole entry"):
		return container + ".env", true
	case strings.Contains(prose, "add to env, replace"):
		return container, true
	default:
		return "", false
	}
}

func TestReadFixes(t *testing.T) {
	const block = ":\n     a: {b: c}\n"
	for answer, want := range map[string]string{
		"1. a: Fix in spec.template.spec (a guess), then apply again":                                                "spec.template.spec",
		"1. a: Fix in spec.template.metadata, then apply again":                                                      "spec.template.metadata",
		"1. a: Fix, from the top of the manifest (other labels stay)":                                                "",
		"1. a: env A of container web holds a key. Create\n     kubectl create\n   Then replace\n   the whole entry": "spec.template.spec.containers[name=web].env",
		"1. a: env A of init container db holds a key. Replace the whole entry":                                      "spec.template.spec.initContainers[name=db].env",
		"1. a: --a in args of container web is one. Take the value (add to env, replace args)":                       "spec.template.spec.containers[name=web]",
	} {
		fixes, err := readFixes(answer + block)
		require.NoError(t, err, answer)
		require.Len(t, fixes, 1, answer)
		assert.Equal(t, want, fixes[0].At, answer)
	}
	fixes, err := readFixes("1. a: create it with" + block)
	require.NoError(t, err)
	assert.Empty(t, fixes, "what is no fix")
	for _, answer := range []string{"1. a: Fix in it" + block, "1. a: Replace the whole entry" + block, "1. a: Fix in spec:\n     a: b: c\n"} {
		_, err := readFixes(answer)
		assert.Error(t, err, answer)
	}
}
