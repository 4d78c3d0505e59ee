package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

// asVersion makes the program say that it is of a version.
const asVersion = "PMPDSIM_TEST_VERSION"

func TestMain(m *testing.M) {
	program := func() {
		version = os.Getenv(asVersion)
		main()
	}
	// A command that starts this program again, tested within this process, starts this binary. go test's own first argument is a flag.
	commands := map[string]func(){"pmpdsim": program, "crashing": crashing}
	if commands[filepath.Base(os.Args[0])] == nil && len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		program()
		return
	}
	testscript.Main(m, commands)
}

func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("every command is a process; what they do together, the other tests do in this one")
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		UpdateScripts:      simtest.Update(),
		RequireUniqueNames: true,
		Setup:              func(e *testscript.Env) error { return workspace(e.WorkDir) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// contained FILE: what was printed last, but for the end of its line, stands somewhere in a file.
			"contained": func(ts *testscript.TestScript, neg bool, args []string) {
				if strings.Contains(ts.ReadFile(args[0]), strings.TrimSpace(ts.ReadFile("stdout"))) == neg {
					ts.Fatalf("%s holds what was printed: %v", args[0], neg)
				}
			},
			// cut FILE N: the last N bytes of a file are lost.
			"cut": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.Atoi(args[1])
				ts.Check(err)
				data := ts.ReadFile(args[0])
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:len(data)-n]), 0o644))
			},
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

// workspace fills a folder with models that run in milliseconds.
func workspace(dir string) error {
	words := filepath.Join(dir, "tiny-words") // with a tokenizer, and as many tokens
	tiny, err := os.ReadFile(filepath.Join(home, "testdata/tiny.json"))
	file, errFile := os.ReadFile(filepath.Join(home, "../../gpu/weights/testdata/words.gguf"))
	return errors.Join(err, errFile, os.WriteFile(filepath.Join(dir, "tiny.json"), tiny, 0o644), writeModel(filepath.Join(dir, "tiny-llama"), gputest.Config("llama")),
		writeModel(words, strings.Replace(gputest.Config("llama"), `"vocab_size":320`, `"vocab_size":800`, 1)),
		os.CopyFS(words, os.DirFS(filepath.Join(home, "../../gpu/tokens/testdata/vicuna"))),
		os.WriteFile(words+".gguf", file, 0o644))
}

// home is the folder of this package, wherever a test is.
var home, _ = os.Getwd()

// pmpdsim runs the program in this process and returns what it wrote.
func pmpdsim(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(append([]string{"pmpdsim"}, args...), &out, &errs)
	return out.String(), errs.String(), code
}

