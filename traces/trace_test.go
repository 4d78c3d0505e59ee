package traces

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestWriterRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(h *Header, first *Prefill)
		want   string
	}{
		{"an enum value of its own", func(h *Header, _ *Prefill) { h.Source = "tpu" }, `the trace being written:1: source: "tpu" is not known; accepted: gpu, emulated, cpu, synthetic; did you mean "gpu"?`},
		{"an empty required text", func(h *Header, _ *Prefill) { h.Tool = "" }, "the trace being written:1: tool: the text is empty; accepted: some text, or no such key"},
		{"a number that JSON cannot hold", func(h *Header, _ *Prefill) { h.Calib.CopyBps = ptr(math.NaN()) }, "the trace being written:1: calib.copy_Bps: NaN is out of range; accepted: 0 or more"},
		{"an extension under another name", func(h *Header, _ *Prefill) { h.X = Extensions{"note": json.RawMessage(`1`)} }, "the trace being written:1: note: the extension has another name; accepted: keys that start with x_"},
		{"an extension that is no JSON", func(h *Header, _ *Prefill) { h.X = Extensions{"x_n": json.RawMessage(`{`)} }, "the trace being written:1: x_n: not JSON: it ends too early; accepted: a JSON value"},
		{"a synthetic trace with a device", func(h *Header, _ *Prefill) { h.Source = FromSynthesis }, "the trace being written:1: gpu: the key stands in a trace of source synthetic; accepted: source gpu or emulated"},
		{"another version", func(h *Header, _ *Prefill) { h.Version = 3 }, "the trace being written:1: version: version 3 is not written; accepted: 1, 2"},
		{"a prefill of another length", func(_ *Header, p *Prefill) { p.Tokens = 4 }, "the trace being written:2: tokens: 4 are not the header's prompt tokens; accepted: 3"},
		{"times without a table of ops", func(_ *Header, p *Prefill) { p.OpNS = []int64{1} }, "the trace being written:2: op_ns: the times have no table of ops; accepted: an ops record before prefill"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			h, first := fullHeader(), &Prefill{Tokens: 3, WBits: 16}
			c.change(h, first)
			w, err := NewWriter(new(bytes.Buffer), h)
			if err == nil {
				err = w.Write(first)
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("\ngot  %v\nwant %s", err, c.want)
			}
		})
	}
	t.Run("a synthetic step with a time is refused", func(t *testing.T) {
		trace := synthesise(t, synthesis(t, "phi-1.5", "fp16", 5, 3))
		trace.Steps[1].StepNS = ptr(int64(5))
		want := "the trace being written:4: step_ns: a synthetic trace measured nothing; accepted: no such key"
		if err := trace.Write(new(bytes.Buffer)); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
}

func TestModel(t *testing.T) {
	for _, preset := range workloads.Models() {
		t.Run(preset.Name+" comes back as the preset", func(t *testing.T) {
			trace := &Trace{Name: "t", Header: &Header{Model: ShapeOf(preset)}}
			m, err := trace.Model()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(preset, m); diff != "" {
				t.Error(diff)
			}
		})
		t.Run(preset.Name+" under another name keeps its shape", func(t *testing.T) {
			want := *preset
			want.Name, want.Source, want.Published, want.PaperHigh, want.PaperLow = "mine", "header of t", 0, 4, 3
			trace := &Trace{Name: "t", Header: &Header{Model: ShapeOf(&want)}}
			m, err := trace.Model()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, m); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a preset's name on another shape is refused by the name of the field", func(t *testing.T) {
		s := ShapeOf(workloads.Models()[0])
		s.FFN++
		_, err := (&Trace{Name: "t.jsonl", Header: &Header{Model: s}}).Model()
		want := "t.jsonl: header: model.ffn: 11009 is not the shape of the preset vicuna-7b; accepted: 11008, or another model.name"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("an impossible shape is refused", func(t *testing.T) {
		s := fullHeader().Model
		s.Hidden = 1 << 40
		if _, err := (&Trace{Name: "t", Header: &Header{Model: s}}).Model(); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("every field of workloads.Model is in the header, but for those that are not shape", func(t *testing.T) {
		var m workloads.Model
		v := reflect.ValueOf(&m).Elem()
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Pointer:
				m.Latent = &workloads.Latent{QRank: 2, KVRank: 3, NopeDim: 4, RopeDim: 5, ValueDim: 6}
				m.Experts = &workloads.Experts{Count: 8, PerToken: 2, Width: 3, Shared: 4, SharedGate: true, Scoring: "sigmoid", RouterBias: true,
					Groups: 4, TopGroups: 2, Dense: []int{0}}
			default:
				f.SetInt(int64(i) + 2)
			}
		}
		s := ShapeOf(&m)
		m.Source, m.PaperHigh, m.PaperLow, m.Published, m.Values, m.Assumed = "", 4, 3, 0, "", ""
		if diff := cmp.Diff(&m, s.model()); diff != "" {
			t.Error("ShapeOf or Shape.model forgets a field: ", diff)
		}
	})
}

func TestInfo(t *testing.T) {
	trace, err := read(full(t))
	if err != nil {
		t.Fatal(err)
	}
	got := trace.Info()
	// Elements at 4 bits: latent attention of both layers, the shared expert; eight experts of 32 with matrices at 3, 3 and 4 bits, the
	// dense MLP of 128 at 4, 4 and 16.
	const attention, shared, experts, dense = 24*64 + 64*24 + 24*64 + 32*16 + 48*16 + 64*48, 3 * 64 * 64, 8 * 32 * 64, 128 * 64
	mean := float64((2*attention+shared)*4+experts*(3+3+4)+dense*(4+4+16)) / (2*attention + shared + 3*experts + 3*dense)
	want := Info{
		Name: "t.jsonl", SHA256: trace.SHA256, Version: 2, Assignments: []string{"16", mixedBits}, Source: FromGPU, Tool: "pmpdsim test", Created: "2026-11-22T17:00:00Z",
		Model: "tiny", Family: "gemma2", Task: "mt_bench", Sampling: "sample, temperature 0.7, top_k 40, top_p 0.9, seed 1", GPU: "NVIDIA <H200>", Driver: "580.1", PromptTokens: 3,
		GeneratedTokens: 4, DecodePasses: 3, MaxNew: ptr(4), Stop: StopMax, Schedule: "static:4>3@2", PrefillBits: 16,
		AvgWeightBits: &mean, Passes: []PassCount{{4, 2}, {3, 1}},
		Switches: []Switch{{I: 2, From: 4, To: 3, X: Extensions{"x_why": json.RawMessage(`"calibrated"`)}}},
		Measured: []Measurement{
			{"ops", 1, 1},
			{"prefill.tok_out", 1, 1},
			{"prefill.step_ns", 1, 1},
			{"prefill.op_ns", 1, 1},
			{"prefill.experts", 1, 1},
			{"step.t_ns", 3, 3},
			{"step.tok_in", 3, 3},
			{"step.tok_out", 3, 3},
			{"step.step_ns", 3, 3},
			{"step.wall_ns", 3, 3},
			{"step.decide_ns", 3, 3},
			{"step.op_ns", 3, 3},
			{"step.p_max", 3, 3},
			{"step.entropy", 3, 3},
			{"step.margin", 3, 3},
			{"step.logp", 3, 3},
			{"step.sched", 3, 3},
			{"step.ref", 3, 3},
			{"step.experts", 3, 3},
			{"sched_features", 1, 0},
			{"calib_ops", 1, 0},
		},
		PrefillNS: ptr(int64(0)), SumStepNS: ptr(int64(3 * 592000)), NLL: ptr(1.23), Agree: ptr(1.0),
	}
	t.Run("it counts what the trace holds", func(t *testing.T) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("what was not measured is listed, not zero", func(t *testing.T) {
		info := synthesise(t, synthesis(t, "phi-1.5", "fp16", 5, 1)).Info()
		if info.SumStepNS != nil || info.AvgWeightBits != nil || info.PrefillNS != nil || len(info.NotMeasured) != 19 {
			t.Errorf("%+v", info)
		}
	})
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a"+Suffix)
	if err := os.WriteFile(path, full(t), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("a file is read whole", func(t *testing.T) {
		trace, err := ReadFile(path)
		if err != nil || trace.Name != path || len(trace.Steps) != 3 {
			t.Errorf("%+v, %v", trace, err)
		}
	})
	t.Run("a missing file is named", func(t *testing.T) {
		if _, err := ReadFile(path + "x"); err == nil || !strings.Contains(err.Error(), path+"x") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("two zstd frames are one stream", func(t *testing.T) {
		header, rest, _ := strings.Cut(plain(t, full(t)), "\n")
		both := append(compressed(t, header+"\n"), compressed(t, rest)...)
		if trace, err := read(both); err != nil || len(trace.Steps) != 3 {
			t.Errorf("%+v, %v", trace, err)
		}
	})
}

func TestPlainLinesAreThoseOfTheStream(t *testing.T) {
	trace := synthesise(t, synthesis(t, "phi-1.5", "static:4-3@1", 5, 3))
	var packed, lines bytes.Buffer
	if err := errors.Join(trace.Write(As("t"+Suffix, &packed)), trace.Write(As("t.trace.jsonl", &lines))); err != nil {
		t.Fatal(err)
	}
	in, err := zstd.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(in)
	if err != nil || !bytes.Equal(all, lines.Bytes()) {
		t.Errorf("the stream has %d bytes, %v; the plain lines have %d", len(all), err, lines.Len())
	}
	r, err := NewReader("t", &lines)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := ReadAll(r); err != nil || len(back.Steps) != len(trace.Steps) {
		t.Errorf("%v steps, %v", len(back.Steps), err)
	}
}
