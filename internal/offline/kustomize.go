package offline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// build adds what kustomize makes of a folder. Each object stands where the file
// that it was made from has it.
func (m *Manifests) build(folder string) {
	file, err := kustomization(folder)
	if err != nil {
		m.unreadable(Position{File: folder}, err)
		return
	}
	m.Files++
	disk := &tracked{FileSystem: filesys.MakeFsOnDisk(), kustomization: file}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, folder)
	if err != nil {
		m.unreadable(Position{File: file}, err)
		return
	}
	origins := map[string][]*Object{}
	for _, made := range resources.Resources() {
		origin, _ := made.GetOrigin() // without one the kustomization stands for it
		content, err := made.Map()
		if err != nil {
			m.unreadable(Position{File: file}, err)
			continue
		}
		object := &Object{Unstructured: &unstructured.Unstructured{Object: content}, anchor: &Position{File: file, Line: 1}}
		if !disk.asked {
			dropAnnotation(object.Unstructured, originAnnotation)
		}
		if from := originOf(origins, folder, origin, made); from != nil {
			object.document, object.item, object.anchor = from.document, from.item, nil
		}
		m.Objects = append(m.Objects, object)
	}
}

func kustomization(folder string) (string, error) {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", errors.New("no kustomization.yaml in this folder")
}

// originOf finds the object that one was made from, in the file that kustomize says.
func originOf(read map[string][]*Object, folder string, origin *resource.Origin, made *resource.Resource) *Object {
	if origin == nil || origin.Path == "" || origin.Repo != "" || origin.ConfiguredIn != "" {
		return nil
	}
	file := filepath.Join(folder, filepath.FromSlash(origin.Path))
	objects, ok := read[file]
	if !ok {
		var from Manifests
		from.readFile(file)
		objects = from.Objects
		read[file] = objects
	}
	return named(objects, made.GetKind(), made.GetName())
}

// named finds the object that kustomize gave a name: prefixes and suffixes are put
// round the one that it had, which is forgotten.
func named(objects []*Object, kind, name string) *Object {
	var best *Object
	for _, object := range objects {
		if object.GetKind() != kind || !strings.Contains(name, object.GetName()) {
			continue
		}
		if best == nil || len(object.GetName()) > len(best.GetName()) {
			best = object
		}
	}
	return best
}

// originAnnotation is where kustomize leaves the origins of what it makes.
const originAnnotation = "config.kubernetes.io/origin"

// tracked makes kustomize say where things come from, whatever the kustomization
// asks for: it reads that one file as if it asked.
type tracked struct {
	filesys.FileSystem

	kustomization string
	// asked says that the file does ask, so that the annotations belong to the objects.
	asked bool
}

func (t *tracked) ReadFile(path string) ([]byte, error) {
	content, err := t.FileSystem.ReadFile(path)
	if err != nil || !sameFile(path, t.kustomization) {
		return content, err
	}
	var fields map[string]any
	if yaml.Unmarshal(content, &fields) != nil || fields == nil {
		return content, nil // kustomize says what is wrong with it
	}
	metadata, _ := fields["buildMetadata"].([]any)
	if t.asked = slices.Contains(metadata, any(types.OriginAnnotations)); t.asked {
		return content, nil
	}
	fields["buildMetadata"] = append(slices.Clone(metadata), types.OriginAnnotations)
	return yaml.Marshal(fields)
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func dropAnnotation(object *unstructured.Unstructured, key string) {
	annotations := object.GetAnnotations()
	delete(annotations, key)
	if len(annotations) == 0 {
		annotations = nil
	}
	object.SetAnnotations(annotations)
}
