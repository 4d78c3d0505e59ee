package traces

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func ptr[T any](v T) *T { return &v }

var sha = strings.Repeat("0123456789abcdef", 4)

// fullHeader has every field of a header, with values that differ from their zeros.
// mixedBits is an assignment of the full header's model: a block with experts, and one without.
const mixedBits = "q_a_proj,q_b_proj,kv_a_proj_with_mqa,k_b_proj,v_b_proj,o_proj,shared_expert.gate_proj,shared_expert.up_proj,shared_expert.down_proj,experts.gate_proj," +
	"experts.up_proj,experts.down_proj,gate_proj,up_proj,down_proj=4,4,4,4,4,4,4,4,4,3,3,4,-,-,-;4,4,4,4,4,4,-,-,-,-,-,-,4,4,16"

func fullHeader() *Header {
	return &Header{
		Format: Format, Version: Version, RunID: "r1", Created: "2026-11-22T17:00:00Z", Tool: "pmpdsim test", Mode: Graph,
		Source: FromGPU, Seed: ptr(int64(1)), Task: "mt_bench",
		Model: Shape{
			Name: "tiny", Family: "gemma2", Layers: 2, Hidden: 64, FFN: 128, Heads: 4, KVHeads: 2, HeadDim: 16,
			RotaryDim: 8, Vocab: 100, MaxPositions: 512, Norm: "rmsnorm", Activation: "gelu", GatedMLP: true,
			BlockNorms: 4, QKNorm: true, QKVBias: true, OBias: true, MLPBias: true, HeadBias: true, Tied: true,
			Softcap: true, Window: ptr(32), WindowEvery: ptr(2), WindowFrom: ptr(1),
			Experts: &ExpertShape{Count: 8, PerToken: 2, Width: 32, Shared: ptr(64), SharedGate: true, Scoring: "softmax", RouterBias: true,
				Groups: ptr(4), TopGroups: ptr(2), Dense: []int{1}, X: Extensions{"x_e": json.RawMessage(`1`)}},
			LayerPattern: "wF", LearnedPositions: ptr(512), Chunked: true, ALiBi: true, QKNormKind: "wide", SubNorms: true, EmbedNorm: true, TextOf: "llava",
			Latent:        &LatentShape{QRank: ptr(24), KVRank: 16, NopeDim: 8, RopeDim: 8, ValueDim: 12, X: Extensions{"x_l": json.RawMessage(`1`)}},
			WeightsSHA256: sha, ConfigSHA256: sha,
		},
		Quant: &Quant{
			Scheme: "anyprec-lut", Planes: ptr(8), LUT: "per-row fp16", Layout: "plane-major/1024",
			Accumulate: "fp32", LMHeadBits: ptr(16), KVBits: ptr(8), KVCache: "8,group=32", SeedBits: ptr(3), SensitivitySHA256: sha,
		},
		Precisions: []int{16, 4, 3}, PrefillBits: 16, Assignments: []string{"16", mixedBits}, PrefillAssignment: ptr(0),
		Scheduler: Scheduler{
			Kind: precision.KindStatic, Spec: "static:4>3@2", ClassifierSHA256: sha,
			Params: &SchedulerParams{
				Bits: []int{4, 3}, SwitchAt: []int{2}, Horizon: ptr(4), Window: ptr(10), K: ptr(1.5),
				Prior: []float64{0.25, 0.75}, Seed: ptr(int64(0)), X: Extensions{"x_note": json.RawMessage(`"deep"`)},
			},
		},
		GPU: &GPU{
			Name: "NVIDIA <H200>", CC: "9.0", SMs: ptr(132), MemBytes: ptr(int64(1)), L2Bytes: ptr(int64(2)),
			Driver: "580.1", API: ptr(13000), SMkHzMax: ptr(int64(1980000)), MemkHz: ptr(int64(3201000)), SMMHzSeen: []int64{1900, 1980},
		},
		Kernels: &Kernels{
			PTXSHA256: sha, SourceSHA256: sha, Compiler: "clang 19.1.7", Target: "sm_80", ISA: "7.8",
			Regs: map[string]int{"gemv_ap3": 56, "rope": 20}, Spills: map[string]int{},
		},
		Calib:  &Calib{CopyBps: ptr(4.3e12), NodeGapNS: ptr(int64(0)), EventNS: ptr(int64(500)), Clock: "cuEvent"},
		Prompt: Prompt{SHA256: sha, Tokens: 3, IDs: []int{1, 2, 99}}, MaxNew: ptr(4),
		Sampling: &Sampling{Kind: Sample, Temperature: ptr(0.7), TopK: ptr(40), TopP: ptr(0.9)},
		X:        Extensions{"x_b": json.RawMessage(`{"a":[1,null]}`), "x_a": json.RawMessage(`1`)},
	}
}

