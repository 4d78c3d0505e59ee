package compile

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// piecesOf returns the names of the operators in each piece of a program, those of one layer only.
func piecesOf(p *isa.Program, layer int) (all [][]string) {
	last := -1
	for i := range p.Ops {
		o := &p.Ops[i]
		if o.Layer != layer {
			continue
		}
		if o.Piece != last {
			all, last = append(all, nil), o.Piece
		}
		if name, n := p.Operators[o.Operator], len(all)-1; !slices.Contains(all[n], name) {
			all[n] = append(all[n], name)
		}
	}
	return all
}

func TestPiecesFollowTheClassAndFusion(t *testing.T) {
	const (
		alone = "[[input_norm] [q_proj] [k_proj] [v_proj] [rope] [kv_convert] [scores context] [o_proj] [attention_residual] " +
			"[mlp_norm] [gate_proj] [up_proj] [silu_mul] [down_proj] [mlp_residual] [kv_append]]"
		fused = "[[input_norm] [q_proj] [k_proj] [v_proj] [rope] [kv_convert] [scores context] [o_proj+attention_residual] " +
			"[mlp_norm] [gate_proj] [up_proj+silu_mul] [down_proj+mlp_residual] [kv_append]]"
		whole = "[[input_norm q_proj k_proj v_proj rope kv_convert scores context o_proj attention_residual mlp_norm " +
			"gate_proj up_proj silu_mul down_proj mlp_residual"
		layers = 24
	)
	for _, c := range []struct {
		class  config.RuntimeClass
		fusion config.Fusion
		want   string
		pieces int // of the pass: embed before the layers; final norm with the cache's writes, head, sample behind them
	}{
		{config.Ideal, config.NoFusion, whole + " kv_append]]", 1},
		{config.PerOp, config.NoFusion, alone, 1 + 15*layers + 3},
		{config.GPUGraph, config.NoFusion, alone, 1 + 15*layers + 3},
		{config.PerOp, config.Elementwise, fused, 1 + 12*layers + 3},
		{config.Graph, config.NoFusion, whole + "] [kv_append]]", 1 + layers + 1},
	} {
		t.Run(fmt.Sprintf("%s, fusion %s", c.class, c.fusion), func(t *testing.T) {
			cfg := preset(t)
			cfg.Runtime, cfg.Fusion = c.class.Default(), c.fusion
			p, err := compiler(t, cfg, "mobilellama-1.4b", 5, 20, 3).Decode(8, uniform(3), uniform(3))
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(piecesOf(p, 1)); got != c.want {
				t.Errorf("layer 1 has the pieces\n%s, want\n%s", got, c.want)
			}
			if got := p.Ops[len(p.Ops)-1].Piece + 1; got != c.pieces {
				t.Errorf("%d pieces, want %d", got, c.pieces)
			}
		})
	}
}

func TestAPromptsAttentionIsOnePiece(t *testing.T) {
	cfg := preset(t)
	cfg.Runtime, cfg.Cores, cfg.Scratchpad.Size = config.PerOp.Default(), 2, 2<<20
	p, err := compiler(t, cfg, "mobilellama-1.4b", 700, 20, 3).Prefill(700, uniform(3))
	if err != nil {
		t.Fatal(err)
	}
	chunks := 0
	for i := range p.Ops {
		if o := &p.Ops[i]; o.Layer == 1 && o.Kind == isa.Scores {
			chunks++
		}
	}
	if got := piecesOf(p, 1); len(got) != 15 || chunks < 4 {
		t.Errorf("%d chunks of scores, %d pieces: %v", chunks, len(got), got)
	}
}

func TestCoresExchangeWithinAPiece(t *testing.T) {
	cfg := preset(t)
	cfg.Runtime, cfg.Cores, cfg.Array.Activations = config.PerOp.Default(), 2, config.INT8
	p, err := compiler(t, cfg, "mobilellama-1.4b", 5, 20, 3).Decode(8, uniform(3), uniform(3))
	if err != nil {
		t.Fatal(err)
	}
	want := "[scores context exchange quantise]"
	if got := piecesOf(p, 1); len(got) != 16 || fmt.Sprint(got[6]) != want {
		t.Errorf("%d pieces, the attention is %v, want %s", len(got), got[6], want)
	}
}

// What a runtime converts are the operands and results of products with weights, by hand: mobilellama-1.4b has 24 layers of
// q, k, v, o of 2,048 by 2,048, gate and up of 5,632 by 2,048, down of 2,048 by 5,632, and a head of 32,000 by 2,048.
func TestARuntimeConvertsOperandsAndResults(t *testing.T) {
	const values = 24 * (4*(2048+2048) + 3*(2048+5632))
	for _, c := range []struct {
		cores int
		size  unit.Bytes // of the scratchpad: small ones keep a prefill's activations in DRAM, in many ops a product
	}{{1, 64 << 20}, {1, 1 << 20}, {4, 1 << 20}} {
		cfg := preset(t)
		cfg.Cores, cfg.Scratchpad.Size = c.cores, c.size
		k := compiler(t, cfg, "mobilellama-1.4b", 200, 3, 4)
		for rows, make := range map[int]func() (*isa.Program, error){
			1:   func() (*isa.Program, error) { return k.Decode(200, precision.Uniform(4), precision.Uniform(4)) },
			200: func() (*isa.Program, error) { return k.Prefill(200, precision.Uniform(4)) },
		} {
			p, err := make()
			if err != nil {
				t.Fatal(err)
			}
			var got unit.Bytes
			for i := range p.Ops {
				got += p.Ops[i].Converts
			}
			if want := unit.Bytes(2 * (rows*values + 2048 + 32000)); got != want {
				t.Errorf("%+v, %d rows: %v, want %v", c, rows, got, want)
			}
		}
	}
}
