package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// This file finds, from the flags of any command, which files it is asked to write and which it reads.

// fileFlag is a flag that names a file to be written: action claims it before the command works. A flag that names what
// is read has TakesFile set.
type fileFlag struct {
	*cli.StringFlag
	folder func(*cli.Context) bool // whether it names a folder, which the command looks after itself; nil: never
}

type claimsKey struct{}

// withClaims gives a context the claims of the run.
func withClaims(ctx context.Context, c *files.Claims) context.Context {
	return context.WithValue(ctx, claimsKey{}, c)
}

// claim claims all files that a command's flags name.
func claim(c *cli.Context) (*files.Claims, error) {
	claims, ok := c.Context.Value(claimsKey{}).(*files.Claims)
	if !ok {
		claims = files.NewClaims(c.Context)
	}
	for _, arg := range c.Args().Slice() {
		claims.Reads(readFrom(arg)...)
	}
	for _, f := range c.Command.Flags {
		claims.Reads(read(c, f)...)
	}
	for _, f := range c.Command.Flags {
		if f, ok := f.(fileFlag); ok && c.String(f.Name) != "" && (f.folder == nil || !f.folder(c)) {
			path, owner := c.String(f.Name), ""
			file, err := claims.Writes(path, "--"+f.Name)
			if err == nil {
				owner = sweep.Owner(file.Place())
			}
			if owner != "" {
				err = fmt.Errorf("%s belongs to the sweep in %s; accepted: another file", path, owner)
			}
			if err != nil {
				return nil, flagged(f.Name, "", err)
			}
		}
	}
	return claims, nil
}

// read are the files that a flag's values name.
func read(c *cli.Context, f cli.Flag) (paths []string) {
	var values []string
	takes := false
	switch f := f.(type) {
	case *cli.StringFlag:
		values, takes = []string{c.String(f.Name)}, f.TakesFile
	case *cli.StringSliceFlag:
		values, takes = c.StringSlice(f.Name), f.TakesFile
	}
	for _, v := range values {
		if takes {
			paths = append(paths, readFrom(v)...)
		}
		if part, ok := strings.CutPrefix(v, "dram.standard="); ok && config.NamesPart(part) {
			paths = append(paths, part)
		}
		if part := config.PartOf(v); takes && part != "" {
			paths = append(paths, part)
		}
		if s, err := precision.Parse(v); err == nil && s.Classifier != "" {
			paths = append(paths, s.Classifier)
		}
	}
	return paths
}

// isFolder reports whether there is a folder at a path.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// readFrom are the files that are read where a path is given: the file, or those of the folder of a model or of a
// sweep. Beside the results of a sweep its plan is read. Folders of sweeps that have a marker need none of this
// (sweep.Owner).
func readFrom(path string) []string {
	if !isFolder(path) {
		all := []string{path, traces.SidecarOf(path)} // of a trace, if it has one
		if filepath.Base(path) == "results.jsonl" {
			all = append(all, readFrom(filepath.Dir(path))...)
		}
		return all
	}
	var all []string
	for _, pattern := range []string{"config.json", "tokenizer*", "*.safetensors", "*.safetensors.index.json",
		"plan.jsonl", "results.jsonl", "spec.yaml", "lock", "shards/*", "inputs/*/*", "inputs/*/*/*", "slurm/*"} {
		found, _ := fs.Glob(os.DirFS(path), pattern) // the patterns are right
		for _, name := range found {
			all = append(all, filepath.Join(path, name))
		}
	}
	return all
}
