package weights_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestEveryPresetIsRunOrRefusedByName(t *testing.T) {
	refused := map[string]string{}
	for _, shape := range workloads.Models() {
		m, err := weights.Load(shape.Name)
		if want := refused[shape.Name]; want != "" {
			if err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", shape.Name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", shape.Name, err)
		} else if m.NormEps <= 0 || m.RopeTheta < 10_000 || m.ConfigSHA256 != "" {
			t.Errorf("%s: %+v", shape.Name, m)
		}
	}
}

func TestWhatIsNotRunIsRefusedInOneSentence(t *testing.T) {
	const base = `{"model_type": "%s", "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4,
		"intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 64, %s}`
	for _, c := range []struct {
		family workloads.Family
		more   string
		want   string
	}{
		{workloads.Llama, `"intermediate_size": 144`, "intermediate_size: 144 is not run; accepted: a multiple of 32, the columns of a word of a plane"},
		{workloads.Llama, `"hidden_size": 144`, "hidden_size: 144 is not run; accepted: a multiple of 32, the columns of a word of a plane"},
		{workloads.Llama, `"head_dim": 36`, "num_attention_heads × head_dim: 144 is not run; accepted: a multiple of 32, the columns of a word of a plane"},
		{"baichuan", `"intermediate_size": 128`, "model_type: baichuan is not run; accepted: llama, mistral, "},
	} {
		path := filepath.Join(t.TempDir(), "config.json")
		var keys map[string]any // of a key that stands twice the last counts
		err := json.Unmarshal(fmt.Appendf(nil, base, c.family, c.more), &keys)
		data, err2 := json.Marshal(keys)
		if err := errors.Join(err, err2, os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
		if _, err := weights.Load(path); err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) {
			t.Errorf("%s: %v\nwant %s", c.more, err, c.want)
		}
	}
}

func TestPositionsThatFit(t *testing.T) {
	m, err := weights.Load("mistral-7b")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Fits(32_768); err != nil {
		t.Error(err)
	}
	for positions, want := range map[int]string{
		0:      "mistral-7b: 0 positions; accepted: 1 to max_position_embeddings (32768)",
		32_769: "mistral-7b: 32769 positions; accepted: 1 to max_position_embeddings (32768)",
	} {
		if err := m.Fits(positions); err == nil || err.Error() != want {
			t.Errorf("%d: %v, want %s", positions, err, want)
		}
	}
}

// The lengths of the slices, added up.
func TestMemoryIsWhatTheSlicesTake(t *testing.T) {
	for _, family := range []workloads.Family{workloads.Llama, workloads.Phi, workloads.StableLM, workloads.Qwen2, workloads.Qwen3, workloads.Gemma2} {
		m := tiny(family, nil)
		s := random(t, m, 1)
		e := ends(t, s)
		always := len(e.Embedding) + len(e.Norm.Scale) + len(e.Norm.Shift) + len(e.Head.Bias)
		if !m.Tied {
			always += len(e.Head.Half)
		}
		halves, planes, tables := 0, 0, [weights.Planes + 1]int{}
		for layer := range m.Layers {
			b := block(t, s, layer)
			for _, n := range b.Norms {
				always += len(n.Scale) + len(n.Shift)
			}
			for _, mat := range matrices(b) {
				always += len(mat.Bias)
				halves += len(mat.Half)
				planes += len(mat.Planes) / weights.Planes
				for n := range tables {
					tables[n] += len(mat.Tables[n])
				}
			}
		}
		for _, c := range []struct {
			bits []int
			want int
		}{
			{nil, 2 * always}, {[]int{16}, 2*always + 2*halves}, {[]int{3}, 2*always + 3*4*planes + 2*tables[3]},
			{[]int{2, 16, 4, 2}, 2*always + 2*halves + 4*4*planes + 2*tables[2] + 2*tables[4]},
		} {
			if got := m.Memory(c.bits...); got != int64(c.want) {
				t.Errorf("%s at %v: %d bytes, want %d", family, c.bits, got, c.want)
			}
		}
	}
	m, err := weights.Load("vicuna-7b")
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Memory(16, 4, 3, 2); got>>30 != 15 {
		t.Errorf("vicuna-7b at 16, 4, 3 and 2 bits: %d bytes, want 13.5 GB and half a byte for each of 6.5e9 weights", got)
	}
}

func TestRandomRefusesWhatIsNotRun(t *testing.T) {
	m := tiny(workloads.Llama, func(m *weights.Model) { m.FFN = 100 })
	if _, err := weights.Random(m, 1); err == nil || !strings.HasPrefix(err.Error(), "random weights of tiny-llama: intermediate_size: 100 is not run") {
		t.Error(err)
	}
	if _, err := random(t, tiny(workloads.Llama, nil), 1).Block(3); err == nil || err.Error() != "layer 3; accepted: 0 to 2" {
		t.Error(err)
	}
}

// TestRowsOfAMatrixAreThoseItHas at every width, with their biases.
func TestRowsOfAMatrixAreThoseItHas(t *testing.T) {
	s, err := weights.Random(gputest.Model(t, "qwen2"), 7)
	if err != nil {
		t.Fatal(err)
	}
	m := &block(t, s, 1).QKV
	const first, rows = 5, 30
	part := m.Rows(first, rows)
	if part.Out != rows || part.In != m.In || !slices.Equal(part.Bias, m.Bias[first:first+rows]) {
		t.Fatalf("%d rows of %d with %d biases", part.Out, part.In, len(part.Bias))
	}
	codes, got, want := make([]uint8, m.In), make([]uint16, m.In), make([]uint16, m.In)
	for _, bits := range []int{2, 3, 4, 5, 6, 7, 8, weights.Half} {
		for row := range rows {
			part.Row(row, bits, codes, got)
			m.Row(first+row, bits, codes, want)
			if !slices.Equal(got, want) {
				t.Fatalf("row %d at %d bits differs", row, bits)
			}
		}
	}
}
