package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// child runs the program as a process of its own that may take so many KiB of addresses, and returns its exit status and what it
// said. A status below 0 is a signal or the end of a minute.
func child(t *testing.T, kib int, dir string, args ...string) (status int, said string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "pmpdsim") // testscript.Main goes by the name
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", append([]string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, kib), program}, args...)...) //nolint:gosec // this program
	c.Dir = dir
	out, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// answered fails the test if a process did not end as it should: with a result, or with an error that the user can answer.
func answered(t *testing.T, status int, said string) {
	t.Helper()
	traced := strings.Contains(said, "goroutine ") || strings.Contains(said, "internal error") || strings.Contains(said, "fatal error")
	if traced || status != exitOK && status != exitUsage && status != exitNoGPU {
		t.Errorf("status %d:\n%.2000s", status, said)
	}
	if status == exitUsage && !strings.Contains(said, "accepted: ") {
		t.Errorf("the error does not say what is accepted:\n%.2000s", said)
	}
}

// quick is what else a command needs so that it ends soon where a number is accepted.
var quick = map[string]string{
	"run":              "--model tiny.json --prompt 4 --gen 3",
	"styles":           "--model tiny.json --bits 4",
	"sweep":            "spec.yaml -o out --dry-run",
	"job":              "--dir none --task 0",
	"dram":             "--standard lpddr5-6400 --stream bytes=64KiB",
	"dram check":       "--quick",
	"dram sensitivity": "--model tiny.json --prompt 4 --gen 4",
	"dram layouts":     "--planes 2 --chunk 1KiB --skew 0B --bytes 64KiB",
	"paper":            "--panel none",
	"gpu adopt":        "none",
	"gpu bench":        "",
	"gpu check":        "",
	"gpu info":         "",
	"gpu qualify":      "-o spec.yaml",
	"record":           "--model tiny.json --weights random --backend cpu --schedule fp16 --prompt 4 --gen 3 -o out.trace.jsonl.zst",
	"cosim":            "--model tiny.json --weights random --backend cpu --schedule fp16 --prompt 4 --gen 3",
	"quality":          "--prompts 1 --prompt 4 --gen 3 --schedule uniform:4 --npu none",
	"schedule search":  "--model tiny --prompts 1 --prompt 4 --gen 4 --bits 4 --bound kl<=1",
	"schedule train":   "--model tiny --text spec.yaml --prompts 10 --prompt 4 --gen 4 --epochs 1 -o out.safetensors",
	"rerun":            "none.jsonl",
	"bench host":       "--threads 1 --repeats 1",
	"validate":         "--device lunar-lake-npu4",
	"trace synth":      "--model tiny.json --prompt 4 --gen 3 -o out.trace.jsonl.zst",
}

// Numbers far beyond what any machine or model has end in an error or in a result, never in a crash.
func TestEveryNumberOnTheCommandLine(t *testing.T) {
	if testing.Short() {
		t.Skip("every number is a process")
	}
	dir := t.TempDir()
	tiny, err := os.ReadFile("testdata/tiny.json")
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "tiny.json"), tiny, 0o600),
			os.WriteFile(filepath.Join(dir, "spec.yaml"), []byte("npu: [edge-lpddr5]\nmodels: [tiny.json]\nschedules: ['uniform:4']\nlengths: [{prompt: 4, gen: 3}]\n"), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	numbers := 0
	leaves(app(io.Discard, io.Discard).Commands, nil, func(c *cli.Command, path []string) {
		name := strings.Join(path, " ")
		for _, f := range c.Flags {
			switch f.(type) {
			case *cli.IntFlag, *cli.Int64Flag, *cli.Uint64Flag, *cli.Float64Flag:
			default:
				continue
			}
			more, known := quick[name]
			if !known {
				t.Errorf("%s has the number --%s; say in quick how it ends soon", name, f.Names()[0])
				continue
			}
			for _, value := range []string{"-1", "0", "1000000000", "1000000000000000000", "99999999999999999999"} {
				numbers++
				t.Run(strings.ReplaceAll(name, " ", "_")+"_"+f.Names()[0]+"="+value, func(t *testing.T) {
					status, said := child(t, 4<<20, dir, append(append(strings.Fields(name), strings.Fields(more)...), "--"+f.Names()[0], value)...)
					answered(t, status, said)
				})
			}
		}
	})
	if numbers < 100 {
		t.Errorf("only %d numbers were tried", numbers)
	}
}

