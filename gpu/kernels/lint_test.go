package kernels

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// There is no ptxas without NVIDIA's toolkit, and clang does not look into inline assembly. These tests look at the PTX
// in their place: every opcode is known, and the ISA version and target of the file have it.

// need is the least PTX ISA, times ten, and sm that have an opcode, by the PTX ISA manual's notes on each instruction.
type need struct{ isa, sm int }

// The longest prefix up to a dot counts.
var opcodes = map[string]need{
	"ld.global.nc.L1::no_allocate": {74, 70}, "ld.global.L1::no_allocate": {74, 70}, "prefetch.global.L2": {20, 20}, "ld.global.nc": {31, 32}, "ld": {10, 10}, "st": {10, 10}, "mov": {10, 10},
	"add": {10, 10}, "sub": {10, 10}, "mul": {10, 10}, "mad": {10, 10}, "div": {10, 10}, "rem": {10, 10}, "neg": {10, 10},
	"and": {10, 10}, "or": {10, 10}, "xor": {10, 10}, "not": {10, 10}, "shl": {10, 10}, "shr": {10, 10}, "shf": {31, 32},
	"bfe": {20, 20}, "bfi": {20, 20}, "lop3": {43, 50}, "prmt": {20, 20}, "min": {10, 10}, "max": {10, 10}, "abs": {10, 10},
	"setp": {10, 10}, "selp": {10, 10}, "cvt": {10, 10}, "cvt.rn.f16x2.f32": {70, 80}, "cvta": {20, 20}, "bra": {10, 10}, "ret": {10, 10},
	"bar.sync": {10, 10}, "bar.warp.sync": {60, 30}, "dp4a": {50, 61}, "shfl.sync": {60, 30}, "fma.rn.f32": {20, 20}, "fma.rn.f16x2": {42, 53},
	"mul.rn.f16x2": {42, 53}, "ex2.approx": {10, 10}, "lg2.approx": {10, 10}, "rsqrt.approx": {10, 10}, "rcp": {10, 10},
	"rcp.approx": {10, 10}, "atom.acq_rel": {60, 70}, "fence": {60, 70}, "cp.async": {70, 80}, "ldmatrix": {65, 75},
	"mma.sync.aligned.m16n8k16": {70, 80}, "griddepcontrol": {78, 90},
}

var opcode = regexp.MustCompile(`^(?:@!?%p\d+\s+)?([a-z][a-z0-9]*(?:[.:][\w:]+)*)\b`)

// entry is a kernel as the PTX has it.
type entry struct {
	name       string
	params     []Param
	maxThreads int
	body       []string // instructions and labels
}

// parse splits PTX as clang writes it, a statement a line, and says what it does not know.
func parse(ptx string) (entries []entry, faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	var isa, sm int
	for line := range strings.Lines(ptx) {
		line, _, _ = strings.Cut(line, "//")
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		var e *entry
		if len(entries) > 0 {
			e = &entries[len(entries)-1]
		}
		switch {
		case word == ".version":
			isa, _ = strconv.Atoi(strings.ReplaceAll(rest, ".", ""))
		case word == ".target":
			sm, _ = strconv.Atoi(strings.TrimPrefix(rest, "sm_"))
		case strings.Contains(line, ".entry "):
			_, name, _ := strings.Cut(line, ".entry ")
			name, _, _ = strings.Cut(name, "(")
			entries = append(entries, entry{name: name})
		case strings.HasPrefix(line, ".func"):
			fault("a function that is no kernel, so calls: %s", line)
		case word == ".param" && e != nil:
			kinds := map[string]Param{".u64": Pointer, ".b64": Pointer, ".u32": Int, ".b32": Int, ".f32": Float}
			for f := range strings.FieldsSeq(rest) { // .ptr and .align may stand before it
				if k, ok := kinds[f]; ok {
					e.params = append(e.params, k)
					break
				}
			}
		case word == ".maxntid":
			e.maxThreads = 1
			for d := range strings.SplitSeq(rest, ",") {
				n, _ := strconv.Atoi(strings.TrimSpace(d))
				e.maxThreads *= n
			}
		case word == ".local" || strings.Contains(line, ".local."):
			fault("local memory: %s", line)
		case e != nil && strings.HasPrefix(line, "$") && strings.HasSuffix(line, ":"):
			e.body = append(e.body, line)
		case e != nil && (strings.HasSuffix(line, ";") || strings.HasSuffix(line, "; }")) && !strings.HasPrefix(line, "."):
			for s := range strings.SplitSeq(strings.Trim(line, "{} \t"), ";") {
				s = strings.TrimSpace(s)
				if s == "" || strings.HasPrefix(s, ".reg") {
					continue
				}
				m := opcode.FindStringSubmatch(s)
				if m == nil {
					fault("%s: not an instruction: %s", e.name, s)
					continue
				}
				e.body = append(e.body, s)
				switch n, ok := least(m[1]); {
				case !ok:
					fault("%s: opcode %s is not on the list", e.name, m[1])
				case isa < n.isa:
					fault("%s: opcode %s needs PTX ISA %d.%d, the file says %d.%d", e.name, m[1], n.isa/10, n.isa%10, isa/10, isa%10)
				case sm < n.sm:
					fault("%s: opcode %s needs sm_%d, the file says sm_%d", e.name, m[1], n.sm, sm)
				}
			}
		}
	}
	return entries, faults
}

// least finds what an opcode needs by its longest prefix on the list.
func least(op string) (need, bool) {
	for {
		if n, ok := opcodes[op]; ok {
			return n, true
		}
		i := strings.LastIndexByte(op, '.')
		if i < 0 {
			return need{}, false
		}
		op = op[:i]
	}
}

