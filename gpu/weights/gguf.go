package weights

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
	"github.com/pmpdsim/pmpdsim/workloads/gguf/blocks"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// openGGUF opens a GGUF file. Its tensors have other names than transformers', and in some families other values, which is
// undone; what they are quantised to is taken as the numbers that it stands for.
func openGGUF(path string) (Source, error) {
	m, err := Load(path)
	if err != nil {
		return nil, err
	}
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	if arch, _ := gguf.Value[string](file.Meta, "general.architecture"); !slices.Contains(archs(), arch) {
		err := fmt.Errorf("%s: general.architecture: the weights of %s (%s) are not read; %s", path, arch, m.Family, suggest.Accepted("", archs(), "or the model's folder"))
		return nil, errors.Join(err, file.Close())
	}
	f := &folder{model: m, tensors: map[string]*safetensors.Tensor{}}
	f.sum = sync.OnceValues(f.hash)
	for _, r := range file.Parts() {
		f.files = append(f.files, part{r.Path(), r.SHA256, r})
	}
	if err := f.addGGUF(file); err != nil {
		_ = f.Close() // what is wrong is in err
		return nil, err
	}
	return f, nil
}

// ggufArch is what a converter does to the tensors of an architecture (ggml-org/llama.cpp, convert_hf_to_gguf.py).
type ggufArch struct {
	permuted bool              // rows of the two halves of each head of q and k alternate
	more     float32           // is added to the weights of norms
	names    map[string]string // that differ from inGGUF
}

// ggufArchs are the architectures whose tensors are known to be those of transformers, but for this.
var ggufArchs = map[string]ggufArch{
	"gemma": {more: 1}, "gemma2": {more: 1, names: normBehind}, "gemma3": {more: 1, names: normBehind}, "granite": {permuted: true}, "llama": {permuted: true},
	"olmo2": {names: normBehind}, "phi2": {}, "phi3": {}, "qwen2": {}, "qwen2moe": {}, "qwen3": {}, "qwen3moe": {}, "smollm3": {permuted: true}, "stablelm": {}, "starcoder2": {},
}

// normBehind: the norm behind the attention, where in other families that before the MLP has its name.
var normBehind = map[string]string{"post_attention_layernorm": "post_attention_norm"}

func archs() []string { return slices.Sorted(maps.Keys(ggufArchs)) }

// addGGUF finds the tensors that the model has, and refuses others.
func (f *folder) addGGUF(file *gguf.File) error {
	arch, _ := gguf.Value[string](file.Meta, "general.architecture")
	byName := map[string]*gguf.Tensor{}
	for _, t := range file.Tensors {
		byName[t.Name] = t
	}
	left := maps.Clone(byName)
	for _, want := range f.model.Tensors() {
		single, expert := stackOf(want.Name)
		name, shape := nameInGGUF(arch, single), want.Shape
		if expert >= 0 { // one tensor has all of a layer
			shape = append([]int{f.model.Experts.Count}, shape...)
		}
		t, ok := byName[name]
		if !ok {
			return fmt.Errorf("%s: tensor %q is missing; the metadata ask for it, of shape %v", file.Path, name, shape)
		}
		if !slices.Equal(t.Shape, shape) {
			return t.Errorf("has the shape %v; accepted: %v, by the metadata", t.Shape, shape)
		}
		if !blocks.Reads(t.Type) {
			return t.Errorf("has weights of type %v; accepted: %s", t.Type, strings.Join(blocks.Names(), ", "))
		}
		f.tensors[want.Name] = f.stored(arch, want, t, max(0, expert))
		delete(left, name)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if name != "rope_freqs.weight" { // read with the metadata
			return left[name].Errorf("has no place in a %s model as the metadata describe it; accepted: its weights only", f.model.Family)
		}
	}
	return nil
}

// inGGUF are the names that differ, by the last parts of transformers' (ggml-org/llama.cpp,
// gguf-py/gguf/tensor_mapping.py).
var inGGUF = map[string]string{
	"model.embed_tokens": "token_embd", "model.norm": "output_norm", "model.final_layernorm": "output_norm", "lm_head": "output",
	"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
	"pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
	"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.qkv_proj": "attn_qkv",
	"self_attn.o_proj": "attn_output", "self_attn.dense": "attn_output",
	"self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
	"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up",
	"mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
	"mlp.gate": "ffn_gate_inp", "block_sparse_moe.gate": "ffn_gate_inp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
	"mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp", "mlp.shared_expert.down_proj": "ffn_down_shexp",
	"experts.gate_proj": "ffn_gate_exps", "experts.up_proj": "ffn_up_exps", "experts.down_proj": "ffn_down_exps",
	"experts.w1": "ffn_gate_exps", "experts.w3": "ffn_up_exps", "experts.w2": "ffn_down_exps",
}

