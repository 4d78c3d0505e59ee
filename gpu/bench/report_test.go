package bench

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestInstructionsAreTheDocumentedOnes: docs/gpu-kernels.md is held against the SASS by a test of package kernels.
func TestInstructionsAreTheDocumentedOnes(t *testing.T) {
	text, err := os.ReadFile("../../docs/gpu-kernels.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([234]) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| [\d.]+ TB/s`).FindAllStringSubmatch(string(text), -1)
	if len(rows) != 3 {
		t.Fatalf("%d rows of weights a clock", len(rows))
	}
	for _, r := range rows {
		bits, _ := strconv.Atoi(r[1])
		least := 1e9
		for _, cell := range r[2:] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			least = min(least, v)
		}
		if got := perClock(&driver.Info{Major: 9}, bits); got != least {
			t.Errorf("%d bits: %v weights a clock; the document says %v", bits, got, least)
		}
	}
	if got := perClock(&driver.Info{Major: 12}, 2); got != 0 {
		t.Errorf("a GPU whose rates were not looked up: %v", got)
	}
}

func TestFloors(t *testing.T) {
	c := &Ceilings{CopyBps: 4e12, NodeGap: 2 * time.Microsecond, ClockHz: 100 * 1e9}
	s := Shape{Out: 4096, In: 4096}
	const planes, tables, vectors = 4096 * 4096 * 3 / 8, 4096 * 8 * 2, 2 * (4096 + 4096)
	p := &Product{Shape: s, Bits: 3, Bytes: s.Moved(3)}
	if p.Bytes != planes+tables+vectors {
		t.Errorf("%d bytes moved", p.Bytes)
	}
	if took, bound := c.Floor(p); bound != Memory || took != (planes+tables+vectors)*time.Second/4e12 {
		t.Errorf("%v by %s", took, bound)
	}
	p.Clock = 20 // 16.8 M weights, 20 a clock, 1e11 clocks a second
	if took, bound := c.Floor(p); bound != Instructions || took != 8388*time.Nanosecond {
		t.Errorf("%v by %s", took, bound)
	}
	pass := &Pass{Bytes: 4e6, Nodes: 10}
	if got := pass.Floor(c); got != 21*time.Microsecond {
		t.Errorf("a pass: %v", got)
	}
}

func TestShapes(t *testing.T) {
	llama, phi := gputest.Model(t, "llama"), gputest.Model(t, "phi")
	all := Shapes([]*weights.Model{llama, phi, llama})
	names := map[string]bool{}
	for _, s := range all {
		names[s.Name] = true
	}
	for _, want := range []string{"tiny-llama qkv", "tiny-llama o", "tiny-llama up", "tiny-llama down", "tiny-llama lm_head", "tiny-phi qkv", "tiny-phi lm_head"} {
		if !names[want] {
			t.Errorf("no %s in %v", want, all)
		}
	}
	if len(all) != 9 || names["tiny-phi o"] { // 256×256 as llama's
		t.Errorf("%d shapes: %v", len(all), all)
	}
}

// steps is a sequence whose passes take 1, 2, 3, ... microseconds.
type steps struct{ n int64 }

func (s *steps) Prefill([]int, precision.Assignment) (gpu.Pass, error) { return gpu.Pass{}, nil }
func (s *steps) State(gpu.Want) (gpu.State, error)                     { return gpu.State{}, nil }
func (s *steps) Decode(int, precision.Assignment) (gpu.Pass, error) {
	s.n += 1000
	took := s.n
	return gpu.Pass{StepNS: &took}, nil
}

func TestPassesTakeTheMedianAfterWarmingUp(t *testing.T) {
	m := gputest.Model(t, "llama")
	p, err := passes(m, 3, Options{Context: 10, Repeats: 5}, func(positions int) (gpu.Sequence, error) {
		if positions != 10+Warm+5 {
			t.Errorf("%d positions", positions)
		}
		return &steps{}, nil
	})
	if err != nil || *p.Took != (Warm+3)*time.Microsecond || p.Positions != 10+Warm+2 {
		t.Errorf("error %v, %+v, took %v", err, p, *p.Took)
	}
	// 3 bits of the blocks, tables, fp16 embedding row and head, norms, and the cache with the token's own position.
	blocks := int64(3) * (512*256 + 256*256 + 1408*256 + 256*704)
	cache := int64(3) * 2 * 2 * 2 * 64 * int64(p.Positions+1)
	tables := int64(3) * (512 + 256 + 1408 + 256) * 8 * 2
	if least := blocks*3/8 + tables + 2*320*256 + cache; p.Bytes < least || p.Bytes > least*11/10 {
		t.Errorf("%d bytes, want a little more than %d", p.Bytes, least)
	}
}

func TestHalfIsMeasuredFirst(t *testing.T) {
	for _, c := range []struct{ in, want []int }{{[]int{3, 16, 2}, []int{16, 3, 2}}, {[]int{3, 2}, []int{3, 2}}, {[]int{16}, []int{16}}} {
		if got := halfFirst(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
	}
}
