// Package authoring is the desk of a platform team. It reads policies as they lie in a
// repository, in .rego files or in the ConfigMaps that are applied, and says what the
// cluster would say of them, with the lines of the files that a person edits.
package authoring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
	"github.com/tealgate/tealgate/internal/settings"
)

const rego = ".rego"

// Files are policies as they were read.
type Files struct {
	// Sources are what the cluster would load: a folder, the .rego files that were
	// named one by one, each ConfigMap.
	Sources []rulebook.Source
	// Settings is the file of the ConfigMap with the settings, nil without one.
	Settings *rulebook.Source
	// Doubts are ConfigMaps that the cluster would not look at.
	Doubts policy.Problems
	// Unreadable is what could not be read.
	Unreadable []error

	// origins are where the files stand that are in manifests.
	origins map[string]origin
}

// origin is where a text begins in another file.
type origin struct {
	file         string
	line, indent int
}

// Read reads folders, .rego files and manifests; offline.Stdin is manifests from
// standard input. Of a folder it takes the .rego files as tealgate does, and the
// manifests that hold policies or settings.
func Read(ctx context.Context, paths []string, stdin io.Reader) (*Files, error) {
	f := &Files{origins: map[string]origin{}}
	single := rulebook.Source{Files: map[string]string{}}
	for _, path := range paths {
		var err error
		switch info, failed := os.Stat(path); {
		case path == offline.Stdin:
			err = f.manifests(ctx, offline.Sources{Files: []string{path}, Stdin: stdin})
		case failed != nil:
			f.unreadable(path, failed)
		case info.IsDir():
			err = f.folder(ctx, path)
		case strings.HasSuffix(path, rego):
			f.rego(single, path)
		default:
			err = f.manifests(ctx, offline.Sources{Files: []string{path}})
		}
		if err != nil {
			return nil, err
		}
	}
	if len(single.Files) > 0 {
		single.Name = strings.Join(slices.Sorted(maps.Keys(single.Files)), ", ")
		f.Sources = append(f.Sources, single)
	}
	return f, nil
}

// Empty says that there is nothing to check.
func (f *Files) Empty() bool {
	return !f.Read() && len(f.Unreadable) == 0
}

// Read says that something was, whatever else could not.
func (f *Files) Read() bool { return len(f.Sources) > 0 || f.Settings != nil || len(f.Doubts) > 0 }

func (f *Files) unreadable(path string, err error) {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	f.Unreadable = append(f.Unreadable, fmt.Errorf("%s: %w", path, err))
}

func (f *Files) rego(into rulebook.Source, path string) {
	content, err := os.ReadFile(path) //nolint:gosec // the file that the user names
	if err != nil {
		f.unreadable(path, err)
		return
	}
	into.Files[path] = string(content)
}

func (f *Files) folder(ctx context.Context, dir string) error {
	source, err := rulebook.ReadDir(dir)
	if err != nil {
		f.Unreadable = append(f.Unreadable, err)
		return nil
	}
	if len(source.Files) > 0 {
		f.Sources = append(f.Sources, source)
	}
	var manifests []string
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		hidden := path != dir && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			f.unreadable(path, err)
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case !entry.IsDir() && !hidden && isManifest(path) && f.holdsPolicy(path):
			manifests = append(manifests, path)
		}
		return nil
	})
	if err != nil || len(manifests) == 0 {
		return err
	}
	return f.manifests(ctx, offline.Sources{Files: manifests})
}

// isManifest leaves out what only tells kustomize how to build.
func isManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path))) &&
		!slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path))
}

// holdsPolicy looks for the names that such a manifest cannot do without: a folder
// may have other YAML, and what that is like is nobody's business here.
func (f *Files) holdsPolicy(path string) bool {
	content, err := os.ReadFile(path) //nolint:gosec // a file of the folder that the user names
	if err != nil {
		f.unreadable(path, err)
	}
	return bytes.Contains(content, []byte(v1alpha1.LabelPolicy)) || bytes.Contains(content, []byte(settings.ConfigMapName))
}

func (f *Files) manifests(ctx context.Context, sources offline.Sources) error {
	sources.Namespace = v1alpha1.Namespace
	read, err := offline.Read(ctx, sources)
	if err != nil {
		return err
	}
	for _, unreadable := range read.Unreadable {
		f.Unreadable = append(f.Unreadable, unreadable)
	}
	for _, object := range read.Objects {
		if object.GroupVersionKind() == corev1.SchemeGroupVersion.WithKind("ConfigMap") {
			f.configMap(object)
		}
	}
	return nil
}

func (f *Files) configMap(object *offline.Object) {
	var configMap corev1.ConfigMap
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &configMap); err != nil {
		f.Unreadable = append(f.Unreadable, fmt.Errorf("%s: %w", object.Position(), err))
		return
	}
	var source rulebook.Source
	switch label := configMap.Labels[v1alpha1.LabelPolicy]; {
	case rulebook.IsSettings(&configMap):
		source = rulebook.FromSettings(&configMap)
		f.Settings = &source
	case rulebook.IsPolicy(&configMap):
		source = rulebook.FromConfigMap(&configMap)
		f.Sources = append(f.Sources, source)
		if len(source.Files) == 0 {
			f.doubt(object, policy.NoFiles, "")
		}
	case label != "":
		f.doubt(object, policy.BadLabel, label)
	default:
		return
	}
	if configMap.Namespace != v1alpha1.Namespace {
		f.doubt(object, policy.Elsewhere, configMap.Namespace)
	}
	for key := range configMap.Data {
		if begin, indent, ok := object.Block("data", key); ok {
			f.origins[configMap.Name+"/"+key] = origin{begin.File, begin.Line, indent}
		}
	}
}

func (f *Files) doubt(object *offline.Object, kind policy.ProblemKind, subject string) {
	at := object.Position()
	f.Doubts = append(f.Doubts, policy.Problem{File: at.File, Line: at.Line, Kind: kind, Subject: subject})
}

// Locate moves what is said of a file in a manifest to the manifest.
func (f *Files) Locate(problem policy.Problem) policy.Problem {
	o, ok := f.origins[problem.File]
	if !ok {
		return problem
	}
	problem.File = o.file
	if problem.Line > 0 {
		problem.Line += o.line - 1
	}
	if problem.Column > 0 {
		problem.Column += o.indent
	}
	return problem
}
