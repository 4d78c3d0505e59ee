package timing

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// reviewed is a product as the review guessed it, before there was an assembler: registers, weights a clock and what
// is on its way at a time.
func reviewed(bits, n, k int) launch {
	const margin = 1.10
	registers := map[int]int{2: 96, 3: 112, 4: 136, 16: 40, 5: 48, 6: 48, 7: 56, 8: 56}[bits]
	var (
		turns  []float64 // bytes
		demand []float64 // clocks
		l      = launch{warps: 8}
		rows   = 8
		table  float64
		full   = func(clocks, bytes float64, n int) {
			for range n {
				turns, demand = append(turns, bytes), append(demand, clocks)
			}
		}
	)
	switch {
	case bits == 16:
		full(45*margin, 2048, k/1024)
		full(45*margin/4, 512, (k%1024+255)/256)
		l.resident = min(8, 65536/(registers*256))
	case bits <= 4:
		clocks := 8192 / map[int]float64{2: 57.4, 3: 38.9, 4: 28.6}[bits] * 4 * margin
		l.warps, rows, l.resident, table = 4, 16, min(16, 65536/(registers*128)), float64(int(8)<<bits)
		full(clocks, float64(8*bits*128), k/2048)
		for rest := k % 2048 / 32; rest > 0; rest -= 32 {
			full(clocks/2, float64(4*bits*min(32, rest)*4), 1)
		}
	default:
		integers := map[int]float64{5: 305, 6: 323, 7: 334, 8: 341}[bits]
		clocks := max(map[int]float64{5: 407, 6: 427, 7: 440, 8: 449}[bits]*margin*0.8, integers*0.7*2)
		full(clocks, float64(bits*128), (k+1023)/1024)
		l.resident, table = min(8, 65536/(registers*256)), float64(int(2)<<bits)
	}
	l.blocks = (n + rows - 1) / rows
	var issued float64
	for i := range turns {
		load := op{bytes: turns[i]}
		if i == 0 && table > 0 {
			load.bytes += table
			load.overlap = true
		}
		issued += load.bytes
		l.ops = append(l.ops, load, op{need: issued, clocks: demand[i]})
	}
	return l
}

// A launch of the review's guesses takes what its program said, to the digit.
func TestTheReviewsProducts(t *testing.T) {
	text, err := os.ReadFile("testdata/review.txt")
	if err != nil {
		t.Fatal(err)
	}
	products, _, _ := strings.Cut(string(text), "--- steps")
	var got strings.Builder
	for _, m := range H200() {
		fmt.Fprintf(&got, "latency %.1f\n", m.LatencyNS)
		for _, bits := range []int{2, 3, 4, 8, 16} {
			var row []string
			for _, s := range vicuna {
				ns := m.run(reviewed(bits, s.n, s.k))
				bytes := float64(s.n)*float64(s.k)*float64(bits)/8 + float64(s.n*tableBytes(bits))
				row = append(row, fmt.Sprintf("%s %5.1fus %4.2fTB/s", s.name, ns/1000, bytes/ns/1000))
			}
			fmt.Fprintf(&got, "%d %s\n", bits, strings.Join(row, " | "))
		}
	}
	if got.String() != products {
		t.Errorf("products take\n%swant\n%s", &got, products)
	}
}

func tableBytes(bits int) int {
	if bits == 16 {
		return 0
	}
	return 2 << bits
}

var vicuna = []struct {
	name string
	n, k int
}{{"qkv", 12288, 4096}, {"o", 4096, 4096}, {"up", 22016, 4096}, {"down", 4096, 11008}}

// Times of small kernels in microseconds, as the review took them.
const (
	normUS       = 1.5
	norm2US      = 1.7 // that adds two results
	ropeUS       = 0.9
	activationUS = 0.5
)

// mergeUS puts splits of the positions together: by eights to find the largest, then by fours to add.
func mergeUS(splits int) float64 { return float64((splits+7)/8)*0.25 + float64(splits)/4*0.25 + 0.3 }

// reviewedStep is a step of the kernels that the review saw: those of gpu.Ops, a node each.
func reviewedStep(t *testing.T, m Machine, model *workloads.Model, bits, positions int) (s Step) {
	t.Helper()
	splits := max(1, min((2*m.Multiprocessors+model.KVHeads-1)/model.KVHeads, (model.MaxPositions+63)/64))
	for _, op := range gpu.Ops(model) {
		s.Nodes++
		switch op.Kind {
		case gpu.Product:
			of := bits
			if op.Place == gpu.PlaceHead {
				of = 16
			}
			s.Products += (m.run(reviewed(of, op.Out, op.In)) - m.RampNS) / 1000
		case gpu.Attention:
			keys := 4 * 2
			if model.HeadDim <= 64 {
				keys = 4 * 4
			}
			chunk := (positions + splits) / splits
			s.Attention += (float64((chunk+keys-1)/keys)*(m.LatencyNS+turnNS) + attentionNS) / 1000
		case gpu.Embed:
			s.Small += embedUS
		case gpu.Normalise:
			s.Small += normUS
			if op.Adds == 2 && op.Layer >= 0 {
				s.Small += norm2US - normUS
			}
		case gpu.Rope:
			s.Small += ropeUS
		case gpu.Merge:
			s.Small += mergeUS(splits)
		case gpu.Activation:
			s.Small += activationUS
		case gpu.Choose:
			s.Small += chooseUS
		default:
			t.Fatalf("no time for %s", op.Kind)
		}
	}
	s.Gaps = float64(s.Nodes+1) * m.GapUS
	return s
}

// Steps, too: with the review's products, attention and small kernels, the sum is the review's.
func TestTheReviewsSteps(t *testing.T) {
	text, err := os.ReadFile("testdata/review.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, steps, _ := strings.Cut(string(text), "--- steps\n")
	for i, m := range H200() {
		corner := strings.Split(steps, "latency ")[i+1]
		for name, theirs := range names {
			model, err := workloads.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			var row string
			for line := range strings.Lines(corner) {
				if strings.HasPrefix(line, theirs+" ") {
					row = line
				}
			}
			for _, bits := range []int{16, 4, 3, 2} {
				s := reviewedStep(t, m, model, bits, 1024)
				var want float64
				_, after, _ := strings.Cut(row, fmt.Sprintf(" %db ", bits))
				if _, err := fmt.Sscanf(strings.TrimSpace(after), "%fus", &want); err != nil || math.Abs(s.Total()-want) > 0.8 { // rounded; and the first norm adds nothing, which the review left out
					t.Errorf("%s at %d bits, latency %g: %.1f us, the review has %.0f (%v): %+v", name, bits, m.LatencyNS, s.Total(), want, err, s)
				}
			}
		}
	}
}

// names are the review's names of presets.
var names = map[string]string{"vicuna-7b": "vicuna-7b", "stablelm-zephyr-3b": "stablelm-3b", "mobilellama-1.4b": "mobilellama",
	"phi-1.5": "phi-1.5", "llama-3.1-8b": "llama-3.1-8b", "qwen2.5-0.5b": "qwen2.5-0.5b"}
