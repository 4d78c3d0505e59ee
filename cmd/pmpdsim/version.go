package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// version is what `make build` stamps with -ldflags "-X main.version=v0.1.0". Nothing else sets it.
var version string

// programVersion is the same for every run of one binary. Results, traces and pictures carry it.
func programVersion() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(version, info)
}

// versionOf returns the stamp; without one, what Go knows of the build: the module's version after `go install
// .../cmd/pmpdsim@v0.1.0`, or the commit after `go build` in a checkout. Where neither is known, as after `go run`, it
// returns "devel". Info may be nil.
func versionOf(stamp string, info *debug.BuildInfo) string {
	if stamp != "" {
		return stamp
	}
	if info == nil {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	v := "devel"
	if rev := settings["vcs.revision"]; rev != "" {
		v += "+" + rev[:min(12, len(rev))]
	}
	if settings["vcs.modified"] == "true" {
		v += "+dirty"
	}
	return v
}

// namesCode reports whether a version names one state of the code.
func namesCode(version string) bool {
	return version != "devel" && !strings.HasSuffix(version, "dirty")
}

// codeVersion tells apart programs that may calculate differently. It is programVersion where that names one state of the
// code. Otherwise, as for a build with uncommitted changes, it adds a hash of the program itself.
func codeVersion() string {
	v := programVersion()
	if namesCode(v) {
		return v
	}
	path, err := os.Executable()
	if err != nil {
		return v
	}
	f, err := files.Open(path, files.Program)
	if err != nil {
		return v
	}
	defer func() { _ = f.Close() }() // nothing was written
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return v
	}
	return v + "+" + hex.EncodeToString(h.Sum(nil)[:6])
}