// Lengths that a model has positions for may still be more than memory holds.
func TestLengthsThatNoMemoryHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("every length is a process")
	}
	dir := t.TempDir()
	tiny, err := os.ReadFile("testdata/tiny.json")
	if err == nil {
		long := strings.Replace(string(tiny), `"max_position_embeddings":128`, `"max_position_embeddings":4194304`, 1)
		err = os.WriteFile(filepath.Join(dir, "long.json"), []byte(long), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"run --prompt 4 --gen 4000000", "run --prompt 4 --gen 131072 --schedule fp16 --schedule static:4-3 --schedule static:3-2", "run --prompt 4000000 --gen 3", "run --prompt 4000000 --gen 100000 --batch 64",
		"trace synth --prompt 4 --gen 4000000 -o out.trace.jsonl.zst", "record --weights random --backend cpu --prompt 4000000 --gen 3 -o out.trace.jsonl.zst",
		"record --weights random --backend cpu --prompt 4 --gen 4000000 -o out.trace.jsonl.zst", "cosim --weights random --backend cpu --prompt 4 --gen 4000000"} {
		t.Run(args, func(t *testing.T) {
			status, said := child(t, 3<<20, dir, append(strings.Fields(args), "--model", "long.json", "--schedule", "uniform:4")...)
			answered(t, status, said)
			if status != exitUsage {
				t.Errorf("status %d", status)
			}
		})
	}
}

// Every number of an NPU is refused with what is accepted, or simulated in bounded time and memory.
func TestEveryNumberOfAnNPU(t *testing.T) {
	if testing.Short() {
		t.Skip("every number is a process")
	}
	dir := t.TempDir()
	tiny, err := os.ReadFile("testdata/tiny.json")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "tiny.json"), tiny, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	numbers := 0
	for key, unit := range npuNumbers(t) {
		for _, n := range []string{"-1", "0", "1", "9223372036854775807", "1e308", "0.000000001", "NaN", "Inf"} {
			numbers++
			value := n + unit
			t.Run(key+"="+value, func(t *testing.T) {
				status, said := child(t, 4<<20, dir, "run", "--set", key+"="+value, "--set", "cores=2", "--set", key+"="+value, "--model", "tiny.json",
					"--prompt", "4", "--gen", "3", "--schedule", "uniform:4", "--breakdown")
				answered(t, status, said)
			})
		}
	}
	if numbers < 200 {
		t.Errorf("only %d numbers were tried", numbers)
	}
}

// npuNumbers are the keys of an NPU that have a number, with its unit without a prefix.
func npuNumbers(t *testing.T) map[string]string {
	t.Helper()
	var out strings.Builder
	if code := run([]string{"pmpdsim", "config", "show", "--npu", "edge-lpddr5"}, &out, io.Discard); code != exitOK {
		t.Fatalf("status %d", code)
	}
	found, sections := map[string]string{}, []string{}
	for line := range strings.Lines(out.String()) {
		m := regexp.MustCompile(`^( *)([a-z_0-9]+):(?: "?-?[0-9.]+(?:[kMGT]i?)?([A-Za-z/]*)"?)?$`).FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		depth := len(m[1]) / 2
		sections = append(sections[:min(depth, len(sections))], m[2])
		if !strings.HasSuffix(strings.TrimSpace(line), ":") {
			found[strings.Join(sections, ".")] = m[3]
		}
	}
	return found
}
