package offline

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// Fixed is one thing that was written into a file, or could not be.
type Fixed struct {
	Position Position
	// Object is what was changed: KIND NAMESPACE/NAME.
	Object string
	// Field and Value are what was set.
	Field, Value string
	// Err says why it was not.
	Err error
}

// cure is a string to set in an object.
type cure struct {
	path  []string
	value string
}

// Fix writes the cures that need no guess into the files of what was checked: the
// color that tealgate would add to a new Deployment, and what a rule is sure of.
// What was read from elsewhere than a file is left alone. An error says that a file
// could not be written.
func Fix(result *Result) ([]Fixed, error) {
	var done []Fixed
	var files []string
	changed := map[string][]*document{}
	for _, checked := range result.Checked {
		object := checked.object
		if object.anchor != nil || object.document.file == stdinName {
			continue
		}
		for _, c := range cures(checked) {
			fixed := Fixed{
				Position: object.Position(), Object: fmt.Sprintf("%s %s/%s", checked.Kind, checked.Namespace, checked.Name),
				Field: strings.Join(c.path, "."), Value: c.value,
			}
			d := object.document
			first := d.original == nil
			if fixed.Err = d.set(object.item, c.path, c.value); fixed.Err == nil && first {
				if changed[d.file] == nil {
					files = append(files, d.file)
				}
				changed[d.file] = append(changed[d.file], d)
			}
			done = append(done, fixed)
		}
	}
	for _, file := range files {
		if err := rewrite(file, changed[file]); err != nil {
			return done, err
		}
	}
	return done, nil
}

// cures are what there is to set, each once.
func cures(checked Checked) []cure {
	if checked.Kind != "Deployment" {
		return nil
	}
	var found []cure
	for _, path := range [][]string{
		{"metadata", "labels", v1alpha1.LabelColor},
		{"spec", "selector", "matchLabels", v1alpha1.LabelColor},
		{"spec", "template", "metadata", "labels", v1alpha1.LabelColor},
	} {
		had, _, _ := unstructured.NestedFieldNoCopy(checked.object.Object, path...)
		if color, _, _ := unstructured.NestedString(checked.stored.Object, path...); had == nil && color != "" {
			found = append(found, cure{path, color})
		}
	}
	for _, finding := range checked.Findings {
		if finding.Sure {
			found = append(found, leaves(finding.Sentence.FixAt, finding.Sentence.Fix)...)
		}
	}
	return found
}

// leaves reads a fix that sets nothing but strings.
func leaves(at, fix string) []cure {
	var content map[string]any
	if yaml.Unmarshal([]byte(fix), &content) != nil {
		return nil
	}
	var found []cure
	var walk func(path []string, value any)
	walk = func(path []string, value any) {
		switch value := value.(type) {
		case string:
			found = append(found, cure{path, value})
		case map[string]any:
			for key, inner := range value {
				walk(append(slices.Clone(path), key), inner)
			}
		}
	}
	walk(strings.Split(at, "."), content)
	slices.SortFunc(found, func(a, b cure) int { return slices.Compare(a.path, b.path) })
	return found
}

// rewrite puts documents back where they were in their file.
func rewrite(file string, documents []*document) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return err
	}
	slices.SortFunc(documents, func(a, b *document) int { return a.at - b.at })
	var out []byte
	at := 0
	for _, d := range documents {
		end := d.at + len(d.original)
		if d.at < at || end > len(content) || !bytes.Equal(content[d.at:end], d.original) {
			return fmt.Errorf("%s: not written: it has changed since it was read", file)
		}
		out = append(append(out, content[at:d.at]...), d.text...)
		at = end
	}
	return os.WriteFile(file, append(out, content[at:]...), info.Mode().Perm()) //nolint:gosec // the file that the user names
}

// number reads an index, -1 where there is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
