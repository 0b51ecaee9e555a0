package integration

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"
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
		manifest = merge(manifest, fix.inside()).(map[string]any)
	}
	raw, err := yaml.Marshal(manifest)
	ts.Check(err)
	ts.Check(writeFile(ts.MkAbs(args[0]), raw))
}

// fix is one block of YAML and where it goes.
type fix struct {
	at    string
	value any
}

var (
	fixAt   = regexp.MustCompile(`Fix in (spec[a-zA-Z.]*|metadata[a-zA-Z.]*)`)
	fixTop  = regexp.MustCompile(`from the top of the manifest`)
	fixList = regexp.MustCompile(`(?:env|argument|command) .*?of (init container|container) ([a-z0-9-]+)`)
)

// readFixes finds the blocks of YAML that the answer offers and the place that
// the sentence before each names.
func readFixes(answer string) ([]fix, error) {
	var fixes []fix
	prose, block := "", []string{}
	flush := func() error {
		defer func() { block = nil }()
		if len(block) == 0 {
			return nil
		}
		at, ok := place(prose)
		if !ok {
			return nil
		}
		var value any
		if err := yaml.Unmarshal([]byte(strings.Join(block, "\n")), &value); err != nil {
			return fmt.Errorf("not YAML: %w\n%s", err, strings.Join(block, "\n"))
		}
		fixes = append(fixes, fix{at, value})
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

func place(prose string) (string, bool) {
	if fixTop.MatchString(prose) {
		return "", true
	}
	if at := fixAt.FindStringSubmatch(prose); at != nil {
		return at[1], true
	}
	if strings.Contains(prose, "replace the whole entry") || strings.Contains(prose, "Replace the whole entry") {
		if in := fixList.FindStringSubmatch(prose); in != nil {
			list := map[string]string{"container": "containers", "init container": "initContainers"}[in[1]]
			return "spec.template.spec." + list + "/" + in[2] + "/env", true
		}
	}
	return "", false
}

// inside wraps the value in the path it belongs to. A list/name step is an
// element of a list.
func (f fix) inside() any {
	value := f.value
	path, element, named := strings.Cut(f.at, "/")
	if named {
		name, list, _ := strings.Cut(element, "/")
		value = []any{map[string]any{"name": name, list: value}}
	}
	if path == "" {
		return value
	}
	steps := strings.Split(path, ".")
	for i := len(steps) - 1; i >= 0; i-- {
		value = map[string]any{steps[i]: value}
	}
	return value
}

// merge puts a fix over a manifest: maps are merged, elements of lists by name,
// and an environment variable is replaced as a whole, as the sentence says.
func merge(into, from any) any {
	switch from := from.(type) {
	case map[string]any:
		target, ok := into.(map[string]any)
		if !ok {
			return from
		}
		if _, isEnv := from["valueFrom"]; isEnv {
			return from
		}
		for key, value := range from {
			target[key] = merge(target[key], value)
		}
		return target
	case []any:
		target, ok := into.([]any)
		if !ok {
			return from
		}
		for _, element := range from {
			target = mergeElement(target, element)
		}
		return target
	default:
		return from
	}
}

func mergeElement(target []any, element any) []any {
	named, ok := element.(map[string]any)
	if !ok || named["name"] == nil {
		return []any{element}
	}
	for i, present := range target {
		if other, ok := present.(map[string]any); ok && other["name"] == named["name"] {
			target[i] = merge(other, element)
			return target
		}
	}
	return append(target, element)
}

func writeFile(path string, content []byte) error { return os.WriteFile(path, content, 0o600) }
