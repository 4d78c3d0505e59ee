package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// hostile is a name that recolours a terminal, forges a line, turns the rest around, and is HTML.
const hostile = "h\x1b[31m\nFORGED\r\u009b2J\u202e\u200b\x7f'\"$(touch stray)`touch stray`<b onclick=x>&;"

// leaves calls f with every command that does something, and the names before it.
func leaves(commands []*cli.Command, path []string, f func(c *cli.Command, path []string)) {
	for _, c := range commands {
		below := append(path[:len(path):len(path)], c.Name)
		if len(c.Subcommands) == 0 || c.ArgsUsage != "" || len(c.Flags) > 0 {
			f(c, below)
		}
		leaves(c.Subcommands, below, f)
	}
}

// clean fails unless a text has nothing of a hostile name that a terminal obeys.
func clean(t *testing.T, what, text string) {
	t.Helper()
	for i, r := range text {
		if _, n := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && n == 1 || !strconv.IsGraphic(r) && r != '\n' && r != '\t' {
			t.Errorf("%s has U+%04X: %q", what, r, text[max(0, i-80):min(len(text), i+20)])
			return
		}
	}
	if strings.HasPrefix(text, "FORGED") || strings.Contains(text, "\nFORGED") {
		t.Errorf("%s has a line that it forged: %q", what, text)
	}
}

// TestNoFlagReachesATerminalRaw gives a hostile value to every flag and every argument of every command.
func TestNoFlagReachesATerminalRaw(t *testing.T) {
	simtest.OneGoroutine(t)
	t.Chdir(t.TempDir())
	tried := 0
	ask := func(args ...string) {
		t.Helper()
		out, errs, code := pmpdsim(t, args...)
		tried++
		if code == exitOK || code == exitFailed || errs == "" {
			t.Errorf("%q: exit status %d, %q", args, code, errs)
		}
		clean(t, "the output of "+strconv.Quote(strings.Join(args, " ")), out)
		clean(t, "the error of "+strconv.Quote(strings.Join(args, " ")), errs)
	}
	leaves(app(nil, nil).Commands, nil, func(c *cli.Command, path []string) {
		if c.ArgsUsage != "" {
			ask(append(path, hostile+"/"+hostile)...)
		}
		ask(append(path, "--"+hostile)...)
		ask(append(path, hostile, hostile, hostile)...)
		for _, f := range c.Flags {
			if d, ok := f.(cli.DocGenerationFlag); ok && d.TakesValue() {
				path := path
				if f.Names()[0] == "cache" { // a folder of any name is made, once it is known that the command can run
					path = append(path, "--schedule", "none")
				}
				ask(append(path, "--"+f.Names()[0], hostile+"/"+hostile)...)
				ask(append(path, "--"+f.Names()[0]+"="+hostile+"/"+hostile+"=1")...)
			}
		}
	})
	ask(hostile)
	ask("--" + hostile)
	if tried < 300 {
		t.Errorf("%d command lines were tried", tried)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("files were left: %v, %v", left, err)
	}
}

