//go:build unix

package qualify

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
)

// playing is a script in the place of the program: what it does in a step is in the shell's case of $what.
const playing = `#!/bin/sh
what="$1 $2 $3"
case "$what" in
"gpu info --measure") row='{"gpu":{"name":"toy","cc":"9.0"},"emulated":false,"kernels":{}}' ;;
"gpu info "*) row='{"gpu":{"name":"toy"}}' ;;
"gpu check "*) row='{"kind":"kernel","check":"gemv","wrong":""}' ;;
"gpu bench --model") row='{"kind":"product","name":"m qkv","out":64,"in":32,"weight_bits":4,"seconds":1e-6}' ;;
"gpu bench "*) row='{"kind":"pass","name":"m","weight_bits":4}' ;;
record*) while [ $# -gt 1 ]; do [ "$1" = -o ] && to=$2; shift; done
	case $to in *.zst) ;; *) mkdir "$to"; to=$to/prompt.fp16.trace.jsonl.zst ;; esac
	echo trace >"$to" ;;
esac
CASES
[ -n "$row" ] && echo "$row"
echo "said" >&2
exit 0
`

// toy are options with the script as the program, and one model.
func toy(t *testing.T, cases string) *Options {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte(strings.Replace(playing, "CASES", cases, 1)), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	t.Setenv(libraryVariable, program) // no driver, but a file
	return &Options{Dir: filepath.Join(dir, "bundle"), Budget: time.Hour, Program: program, Models: []string{"m.json"}, Prompt: 4, Generate: 6, Context: 4, Repeats: 1,
		Created: time.Unix(0, 0), Tool: "toy"}
}

// status is what became of each step.
func status(all []Outcome) map[string]Status {
	m := map[string]Status{}
	for _, o := range all {
		m[o.Step] = o.Status
	}
	return m
}

