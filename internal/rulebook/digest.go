package rulebook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"

	"github.com/tealgate/tealgate/policies"
)

// digestLength is enough for people to compare.
const digestLength = 16

// digest tells apart what is in force: the program's own rules, and the files of the
// sources, settings included, by name and content.
func digest(program string, statuses []Status) string {
	files := map[string]string{}
	for _, status := range statuses {
		if status.held != nil {
			maps.Copy(files, status.held.Files)
		}
	}
	sum := sha256.New()
	fmt.Fprintln(sum, program)
	add(sum, files)
	return hex.EncodeToString(sum.Sum(nil))[:digestLength]
}

func programDigest() (string, error) {
	files, err := policies.Modules()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	add(sum, files)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// add writes lengths too, so that no content can pass for another name.
func add(sum hash.Hash, files map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%d %s %d %s\n", len(name), name, len(files[name]), files[name])
	}
}
