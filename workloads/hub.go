package workloads

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// A model in the cache of the Hugging Face hub (huggingface_hub, "Understand caching"): ORG/NAME has the folder
// models--ORG--NAME, in which refs/main names the revision whose files lie in snapshots/REVISION.

const hubFolder = "models--"

// hubID is what the hub calls a model.
var hubID = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)

// IsHubID reports whether a name is one that the hub may give to a model.
func IsHubID(name string) bool { return hubID.MatchString(name) }

// InHubCache returns the folder of the files of a model that a cache has; "" if it does not have them.
func InHubCache(cache, id string) string {
	if !IsHubID(id) {
		return ""
	}
	return snapshot(filepath.Join(cache, hubFolder+strings.ReplaceAll(id, "/", "--")))
}

// Locate returns the snapshot of a folder of the hub's cache, and any other path or name as it is.
func Locate(path string) string {
	if isHubFolder(path) {
		if s := snapshot(path); s != "" {
			return s
		}
	}
	return path
}

// snapshot returns the folder of the revision that main is, or else the newest that has a config.json.
func snapshot(repo string) string {
	all := filepath.Join(repo, "snapshots")
	if main, err := files.Read(filepath.Join(repo, "refs", "main"), files.ModelConfig); err == nil {
		dir := filepath.Join(all, filepath.Base(strings.TrimSpace(string(main))))
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
			return dir
		}
	}
	type found struct {
		dir  string
		when int64
	}
	var with []found
	entries, _ := os.ReadDir(all) // none: no snapshots
	for _, e := range entries {
		dir := filepath.Join(all, e.Name())
		info, err := os.Stat(dir)
		if _, missing := os.Stat(filepath.Join(dir, "config.json")); err == nil && missing == nil {
			with = append(with, found{dir, info.ModTime().UnixNano()})
		}
	}
	if len(with) == 0 {
		return ""
	}
	return slices.MaxFunc(with, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.when, b.when), strings.Compare(a.dir, b.dir))
	}).dir
}

// hubName is what the hub calls the model whose snapshot a folder is, without its owner; "" if it is none.
func hubName(dir string) string {
	snapshots := filepath.Dir(dir)
	repo := filepath.Base(filepath.Dir(snapshots))
	if filepath.Base(snapshots) != "snapshots" || !strings.HasPrefix(repo, hubFolder) {
		return ""
	}
	parts := strings.Split(repo, "--")
	return parts[len(parts)-1]
}

// presetID returns the preset of a model by its id on the hub.
func presetID(id string) (preset, bool) {
	all := presets()
	i := slices.IndexFunc(all, func(p preset) bool { return strings.EqualFold(p.ID, id) })
	if i < 0 {
		return preset{}, false
	}
	return all[i], true
}

// isHubFolder reports whether a path is that of a model in the hub's cache.
func isHubFolder(path string) bool {
	abs, err := filepath.Abs(path)
	return err == nil && strings.HasPrefix(filepath.Base(abs), hubFolder)
}

// ggufOf returns the first GGUF file of a folder, or of the snapshots of one of the hub's cache; "" if it has none.
func ggufOf(dir string) string {
	dirs := []string{dir}
	if isHubFolder(dir) {
		snapshots, _ := os.ReadDir(filepath.Join(dir, "snapshots")) // none: no snapshots
		for _, s := range snapshots {
			dirs = append(dirs, filepath.Join(dir, "snapshots", s.Name()))
		}
	}
	for _, d := range dirs {
		entries, _ := os.ReadDir(d) // none: no folder
		for _, e := range entries {
			if strings.EqualFold(filepath.Ext(e.Name()), ".gguf") {
				return filepath.Join(d, e.Name())
			}
		}
	}
	return ""
}
