package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
)

// listOf writes a list of prompts.
func listOf(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// many records a list under two schedules into a folder.
func many(t *testing.T, lines ...string) *recordOptions {
	t.Helper()
	e := tinyEngine(t)
	e.tokens, e.list = nil, listOf(t, lines...)
	return &recordOptions{engine: e, schedules: []string{"uniform:3", "confidence:4>3,window=2,k=0.1"}, ignoreEOS: true,
		output: filepath.Join(t.TempDir(), "r"), command: "pmpdsim record"}
}

// TestManyTracesAreThoseOfOneByOne: neither the prompts before nor the schedules before change a trace.
func TestManyTracesAreThoseOfOneByOne(t *testing.T) {
	lines := []string{`{"id":"a","ids":[1,2,3,4]}`, `{"id":"b","ids":[7,300,5]}`}
	o := many(t, lines...)
	if out, errs, err := invoke(t, o); err != nil || !strings.Contains(out, "uniform:3") || errs != "pmpdsim: tiny-llama, 2 prompts of at most 4 tokens, 8 to generate, on the CPU\n" {
		t.Fatalf("%v, %q, %s", err, errs, out)
	}
	if err := traces.CheckFolder(o.output); err != nil {
		t.Error(err)
	}
	for i, name := range []string{"a.uniform-3", "a.confidence-43_window2_k0.1", "b.uniform-3", "b.confidence-43_window2_k0.1"} {
		alone := many(t, lines[i/2])
		alone.engine, alone.schedules = o.engine, o.schedules[i%2:i%2+1]
		alone.engine.list = listOf(t, lines[i/2])
		if _, _, err := invoke(t, alone); err != nil {
			t.Fatal(err)
		}
		got, err := traces.ReadFile(filepath.Join(o.output, name+traces.Suffix))
		want, errWant := traces.ReadFile(filepath.Join(alone.output, name+traces.Suffix))
		if err != nil || errWant != nil {
			t.Fatal(err, errWant)
		}
		if !reflect.DeepEqual(untimed(got), untimed(want)) || len(got.Steps) != 7 {
			t.Errorf("%s: another trace than alone", name)
		}
	}
}

// untimed are the steps of a trace without what the clock says.
func untimed(t *traces.Trace) (all []traces.Step) {
	for _, s := range t.Steps {
		c := *s
		c.TNS, c.StepNS, c.WallNS, c.DecideNS, c.OpNS = nil, nil, nil, nil, nil
		all = append(all, c)
	}
	return all
}

// TestWhatForceHasNotReplacedKeepsItsOrigin: a run that ends before it has recorded anything anew says nothing of the traces there.
func TestWhatForceHasNotReplacedKeepsItsOrigin(t *testing.T) {
	o := many(t, `{"ids":[1,2,3]}`)
	if _, _, err := invoke(t, o); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(o.output, traces.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	o.force, o.command, o.engine.gen = true, "pmpdsim record --force", ptr(5)
	e, list, err := o.engine.findAll()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := streams{strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer), files.NewClaims(ctx)}
	schedules, err := o.parseSchedules(s, e)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.load(ctx, s, schedules); err != nil {
		t.Fatal(err)
	}
	all, err := o.plan(e, list, schedules)
	if err != nil {
		t.Fatal(err)
	}
	cancel(signalled{os.Interrupt})
	if listed, err := o.recordAll(ctx, s, e, all, len(all)); err == nil || len(listed) > 0 {
		t.Errorf("listed %+v, %v", listed, err)
	}
	if after, err := os.ReadFile(filepath.Join(o.output, traces.ManifestName)); err != nil || !bytes.Equal(after, before) {
		t.Errorf("%v, the manifest is now\n%s", err, after)
	}
}

// TestRecordingsIntoOneFolderListAll: many list their traces at the same time, and one lists what another has replaced.
func TestRecordingsIntoOneFolderListAll(t *testing.T) {
	var lines []string
	for range 12 {
		lines = append(lines, `{"ids":[1,2,3]}`)
	}
	o := many(t, lines...)
	o.engine.gen = ptr(4)
	if _, _, err := invoke(t, o); err != nil {
		t.Fatal(err)
	}
	m, err := traces.ReadManifest(o.output)
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := o.engine.findAll()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	if err := o.write(new(traces.Manifest)); err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for _, l := range m.Recordings[0].Traces {
		g.Go(func() error {
			other := l
			other.SHA256 = "of a trace that is no longer there"
			return errors.Join(o.list(e, nil, []traces.Listed{l}), o.list(e, nil, []traces.Listed{other}))
		})
	}
	if err := errors.Join(g.Wait(), traces.CheckFolder(o.output)); err != nil {
		t.Error(err)
	}
}

// TestAnInterruptedFolderGoesOn: what was whole is kept and listed, and only the rest is recorded by the same command.
func TestAnInterruptedFolderGoesOn(t *testing.T) {
	var lines []string
	for range 12 {
		lines = append(lines, `{"ids":[1,2,3]}`)
	}
	o := many(t, lines...)
	o.engine.gen = ptr(40)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for !files.Exists(filepath.Join(o.output, "0002.uniform-3"+traces.Suffix)) && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel(signalled{os.Interrupt})
	}()
	var out, errs bytes.Buffer
	err := o.run(ctx, streams{strings.NewReader(""), &out, &errs, files.NewClaims(ctx)})
	if s := (signalled{}); !errors.As(err, &s) || !strings.Contains(err.Error(), " of 24 traces are in "+o.output+"; the same command goes on from there") || out.Len() > 0 {
		t.Fatalf("%v, %s", err, out.String())
	}
	if err := traces.CheckFolder(o.output); err != nil {
		t.Error(err)
	}
	m, err := traces.ReadManifest(o.output)
	if err != nil || len(m.Recordings) != 1 {
		t.Fatalf("%v, %+v", err, m)
	}
	first := len(m.Recordings[0].Traces)
	if first < 3 || first == 24 {
		t.Errorf("%d traces were listed", first)
	}
	if _, said, err := invoke(t, o); err != nil || !strings.Contains(said, " of 24 traces are in ") {
		t.Fatalf("%v, %s", err, said)
	}
	if m, err = traces.ReadManifest(o.output); err != nil || len(m.Recordings) != 1 || len(m.Recordings[0].Traces) != 24 {
		t.Errorf("%v, %+v", err, m)
	}
	for _, l := range m.Recordings[0].Traces {
		if l.Stop != traces.StopMax || l.Generated != 40 {
			t.Errorf("%s was stopped by %s after %d", l.File, l.Stop, l.Generated)
		}
	}
	if err := traces.CheckFolder(o.output); err != nil {
		t.Error(err)
	}
}

func TestWhatAModelDoesNotTakeNamesItsLine(t *testing.T) {
	for line, want := range map[string]string{
		`{"ids":[1,900]}`: ":2: ids[1]: 900; accepted: 0 to 319, the vocabulary of tiny-llama",
		`{"ids":[-1]}`:    ":2: ids[0]: -1; accepted: 0 to 319",
		`{"text":"a"}`:    ":2: text: ",
		`{"ids":[` + strings.Repeat("1,", 300) + `1]}`: ":2: ",
	} {
		o := many(t, `{"ids":[1]}`, line)
		_, _, err := invoke(t, o)
		if err == nil || !strings.HasPrefix(err.Error(), o.engine.list+want) {
			t.Errorf("%.40s: %v, want %s", line, err, want)
		}
		if files.Exists(o.output) {
			t.Errorf("%.40s: the folder was made", line)
		}
	}
}
