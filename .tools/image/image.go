package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// options describe one image.
type options struct {
	binary     string
	name       string
	user       string
	archive    string
	roots      bool
	entrypoint []string
	labels     map[string]string
	created    time.Time
}

// made is what came of it.
type made struct {
	digest v1.Hash
	size   int64
}

func (o options) write() (made, error) {
	tag, err := name.NewTag(o.name)
	if err != nil {
		return made{}, err
	}
	image, err := o.image()
	if err != nil {
		return made{}, err
	}
	if err := tarball.WriteToFile(o.archive, tag, image); err != nil {
		return made{}, err
	}
	info, err := os.Stat(o.archive)
	if err != nil {
		return made{}, err
	}
	digest, err := image.Digest()
	return made{digest, info.Size()}, err
}

func (o options) image() (v1.Image, error) {
	architecture, err := architectureOf(o.binary)
	if err != nil {
		return nil, err
	}
	layer, err := o.layer()
	if err != nil {
		return nil, err
	}
	entrypoint := o.entrypoint
	if len(entrypoint) == 0 {
		entrypoint = []string{"/" + filepath.Base(o.binary)}
	}
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: architecture,
		Created: v1.Time{Time: o.created},
		RootFS:  v1.RootFS{Type: "layers"},
		Config:  v1.Config{User: o.user, Entrypoint: entrypoint, WorkingDir: "/", Labels: o.labels},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: o.created}, CreatedBy: "tealgate .tools/image"},
	})
}

func (o options) layer() (v1.Layer, error) {
	program, err := os.ReadFile(o.binary)
	if err != nil {
		return nil, err
	}
	files := []file{{filepath.Base(o.binary), program, 0o755}}
	if o.roots {
		certificates, err := rootCertificates()
		if err != nil {
			return nil, fmt.Errorf("root certificates: %w", err)
		}
		files = append(files, file{rootsPath, certificates, 0o644})
	}
	content, err := pack(files)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(opener(content))
}