// oneExpert is the name of a matrix of one expert.
var oneExpert = regexp.MustCompile(`^(model\.layers\.\d+\.)(?:mlp|block_sparse_moe)\.experts\.(\d+)\.(\w+\.weight)$`)

// stackOf returns the name without the number of an expert, and that number; -1 where the tensor is no expert's.
func stackOf(name string) (string, int) {
	m := oneExpert.FindStringSubmatch(name)
	if m == nil {
		return name, -1
	}
	expert, err := strconv.Atoi(m[2])
	if err != nil {
		return name, -1
	}
	return m[1] + "experts." + m[3], expert
}

// nameInGGUF is the name of a tensor in files of an architecture.
func nameInGGUF(arch, name string) string {
	stem, kind := strings.TrimSuffix(name, filepath.Ext(name)), filepath.Ext(name)
	layer, rest, inLayer := strings.Cut(strings.TrimPrefix(stem, "model.layers."), ".")
	if !inLayer || !strings.HasPrefix(stem, "model.layers.") {
		return inGGUF[stem] + kind
	}
	of := cmp.Or(ggufArchs[arch].names[rest], inGGUF[rest])
	return "blk." + layer + "." + of + kind
}

// stored is a tensor as transformers has it (ggml-org/llama.cpp, convert_hf_to_gguf.py says what becomes of it there).
func (f *folder) stored(arch string, want Tensor, t *gguf.Tensor, expert int) *safetensors.Tensor {
	size := 1
	for _, n := range want.Shape {
		size *= n
	}
	r := &ggufReader{t: t, row: size, from: func(row int) int { return row + expert }}
	heads := 0
	switch name := want.Name; {
	case !ggufArchs[arch].permuted:
	case strings.Contains(name, ".q_proj."):
		heads = f.model.Heads
	case strings.Contains(name, ".k_proj."):
		heads = f.model.KVHeads
	}
	if heads > 0 {
		// Rows of the two halves of a head alternate there: llama.cpp rotates neighbours, transformers halves.
		dim := want.Shape[0] / heads
		r.row = t.Len() / want.Shape[0]
		r.from = func(row int) int { return row/dim*dim + row%dim%(dim/2)*2 + row%dim/(dim/2) }
	}
	if strings.HasSuffix(want.Name, "norm.weight") {
		r.less = ggufArchs[arch].more
	}
	return safetensors.Of(want.Name, t.File, safetensors.F32, want.Shape, r, 0)
}

// ggufReader reads the values of a tensor as those of a safetensors file, little-endian binary32.
type ggufReader struct {
	t    *gguf.Tensor
	row  int               // values of a row, in whole blocks
	from func(row int) int // where the row stands in the file
	less float32           // what was added to each value
}

// ReadAt reads whole values.
func (r *ggufReader) ReadAt(p []byte, off int64) (int, error) {
	weights, _ := r.t.Type.Block()
	first := int(off / 4)
	for at, n := first, first+len(p)/4; at < n; {
		row, in := at/r.row, at%r.row
		to := min(n-at+in, r.row) // of this row
		begin := r.from(row) * r.row
		low, high := begin+in/weights*weights, begin+(to+weights-1)/weights*weights
		err := r.t.Pieces(low, high, func(place int, raw []byte) error {
			values := make([]float32, len(raw)/max(1, bytesOf(r.t))*weights)
			blocks.Values(r.t.Type, raw, values)
			for i, v := range values {
				if k := place + i - begin; k >= in && k < to {
					binary.LittleEndian.PutUint32(p[4*(at-first+k-in):], math.Float32bits(v-r.less))
				}
			}
			return nil
		})
		if err != nil {
			return 4 * (at - first), err
		}
		at += to - in
	}
	return len(p), nil
}

// bytesOf is what a block of the tensor takes.
func bytesOf(t *gguf.Tensor) int {
	_, bytes := t.Type.Block()
	return bytes
}
