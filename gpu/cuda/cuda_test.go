//go:build cuda

package cuda_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// open skips where there is neither a GPU nor an emulation.
func open(t *testing.T, source weights.Source, o cuda.Options) gpu.Backend {
	t.Helper()
	b, err := cuda.Open(source, o)
	if errors.Is(err, driver.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func start(t *testing.T, b gpu.Backend, positions int) gpu.Sequence {
	t.Helper()
	s, err := b.Start(positions, formats.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// emulated skips on a GPU, which does not do what the environment says.
func emulated(t *testing.T) {
	t.Helper()
	m, err := cuda.Describe(0, false)
	if err != nil || !m.Emulated {
		t.Skip("no emulation here: ", err)
	}
}

// TestAgainstTheCPU runs prefill and decode passes with switches of the precision in both directions.
func TestAgainstTheCPU(t *testing.T) {
	for _, c := range []struct {
		family string
		rows   int // of a chunk
		bits   []int
		biased bool // q and k are hundreds
	}{
		{"llama", 0, []int{4, 16, 8, 7, 6, 5, 4, 3, 2, 4}, false},
		{"llama", 8, []int{16, 2}, false}, // three chunks, the last one not full
		{"phi", 0, []int{16, 4, 3, 2, 8}, false},
		{"stablelm", 7, []int{2, 16, 3}, false}, // three full chunks
		{"qwen2", 0, []int{3, 16, 2, 6}, false},
		{"qwen2", 0, []int{16, 16, 4, 2}, true},
		{"phi", 0, []int{16, 16, 3}, true},
	} {
		t.Run(fmt.Sprintf("%s in rows of %d, large biases %v", c.family, c.rows, c.biased), func(t *testing.T) {
			source := gputest.Random(t, c.family, 3)
			if c.biased {
				source = gputest.Biased(t, c.family, 3)
			}
			b := open(t, source, cuda.Options{Rows: c.rows, SampleOps: 3})
			onCPU, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			all, err := gpu.Compare(onCPU, b, gputest.Prompt(source.Model(), 21), precision.Uniforms(c.bits...))
			if err != nil || len(all) != len(c.bits) {
				t.Fatal(len(all), err)
			}
			for _, a := range all {
				a.Steep = c.biased
				if a.Wrong() != "" {
					t.Errorf("%s at %d bits, %d positions: %s", a.Pass, a.Bits, a.Positions, a.Wrong())
				}
			}
		})
	}
}

// TestSequencesTakeTurns: a second sequence on the same weights, fed with the same tokens at fp16, changes nothing for
// the first, and the first's choice is replaced where another token is asked for.
func TestSequencesTakeTurns(t *testing.T) {
	source := gputest.Random(t, "phi", 5)
	b := open(t, source, cuda.Options{Bits: []int{16, 3}})
	prompt := gputest.Prompt(source.Model(), 4)
	pass := func(s gpu.Sequence, i, token, bits int) gpu.Pass {
		t.Helper()
		var p gpu.Pass
		var err error
		if i == 0 {
			p, err = s.Prefill(prompt, precision.Uniform(bits))
		} else {
			p, err = s.Decode(token, precision.Uniform(bits))
		}
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	run := func(interrupted, forced bool) (passes []gpu.Pass) {
		s, ref := start(t, b, 8), start(t, b, 8)
		token := -1
		for i := range 4 {
			p := pass(s, i, token, 3)
			if interrupted {
				pass(ref, i, token, 16)
			}
			if token = p.Token; forced && i == 1 {
				token = (token + 1) % source.Model().Vocab // not what the device has chosen
			}
			passes = append(passes, p)
		}
		return passes
	}
	alone := run(false, false)
	if both := run(true, false); !reflect.DeepEqual(alone, both) {
		t.Errorf("alone: %+v\nwith another one: %+v", alone, both)
	}
	forced := run(true, true)
	if !reflect.DeepEqual(alone[:2], forced[:2]) || reflect.DeepEqual(alone[2], forced[2]) {
		t.Errorf("own tokens: %+v\nanother third one: %+v", alone, forced)
	}
}

// TestRecording writes a trace, which the reader checks; no time of an emulation may be in it.
func TestRecording(t *testing.T) {
	source := gputest.Random(t, "phi", 2)
	now := time.Duration(0)
	b := open(t, source, cuda.Options{SampleOps: 2, Now: func() time.Duration { now += time.Microsecond; return now }})
	schedule, err := precision.Parse("static:4>2@2")
	if err != nil {
		t.Fatal(err)
	}
	r, err := gpu.NewRecorder(context.Background(), b, gpu.Job{Model: source.Model(), WeightsSHA256: gputest.Sum(source),
		Prompt: gputest.Prompt(source.Model(), 5), Generate: 5, Schedule: schedule, Reference: true, IgnoreEOS: true, Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := r.Write(&file, nil); err != nil {
		t.Fatal(err)
	}
	in, err := traces.NewReader("trace", &file)
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for {
		record, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := record.(*traces.Step); ok {
			steps++
			if emulation := in.Header().Source == traces.FromEmulation; emulation != (s.StepNS == nil) || emulation != (s.TNS == nil) || emulation && s.OpNS != nil {
				t.Errorf("source %s: step %+v", in.Header().Source, s)
			}
		}
	}
	if steps != 4 {
		t.Errorf("%d steps, want 4", steps)
	}
}

func TestMisuse(t *testing.T) {
	source := gputest.Random(t, "llama", 1)
	b := open(t, source, cuda.Options{Bits: []int{3, 4}})
	if _, err := b.Start(129, formats.Cache{}); err == nil || !strings.Contains(err.Error(), "accepted: 1 to max_position_embeddings (128)") {
		t.Errorf("129 positions: %v", err)
	}
	s := start(t, b, 3)
	for _, c := range []struct {
		name, want string
		call       func() (gpu.Pass, error)
	}{
		{"no tokens", "accepted: 1 to 3", func() (gpu.Pass, error) { return s.Prefill(nil, precision.Uniform(4)) }},
		{"too many tokens", "accepted: 1 to 3", func() (gpu.Pass, error) { return s.Prefill([]int{1, 2, 3, 4}, precision.Uniform(4)) }},
		{"bits that are not loaded", "at 16 bits are not on the GPU; accepted: 4,3", func() (gpu.Pass, error) { return s.Prefill([]int{1}, precision.Uniform(16)) }},
		{"a token that is none", "token 320; accepted: 0 to 319", func() (gpu.Pass, error) { return s.Decode(320, precision.Uniform(4)) }},
		{"prefill", "", func() (gpu.Pass, error) { return s.Prefill([]int{1, 2}, precision.Uniform(4)) }},
		{"a second prefill", "once, before anything else", func() (gpu.Pass, error) { return s.Prefill([]int{1}, precision.Uniform(4)) }},
		{"decode", "", func() (gpu.Pass, error) { return s.Decode(3, precision.Uniform(3)) }},
		{"decode without room", "position 3; accepted: 0 to 2, the cache is full", func() (gpu.Pass, error) { return s.Decode(3, precision.Uniform(3)) }},
	} {
		if _, err := c.call(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	for _, o := range []cuda.Options{{Bits: []int{9}}, {SampleOps: -1}, {Rows: -1}, {Device: 64}} {
		if _, err := cuda.Open(source, o); err == nil || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestMemory: what does not fit is refused before anything is uploaded, with what would.
func TestMemory(t *testing.T) {
	emulated(t)
	source := gputest.Random(t, "llama", 1)
	for _, c := range []struct{ bytes, want string }{
		{"100000", "tiny-llama at precisions 16,8,7,6,5,4,3,2 needs 0.0191 GB, the GPU has 0.0001 GB free; accepted: a smaller model"},
		{"17000000", "accepted: a smaller model, or precisions 8,7,6,5,4,3,2 alone"},
	} {
		t.Setenv("PMPD_FAKE_MEMORY", c.bytes)
		if _, err := cuda.Open(source, cuda.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s bytes: %v; want %s", c.bytes, err, c.want)
		}
	}
	t.Setenv("PMPD_FAKE_MEMORY", "")
	b := open(t, source, cuda.Options{Bits: []int{3}})
	before, err := cuda.Describe(0, false)
	if err != nil {
		t.Fatal(err)
	}
	const each = 3*2*2*64*2 + 2*32*4 // bytes of a position: layers, K and V, heads, values; cosines and sines
	t.Setenv("PMPD_FAKE_MEMORY", fmt.Sprint(4<<30-before.FreeBytes+100*each))
	if _, err := b.Start(101, formats.Cache{}); err == nil || !strings.Contains(err.Error(), "101 positions of tiny-llama take ") || !strings.Contains(err.Error(), "accepted: up to 100 positions") {
		t.Errorf("a cache without room: %v", err)
	}
}

// TestPTXOfAnOlderTarget: with that for sm_80 no kernel begins early, and results are the same bits.
func TestPTXOfAnOlderTarget(t *testing.T) {
	emulated(t)
	source := gputest.Random(t, "llama", 6)
	passes := func(target string) (all []gpu.Pass) {
		t.Setenv("PMPD_PTX", target)
		b := open(t, source, cuda.Options{Bits: []int{4, 2}})
		if got := b.About().Kernels.Target; got != target {
			t.Errorf("PTX for %s, want %s", got, target)
		}
		s := start(t, b, 9)
		p, err := s.Prefill(gputest.Prompt(source.Model(), 5), precision.Uniform(4))
		for i := 0; err == nil && i < 4; i++ {
			all = append(all, p)
			p, err = s.Decode(p.Token, precision.Uniform(4-2*(i%2)))
		}
		if err != nil {
			t.Fatal(err)
		}
		return append(all, p)
	}
	if old, own := passes("sm_80"), passes("sm_90"); !reflect.DeepEqual(old, own) {
		t.Errorf("for sm_80: %+v\nfor sm_90: %+v", old, own)
	}
	t.Setenv("PMPD_PTX", "sm_75")
	if _, err := cuda.Describe(0, false); err == nil || !strings.Contains(err.Error(), `PMPD_PTX: "sm_75"; accepted: sm_80, sm_90`) {
		t.Error(err)
	}
}

// TestDrivers: one sentence for a driver that cannot run the kernels.
func TestDrivers(t *testing.T) {
	emulated(t)
	for _, c := range []struct{ name, value, want string }{
		{"PMPD_FAKE_DRIVER", "11040", "no GPU that can run the kernels: the NVIDIA driver knows CUDA 11.4; accepted: a driver for CUDA 11.8 or later (cuModuleLoadDataEx: "},
		{"PMPD_FAKE_CC", "7.5", "no GPU that can run the kernels: emulated GPU (host) has compute capability 7.5; accepted: 8.0 or later"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			if _, err := cuda.Describe(0, false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %s", err, c.want)
			}
		})
	}
}

// TestNoGPU runs this test again with other drivers: one is opened once in a process.
func TestNoGPU(t *testing.T) {
	const child = "PMPD_TEST_OPEN"
	if os.Getenv(child) != "" {
		_, err := cuda.Describe(0, false)
		fmt.Printf("<%v> %t\n", err, errors.Is(err, driver.ErrNone))
		return
	}
	for _, c := range []struct{ name, env, want string }{
		{"no such file", "PMPD_LIBCUDA=/no/such/file", "<no GPU: PMPD_LIBCUDA: /no/such/file: cannot open shared object file: No such file or directory> true"},
		{"no driver", "PMPD_LIBCUDA=libm.so.6", "<no GPU: libm.so.6 is no CUDA driver: it has no cuInit> true"},
		{"no device", "PMPD_FAKE_DEVICES=0", "<no GPU: the NVIDIA driver does not start: cuInit: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.HasPrefix(c.env, "PMPD_FAKE") {
				emulated(t)
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestNoGPU$")
			cmd.Env = append(os.Environ(), child+"=1", c.env)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v, %s; want %s", err, out, c.want)
			}
		})
	}
}
