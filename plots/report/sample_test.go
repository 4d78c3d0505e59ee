package report_test

import (
	"fmt"
	"math"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots/report"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// point is a result that is given by its keys alone; the last is the schedule.
func point(rate, energy, area float64, keys ...report.Key) report.Point {
	r := &result.Result{NPU: "npu", Model: "model", Schedule: keys[len(keys)-1].Value, TokensPerSecond: rate, EnergyPerToken: energy, AreaMM2: area,
		GeneratedTokens: 5, Batch: 1, Config: "aaaa", BoundBy: "memory", Fits: true}
	return report.Point{Result: r, Keys: keys}
}

func misfit(p report.Point) report.Point {
	p.Fits = false
	return p
}

func key(name, value string) report.Key {
	return report.Key{Key: study.Key{Name: name, Value: value, Text: name + " " + value}}
}

func schedule(name string) report.Key {
	return report.Key{Key: study.Key{Name: "schedule", Value: name, Text: name}}
}

func workload(name, value string) report.Key {
	return report.Key{Key: study.Key{Name: name, Value: value, Text: value}, Role: report.Workload}
}

// sweep makes a thousand results, of a model of a machine that is simple and has bends: fast enough for a test, and no two alike.
func sweep() *report.Report {
	r := &report.Report{Command: "pmpdsim report results/ -o report.html", Program: "pmpdsim test", Common: "prompt 64, gen 32",
		Inputs: []study.Input{{Path: "results/", Results: 1000, Failed: 3, Missing: 2}}}
	for _, npu := range []string{"edge", "phone"} {
		for _, rows := range []int{8, 16, 32, 64, 128} {
			for _, channels := range []int{1, 2, 4, 8, 16} {
				m := machine(npu, rows, channels)
				r.Machines = append(r.Machines, m)
				for _, model := range []string{"small", "large"} {
					for _, batch := range []int{1, 4} {
						r.Points = append(r.Points, schedules(m, len(r.Points), npu, model, rows, channels, batch)...)
					}
				}
			}
		}
	}
	return r
}

func machine(npu string, rows, channels int) study.Machine {
	m := study.Machine{Name: npu, Fingerprint: fmt.Sprintf("%s%04d%04d0123456789abcdef", npu, rows, channels), Bandwidth: 8.5e9 * float64(channels),
		Keys: [][2]string{{"clock", "1GHz"}, {"array.rows", strconv.Itoa(rows)}, {"dram.channels", strconv.Itoa(channels)}}}
	for _, bits := range []int{2, 3, 4, 16} {
		m.Roofs = append(m.Roofs, study.Roof{Bits: bits, MACsPerSecond: 64e9 * float64(rows) / float64(max(bits, 3))})
	}
	return m
}

func schedules(m study.Machine, first int, npu, model string, rows, channels, batch int) (all []report.Point) {
	weights := map[string]float64{"small": 0.5e9, "large": 3e9}[model]
	for i, s := range []struct {
		name string
		bits float64
	}{{"fp16", 16}, {"uniform:4", 4}, {"static:4>3@10", 3.3}, {"uniform:3", 3}, {"static:4>3>2@8,16", 2.6}} {
		noise := 1 + 0.03*math.Sin(float64(7*(first+i)))
		memory := weights * s.bits / 8 / m.Bandwidth * noise
		compute := weights * float64(batch) / (64e9 * float64(rows) / max(s.bits, 3))
		seconds := max(memory, compute) + 0.1*min(memory, compute)
		joules := (weights*s.bits/8*40e-12 + weights*float64(batch)*s.bits*0.05e-12 + 0.2*seconds*math.Sqrt(float64(rows))) / float64(batch)
		r := &result.Result{NPU: npu, Model: model, Task: "t", Schedule: s.name, AvgWeightBits: s.bits, PromptTokens: 64, GeneratedTokens: 32, Batch: batch,
			TokensPerSecond: float64(batch) / seconds, TPOTSeconds: seconds, TTFTSeconds: 64 * compute, EnergyPerToken: joules,
			AreaMM2: 1 + 0.02*float64(rows) + 0.2*float64(channels), BoundBy: "memory", Config: m.Fingerprint, Version: "v1", Fits: npu != "phone" || channels != 8 || i > 0}
		if i > 0 {
			x := all[0].TPOTSeconds / seconds
			r.SpeedupFP16 = &x
		}
		for o, name := range []string{"q_proj", "scores", "softmax", "o_proj", "up_proj", "down_proj", "lm_head"} {
			share := float64(o+1) / 28
			x := result.Operator{Name: name, Seconds: 31 * seconds * share, Array: 31 * compute * share, Memory: 31 * memory * share, MACs: int64(31 * weights * share),
				DRAMBytes: int64(31 * weights * s.bits / 8 * share), BoundBy: "memory"}
			if name == "softmax" {
				x.MACs, x.DRAMBytes, x.Array, x.Memory, x.BoundBy = 0, 0, 0, 0, "vector"
			}
			r.Operators.Decode = append(r.Operators.Decode, x)
			r.Operators.Prefill = append(r.Operators.Prefill, x)
		}
		energy := map[string]float64{"array": 0.2 * joules * 31, "dram_read": 0.7 * joules * 31, "leakage": 0.1 * joules * 31}
		r.Decode, r.Prefill = &result.Phase{Energy: energy}, &result.Phase{Energy: energy}
		all = append(all, report.Point{Result: r, Place: fmt.Sprintf("results/: point %08x", first+i), Keys: []report.Key{
			{Key: study.Key{Name: "npu", Value: npu, Text: npu}}, workload("model", model), key("batch", strconv.Itoa(batch)), key("array.rows", strconv.Itoa(rows)),
			key("dram.channels", strconv.Itoa(channels)), schedule(s.name)}})
	}
	return all
}
