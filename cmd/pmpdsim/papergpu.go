package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/bench"
	"github.com/pmpdsim/pmpdsim/gpu/kernels/timing"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/paper"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// paperGPUModels are those of the paper, by size.
func paperGPUModels() []string {
	return []string{"vicuna-7b", "stablelm-zephyr-3b", "mobilellama-1.4b", "phi-1.5"}
}

// gpuStudy is the paper's claim for GPUs beside what is modelled, and what a file of gpu bench says was measured.
func gpuStudy(file string) (*paperStudy, error) {
	measured, on, err := readBench(file)
	if err != nil {
		return nil, flagged("bench", file, err)
	}
	var all []rows.GPU
	return &paperStudy{
		unit: "models",
		simulate: func(ctx context.Context, _ paper.Options) error {
			for _, name := range paperGPUModels() {
				if ctx.Err() != nil {
					return context.Canceled
				}
				of, err := gpuRows(name, measured, on)
				if err != nil {
					return err
				}
				all = append(all, of...)
			}
			return nil
		},
		table: func(w io.Writer) error { return views.GPUTable(w, all) },
		csv:   func(w io.Writer) error { return rows.WriteGPU(w, all) },
		json:  func(w io.Writer) error { return jsonLines(w, all) },
	}, nil
}

// benchKey is what a measured product is known by.
type benchKey struct{ out, in, bits int }

// readBench reads the products that gpu bench measured, as lines of JSON, and the name of the GPU; nothing where there is no file.
func readBench(file string) (map[benchKey]float64, string, error) {
	measured, on := map[benchKey]float64{}, ""
	if file == "" {
		return measured, on, nil
	}
	text, err := files.Read(file, files.Text)
	if err != nil {
		return nil, "", err
	}
	line := 0
	for row := range strings.Lines(string(text)) {
		line++
		var r bench.Row
		var m bench.Machine
		if err := errors.Join(json.Unmarshal([]byte(row), &r), json.Unmarshal([]byte(row), &m)); err != nil {
			return nil, "", fmt.Errorf("%s:%d: no row of gpu bench; accepted: what gpu bench --format json writes", file, line)
		}
		switch {
		case m.Emulated:
			return nil, "", fmt.Errorf("%s:%d: %s is an emulation, whose times mean nothing; accepted: rows of a GPU", file, line, m.GPU)
		case r.Kind == "gpu":
			on = m.GPU
		case r.Kind == "product" && r.OverHalf != nil:
			measured[benchKey{r.Out, r.In, r.Bits}] = *r.OverHalf
		}
	}
	if on == "" || len(measured) == 0 {
		return nil, "", fmt.Errorf("%s: there is no GPU, or no product with a time, in it; accepted: what gpu bench --format json writes", file)
	}
	return measured, on, nil
}

// gpuRows are the products of a model's first block, and all of them together, at 4, 3 and 2 bits.
func gpuRows(name string, measured map[benchKey]float64, on string) (all []rows.GPU, err error) {
	m, err := workloads.Load(name)
	if err != nil {
		return nil, err
	}
	for _, bits := range []int{4, 3, 2} {
		var sum gpuSum
		for _, op := range gpu.Ops(m) {
			if op.Layer != 0 || op.Kind != gpu.Product {
				continue
			}
			t, err := timed(op.Out, op.In, bits)
			if err != nil {
				return nil, err
			}
			r := t.row(name, string(op.Place), bits)
			r.Out, r.In = op.Out, op.In
			if over, ok := measured[benchKey{op.Out, op.In, bits}]; ok {
				r.Measured, r.MeasuredOn = &over, on
			}
			all = append(all, r)
			sum.add(t)
		}
		all = append(all, sum.row(name, rows.WholeBlock, bits))
	}
	return all, nil
}

// gpuSum is the bytes and modelled seconds of products at 16 bits and at fewer, in both corners of the model.
type gpuSum struct {
	halfBytes, bytes float64
	half, took       [2]float64
}

// timed is one product, without the time until its first block runs.
func timed(out, in, bits int) (t gpuSum, err error) {
	for i, machine := range timing.H200() {
		half, err := machine.Product(16, out, in)
		if err != nil {
			return t, err
		}
		took, err := machine.Product(bits, out, in)
		if err != nil {
			return t, err
		}
		t.half[i], t.took[i] = (half-machine.RampNS)/1e9, (took-machine.RampNS)/1e9
	}
	weights := float64(out) * float64(in)
	t.halfBytes, t.bytes = 2*weights, weights*float64(bits)/8+float64(2*out<<bits)
	return t, nil
}

func (s *gpuSum) add(t gpuSum) {
	s.halfBytes, s.bytes = s.halfBytes+t.halfBytes, s.bytes+t.bytes
	for i := range s.half {
		s.half[i], s.took[i] = s.half[i]+t.half[i], s.took[i]+t.took[i]
	}
}

func (s *gpuSum) row(model, matrix string, bits int) rows.GPU {
	over := [2]float64{s.half[0] / s.took[0], s.half[1] / s.took[1]}
	return rows.GPU{Model: model, Matrix: matrix, Bits: bits, Bytes: s.halfBytes / s.bytes, Low: min(s.took[0], s.took[1]), High: max(s.took[0], s.took[1]),
		FP16Low: min(s.half[0], s.half[1]), FP16High: max(s.half[0], s.half[1]), OverLow: min(over[0], over[1]), OverHigh: max(over[0], over[1])}
}
