package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// hubCache returns where the hub's own library keeps models: $HF_HUB_CACHE, or hub in $HF_HOME, which is
// $XDG_CACHE_HOME/huggingface or ~/.cache/huggingface (huggingface_hub/constants.py).
func hubCache() string {
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

// loadModel finds what --model names: what package workloads finds, or a model in the cache of the hub by its id.
func loadModel(name string) (*workloads.Model, error) {
	m, err := workloads.Load(name)
	if _, missing := os.Stat(name); err == nil || missing == nil || !workloads.IsHubID(name) {
		return m, err
	}
	if dir := workloads.InHubCache(hubCache(), name); dir != "" {
		return workloads.Load(dir)
	}
	return nil, fmt.Errorf("%w; the hub's cache %s does not have it", err, hubCache())
}

// modelFolder returns where a model's files lie: the snapshot of a folder of the hub's cache, or of an id that it has. Any
// other name or path stays as it is.
func modelFolder(name string) string {
	if _, err := os.Stat(name); err != nil {
		if dir := workloads.InHubCache(hubCache(), name); dir != "" {
			return dir
		}
	}
	return workloads.Locate(name)
}
