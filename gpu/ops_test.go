package gpu_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func TestOpsOfAPass(t *testing.T) {
	for _, c := range []struct{ name, model, want string }{
		{"a sequential block adds each half in the norm that follows", "tinyllama-1.1b", `
			embed embed: 1 > 2048
			L0.input_norm norm: 2048 > 2048
			L0.q_proj+k_proj+v_proj gemv qkv: 2048 > 2560
			L0.rope+kv_append rope: 2560 > 2560
			L0.scores+softmax+context attention: 2048 > 2048
			L0.softmax_merge merge: 2048 > 2048
			L0.o_proj gemv o: 2048 > 2048
			L0.attention_residual+mlp_norm norm mlp_norm: 2048 > 2048, adds 1
			L0.gate_proj+up_proj gemv up: 2048 > 11264
			L0.silu_mul activation: 11264 > 5632
			L0.down_proj gemv down: 5632 > 2048
			L1.mlp_residual+input_norm norm: 2048 > 2048, adds 1
			…
			mlp_residual+final_norm norm final_norm: 2048 > 2048, adds 1
			lm_head gemv lm_head: 2048 > 32000
			sample choose: 32000 > 1`},
		{"a parallel block adds both halves at once", "phi-1.5", `
			embed embed: 1 > 2048
			L0.input_norm norm: 2048 > 2048
			L0.q_proj+k_proj+v_proj gemv qkv: 2048 > 6144
			L0.rope+kv_append rope: 6144 > 6144
			L0.scores+softmax+context attention: 2048 > 2048
			L0.softmax_merge merge: 2048 > 2048
			L0.o_proj gemv o: 2048 > 2048
			L0.fc1 gemv up: 2048 > 8192
			L0.gelu activation: 8192 > 8192
			L0.fc2 gemv down: 8192 > 2048
			L1.residual+input_norm norm: 2048 > 2048, adds 2
			…
			residual+final_norm norm final_norm: 2048 > 2048, adds 2
			lm_head gemv lm_head: 2048 > 51200
			sample choose: 51200 > 1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.Load(c.model)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range gpu.Ops(m) {
				if o.Layer > 1 || o.Layer == 1 && o.Kind != gpu.Normalise || o.Layer == 1 && o.Adds == 0 || o.Place == gpu.PlacePost && o.Layer == 1 {
					continue
				}
				line := o.Name + " " + string(o.Kind)
				if o.Place != "" && o.Place != gpu.PlaceEmbedding && o.Place != gpu.PlaceInput {
					line += " " + string(o.Place)
				}
				line += fmt.Sprintf(": %d > %d", o.In, o.Out)
				if o.Adds > 0 {
					line += fmt.Sprintf(", adds %d", o.Adds)
				}
				got = append(got, line)
				if o.Layer == 1 {
					got = append(got, "…")
				}
			}
			want := strings.TrimSpace(strings.ReplaceAll(c.want, "\t", ""))
			if s := strings.Join(got, "\n"); s != want {
				t.Errorf("got\n%s\nwant\n%s", s, want)
			}
		})
	}
}

// TestLaunchesOfAPass: five kernels a block, and all operators of Ops in them, each in one.
func TestLaunchesOfAPass(t *testing.T) {
	for _, c := range []struct{ name, model, want string }{
		{"a sequential block", "tinyllama-1.1b", `
			embed
			L0.input_norm+q_proj+k_proj+v_proj+rope+kv_append gemv qkv, of input_norm, rope
			L0.scores+softmax+context+softmax_merge attention
			L0.o_proj+attention_residual gemv o, add 1
			L0.mlp_norm+gate_proj+up_proj+silu_mul gemv up, of mlp_norm, activation makes 5632
			L0.down_proj+mlp_residual gemv down, add 1
			…
			final_norm+lm_head gemv lm_head, of final_norm
			sample`},
		{"a parallel block", "phi-1.5", `
			embed
			L0.input_norm+q_proj+k_proj+v_proj+rope+kv_append gemv qkv, of input_norm, rope
			L0.scores+softmax+context+softmax_merge attention
			L0.o_proj gemv o
			L0.fc1+gelu gemv up, of input_norm, activation makes 8192
			L0.fc2+residual gemv down, add 2
			…
			final_norm+lm_head gemv lm_head, of final_norm
			sample`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.Load(c.model)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			all := gpu.Launches(m)
			for _, o := range all {
				line := o.Name
				if o.Kind == gpu.Product || o.Kind == gpu.Attention {
					line += " " + string(o.Kind)
				}
				if o.Kind == gpu.Product {
					line += " " + string(o.Place)
				}
				if o.Norm != "" {
					line += ", of " + string(o.Norm)
				}
				if o.Then != "" {
					line += ", " + string(o.Then)
				}
				if o.Then == gpu.Add {
					line += fmt.Sprintf(" %d", o.Adds)
				}
				if o.Then == gpu.Activation {
					line += fmt.Sprintf(" makes %d", o.Makes)
				}
				if o.Layer < 1 {
					got = append(got, line)
				} else if got[len(got)-1] != "…" {
					got = append(got, "…")
				}
			}
			want := strings.TrimSpace(strings.ReplaceAll(c.want, "\t", ""))
			if s := strings.Join(got, "\n"); s != want {
				t.Errorf("got\n%s\nwant\n%s", s, want)
			}
			if want := 5*m.Layers + 3; len(all) != want {
				t.Errorf("%d kernels, want %d", len(all), want)
			}
			if a, b := operators(all), operators(gpu.Ops(m)); a != b {
				t.Errorf("operators\n%s\nof Ops\n%s", a, b)
			}
		})
	}
}

// operators are the names that ops have, in order, without layers.
func operators(all []gpu.Op) string {
	var names []string
	for _, o := range all {
		names = append(names, ops.Members(ops.InLayer(o.Name))...)
	}
	return strings.Join(names, " ")
}

func TestProductsKnowTheirParts(t *testing.T) {
	m := gputest.Model(t, "llama").Model
	at := precision.Assign(m, func(l int, matrix string) int {
		if l == 1 && matrix == "k_proj" {
			return 3
		}
		return 4
	})
	const want = "layer 1: q_proj at 4 bits and k_proj at 3, which are one matrix; accepted: the same bits for q_proj, k_proj, v_proj"
	all := gpu.Ops(m)
	for i := range all {
		op := &all[i]
		if op.Kind != gpu.Product {
			continue
		}
		bits := op.RowBits(at)
		if len(bits) != op.Out {
			t.Errorf("%s has bits for %d of %d rows", op.Name, len(bits), op.Out)
		}
		_, err := op.Bits(at)
		if mixed := op.Layer == 1 && op.Place == gpu.PlaceQKV; (err != nil) != mixed {
			t.Errorf("%s: %v", op.Name, err)
		} else if mixed && err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		} else if mixed && (bits[255] != 4 || bits[256] != 3 || bits[383] != 3 || bits[384] != 4) {
			t.Errorf("%s: %v", op.Name, bits)
		}
	}
}
