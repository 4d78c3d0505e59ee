package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

// version is set with -ldflags "-X main.version=v1.2.3" where a build has no stamps.
var version string

// programVersion is the same for every run of one binary: the version set at the link, the module's version, the revision
// that the build was stamped with, or devel.
func programVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
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

// codeVersion is programVersion for those who must know whether two programs calculate alike. Where that names no state of
// the code, as in a build with changes, the program itself is what it is called by.
func codeVersion() string {
	v := programVersion()
	if v != "devel" && !strings.HasSuffix(v, "+dirty") {
		return v
	}
	path, err := os.Executable()
	if err != nil {
		return v
	}
	f, err := os.Open(path)
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
