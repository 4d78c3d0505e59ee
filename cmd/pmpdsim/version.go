package main

import "runtime/debug"

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