// fullRecords has every record type and every field.
func fullRecords() []Record {
	step := func(i, in, out, bits int) *Step {
		return &Step{
			I: i, TNS: ptr(int64(i) * 1000), TokIn: &in, TokOut: &out, KVLen: 3 + i, WBits: bits, Assignment: ptr(1), StepNS: ptr(int64(592000)),
			WallNS: ptr(int64(610000)), DecideNS: ptr(int64(9000)), OpNS: []int64{2100}, PMax: ptr(0.93), Entropy: ptr(0.31),
			Margin: ptr(3.2), LogP: ptr(-0.07), Experts: EncodeExperts([]int{7, 0}, 8), Sched: &Decision{Score: ptr(0.93), Threshold: ptr(0.88), Reason: "below"},
			Ref: &Reference{Tok: out, Agree: true, KL: ptr(0.004), LogP: ptr(-0.06)},
		}
	}
	first := step(0, 7, 8, 4)
	first.WNext = ptr(4)
	return []Record{
		&Ops{Ops: []Op{{
			ID: 0, Name: "L0.qkv", Kind: "gemv", Layer: ptr(0), M: ptr(1), N: ptr(128), K: ptr(64), Grid: []int{8, 1, 1},
			Block: []int{32, 8, 1}, WeightBytes: map[int]int64{16: 16384, 3: 3072}, LUTBytes: map[int]int64{3: 2048},
			InBytes: ptr(int64(128)), OutBytes: ptr(int64(256)), KVBytesPerPos: ptr(int64(0)), Flops: ptr(int64(16384)),
		}}},
		&Prefill{Tokens: 3, WBits: 16, TokOut: ptr(7), StepNS: ptr(int64(0)), OpNS: []int64{5}, Experts: EncodeExperts([]int{7, 0, 1, 2, 0, 5}, 8)},
		first,
		&SchedFeatures{I: 0, Name: "kv_attended", Shape: []int{2, 1}, DType: F16, B64: "AAECAw==", Scores: []float64{0.1, 0.9}, HighSteps: ptr(2)},
		step(1, 8, 9, 4),
		&CalibOps{WBits: 3, Op: 0, ColdNSMedian: ptr(int64(4300)), WarmNSMedian: ptr(int64(2900)), N: 200},
		&Switch{I: 2, From: 4, To: 3, X: Extensions{"x_why": json.RawMessage(`"calibrated"`)}},
		step(2, 9, 10, 3),
		&Footer{Steps: 3, Stop: StopMax, SumStepNS: ptr(int64(3 * 592000)), NLL: ptr(1.23), Agree: ptr(1.0)},
	}
}

