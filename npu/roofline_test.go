package npu

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// small is a model that takes milliseconds to simulate: two layers, grouped queries, biases.
func small(t testing.TB) *workloads.Model {
	t.Helper()
	m, err := workloads.Load("qwen2.5-0.5b")
	if err != nil {
		t.Fatal(err)
	}
	s := *m
	s.Layers, s.Vocab, s.Hidden, s.FFN, s.Heads, s.KVHeads, s.HeadDim, s.RotaryDim = 2, 1000, 256, 640, 4, 2, 64, 64
	return &s
}

// compressed is small with latent attention, some of whose sizes are odd.
func compressed(t testing.TB) *workloads.Model {
	s := *small(t)
	s.Family, s.KVHeads, s.HeadDim, s.RotaryDim, s.QKVBias = workloads.DeepseekV2, s.Heads, 72, 24, false
	s.Latent = &workloads.Latent{QRank: 100, KVRank: 90, NopeDim: 48, RopeDim: 24, ValueDim: 40}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return &s
}

// step runs a pass of a model on a machine; decode after the prompt, or prefill of it.
func step(c *config.Config, m *workloads.Model, prompt, batch int, bits unit.Bits, decode bool) (stats.Counts, *isa.Program, error) {
	k, err := compile.New(compile.Job{Config: c, Model: m, Precisions: precision.Uniforms(int(bits)), Prompt: prompt, Passes: 7, Batch: batch})
	if err != nil {
		return stats.Counts{}, nil, err
	}
	var p *isa.Program
	if decode {
		p, err = k.Decode(prompt, precision.Uniform(int(bits)), precision.Uniform(int(bits)))
	} else {
		p, err = k.Prefill(prompt, precision.Uniform(int(bits)))
	}
	if err != nil {
		return stats.Counts{}, p, err
	}
	machine, err := new(MachineSet).New(c)
	if err != nil {
		return stats.Counts{}, p, err
	}
	n, err := machine.Run(p)
	return n, p, err
}

// Whatever the machine, no operator does more than its peak of MACs and no step moves more than the pins do, and every
// MAC of the program is done once, however it is cut.
func TestRooflinesHoldForAnyMachine(t *testing.T) {
	models := []*workloads.Model{small(t), compressed(t)}
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(models).Draw(t, "model")
		c, err := config.Preset(rapid.SampledFrom([]string{"edge-lpddr4x", "edge-lpddr5", "laptop-lpddr5x", "card-hbm3", "pmpd-paper"}).Draw(t, "npu"))
		if err != nil {
			t.Fatal(err)
		}
		pick := func(key string, values ...any) string {
			return fmt.Sprintf("%s=%v", key, rapid.SampledFrom(values).Draw(t, key))
		}
		err = c.Set([]string{
			fmt.Sprintf("array.style=%s", rapid.SampledFrom(config.Styles()).Draw(t, "style")),
			fmt.Sprintf("array.dataflow=%s", rapid.SampledFrom(config.Dataflows()).Draw(t, "dataflow")),
			fmt.Sprintf("array.gemv=%s", rapid.SampledFrom(config.GEMVs()).Draw(t, "gemv")),
			fmt.Sprintf("array.activations=%s", rapid.SampledFrom(config.ActivationFormats()).Draw(t, "activations")),
			pick("array.rows", 1, 8, 31, 64), pick("array.cols", 1, 16, 33, 128), pick("array.double_buffer", true, false),
			pick("cores", 1, 2, 3, 4, 16), pick("noc.topology", "crossbar", "bus"), pick("noc.arbitration", "oldest-first", "round-robin"),
			pick("noc.bandwidth", "0B/s", "3GB/s", "50GB/s"), pick("fusion", "none", "elementwise"), pick("kv.bits", 2, 3, 4, 8, 16), pick("kv.group", "none", "head", 32),
			pick("scratchpad.size", "1MiB", "4MiB"), "scratchpad.tile=0B", "weights.chunk=256B",
		})
		if err != nil {
			t.Skip(err)
		}
		bits := unit.Bits(rapid.SampledFrom([]int{2, 3, 4, 8, 16}).Draw(t, "bits"))
		decode := rapid.Bool().Draw(t, "decode")
		n, p, err := step(c, m, rapid.IntRange(1, 200).Draw(t, "prompt"), rapid.SampledFrom([]int{1, 2, 5, 64}).Draw(t, "batch"), bits, decode)
		if err != nil {
			t.Fatal(err)
		}
		var walked unit.Bytes // without what DRAM adds to whole bursts
		var macs int64
		for i := range p.Ops {
			o := &p.Ops[i]
			for tile := range o.Tiles {
				macs += o.WorkAt(tile).MACs()
				for _, slices := range [][]isa.Slice{o.Loads, o.Stores} {
					for j := range slices {
						w := slices[j].At(tile, o.Tiles)
						walked += w.Bytes()
					}
				}
			}
			walked += o.HoldBytes()
		}
		if n.MACs != macs {
			t.Fatalf("%d MACs done, the program has %d", n.MACs, macs)
		}
		seconds := n.Cycles.Seconds(c.Clock)
		if most := c.PeakBandwidth() * seconds; float64(n.DRAMBytes()) > most*(1+1e-9)+64 {
			t.Fatalf("%v of traffic in %v s, the pins move %.0f", n.DRAMBytes(), seconds, most)
		}
		if link := float64(c.Network.Bandwidth); link > 0 {
			if c.Network.Topology == config.Crossbar {
				link *= float64(c.Cores)
			}
			if moved := float64(walked + n.Exchanged); moved > link*seconds*(1+1e-9)+64 {
				t.Fatalf("%.0f bytes over links of %.0f B/s in %v s", moved, link, seconds)
			}
		}
		for i := range n.Operators {
			o := &n.Operators[i]
			widest := bits
			if name := p.Operators; i < len(name) && (name[i] == "scores" || name[i] == "context") {
				widest = c.KV.Bits
				if m.Latent != nil && !decode { // expanded
					widest = 16
				}
			} else if i < len(name) && name[i] == "lm_head" {
				widest = c.Head.Bits
			}
			perCycle := array.PeakMACsPerSecond(c, widest) / float64(c.Cores) / float64(c.Clock)
			if most := perCycle * float64(o.ArrayBusy); float64(o.MACs) > most*(1+1e-9) {
				t.Fatalf("%s: %d MACs in %d cycles of the arrays, their peak is %.0f", p.Operators[i], o.MACs, o.ArrayBusy, most)
			}
			if o.PECycles > int64(o.ArrayBusy)*int64(c.Array.Rows)*int64(c.Array.Cols) {
				t.Fatalf("%s: %d PE cycles in %d cycles of %d x %d PEs", p.Operators[i], o.PECycles, o.ArrayBusy, c.Array.Rows, c.Array.Cols)
			}
		}
	})
}