func TestPTXKeepsToWhatItsTargetHas(t *testing.T) {
	for _, capability := range capabilities {
		keeps(t, capability)
	}
}

func keeps(t *testing.T, capability int) {
	t.Helper()
	entries, faults := parse(PTX(capability))
	for _, f := range faults {
		t.Error(f)
	}
	if len(entries) != len(table) {
		t.Errorf("%d kernels in the PTX, %d in the table", len(entries), len(table))
	}
	for _, e := range entries {
		k, ok := table[e.name]
		switch {
		case !ok:
			t.Errorf("%s is not in the table", e.name)
		case !slices.Equal(e.params, k.Params):
			t.Errorf("%s takes %c in the PTX, %c in the table", e.name, e.params, k.Params)
		case e.maxThreads != 0 && e.maxThreads != k.Threads():
			t.Errorf("%s has blocks of up to %d in the PTX, %d in the table", e.name, e.maxThreads, k.Threads())
		case len(e.body) == 0:
			t.Errorf("%s is empty", e.name)
		}
		waits := slices.Index(e.body, "griddepcontrol.wait")
		if want := capability >= Hopper && Waits(e.name); want != (waits >= 0) {
			t.Errorf("%s of sm_%d waits for the kernel before it: %v, want %v", e.name, capability, waits >= 0, want)
		}
	}
}

// What the check is good for: each of these would be refused by a GPU's driver.
func TestLintFindsWhatPtxasWouldRefuse(t *testing.T) {
	for old, spoilt := range map[string]string{
		".target sm_80":                 ".target sm_75",
		".version 7.8":                  ".version 7.3",
		"fma.rn.f16x2":                  "fma.rn.f16x3x",
		"ex2.approx.ftz.f32":            "exp2.approx.ftz.f32",
		"ld.global.nc.L1::no_allocate.": "ld.local.nc.L1::no_allocate.",
	} {
		text := strings.Replace(PTX(80), old, spoilt, 1)
		if text == PTX(80) {
			t.Errorf("no %s in the PTX", old)
		}
		if _, faults := parse(text); len(faults) == 0 {
			t.Errorf("%s in place of %s was taken", spoilt, old)
		}
	}
}

func TestLaunchesFitTheTable(t *testing.T) {
	launches := []Launch{Embed(2560, 3), Norm(3), RopeAppend(32, 4, 80, 3), SiluMul(5632, 3), Gelu(4864, 3),
		AttentionPrefill(100, 32), Gemm(512, 11008), Gemm(3, 256), Dequant(100), Choose(), Copy(132), Empty()}
	for _, bits := range []int{2, 3, 4, 5, 6, 7, 8, 16} {
		launches = append(launches, Gemv(bits, 100, 2560), NormGemv(bits, 100, 2560))
	}
	for g := 1; g <= MaxGroup; g++ {
		launches = append(launches, Attention(2*g, 2, 128, 7), Attention(2*g, 2, 64, 7))
	}
	seen := map[string]bool{}
	for _, l := range launches {
		k, ok := Lookup(l.Kernel)
		if !ok {
			t.Errorf("no kernel %s", l.Kernel)
		}
		seen[l.Kernel] = true
		if threads := l.Block[0] * l.Block[1] * l.Block[2]; threads < 1 || threads > k.Threads() {
			t.Errorf("%s: blocks of %d threads, the table says %d", l.Kernel, threads, k.Threads())
		}
		if l.Shared > MaxShared(l.Kernel) {
			t.Errorf("%s: %d bytes of shared memory, more than the driver is told", l.Kernel, l.Shared)
		}
		if min(l.Grid[0], l.Grid[1], l.Grid[2]) < 1 || max(l.Grid[1], l.Grid[2]) > 65535 {
			t.Errorf("%s: grid %v", l.Kernel, l.Grid)
		}
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("nothing launches %s", name)
		}
	}
}

func TestSplits(t *testing.T) {
	for _, c := range []struct {
		name                                      string
		kvHeads, positions, multiprocessors, want int
	}{
		{"two blocks per multiprocessor", 8, 100_000, 132, 33},
		{"and no third", 32, 100_000, 132, 8},
		{"at least 64 positions per split", 8, 128, 132, 2},
		{"at least one split", 512, 1, 2, 1},
	} {
		if got := Splits(c.kvHeads, c.positions, c.multiprocessors); got != c.want {
			t.Errorf("%s: %d splits, want %d", c.name, got, c.want)
		}
	}
}

func TestCheckSaysWhatDoesNotFit(t *testing.T) {
	good := Shape{Hidden: 2048, FFN: 5632, Heads: 32, KVHeads: 4, HeadDim: 64, RotaryDim: 32, Vocab: 32000}
	if err := Check(good); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Shape){
		"hidden size 100":            func(s *Shape) { s.Hidden = 100 },
		"hidden size 12320":          func(s *Shape) { s.Hidden = 12320 },
		"feed-forward size 40":       func(s *Shape) { s.FFN = 40 },
		"32 heads on 2 KV heads":     func(s *Shape) { s.KVHeads = 2 },
		"32 heads on 0 KV heads":     func(s *Shape) { s.KVHeads = 0 },
		"head dim 256":               func(s *Shape) { s.HeadDim = 256 },
		"head dim 60":                func(s *Shape) { s.HeadDim = 60 },
		"rotary dim 33":              func(s *Shape) { s.RotaryDim = 33 },
		"vocabulary of 0; accepted:": func(s *Shape) { s.Vocab = 0 },
	} {
		s := good
		spoil(&s)
		if err := Check(s); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("error %v, want %q and what would be accepted", err, want)
		}
	}
}
