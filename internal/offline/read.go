// Package offline judges manifests without a cluster. It reads them with the lines
// on which everything stands, takes them for the cluster, and asks the webhooks'
// own judge about each.
package offline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
)

// Stdin is the name under which files are read from standard input.
const Stdin = "-"

// stdinName is what standard input is called in positions.
const stdinName = "stdin"

// Sources says what to read.
type Sources struct {
	// Files are files, folders, or Stdin.
	Files []string
	// Recursive reads folders below folders.
	Recursive bool
	// Kustomizations are folders to build.
	Kustomizations []string
	// Namespace is that of objects that name none; default by default.
	Namespace string
	Stdin     io.Reader
}

// Unreadable is something that could not be read.
type Unreadable struct {
	Position Position
	Err      error
}

func (u Unreadable) Error() string { return fmt.Sprintf("%s: %v", u.Position, u.Err) }

// Manifests is what was read, in the order in which it was given.
type Manifests struct {
	Objects    []*Object
	Unreadable []Unreadable
	// Files counts the files that were opened.
	Files int

	streams []stream
}

// Read reads everything that can be. What cannot is no reason not to read the rest.
func Read(ctx context.Context, sources Sources) (*Manifests, error) {
	m := &Manifests{}
	for _, name := range sources.Files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if name == Stdin {
			m.readStdin(sources.Stdin)
			continue
		}
		m.readPath(name, sources.Recursive)
	}
	for _, folder := range sources.Kustomizations {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		m.build(folder)
	}
	for _, object := range m.Objects {
		if object.GetNamespace() == "" {
			namespace := sources.Namespace
			if namespace == "" {
				namespace = "default"
			}
			object.SetNamespace(namespace)
		}
	}
	return m, nil
}

func (m *Manifests) unreadable(position Position, err error) {
	var at *readError
	var path *fs.PathError
	switch {
	case errors.As(err, &at):
		position, err = at.position, at.err
	case errors.As(err, &path) && path.Path == position.File:
		err = path.Err // the position names the file
	}
	m.Unreadable = append(m.Unreadable, Unreadable{position, err})
}

func (m *Manifests) readStdin(stdin io.Reader) {
	content, err := io.ReadAll(stdin)
	if err != nil {
		m.unreadable(Position{File: stdinName}, err)
		return
	}
	m.Files++
	documents := split(stdinName, content)
	for _, d := range documents {
		d.source = d.helmSource()
	}
	m.streams = append(m.streams, stream{content, documents})
	m.add(documents)
}

// readPath reads a file of any name, and of a folder what looks like a manifest.
func (m *Manifests) readPath(name string, recursive bool) {
	info, err := os.Stat(name)
	if err != nil {
		m.unreadable(Position{File: name}, err)
		return
	}
	if !info.IsDir() {
		m.readFile(name)
		return
	}
	read := m.Files + len(m.Unreadable)
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			m.unreadable(Position{File: path}, err)
		case entry.IsDir():
			if path != name && !recursive {
				return filepath.SkipDir
			}
		case isManifest(path):
			m.readFile(path)
		}
		return nil
	})
	if err != nil {
		m.unreadable(Position{File: name}, err)
	}
	if m.Files+len(m.Unreadable) == read {
		m.unreadable(Position{File: name}, errors.New("no .yaml, .yml or .json in this folder"+hintRecursive(recursive)))
	}
}

func hintRecursive(recursive bool) string {
	if recursive {
		return ""
	}
	return "; -R reads folders below it too"
}

// isManifest says which files of a folder are read: those that kubectl reads,
// without what only tells kustomize how to build.
func isManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path))) &&
		!slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path))
}

func (m *Manifests) readFile(name string) {
	content, err := os.ReadFile(name) //nolint:gosec // the file that the user names
	if err != nil {
		m.unreadable(Position{File: name}, err)
		return
	}
	m.Files++
	documents := split(name, content)
	m.streams = append(m.streams, stream{content, documents})
	m.add(documents)
}

func (m *Manifests) add(documents []*document) {
	for _, d := range documents {
		objects, err := d.objects()
		if err != nil {
			m.unreadable(Position{File: d.file}, err)
		}
		m.Objects = append(m.Objects, objects...)
	}
}
