package node

import (
	"os"
	"path/filepath"
	"syscall"
)

// overlayWorks reports whether folders below dir can be laid over each other, which is not
// so where dir is in a container itself.
func overlayWorks(dir string) bool {
	root, err := os.MkdirTemp(dir, "overlay-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(root)
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			return false
		}
	}
	merged := filepath.Join(root, "merged")
	options := "lowerdir=" + filepath.Join(root, "lower") + ",upperdir=" + filepath.Join(root, "upper") + ",workdir=" + filepath.Join(root, "work")
	if err := syscall.Mount("overlay", merged, "overlay", 0, options); err != nil {
		return false
	}
	return syscall.Unmount(merged, 0) == nil
}
