package main

import (
	"regexp"
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.modified", Value: "false"}}
	changed := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.modified", Value: "true"}}
	module := func(version string) debug.Module {
		return debug.Module{Path: "github.com/pmpdsim/pmpdsim", Version: version}
	}
	for _, c := range []struct {
		name, stamp string
		info        *debug.BuildInfo
		want        string
		namesCode   bool
	}{
		{"make build: the stamp", "v0.1.0+0123456789ab", &debug.BuildInfo{Main: module("v0.0.9")}, "v0.1.0+0123456789ab", true},
		{"make build with changes: the stamp, which is dirty", "v0.1.0+0123456789ab.dirty", nil, "v0.1.0+0123456789ab.dirty", false},
		{"go install: the module's version", "", &debug.BuildInfo{Main: module("v0.1.0")}, "v0.1.0", true},
		{"go build in a checkout with a tag and changes", "", &debug.BuildInfo{Main: module("v0.1.0+dirty"), Settings: changed}, "v0.1.0+dirty", false},
		{"an older Go that knows the commit only", "", &debug.BuildInfo{Main: module("(devel)"), Settings: commit}, "devel+0123456789ab", true},
		{"the same with changes", "", &debug.BuildInfo{Main: module("(devel)"), Settings: changed}, "devel+0123456789ab+dirty", false},
		{"go run: nothing is known", "", &debug.BuildInfo{Main: module("(devel)")}, "devel", false},
		{"a build without information", "", nil, "devel", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := versionOf(c.stamp, c.info); got != c.want || namesCode(got) != c.namesCode {
				t.Errorf("%q (names a state of the code: %v), want %q (%v)", got, namesCode(got), c.want, c.namesCode)
			}
		})
	}
	t.Run("a program that does not name its code is told from others by its bytes", func(t *testing.T) {
		v, want := programVersion(), `^devel.*\+[0-9a-f]{12}$`
		if namesCode(v) { // a test of a stamped build
			want = "^" + regexp.QuoteMeta(v) + "$"
		}
		if got := codeVersion(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%q is the code version of %q", got, v)
		}
	})
}
