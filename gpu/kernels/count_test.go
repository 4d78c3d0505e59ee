package kernels

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The products at 2 to 4 bits are bound by instructions, not by memory, if they are written carelessly.
// docs/gpu-kernels.md says how many each weight takes; this test holds the document against what ptxas makes of them.

// A multiprocessor of Hopper (compute capability 9.0), lanes a clock. The figures are those that the CUDA C++
// Programming Guide ("Throughput of Native Arithmetic Instructions") and the H100 white paper are remembered to have;
// neither was at hand to verify them.
const (
	alu    = 64  // 32-bit integer add, logic, shift; prmt is taken to be one of them
	fma    = 128 // binary32 and half2; integer multiplications run on half of these lanes
	shared = 32  // shuffles and accesses to memory
	issued = 128 // all
	l1     = 128 // bytes from L1 a clock
)

// An H200: 132 multiprocessors at up to 1.98 GHz, 4.8 TB/s (NVIDIA H200 datasheet); a copy reaches about nine tenths.
const (
	multiprocessors = 132
	hertz           = 1.98e9
	copied          = 0.9 * 4.8e12
)

func TestDocumentedInstructionCounts(t *testing.T) {
	text, err := os.ReadFile("../../docs/gpu-kernels.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, bits := range []int{2, 3, 4, 5, 6, 7, 8, 16} {
		code, err := Compiled("sm_90", Gemv(bits, 1, 32).Kernel)
		if err != nil {
			t.Fatal(err)
		}
		loop := code.Main()
		weights := float64(loop.Streamed()) * 8 / float64(bits) / 32 // of a lane, a turn
		per := func(n int) float64 { return float64(n) / weights }
		c := loop.Counts
		byALU, byFMA, byIssue := alu/per(c.ALU), min(fma/per(c.FMA+c.IMAD), fma/2/per(max(c.IMAD, 1))), issued/per(c.All())
		byMemory := weights / (float64(c.SHFL)*32/shared + float64(c.Bytes)/l1) * 32 // a shuffle takes a clock a warp
		most := min(byALU, byFMA, byMemory, byIssue) * multiprocessors * hertz * float64(bits) / 8
		for _, row := range []string{
			fmt.Sprintf("| %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %d |", bits, per(c.ALU), per(c.IMAD), per(c.FMA), per(c.SHFL), per(c.Load),
				per(c.Other+c.Store+c.MUFU), per(c.All()), code.Registers),
			fmt.Sprintf("| %d | %.1f | %.1f | %.1f | %.1f | %.2f TB/s | %.0f %% |", bits, byALU, byFMA, byMemory, byIssue, most/1e12, 100*most/copied),
		} {
			if !strings.Contains(string(text), row+"\n") {
				t.Errorf("docs/gpu-kernels.md does not have the row\n%s", row)
			}
		}
	}
}