// TestNoNameReachesASinkRaw runs commands in folders with hostile names and reads everything that they write.
func TestNoNameReachesASinkRaw(t *testing.T) {
	config, err := os.ReadFile("testdata/tiny.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	dir := "d" + hostile
	model, npu := filepath.Join(dir, "config.json"), filepath.Join(dir, "n"+hostile+".yaml")
	spec := "npu: [edge-lpddr5]\nmodels: [config.json]\nlengths: [{prompt: 8, gen: 3}]\nschedules: [fp16]\naxes: [{array.rows: [32, 64]}]\n"
	for path, text := range map[string]string{model: string(config), filepath.Join(dir, "s.yaml"): spec, npu: "base: edge-lpddr5\nname: mine\n",
		filepath.Join(dir, "unnamed"+hostile+".yaml"): "base: edge-lpddr5\n"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name+hostile) }
	small := []string{"--model", model, "--prompt", "8", "--gen", "3"}
	trace, results, swept := in("t")+".trace.jsonl.zst", in("r")+".jsonl", in("sweep")
	said, err := exec.Command("pmpdsim", "sweep", filepath.Join(dir, "s.yaml"), "-o", swept).CombinedOutput() // its workers are processes
	if err != nil {
		t.Errorf("sweep: %v, %s", err, said)
	}
	clean(t, "what sweep says", string(said))
	for _, c := range []struct {
		code int
		args []string
	}{
		{exitOK, append([]string{"run"}, append(small, "--npu", npu, "--breakdown", "--explain")...)},
		{exitOK, append([]string{"run"}, append(small, "--npu", npu, "--breakdown", "--format", "json", "-o", results)...)},
		{exitOK, append([]string{"run"}, append(small, "--timeline", in("l")+".perfetto-trace")...)},
		{exitUsage, append([]string{"run"}, append(small, "--npu", filepath.Join(dir, "unnamed"+hostile+".yaml"))...)},
		{exitUsage, append([]string{"run"}, append(small, "--schedule", "learned:4-3,classifier="+in("c"))...)},
		{exitOK, []string{"styles", "--model", model, "--bits", "4", "--context", "16", "--npu", npu, "-o", in("y") + ".svg"}},
		{exitOK, []string{"config", "show", "--npu", npu}},
		{exitOK, append([]string{"trace", "synth"}, append(small, "--schedule", "static:4-3@1", "-o", trace)...)},
		{exitOK, []string{"trace", "info", trace}},
		{exitOK, []string{"trace", "info", trace, "--format", "json"}},
		{exitOK, []string{"schedule", "recorded", "--trace", trace}},
		{exitOK, []string{"schedule", "recorded", "--trace", trace, "--format", "json"}},
		{exitOK, []string{"run", "--trace", trace, "--schedule", "recorded"}},
		{exitUsage, []string{"trace", "repair", trace, "-o", in("t2") + ".trace.jsonl.zst"}},
		{exitOK, []string{"sweep", filepath.Join(dir, "s.yaml"), "--dry-run"}},
		{exitOK, []string{"sweep", "status", swept}},
		{exitOK, []string{"export", swept, "-o", in("e") + ".csv"}},
		{exitOK, []string{"compare", swept, swept}},
		{exitOK, []string{"plot", "throughput", results, "-o", in("p") + ".svg"}},
		{exitOK, []string{"plot", "throughput", results, "-o", in("p") + ".pdf"}},
		{exitOK, []string{"plot", "roofline", results, "--npu", npu, "-o", in("q") + ".png"}},
		{exitOK, []string{"report", results, "-o", in("h") + ".html", "--npu", npu}},
		{exitOK, []string{"report", swept, "-o", in("i") + ".html"}},
	} {
		out, errs, code := pmpdsim(t, c.args...)
		if code != c.code {
			t.Errorf("%q: exit status %d, %s", c.args, code, errs)
		}
		clean(t, "the output of "+strconv.Quote(strings.Join(c.args, " ")), out)
		clean(t, "the error of "+strconv.Quote(strings.Join(c.args, " ")), errs)
	}
	for _, path := range filesBelow(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		switch ext := filepath.Ext(path); ext {
		case ".svg", ".html", ".csv", ".jsonl":
			if filepath.Base(path) == "plan.jsonl" {
				continue // it has the path of the spec, as it is
			}
			for _, raw := range []string{"\x1b", "\u202e", "\u009b", "\u200b", "\nFORGED", "<b onclick"} {
				if bytes.Contains(data, []byte(raw)) && (raw[0] != '<' || ext == ".svg" || ext == ".html") {
					t.Errorf("%q has %q", path, raw)
				}
			}
		case ".png", ".pdf":
			if bytes.Contains(data, []byte("\x1b[31m")) || bytes.Contains(data, []byte("\nFORGED")) {
				t.Errorf("%q has a raw name", path)
			}
		}
	}
	if _, err := os.Stat("stray"); err == nil {
		t.Error("a shell has run a name")
	}
}
