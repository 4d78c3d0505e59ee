package qualify

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/pmpdsim/pmpdsim/traces"
)

// essential are the groups of steps without which a bundle is no record. Others depend on what a machine has.
var essential = []string{"driver", "info", "kernels", "check", "products", "passes", "traces"}

// Recorded is a trace of a bundle as the repository keeps it.
type Recorded struct {
	File  string // in traces/recorded
	Text  []byte
	Trace *traces.Trace
	From  traces.Recording // the trace in it is this one
}

// Usable returns an error if a bundle is no record of a GPU: it was made in emulation, does not say what the GPU is, or, unless that
// is accepted, steps that matter are missing.
func (b *Bundle) Usable(partial bool) error {
	if b.Info == nil {
		return fmt.Errorf("%s: %s is missing, and nothing says what the GPU is; accepted: a bundle whose step info ended well", b.Dir, Info)
	}
	if b.Emulated() {
		return fmt.Errorf("%s was made in emulation, and is no record of a GPU; accepted: a bundle of a GPU, or --rehearse", b.Dir)
	}
	var missing []string
	for _, o := range b.Missing() {
		if slices.Contains(essential, group(o.Step)) {
			missing = append(missing, o.Step)
		}
	}
	if len(missing) > 0 && !partial {
		return fmt.Errorf("%s lacks %s; accepted: a bundle with them, or --partial, which takes what there is", b.Dir, strings.Join(missing, ", "))
	}
	return nil
}

// Name is the GPU's, as it stands in names of files: h200.
func (b *Bundle) Name() string {
	if b.Info == nil {
		return "unknown"
	}
	words := strings.FieldsFunc(strings.ToLower(b.Info.GPU.Name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) || r > 0x7f })
	words = slices.DeleteFunc(words, func(w string) bool { return w == "nvidia" })
	return strings.Join(words, "-")
}

// Recordings are the traces of a bundle, each whole and of this GPU. What is left out is said.
func (b *Bundle) Recordings() (all []Recorded, notes []string, err error) {
	for _, m := range b.Traces {
		model, name := path.Split(m.name)
		if !traces.IsName(name) {
			continue // the manifest, or a trace that was never whole
		}
		r, err := traces.NewReader(m.name, bytes.NewReader(m.text))
		if err != nil {
			return nil, nil, err
		}
		t, err := traces.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", Traces, err)
		}
		if t.Footer.Stop == traces.StopTruncated {
			notes = append(notes, m.name+" ends early, and is left out")
			continue
		}
		if t.Header.GPU == nil || t.Header.GPU.Name != b.Info.GPU.Name {
			return nil, nil, fmt.Errorf("%s: %s is of another machine; accepted: of %s", Traces, m.name, b.Info.GPU.Name)
		}
		file := b.Name() + "-" + strings.TrimPrefix(name, "prompt.")
		step := "operators"
		if model = strings.TrimSuffix(model, "/"); model != "" {
			file, step = b.Name()+"-"+model+"."+strings.TrimPrefix(name, "prompt."), "traces:"+model
		}
		all = append(all, Recorded{file, m.text, t, b.recording(step, t)})
	}
	return all, notes, nil
}

// recording is what a manifest says of the traces of a step.
func (b *Bundle) recording(step string, t *traces.Trace) traces.Recording {
	r := traces.Recording{Tool: t.Header.Tool, Created: b.Head.Created, Model: t.Header.Model.Name, Machine: t.Header.GPU.Name, WeightsSHA256: t.Header.Model.WeightsSHA256}
	i := slices.IndexFunc(b.Outcomes, func(o Outcome) bool { return o.Step == step })
	if i < 0 {
		return r
	}
	command := slices.Clone(b.Outcomes[i].Command)
	for i := range command {
		if i > 0 && command[i-1] == "-o" {
			command[i] = "traces/recorded" // and not a folder that is gone
		} else if strings.ContainsAny(command[i], ">") {
			command[i] = "'" + command[i] + "'"
		}
	}
	r.Command = strings.Join(command, " ")
	return r
}

// NPU describes the GPU as an NPU that validate compares with, or says what is not known.
func (b *Bundle) NPU() (string, error) {
	g := &b.Info.GPU
	c := b.Info.Calib
	if g.SMs == nil || g.SMkHzMax == nil || c == nil || c.CopyBps == nil || c.NodeGapNS == nil {
		return "", fmt.Errorf("%s has no multiprocessors, clock, copy or gap: there is no NPU to set traces beside", Info)
	}
	// Multiply-accumulates a clock and multiprocessor, dense, fp16: 8.0 (A100) 312 TFLOPS / 2 / 108 / 1.41 GHz = 1,024; 9.0 (H100 SXM) 989.4 TFLOPS
	// / 2 / 132 / 1.83 GHz = 2,048, which is 4 tensor cores of 512; others [A] as 8.0. All from memory of NVIDIA's white papers [M].
	macs := 1024
	if strings.HasPrefix(g.CC, "9.") {
		macs = 2048
	}
	return fmt.Sprintf(`# Written by gpu adopt from a bundle of %s: what stands for that GPU in validate. Nothing is fitted to traces.
# Measured: the copy's bandwidth, the gap between kernels. Of the driver: multiprocessors, highest clock. Products a clock by
# the compute capability (gpu/qualify/adopt.go). The rest is that of the base.
base: card-hbm3
name: %s
description: %s, as gpu qualify measured it
source: gpu qualify, %s, driver %s

clock: %sGHz

array:
  style: dequant-fp16
  activations: fp16
  dequant_lanes: %d # a weight a lane for integers, 64 a multiprocessor
  rows: %d
  cols: %d # %d multiprocessors

dram:
  standard: ideal
  bandwidth: %sGB/s # of a copy, bytes read and written
  refresh: none
  mapping: ""

runtime:
  class: gpu-graph
  dispatch: %dns # the gap

kv:
  bits: 16
lm_head:
  bits: 16
count:
  codebooks: true
noc:
  bandwidth: 0B/s # not limited
`, g.Name, b.Name(), g.Name, b.Head.Tool, g.Driver, short6(float64(*g.SMkHzMax)/1e6), 64**g.SMs, 256, *g.SMs*macs/256, *g.SMs, short6(*c.CopyBps/1e9), *c.NodeGapNS), nil
}

func short6(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
