package result

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// npu is an NPU of round numbers: 2 cores of 4 x 8 PEs at 1 GHz, and an ideal memory of 10 GB/s.
func npu(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	c.Clock, c.Cores, c.Array.Rows, c.Array.Cols = 1e9, 2, 4, 8
	c.DRAM.Standard, c.DRAM.Bandwidth = config.IdealDRAM, 10e9
	return c
}

// near reports whether two numbers are the same but for the rounding of the last digits.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }

func expect(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !near(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// counted is a prefill and three decode passes of two sequences.
func counted() Phases {
	var p Phases
	p.Prefill = stats.Counts{Cycles: 2000, PECycles: 100_000, MACs: 7}
	p.Prefill.Traffic[isa.Weights] = 1000
	p.Prefill.DRAM = stats.DRAM{Reads: 100, RowHits: 1}
	p.Decode = stats.Counts{Cycles: 10_000, PECycles: 320_000, MemoryBusy: 9000}
	p.Decode.Traffic[isa.Weights], p.Decode.Traffic[isa.KVRead] = 48_000, 12_000
	p.Decode.DRAM = stats.DRAM{Reads: 35, Writes: 5, RowHits: 30}
	p.Decode.Operators[0] = stats.Operator{Cycles: 10_000, Bytes: 60_000}
	return p
}

func TestFillComputesFromCounts(t *testing.T) {
	c := npu(t)
	r := &Result{Batch: 2, Counts: counted()}
	r.Fill(c, []float64{4, 4, 3}, []string{"q_proj"})

	const passes, tokens = 3, 3 * 2
	const decode = 10_000 / 1e9 // seconds
	expect(t, "average bits", r.AvgWeightBits, (4+4+3)/3.0)
	expect(t, "prefill", r.PrefillSeconds, 2000/1e9)
	expect(t, "decode", r.DecodeSeconds, decode)
	expect(t, "time to first token", r.TTFTSeconds, 2000/1e9)
	expect(t, "time per output token", r.TPOTSeconds, decode/passes)
	expect(t, "tokens per second", r.TokensPerSecond, tokens/decode)
	expect(t, "bytes per token", r.DRAMBytesPerToken, (48_000+12_000.0)/tokens)
	expect(t, "bandwidth used", r.DRAMEfficiency, 60_000/decode/10e9)
	expect(t, "PEs used", r.ArrayUtilisation, 320_000/(4*8*2*10_000.0))
	expect(t, "row hits", *r.RowHitRate, 30/(35+5.0))
	if r.Cycles != 2000+10_000 || r.DRAMBytes != 1000+60_000 {
		t.Errorf("%d cycles, %d bytes", r.Cycles, r.DRAMBytes)
	}
	prefill, of := energy.Of(c, &r.Counts.Prefill).Total().Joules(), energy.Of(c, &r.Counts.Decode).Total().Joules()
	expect(t, "energy", r.EnergyJoules, prefill+of)
	expect(t, "energy per token", r.EnergyPerToken, of/tokens)
	expect(t, "tokens per joule", r.TokensPerJoule, tokens/of)
	expect(t, "area", r.AreaMM2, energy.AreaOf(c).Total())
	if r.BoundBy != "memory" || len(r.Operators.Prefill) != 0 || len(r.Operators.Decode) != 1 {
		t.Errorf("bound by %s, operators %+v", r.BoundBy, r.Operators)
	}
}

// given are the fields that whoever ran the job sets, and those that only some results have.
var given = []string{"NPU", "Model", "Task", "Schedule", "PrefillBits", "AvgPrefillBits", "KVBits", "KeyBits", "ValueBits", "PromptTokens",
	"GeneratedTokens", "SpeedupFP16", "SpeedupUniform", "Footprint", "Tilings", "Prefill", "Decode",
	"Rules", "Format", "TraceSHA256", "TraceSource", "Classifier", "Counterfactual", "Config", "Shape", "Version", "Inputs", "Experts", "Sampling", "PassesSimulated",
	"MidpointError"}

func TestFillLeavesOutNoField(t *testing.T) {
	r := &Result{Batch: 2, Counts: counted()}
	r.Fill(npu(t), []float64{4, 4, 3}, []string{"q_proj"})
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != slices.Contains(given, name) {
			t.Errorf("%s is %v", name, v.Field(i))
		}
	}
}

// TestWhatIsTooLargeToTellIsRefused: keys of an NPU can ask for more seconds and joules than integers hold.
func TestWhatIsTooLargeToTellIsRefused(t *testing.T) {
	for _, tc := range []struct {
		static  unit.Microwatts
		seconds int64
		want    string // empty: it is told
	}{
		{1000e6, 1000, ""},
		{10_000e6, 1000, "decode: the energy is more than can be told; accepted: at most 9223372.036854775807J"},
		{0, 10_000, "decode: 1e+04 s are more than can be told; accepted: at most 9223372.036854775807ms"},
	} {
		c := npu(t)
		c.Energy.Static = tc.static
		r := &Result{Batch: 1, GeneratedTokens: 2}
		r.Counts.Decode.Cycles = unit.Cycles(tc.seconds * int64(c.Clock))
		switch err := r.Fill(c, []float64{4}, []string{"q_proj"}); {
		case tc.want == "" && err != nil, tc.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.want)):
			t.Errorf("%v, %d s: %v", tc.static, tc.seconds, err)
		case err == nil && r.EnergyJoules < 1e6:
			t.Errorf("%v, %d s: %v J", tc.static, tc.seconds, r.EnergyJoules)
		}
	}
}