// shortJob is one on a small model.
func shortJob(more ...string) []string {
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
		array_utilisation version batch kv_bits energy_joules energy_joules_per_token tokens_per_joule area_mm2 bound_by`)
}

// near reports whether two numbers are equal up to rounding.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }

func TestJSON(t *testing.T) {
	t.Run("every promised key is there, texts are texts and the rest numbers", func(t *testing.T) {
		all := objects(t, shortJob()...)
		if len(all) != 3 {
			t.Fatalf("%d objects, want the model's three schedules", len(all))
		}
		texts := strings.Fields("npu model task schedule version bound_by")
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
		for _, o := range objects(t, shortJob()...) {
			rate := o["tokens_per_second"].(float64)
			passes := o["generated_tokens"].(float64) - 1
			for _, want := range []float64{1 / o["tpot_seconds"].(float64), passes / o["decode_seconds"].(float64)} {
				if d := rate/want - 1; d > 1e-12 || d < -1e-12 {
					t.Errorf("%v: %v tokens/s, want %v", o["schedule"], rate, want)
				}
			}
		}
	})
	t.Run("a batch generates as many tokens a second as it has sequences in the time of an output token", func(t *testing.T) {
		alone, four := objects(t, shortJob()...), objects(t, shortJob("--batch", "4")...)
		for i, o := range four {
			if want := 4 / o["tpot_seconds"].(float64); !near(o["tokens_per_second"].(float64), want) || o["batch"] != 4.0 {
				t.Errorf("%v: %v tokens/s of a batch of %v, want %v", o["schedule"], o["tokens_per_second"], o["batch"], want)
			}
			// One prompt after the other. More caches lie in DRAM then, so that banks are met in another order.
			if ratio := o["ttft_seconds"].(float64) / alone[i]["ttft_seconds"].(float64); ratio < 3.96 || ratio > 4.04 {
				t.Errorf("%v: four prompts take %v times as long as one", o["schedule"], ratio)
			}
			if a, b := o["energy_joules_per_token"].(float64), alone[i]["energy_joules_per_token"].(float64); a >= b {
				t.Errorf("%v: weights that four share cost %v J a token, alone %v", o["schedule"], a, b)
			}
		}
	})
	t.Run("energy and area are positive, and energy per token is that of decode", func(t *testing.T) {
		for _, o := range objects(t, shortJob("--breakdown", "--batch", "2")...) {
			decode := sum(o["decode"].(map[string]any)["joules"].(map[string]any))
			prefill := sum(o["prefill"].(map[string]any)["joules"].(map[string]any))
			each, passes := o["energy_joules_per_token"].(float64), o["generated_tokens"].(float64)-1
			for name, pair := range map[string][2]float64{
				"energy_joules":           {o["energy_joules"].(float64), prefill + decode},
				"energy_joules_per_token": {each, decode / passes / 2},
				"tokens_per_joule":        {o["tokens_per_joule"].(float64), 1 / each},
			} {
				if !near(pair[0], pair[1]) || pair[0] <= 0 {
					t.Errorf("%v: %s is %v, its parts come to %v", o["schedule"], name, pair[0], pair[1])
				}
			}
			if area := o["area_mm2"].(float64); area <= 0 {
				t.Errorf("%v: an area of %v", o["schedule"], area)
			}
		}
	})
	t.Run("operators add up to the time and the traffic of their phase", func(t *testing.T) {
		for _, more := range [][]string{nil, {"--batch", "3", "--fusion", "elementwise", "--array-style", "lut"}} {
			for _, o := range objects(t, shortJob(more...)...) {
				bytes := 0.0
				for _, phase := range []string{"prefill", "decode"} {
					seconds := 0.0
					for _, x := range o["operators"].(map[string]any)[phase].([]any) {
						x := x.(map[string]any)
						seconds += x["seconds"].(float64)
						bytes += x["dram_bytes"].(float64)
					}
					if want := o[phase+"_seconds"].(float64); !near(seconds, want) {
						t.Errorf("%v: operators of %s take %v, it takes %v", o["schedule"], phase, seconds, want)
					}
				}
				if bytes != o["dram_bytes"] {
					t.Errorf("%v: operators move %v bytes of %v", o["schedule"], bytes, o["dram_bytes"])
				}
			}
		}
	})
	t.Run("an explanation has prefill, and decode at each precision once", func(t *testing.T) {
		for schedule, want := range map[string]string{
			"uniform:4":              "prefill 4, decode 4",
			"static:4>3>2@2,3":       "prefill 4, decode 4, decode 3, decode 2",
			"static:3>2@2,prefill=8": "prefill 8, decode 3, decode 2",
		} {
			var got []string
			for _, x := range objects(t, shortJob("--explain", "--schedule", schedule)...)[0]["tilings"].([]any) {
				x := x.(map[string]any)
				got = append(got, fmt.Sprintf("%v %v", x["pass"], x["weight_bits"]))
				for _, y := range x["operators"].([]any) {
					if y := y.(map[string]any); y["tile_bytes"].(float64) <= 0 || y["estimate_seconds"].(float64) <= 0 {
						t.Errorf("%s: %v", schedule, y)
					}
				}
			}
			if text := strings.Join(got, ", "); text != want {
				t.Errorf("%s: %s, want %s", schedule, text, want)
			}
		}
	})
	t.Run("a speed-up is absent where its baseline was not run", func(t *testing.T) {
		o := objects(t, shortJob("--schedule", "static:4>2")...)[0]
		for _, key := range []string{"speedup_vs_fp16", "speedup_vs_uniform"} {
			if _, there := o[key]; there {
				t.Errorf("%s is %v", key, o[key])
			}
		}
	})
	t.Run("only a breakdown has the phases", func(t *testing.T) {
		plain, broken := objects(t, shortJob()...)[0], objects(t, shortJob("--breakdown")...)[0]
		for _, key := range []string{"prefill", "decode"} {
			delete(broken, key)
		}
		if a, b := keys(plain), keys(broken); !slices.Equal(a, b) {
			t.Errorf("keys %v and %v", a, b)
		}
	})
}

func sum(parts map[string]any) float64 {
	s := 0.0
	for _, k := range keys(parts) {
		s += parts[k].(float64)
	}
	return s
}

func keys(o map[string]any) []string { return slices.Sorted(maps.Keys(o)) }

func TestSameJobSameBytes(t *testing.T) {
	var first string
	for i, workers := range []string{"1", "2", "3", "1", "2"} {
		out, errs, code := pmpdsim(t, shortJob("--breakdown", "--workers", workers)...)
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
	for s, want := range map[os.Signal]int{syscall.SIGHUP: 129, os.Interrupt: 130, syscall.SIGQUIT: 131, syscall.SIGTERM: 143} {
		if code := exitCode(&errs, signalled{s}); code != want {
			t.Errorf("%v: exit code %d, want %d", s, code, want)
		}
	}
}

// TestInterruptedAndMore: what was joined with an interruption is not lost, such as where a trace was kept.
func TestInterruptedAndMore(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signalled{os.Interrupt})
	lost := errors.New("it is in x.kept")
	for name, err := range map[string]error{
		"the signal":       errors.Join(signalled{os.Interrupt}, lost),
		"the cancellation": errors.Join(lost, fmt.Errorf("deep: %w", context.Canceled)),
		"both":             errors.Join(signalled{os.Interrupt}, context.Canceled, lost),
	} {
		var errs bytes.Buffer
		if code := exitCode(&errs, told(ctx, err, []string{"o.json"})); code != 130 ||
			errs.String() != "pmpdsim: interrupted (interrupt): what was written is o.json\nit is in x.kept\n" {
			t.Errorf("%s: status %d, %q", name, code, errs.String())
		}
	}
	failed := failedPoints{"d", &sweep.Status{Failed: 1, Points: 1}}
	if code := exitCode(io.Discard, told(ctx, failed, nil)); code != exitFailures {
		t.Errorf("failed points: status %d", code)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestTextsThatCannotBeWrittenFail(t *testing.T) {
	for _, args := range []string{"", "--help", "--version", "run --help", "list npus", "config show", "run --prompt 4 --gen 2"} {
		var errs bytes.Buffer
		code := run(append([]string{"pmpdsim"}, strings.Fields(args)...), full{}, &errs)
		if want := "pmpdsim: writing the output: no space left on device\n"; code != exitFailed || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: status %d, %q, want %q", args, code, errs.String(), want)
		}
	}
}

// writeModel makes a folder with a small model's config.json and random weights, as from huggingface.co.
func writeModel(dir, config string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		return err
	}
	m, err := weights.Load(dir)
	if err != nil {
		return err
	}
	source, err := weights.Random(m, 7)
	if err != nil {
		return err
	}
	return gputest.Write(dir, source, "BF16", 2)
}

func TestASweepWithFailedPointsHasAnExitStatusOfItsOwn(t *testing.T) {
	s := &sweep.Status{Points: 20, Failed: 12}
	for i := range 12 {
		s.FailedPoints = append(s.FailedPoints, sweep.FailedPoint{Point: fmt.Sprint("point ", i), Reason: "too large"})
	}
	var b strings.Builder
	if code := exitCode(&b, failedPoints{"results", s}); code != 4 {
		t.Errorf("exit status %d, want 4", code)
	}
	if got := b.String(); strings.Count(got, ": too large\n") != 10 || !strings.HasSuffix(got, "and 2 more: pmpdsim sweep status results --format json names all\n") {
		t.Errorf("it says %s", got)
	}
}
