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

// HubCache returns where the hub's own library keeps models: $HF_HUB_CACHE, or hub in $HF_HOME, which is
// $XDG_CACHE_HOME/huggingface or ~/.cache/huggingface (huggingface_hub/constants.py).
func HubCache() string {
	for _, key := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if dir := os.Getenv(key); dir != "" {
			return dir
		}
	}
	if home := os.Getenv("HF_HOME"); home != "" {
		return filepath.Join(home, "hub")
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "huggingface", "hub")
}

// Locate returns the path of a model's files: of a folder of the hub's cache, or of an id of the hub that lies in the local
// cache, the snapshot. Any other name or path stays as it is.
func Locate(nameOrPath string) string {
	path := nameOrPath
	if _, err := os.Stat(path); err != nil && hubID.MatchString(nameOrPath) {
		if cache := HubCache(); cache != "" {
			path = filepath.Join(cache, hubFolder+strings.ReplaceAll(nameOrPath, "/", "--"))
		}
	}
	if isHubFolder(path) {
		if s := snapshot(path); s != "" {
			return s
		}
	}
	return nameOrPath
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
