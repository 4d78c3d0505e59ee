package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite docs/cli.md and the golden parts of the scripts")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"pmpdsim": main}) }

func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("every command is a process; what they do together, the other tests do in this one")
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for _, file := range []string{"tiny.json"} { // a model that runs in milliseconds
				data, err := os.ReadFile(filepath.Join("testdata", file))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(e.WorkDir, file), data, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// width N: no line of stdout has more than N characters.
			"width": func(ts *testscript.TestScript, _ bool, args []string) {
				most, err := strconv.Atoi(args[0])
				ts.Check(err)
				for line := range strings.Lines(ts.ReadFile("stdout")) {
					if n := len([]rune(strings.TrimRight(line, "\n"))); n > most {
						ts.Fatalf("%d characters: %s", n, line)
					}
				}
			},
		},
	})
}

// pmpdsim runs the program in this process and returns what it wrote.
func pmpdsim(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(append([]string{"pmpdsim"}, args...), &out, &errs)
	return out.String(), errs.String(), code
}

// tiny is a short job on a small model.
func tiny(more ...string) []string {
	return append([]string{"run", "--model", "testdata/tiny.json", "--prompt", "16", "--gen", "6", "--format", "json"}, more...)
}

// objects runs a job and decodes its lines.
func objects(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	out, errs, code := pmpdsim(t, args...)
	if code != exitOK || errs != "" {
		t.Fatalf("%v: exit code %d, stderr %q", args, code, errs)
	}
	var all []map[string]any
	for line := range strings.Lines(out) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %q: %v", args, line, err)
		}
		all = append(all, o)
	}
	return all
}

// promised are the keys that readers of the JSON rely on.
func promised() []string {
	return strings.Fields(`npu model task schedule avg_weight_bits prompt_tokens generated_tokens prefill_seconds decode_seconds
		tokens_per_second ttft_seconds tpot_seconds speedup_vs_fp16 speedup_vs_uniform cycles dram_bytes dram_efficiency
		array_utilisation version`)
}

func TestJSON(t *testing.T) {
	t.Run("every promised key is there, texts are texts and the rest numbers", func(t *testing.T) {
		all := objects(t, tiny()...)
		if len(all) != 3 {
			t.Fatalf("%d objects, want the model's three schedules", len(all))
		}
		texts := strings.Fields("npu model task schedule version")
		for _, o := range all[1:] {
			for _, key := range promised() {
				_, number := o[key].(float64)
				_, text := o[key].(string)
				if text != slices.Contains(texts, key) || text == number {
					t.Errorf("%v: %s is %v", o["schedule"], key, o[key])
				}
			}
		}
		if all[0]["speedup_vs_fp16"] != 1.0 || all[1]["speedup_vs_uniform"] != 1.0 {
			t.Errorf("a baseline is not 1 of itself: %v", all[:2])
		}
	})
	t.Run("tokens per second are decode passes per second", func(t *testing.T) {
		for _, o := range objects(t, tiny()...) {
			rate := o["tokens_per_second"].(float64)
			passes := o["generated_tokens"].(float64) - 1
			for _, want := range []float64{1 / o["tpot_seconds"].(float64), passes / o["decode_seconds"].(float64)} {
				if d := rate/want - 1; d > 1e-12 || d < -1e-12 {
					t.Errorf("%v: %v tokens/s, want %v", o["schedule"], rate, want)
				}
			}
		}
	})
	t.Run("a speed-up is absent where its baseline was not run", func(t *testing.T) {
		o := objects(t, tiny("--schedule", "static:4>2")...)[0]
		for _, key := range []string{"speedup_vs_fp16", "speedup_vs_uniform"} {
			if _, there := o[key]; there {
				t.Errorf("%s is %v", key, o[key])
			}
		}
	})
	t.Run("only a breakdown has the phases", func(t *testing.T) {
		plain, broken := objects(t, tiny()...)[0], objects(t, tiny("--breakdown")...)[0]
		for _, key := range []string{"prefill", "decode"} {
			delete(broken, key)
		}
		if a, b := keys(plain), keys(broken); !slices.Equal(a, b) {
			t.Errorf("keys %v and %v", a, b)
		}
	})
}

func keys(o map[string]any) []string { return slices.Sorted(maps.Keys(o)) }

func TestSameJobSameBytes(t *testing.T) {
	var first string
	for i, workers := range []string{"1", "2", "3", "1", "2"} {
		out, errs, code := pmpdsim(t, tiny("--breakdown", "--workers", workers)...)
		if i == 0 {
			first = out
		}
		if code != exitOK || out == "" || out != first {
			t.Errorf("run %d with %s workers: exit code %d, %s\n%s\nwant\n%s", i+1, workers, code, errs, out, first)
		}
	}
}

func TestSchedulesAreNotCutAtCommas(t *testing.T) {
	args := []string{"run", "--npu", "pmpd-paper", "--model", "testdata/tiny.json", "--prompt", "8", "--gen", "8", "--format", "json"}
	all := objects(t, append(args, "--schedule", "static:4>3>2@3,5", "--schedule=uniform:4,prefill=8")...)
	if len(all) != 2 || all[0]["schedule"] != "static:4>3>2@3,5" || all[1]["schedule"] != "uniform:4,prefill=8" {
		t.Errorf("schedules %v", all)
	}
	_, errs, code := pmpdsim(t, append(args, "--schedule", "static:4>3>2@85,170")...)
	if code != exitOK { // both switches lie behind the last pass
		t.Errorf("exit code %d, %s", code, errs)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, stop := interruptible()
	defer stop()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("SIGINT does not cancel")
	}
	var errs bytes.Buffer
	for s, want := range map[os.Signal]int{os.Interrupt: exitInterrupted, syscall.SIGTERM: exitTerminated} {
		if code := report(&errs, signalled{s}); code != want {
			t.Errorf("%v: exit code %d, want %d", s, code, want)
		}
	}
}

func TestReorder(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"flags before and after arguments", "trace info F --format json", "trace info --format json -- F"},
		{"a value that looks like a flag", "run --npu -x", "run --npu -x"},
		{"two dashes end the flags", "trace info --format json -- -F", "trace info --format json -- -F"},
		{"a value behind an equals sign", "run --prompt=3 --schedule=static:4>3@2", "run --prompt=3 --schedule=static:4>3@2"},
		{"a flag of the command below", "config show --npu x", "config show --npu x"},
		{"help before the command", "--help run", "run --help"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := reorder(app(nil, nil), append([]string{"pmpdsim"}, strings.Fields(c.args)...))
			if g := strings.Join(got[min(1, len(got)):], " "); err != nil || g != c.want {
				t.Errorf("%q (%v), want %q", g, err, c.want)
			}
		})
	}
}
