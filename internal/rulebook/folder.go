package rulebook

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// follow calls changed when something below a folder does, until ctx ends. Kubernetes
// changes a mounted ConfigMap by a link in the folder itself, git-sync by making the
// folder a link to another one, so links are watched by what they stand in. It may miss
// something, such as a change while a new folder is not watched yet.
func follow(ctx context.Context, dir string, changed func(error)) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		changed(err)
		return
	}
	defer func() { _ = watcher.Close() }()
	changed(watchAll(watcher, dir))
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-watcher.Events:
			if !open {
				return
			}
			if event.Has(fsnotify.Create) {
				err = watchAll(watcher, dir)
			}
			changed(err)
			err = nil
		case err, open := <-watcher.Errors:
			if !open {
				return
			}
			changed(err)
		}
	}
}

// watchAll watches a folder with all below it; what is watched already stays so.
func watchAll(watcher *fsnotify.Watcher, dir string) error {
	var failed error
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		failed = watcher.Add(filepath.Dir(dir))
	}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		case path != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		default:
			return watcher.Add(filepath.Join(dir, path))
		}
	})
	return errors.Join(failed, err)
}
