package kernels

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The products at 2 to 4 bits are bound by instructions, not by memory, if they are written carelessly.
// docs/gpu-kernels.md says how many each weight takes; this test counts them in the PTX and holds the document against
// it.

// A multiprocessor of Hopper (compute capability 9.0), results per clock. The figures are those that the CUDA C++
// Programming Guide ("Throughput of Native Arithmetic Instructions") and the H100 white paper are remembered to have;
// neither was at hand to verify them.
const (
	integers = 64  // 32-bit integer add, logic, shift; prmt is taken to be one of them
	shuffles = 32  // warp shuffle
	issued   = 128 // all
	l1       = 128 // bytes from L1 a clock
)

// An H200: 132 multiprocessors at up to 1.98 GHz, 4.8 TB/s (NVIDIA H200 datasheet); a copy reaches about nine tenths.
const (
	multiprocessors = 132
	hertz           = 1.98e9
	copied          = 0.9 * 4.8e12
)

// counts are instructions of the inner loop for each weight of a lane.
type counts struct{ integer, shuffle, half, convert, add, load, all, clocks float64 }

// loop finds the loop of a product that loads two groups of four rows' planes: 256 weights a lane.
func loop(t *testing.T, bits int) []string {
	t.Helper()
	entries, _ := parse(PTX())
	branch := regexp.MustCompile(`bra(?:\.uni)?\s+(\$\w+)`)
	for _, e := range entries {
		if e.name != fmt.Sprintf("gemv_ap%d", bits) {
			continue
		}
		at := map[string]int{}
		for i, s := range e.body {
			if label, ok := strings.CutSuffix(s, ":"); ok {
				at[label] = i
				continue
			}
			m := branch.FindStringSubmatch(s)
			if m == nil {
				continue
			}
			if from, ok := at[m[1]]; ok && strings.Count(strings.Join(e.body[from:i], "\n"), "no_allocate") == 8*bits {
				return e.body[from : i+1]
			}
		}
	}
	t.Fatalf("gemv_ap%d: no loop with %d loads of planes", bits, 8*bits)
	return nil
}

// classes of opcodes, by their first words. Moves, casts of addresses and parts of registers are no instructions of the
// machine.
var classes = []struct {
	pattern *regexp.Regexp
	count   func(*counts)
}{
	{regexp.MustCompile(`^(mov|cvta)\b`), func(*counts) {}},
	{regexp.MustCompile(`^(prmt|lop3|and|or|xor|not|shl|shr|shf|bfe|bfi|setp|selp)\b`), func(c *counts) { c.integer++; c.all++ }},
	{regexp.MustCompile(`^(add|sub)\.(s|u)64`), func(c *counts) { c.integer += 2; c.all += 2 }}, // low and high words
	{regexp.MustCompile(`^(add|sub|min|max)\.(s|u)32`), func(c *counts) { c.integer++; c.all++ }},
	{regexp.MustCompile(`^mad\.wide`), func(c *counts) { c.all++ }}, // in the multipliers, beside the integer units
	{regexp.MustCompile(`^shfl`), func(c *counts) { c.shuffle++; c.all++; c.clocks += 32. / shuffles }},
	{regexp.MustCompile(`^(fma|mul)\.rn\.f16x2`), func(c *counts) { c.half++; c.all++ }},
	{regexp.MustCompile(`^cvt\.f32\.f16`), func(c *counts) { c.convert++; c.all++ }},
	{regexp.MustCompile(`^add\.rn\.f32`), func(c *counts) { c.add++; c.all++ }},
	{regexp.MustCompile(`^ld\.global.*\.v4`), func(c *counts) { c.load++; c.all++; c.clocks += 32 * 16. / l1 }},
	{regexp.MustCompile(`^ld\.global`), func(c *counts) { c.load++; c.all++; c.clocks += 32 * 4. / l1 }},
	{regexp.MustCompile(`^bra`), func(c *counts) { c.all++ }},
}

func count(t *testing.T, bits int) counts {
	t.Helper()
	var c counts
next:
	for _, s := range loop(t, bits) {
		if strings.HasSuffix(s, ":") {
			continue
		}
		op := opcode.FindStringSubmatch(s)[1]
		for _, class := range classes {
			if class.pattern.MatchString(op) {
				class.count(&c)
				continue next
			}
		}
		t.Fatalf("gemv_ap%d: no class for %s", bits, s)
	}
	for _, p := range []*float64{&c.integer, &c.shuffle, &c.half, &c.convert, &c.add, &c.load, &c.all} {
		*p /= 256
	}
	c.clocks /= 256 * 32
	return c
}

func TestDocumentedInstructionCounts(t *testing.T) {
	text, err := os.ReadFile("../../docs/gpu-kernels.md")
	if err != nil {
		t.Fatal(err)
	}
	for bits := 2; bits <= 4; bits++ {
		c := count(t, bits)
		byInteger, byShuffle, byIssue := integers/c.integer, 1/c.clocks, issued/c.all // weights a clock
		most := min(byInteger, byShuffle, byIssue) * multiprocessors * hertz * float64(bits) / 8
		for _, row := range []string{
			fmt.Sprintf("| %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |", bits, c.integer, c.shuffle, c.half, c.convert, c.add, c.load, c.all),
			fmt.Sprintf("| %d | %.1f | %.1f | %.1f | %.2f TB/s | %.0f %% |", bits, byInteger, byShuffle, byIssue, most/1e12, 100*most/copied),
		} {
			if !strings.Contains(string(text), row+"\n") {
				t.Errorf("docs/gpu-kernels.md does not have the row\n%s", row)
			}
		}
	}
}