// full returns the bytes of the trace that has everything.
func full(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, fullHeader())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range fullRecords() {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// plain undoes the compression.
func plain(t testing.TB, compressed []byte) string {
	t.Helper()
	d, err := zstd.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// read reads a whole trace from bytes.
func read(data []byte) (*Trace, error) {
	r, err := NewReader("t.jsonl", bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return ReadAll(r)
}

func TestRoundTrip(t *testing.T) {
	data := full(t)
	trace, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("every field of every record survives writing and reading", func(t *testing.T) {
		if diff := cmp.Diff(fullHeader(), trace.Header); diff != "" {
			t.Error(diff)
		}
		want := fullRecords()
		want[len(want)-1].(*Footer).SHA256Steps = trace.Footer.SHA256Steps
		if diff := cmp.Diff(want, trace.Records); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the same records give the same bytes", func(t *testing.T) {
		var again bytes.Buffer
		if err := trace.Write(&again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, again.Bytes()) || !bytes.Equal(data, full(t)) {
			t.Error("the bytes differ")
		}
	})
	t.Run("the same trace has one hash, from zstd, from plain lines and from memory", func(t *testing.T) {
		fromPlain, err := read([]byte(plain(t, data)))
		if err != nil {
			t.Fatal(err)
		}
		fromMemory, err := ReadAll(trace.Source())
		if err != nil {
			t.Fatal(err)
		}
		if trace.SHA256 != fromPlain.SHA256 || trace.SHA256 != fromMemory.SHA256 || len(trace.SHA256) != 64 {
			t.Errorf("hashes %q %q %q", trace.SHA256, fromPlain.SHA256, fromMemory.SHA256)
		}
	})
	t.Run("the header comes back as it stands in the file", func(t *testing.T) {
		line, rest, _ := strings.Cut(plain(t, data), "\n")
		odd := strings.Replace(line, `"version":1`, `"version" : 1`, 1)
		trace, err := read([]byte(odd + "\n" + rest))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(trace.HeaderJSON()); got != odd {
			t.Errorf("got %s, want %s", got, odd)
		}
	})
	t.Run("the full trace leaves no field of any record unset", func(t *testing.T) {
		set := make(map[string]bool)
		note(set, reflect.ValueOf(fullHeader()))
		for _, r := range trace.Records {
			note(set, reflect.ValueOf(r))
		}
		for _, name := range fieldNames() {
			if !set[name] && name != "Shape.parallel" && name != "Shape.norms_behind" { // gemma2 blocks are not, and have norms before
				t.Errorf("%s is not set, so the round trip does not test it", name)
			}
		}
	})
}

// note collects the fields of v that are not zero, as Type.key.
func note(set map[string]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			note(set, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			note(set, v.Index(i))
		}
	case reflect.Struct:
		for _, f := range newBinder().of(v.Type()) {
			if f.name == "i" || f.name == "id" || f.name == "op" || !v.Field(f.at).IsZero() {
				set[v.Type().Name()+"."+f.name] = true
			}
			note(set, v.Field(f.at))
		}
	}
}

// structs lists the types of the format by the heading that FORMAT.md gives them.
func structs() map[string]any {
	return map[string]any{
		"### header": Header{}, "`model`": Shape{}, "`experts`": ExpertShape{}, "`latent`": LatentShape{}, "`quant`": Quant{}, "`scheduler`": Scheduler{}, "`params`": SchedulerParams{},
		"`gpu`": GPU{}, "`kernels`": Kernels{}, "`calib`": Calib{}, "`prompt`": Prompt{}, "`sampling`": Sampling{},
		"### ops": Ops{}, "An op": Op{}, "### prefill": Prefill{}, "### step": Step{}, "`sched`": Decision{}, "`ref`": Reference{},
		"### sched_features": SchedFeatures{}, "### switch": Switch{}, "### calib_ops": CalibOps{}, "### footer": Footer{},
	}
}

func fieldNames() []string {
	var all []string
	for _, s := range structs() {
		for _, f := range newBinder().of(reflect.TypeOf(s)) {
			all = append(all, reflect.TypeOf(s).Name()+"."+f.name)
		}
	}
	return all
}

func TestFormatDocument(t *testing.T) {
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile("^(### [a-z_]+|`[a-z_]+`|An op)(:| of a model:| \\(each|$)")
	row := regexp.MustCompile("^\\| `([A-Za-z0-9_]+)` \\|(.*)\\| (●|○) \\|")
	documented, types := make(map[string][]string), make(map[string]string)
	section := ""
	for _, line := range strings.Split(string(text), "\n") {
		if m := heading.FindStringSubmatch(line); m != nil {
			section = m[1]
		}
		if m := row.FindStringSubmatch(line); m != nil {
			documented[section] = append(documented[section], m[1]+m[3])
			types[section+"."+m[1]] = m[2]
		}
	}
	for section, s := range structs() {
		t.Run("FORMAT.md lists the fields of "+section+" as the code has them", func(t *testing.T) {
			var want []string
			for _, f := range newBinder().of(reflect.TypeOf(s)) {
				mark := "●"
				if f.optional {
					mark = "○"
				}
				want = append(want, f.name+mark)
			}
			if !slices.Equal(documented[section], want) {
				t.Errorf("documented %v\nin code    %v", documented[section], want)
			}
			for _, f := range newBinder().of(reflect.TypeOf(s)) {
				if words := wordsOf(reflect.TypeOf(s).Field(f.at).Type, f.rule); words != "" && !strings.Contains(types[section+"."+f.name], words) {
					t.Errorf("%s: documented %s\nin code    %s", f.name, types[section+"."+f.name], words)
				}
			}
			if x, ok := reflect.TypeOf(s).FieldByName("X"); !ok || x.Type != reflect.TypeFor[Extensions]() {
				t.Error("the type takes no extensions")
			}
		})
	}
}

// wordsOf returns the words that a field takes, as FORMAT.md writes them; nothing where they are not listed.
func wordsOf(t reflect.Type, rule string) string {
	if t.Kind() != reflect.String {
		return ""
	}
	err := checkScalar(reflect.ValueOf("?").Convert(t), rule)
	if err == nil || rule == "sha256" || rule == "time" || rule == "word" || rule == "cache" {
		return ""
	}
	return "`" + strings.ReplaceAll(err.Accepted, ", ", "` `") + "`"
}

// compressed is one zstd frame.
func compressed(t testing.TB, text string) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.EncodeAll([]byte(text), nil)
}
