//go:build cuda

package cuda_test

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// agree runs a prompt and decode passes on a backend and on the CPU.
func agree(t *testing.T, source weights.Source, b gpu.Backend, passes []precision.Assignment) {
	t.Helper()
	onCPU, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	all, err := gpu.Compare(onCPU, b, gputest.Prompt(source.Model(), 11), passes)
	if err != nil || len(all) != len(passes) {
		t.Fatal(len(all), err)
	}
	for i, a := range all {
		if a.Wrong() != "" {
			t.Errorf("pass %d, %s at %s bits: %s", i, a.Pass, passes[i], a.Wrong())
		}
	}
}

// mixtures are assignments with other bits for each matrix, for some, for those of one layer, and the same for all.
func mixtures(m *workloads.Model) []precision.Assignment {
	n := 0
	return []precision.Assignment{
		precision.Assign(m, func(int, string) int { n++; return 2 + n%7 }),
		precision.Uniform(3),
		precision.Assign(m, func(_ int, matrix string) int {
			switch matrix {
			case "v_proj":
				return 16
			case "up_proj":
				return 4
			}
			return 2
		}),
		precision.Assign(m, func(layer int, matrix string) int {
			if layer == 1 && (matrix == "k_proj" || matrix == "gate_proj") {
				return 4
			}
			return 16
		}),
		precision.Uniform(16),
	}
}

// TestPartsOfAProductHaveTheirOwnBits: q, k, v and gate, up of different bits, in prefill and in decode passes beside those of one width.
func TestPartsOfAProductHaveTheirOwnBits(t *testing.T) {
	for _, c := range []struct {
		family   string
		rows     int
		prefills int // so many of the mixtures are those of a prompt, too
	}{{"llama", 0, 4}, {"stablelm", 4, 1}, {"qwen2", 0, 1}, {"phi", 0, 1}} {
		t.Run(c.family, func(t *testing.T) {
			source := gputest.Random(t, c.family, 3)
			all := mixtures(source.Model().Model)
			b := open(t, source, cuda.Options{Rows: c.rows, Apart: all})
			for first := range all[:c.prefills] {
				agree(t, source, b, append(all[first:len(all):len(all)], all...))
			}
		})
	}
}

// TestPartsThatWereNotUploadedApart: what was not asked for is refused by name, whatever else is there.
func TestPartsThatWereNotUploadedApart(t *testing.T) {
	source := gputest.Random(t, "llama", 3)
	all := mixtures(source.Model().Model)
	b := open(t, source, cuda.Options{Apart: all[2:3]})
	s := start(t, b, 4)
	_, err := s.Prefill([]int{1, 2}, all[0])
	const want = "layer 0: q_proj at 3 bits and k_proj at 4, which are one matrix; accepted: the same bits for q_proj, k_proj, v_proj"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := s.Prefill([]int{1, 2}, all[2]); err != nil {
		t.Error(err)
	}
}

// TestPlanesFromACache: what the first load writes, the second one reads, and both agree with the CPU.
func TestPlanesFromACache(t *testing.T) {
	dir, cached := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	if err := gputest.Write(dir, gputest.Random(t, "llama", 4), safetensors.F16, 1); err != nil {
		t.Fatal(err)
	}
	var passes [2]gpu.Pass
	for i := range passes {
		source, err := weights.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		cache, err := weights.OpenCache(cached, func(text string) { t.Error(text) })
		if err != nil {
			t.Fatal(err)
		}
		if err := weights.QuantiseBy(source, weights.Quantiser{Cache: cache, Seed: 3}); err != nil {
			t.Fatal(err)
		}
		b := open(t, source, cuda.Options{})
		agree(t, source, b, precision.Uniforms(4, 16, 3, 2, 8))
		s := start(t, b, 8)
		if passes[i], err = s.Prefill(gputest.Prompt(source.Model(), 6), precision.Uniform(3)); err != nil {
			t.Fatal(err)
		}
	}
	if passes[0].Token != passes[1].Token || passes[0].PMax != passes[1].PMax {
		t.Errorf("%+v from planes that were made, %+v from those of the cache", passes[0], passes[1])
	}
	if kept, err := filepath.Glob(filepath.Join(cached, "*")); err != nil || len(kept) == 0 {
		t.Errorf("%d files in the cache, %v", len(kept), err)
	}
}

// TestAnyPrecision: a checkpoint that has its planes and codebooks.
func TestAnyPrecision(t *testing.T) {
	source, err := weights.Open("../weights/testdata/anyprec")
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	b := open(t, source, cuda.Options{Bits: []int{16, 4, 3, 2}})
	agree(t, source, b, precision.Uniforms(4, 3, 16, 2, 4))
}

// TestManyPromptsInOneLoad: sequences of several prompts begin, end and begin anew on one backend, as a list of prompts under several
// schedules has it, and each yields what it yields alone.
func TestManyPromptsInOneLoad(t *testing.T) {
	source := gputest.Random(t, "qwen2", 6)
	b := open(t, source, cuda.Options{Bits: []int{16, 4, 2}})
	answer := func(b gpu.Backend, length, bits int) (tokens []int) {
		s, err := b.Start(length+4, formats.Cache{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Prefill(gputest.Prompt(source.Model(), length), precision.Uniform(bits))
		for range 4 {
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, p.Token)
			p, err = s.Decode(p.Token, precision.Uniform(bits))
		}
		if closer, ok := s.(interface{ Close() error }); !ok || closer.Close() != nil {
			t.Fatal("a sequence cannot be closed")
		}
		return tokens
	}
	for _, bits := range []int{16, 2} {
		alone := open(t, source, cuda.Options{Bits: []int{bits}})
		for _, length := range []int{3, 17} {
			answer(b, 8, 4)
			got, want := answer(b, length, bits), answer(alone, length, bits)
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("prompt of %d at %d bits: %v among others, %v alone", length, bits, got, want)
				}
			}
		}
	}
}

// TestDrawnTokensAreTheCPUs: the same seed draws what it draws on the CPU, where roundings do not decide, and the device reads it.
func TestDrawnTokensAreTheCPUs(t *testing.T) {
	source := gputest.Random(t, "llama", 3)
	onCPU, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := precision.Parse("static:4>3@4")
	if err != nil {
		t.Fatal(err)
	}
	seed, tokens := int64(5), [2][]int{}
	for i, b := range []gpu.Backend{onCPU, open(t, source, cuda.Options{Bits: []int{16, 4, 3}})} {
		r, err := gpu.NewRecorder(t.Context(), b, gpu.Job{Model: source.Model(), WeightsSHA256: gputest.Sum(source), Prompt: gputest.Prompt(source.Model(), 5), Generate: 9,
			Schedule: schedule, Reference: true, IgnoreEOS: true, Temperature: 1.5, Seed: &seed, Tool: "test"})
		if err != nil {
			t.Fatal(err)
		}
		for {
			record, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if s, ok := record.(*traces.Step); ok {
				tokens[i] = append(tokens[i], *s.TokIn)
			}
		}
	}
	if len(tokens[0]) != 8 || !slices.Equal(tokens[0], tokens[1]) {
		t.Errorf("drawn on the CPU %v, on the GPU %v", tokens[0], tokens[1])
	}
}