// whole fails if the bundle is not one that can be read, with a line for each step, an end, and at most eight files.
func whole(t *testing.T, o *Options, all []Outcome) *Bundle {
	t.Helper()
	b, err := Read(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Outcomes) != len(all) || len(b.Head.Steps) != len(all) || b.End == nil || b.Head.Tool != "toy" {
		t.Errorf("%d steps in the summary, %d in the head, %d became something, end %v", len(b.Outcomes), len(b.Head.Steps), len(all), b.End)
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil || len(entries) > 8 {
		t.Errorf("%v, %d files", err, len(entries))
	}
	return b
}

func TestAllStepsPass(t *testing.T) {
	o := toy(t, "")
	var said []string
	o.Say = func(line Outcome) { said = append(said, line.Step) }
	all, err := Run(t.Context(), o)
	if err != nil || len(said) != len(all) {
		t.Fatalf("%v, said %v", err, said)
	}
	became := status(all)
	for _, name := range []string{"driver", "info", "kernels", "check", "check-long", "check-shape", "products", "passes:m", "traces:m", "passes-sm_80:m", "operators"} {
		if became[name] != OK {
			t.Errorf("%s is %s", name, became[name])
		}
	}
	b := whole(t, o, all)
	if len(Bad(all)) != 1 || became["symbols"] != Failed { // the script is no library
		t.Errorf("not well: %v", Bad(all))
	}
	for _, o := range b.Missing() {
		if o.Status != Skipped && o.Step != "symbols" || o.Step == "check-sm_80" {
			t.Errorf("missing: %+v", o)
		}
	}
	if len(b.Checks) != 4 || len(b.Bench) != 3 || b.Info.GPU.Name != "toy" || b.Emulated() {
		t.Errorf("%d checks, %d rows, %+v", len(b.Checks), len(b.Bench), b.Info)
	}
	if len(b.Traces) != 2 || b.Traces[1].name != "m.ops.trace.jsonl.zst" || b.Traces[0].name != "m/prompt.fp16.trace.jsonl.zst" || string(b.Traces[0].text) != "trace\n" {
		t.Errorf("traces: %+v", b.Traces)
	}
	log, err := os.ReadFile(filepath.Join(o.Dir, Log))
	if err != nil || !strings.Contains(string(log), "\n== kernels: pmpdsim gpu check --kernels all --device=0 --format json\nsaid\n") {
		t.Errorf("%v, the log is\n%s", err, log)
	}
}

// TestAStepStandsInForAnother: what is checked with the PTX for sm_80 is enough for the steps that need the check, which then have that PTX.
func TestAStepStandsInForAnother(t *testing.T) {
	o := toy(t, `case "$*:$PMPD_PTX" in "gpu check --model"*: | record*:) echo "pmpdsim: the wait is wrong" >&2; exit 1 ;; esac`)
	all, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if became := status(all); became["check"] != Failed || became["check-sm_80"] != OK || became["traces:m"] != OK || became["operators"] != OK {
		t.Errorf("%v", became)
	}
	i := slices.IndexFunc(all, func(o Outcome) bool { return o.Step == "check-sm_80" })
	if command := strings.Join(all[i].Command, " "); !strings.HasPrefix(command, "env PMPD_PTX=sm_80 pmpdsim gpu check --model") {
		t.Error(command)
	}
	whole(t, o, all)
}

// TestAFailedStepLeavesItsRows: the rows before the failure stay, steps that need it are skipped, and the others run.
func TestAFailedStepLeavesItsRows(t *testing.T) {
	o := toy(t, `case "$*" in "gpu check --model"*"--device=0 --format json") echo "$row"; printf '{"kind":'; echo "pmpdsim: gelu: an illegal memory access" >&2; exit 1 ;; esac`)
	all, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	became := status(all)
	if became["check"] != Failed || became["check-sm_80"] != Failed || became["traces:m"] != Skipped || became["operators"] != Skipped || became["passes:m"] != OK {
		t.Errorf("%v", became)
	}
	b := whole(t, o, all)
	if len(b.Checks) < 4 {
		t.Errorf("%d checks", len(b.Checks))
	}
	i := slices.IndexFunc(all, func(o Outcome) bool { return o.Step == "check" })
	if all[i].Reason != "gelu: an illegal memory access" {
		t.Errorf("%+v", all[i])
	}
	if i = slices.IndexFunc(all, func(o Outcome) bool { return o.Step == "traces:m" }); all[i].Reason != "it needs check, which is failed" {
		t.Errorf("%+v", all[i])
	}
}

// TestAStepThatHangsIsKilled, with what it has started, though it does not listen.
func TestAStepThatHangsIsKilled(t *testing.T) {
	o := toy(t, `case "$what" in "gpu bench --model") echo "$row"; trap '' INT; sleep 1000 & wait; sleep 1000 ;; esac`)
	o.Limit = 4 * time.Second
	all, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	became := status(all)
	if became["products"] != Killed || became["cublas"] != Skipped || became["passes:m"] != OK || became["traces:m"] != OK {
		t.Errorf("%v", became)
	}
	i := slices.IndexFunc(all, func(o Outcome) bool { return o.Step == "products" })
	if all[i].Reason != "it ran past its limit of 4s" {
		t.Errorf("%+v", all[i])
	}
	if b := whole(t, o, all); len(b.Bench) != 3 {
		t.Errorf("%d rows", len(b.Bench))
	}
}

// TestTheBudgetEnds: steps whose limits do not fit what is left are skipped.
func TestTheBudgetEnds(t *testing.T) {
	o := toy(t, `case "$what" in "gpu check --kernels") sleep 1.2 ;; esac`)
	o.Budget, o.Limit = 61*time.Second, 60*time.Second
	all, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	became := status(all)
	if became["kernels"] != OK || became["check-long"] != Skipped || became["products"] != Skipped || became["check"] != OK || became["passes:m"] != OK {
		t.Errorf("%v", became)
	}
	i := slices.IndexFunc(all, func(o Outcome) bool { return o.Step == "check-long" })
	if !strings.HasPrefix(all[i].Reason, "its limit of 1m0s does not fit the 5") {
		t.Errorf("%+v", all[i])
	}
	whole(t, o, all)
}

// TestAnInterruption ends the step under way, keeps what it has said, and names all others.
func TestAnInterruption(t *testing.T) {
	o := toy(t, `case "$what" in "gpu bench --model") echo "$row"; trap 'echo "pmpdsim: interrupted" >&2; exit 130' INT; sleep 1000 & wait ;; esac`)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	why := errors.New("interrupted (interrupt)")
	go func() {
		for ctx.Err() == nil {
			if b, err := os.ReadFile(filepath.Join(o.Dir, Bench)); err == nil && len(b) > 0 {
				cancel(why)
			}
			time.Sleep(time.Millisecond)
		}
	}()
	all, err := Run(ctx, o)
	if !errors.Is(err, why) {
		t.Fatal(err)
	}
	became := status(all)
	if became["products"] != Killed || became["passes:m"] != Skipped || became["check"] != OK {
		t.Errorf("%v", became)
	}
	if b := whole(t, o, all); len(b.Bench) != 1 || b.End.Reason != why.Error() || b.Missing()[len(b.Missing())-1].Reason != why.Error() {
		t.Errorf("%d rows, end %+v", len(b.Bench), b.End)
	}
}

func TestNoGPU(t *testing.T) {
	o := toy(t, `case "$what" in "gpu info "*) echo "pmpdsim: no GPU: the NVIDIA driver sees none" >&2; exit 3 ;; esac`)
	all, err := Run(t.Context(), o)
	if !errors.Is(err, driver.ErrNone) || err.Error() != "no GPU: the NVIDIA driver sees none" || all != nil {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
}

// TestADriverThatRefusesThePTX stops what needs it, and keeps the log.
func TestADriverThatRefusesThePTX(t *testing.T) {
	o := toy(t, `case "$what" in "gpu info "*) echo "ptxas fatal : PTX" >&2; echo "pmpdsim: the kernels: cuModuleLoadDataEx: a PTX JIT compilation failed (218)" >&2; exit 1 ;; esac`)
	all, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Status == OK || a.Step == "kernels" && a.Reason != "it needs driver, which is not ok" {
			t.Errorf("%+v", a)
		}
	}
	log, err := os.ReadFile(filepath.Join(o.Dir, Log))
	if err != nil || !strings.Contains(string(log), "ptxas fatal : PTX") {
		t.Errorf("%v, %s", err, log)
	}
	whole(t, o, all)
}

func TestWhatIsRefused(t *testing.T) {
	o := toy(t, "")
	o.Only = []string{"kernel"}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), `step "kernel"; accepted: driver, machine, `) || !strings.HasSuffix(err.Error(), `did you mean "kernels"?`) {
		t.Error(err)
	}
	o.Only = []string{"products", "passes"}
	if err := errors.Join(os.Mkdir(o.Dir, 0o700), os.WriteFile(filepath.Join(o.Dir, "mine"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); err == nil || !strings.HasSuffix(err.Error(), " holds mine; accepted: a folder, new or empty") {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(o.Dir, "mine")); err != nil {
		t.Fatal(err)
	}
	all, err := Run(t.Context(), o)
	if became := status(all); err != nil || became["products"] != OK || became["passes:m"] != OK || became["kernels"] != Skipped || became["cublas"] != Skipped || became["info"] != OK {
		t.Errorf("%v, %v", became, err)
	}
}

// TestABundleThatWasCutOff is read as far as it goes, and says what is missing.
func TestABundleThatWasCutOff(t *testing.T) {
	o := toy(t, "")
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(o.Dir, Summary)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), `{"kind":"step","step":"products"`)
	if err := os.WriteFile(path, text[:at+20], 0o600); err != nil { // in the middle of a line
		t.Fatal(err)
	}
	b, err := Read(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	m := b.Missing()
	if last := m[len(m)-1]; b.End != nil || len(m) < 4 || last.Reason != "the run was killed before it ended" {
		t.Errorf("end %v, missing %+v", b.End, m)
	}
	for _, bad := range []string{"", "{}\n", "no JSON\n"} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(o.Dir); err == nil || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestPlan: steps have names of their own and need steps that come before, and the expected times fit the default budget.
func TestPlan(t *testing.T) {
	var expected time.Duration
	var names []string
	for _, s := range Plan(&Options{Prompt: 512, Generate: 256, Context: 1024, Repeats: 21}, "") {
		for _, n := range s.Needs {
			if !slices.Contains(names, n) {
				t.Errorf("%s needs %s", s.Name, n)
			}
		}
		if slices.Contains(names, s.Name) || s.Expect <= 0 || s.Limit < s.Expect {
			t.Errorf("%s: expected to take %v of %v", s.Name, s.Expect, s.Limit)
		}
		names = append(names, s.Name)
		expected += s.Expect
	}
	if expected > 9*time.Minute {
		t.Errorf("expected to take %v", expected)
	}
	line, err := json.Marshal(Outcome{Kind: "step", Step: "s", Status: OK})
	if err != nil || string(line) != `{"kind":"step","step":"s","status":"ok","seconds":0,"expected_seconds":0,"limit_seconds":0}` {
		t.Errorf("%s, %v", line, err)
	}
	long := Outcome{Step: "s", Status: Failed, Reason: "why", Seconds: 1.25}
	if got := long.Text(); got != "s                      failed      1.2 s  why" {
		t.Errorf("%q", got)
	}
}