func TestAResultWithoutDecodeHasZerosForRatios(t *testing.T) {
	r := &Result{Batch: 1, GeneratedTokens: 1}
	r.Fill(npu(t), nil, nil)
	r.Breakdown(npu(t))
	if r.Decode != nil || r.BoundBy != "" || r.RowHitRate != nil {
		t.Errorf("a decode is bound by %q, %v, %v", r.BoundBy, r.Decode, r.RowHitRate)
	}
	for _, of := range []any{r, r.Prefill} {
		v := reflect.ValueOf(of).Elem()
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.Float64 && f.Float() != 0 && v.Type().Field(i).Name != "AreaMM2" {
				t.Errorf("%s is %v", v.Type().Field(i).Name, f)
			}
		}
	}
}

func TestSpeedupsAreThoseOfATokenAndAbsentWithoutABaseline(t *testing.T) {
	asked := 0
	base := map[int]*Result{4: {TPOTSeconds: 0.030}, 3: {TPOTSeconds: 0.020}}
	uniform := func(bits int) *Result { asked = bits; return base[bits] }

	r := &Result{GeneratedTokens: 2, TPOTSeconds: 0.010}
	r.Compare(Baselines{FP16: &Result{TPOTSeconds: 0.080}, Uniform: uniform}, 4)
	if r.SpeedupFP16 == nil || r.SpeedupUniform == nil || asked != 4 {
		t.Fatalf("speed-ups %v and %v, of uniform:%d", r.SpeedupFP16, r.SpeedupUniform, asked)
	}
	expect(t, "against fp16", *r.SpeedupFP16, 0.080/0.010)
	expect(t, "against uniform:4", *r.SpeedupUniform, 0.030/0.010)

	prefill := &Result{GeneratedTokens: 1}
	if prefill.Compare(Baselines{FP16: &Result{}, Uniform: uniform}, 4); prefill.SpeedupFP16 != nil || prefill.SpeedupUniform != nil {
		t.Error("a speed-up of prefill alone")
	}
	alone := &Result{GeneratedTokens: 2, TPOTSeconds: 0.010}
	alone.Compare(Baselines{Uniform: uniform}, 2)
	if alone.SpeedupFP16 != nil || alone.SpeedupUniform != nil {
		t.Error("a speed-up against what was not run")
	}
}

func TestDecodeIsBoundByThePartThatIsBusyLongest(t *testing.T) {
	for _, c := range []struct {
		name string
		n    stats.Counts
		want string
	}{
		{"memory", stats.Counts{MemoryBusy: 100, ArrayBusy: 198, VectorBusy: 10, LaunchBusy: 10}, "memory"},
		{"arrays count by their mean", stats.Counts{MemoryBusy: 100, ArrayBusy: 200}, "memory"},
		{"... from one cycle more on", stats.Counts{MemoryBusy: 100, ArrayBusy: 202}, "compute"},
		{"vector units", stats.Counts{MemoryBusy: 10, ArrayBusy: 40, VectorBusy: 42}, "vector"},
		{"sequencers", stats.Counts{MemoryBusy: 10, VectorBusy: 40, LaunchBusy: 42}, "launch"},
		{"arrays that unpack", stats.Counts{MemoryBusy: 100, ArrayBusy: 202, ArrayUnpack: 102}, "unpack"},
		{"... from more than half of their time on", stats.Counts{MemoryBusy: 100, ArrayBusy: 202, ArrayUnpack: 101}, "compute"},
		{"links, one a core", stats.Counts{MemoryBusy: 100, NetworkBusy: 202}, "network"},
		{"links as long as memory", stats.Counts{MemoryBusy: 100, NetworkBusy: 200}, "memory"},
		{"the runtime, of which there is one", stats.Counts{MemoryBusy: 10, LaunchBusy: 40, DispatchBusy: 21}, "dispatch"},
		{"the host", stats.Counts{MemoryBusy: 10, DispatchBusy: 21, HostBusy: 22}, "host"},
		{"nothing ran", stats.Counts{}, "memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := BoundBy(&c.n, npu(t)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
