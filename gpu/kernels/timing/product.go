package timing

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// Target is the assembler's name of an H200.
const Target = "sm_90"

// What a multiprocessor of Hopper has for blocks (CUDA C++ Programming Guide, compute capability 9.0 [M]).
const (
	registerFile = 65536
	threadsMost  = 2048
	blocksMost   = 32
	sharedMemory = 228 << 10
	sharedBlock  = 1 << 10 // that each block takes besides what it declares
)

// resident returns how many blocks of a kernel a multiprocessor holds.
func resident(code kernels.Code, l kernels.Launch) int {
	registers, threads := (code.Registers+7)/8*8, l.Block[0]*l.Block[1]
	shared := sharedMemory / (code.Shared + l.Shared + sharedBlock)
	return min(registerFile/(registers*threads), threadsMost/threads, blocksMost, shared)
}

// margin is what the review added to counts of instructions for what they do not show.
const margin = 1.10

// clocks returns how long a scheduler has to do with a warp's instructions, on the busiest unit: each of four has 16
// lanes for integers, as many for multiplications, 32 for binary32 and half2 with them, 4 for special functions;
// shuffles, and 128 bytes of L1, take a clock of a path that all four share.
func clocks(c kernels.Counts) float64 {
	return margin * max(2*float64(c.ALU), 2*float64(c.IMAD), float64(c.IMAD+c.FMA), 8*float64(c.MUFU),
		schedulers*(float64(c.SHFL)+float64(c.Bytes)/128), float64(c.All()))
}

// lookupClocks is how long a warp's look-up in a table of shared memory takes where its codes are even: entries of two
// bytes lie in 64 and 128 banks' worth of words (a Monte Carlo of the review). Up to 6 bits there is a bank for each.
var lookupClocks = map[int]float64{7: 2.0, 8: 2.8}

// product is a matrix of n rows and k columns times a vector, by a kernel of either kind.
func product(l kernels.Launch, bits, n, k int) (launch, error) {
	code, err := kernels.Compiled(Target, l.Kernel)
	if err != nil {
		return launch{}, err
	}
	main := code.Main()
	if main.Streamed() == 0 {
		return launch{}, fmt.Errorf("timing: %s has no loop that streams weights", l.Kernel)
	}
	warps := l.Block[1]
	rows := (n + l.Grid[0]*warps - 1) / (l.Grid[0] * warps) // a warp
	columns := main.Streamed() * 8 / bits / rows            // a turn
	if clocks, ok := lookupClocks[bits]; ok {               // a look-up for each weight of a lane
		main.Counts.Bytes += int(float64(columns*rows/32) * 128 * (clocks - 1))
	}
	w := walker{turns: k / columns, turn: float64(main.Streamed())}
	if l.Shared == 0 {
		w.enter(code.Entry)
	} else { // it begins as the kernel without a norm does
		plain, err := kernels.Compiled(Target, kernels.Gemv(bits, n, k).Kernel)
		if err != nil {
			return launch{}, err
		}
		w.enter(plain.Entry)
		w.norm(code, l, k)
	}
	for range w.turns {
		w.loop(main)
	}
	// the columns that are left take a loop of their own, if there is one, and whole groups at least
	if rest := k % columns; rest > 0 {
		tail := main
		for _, other := range code.Loops {
			if other.Streamed() > 0 && other.Streamed() < main.Streamed() {
				tail = other
			}
		}
		whole := tail.Streamed() * 8 / bits / rows
		for ; rest > 0; rest -= whole {
			w.rest(tail, float64(min(rest, whole)*rows*bits)/8)
		}
	}
	return launch{blocks: l.Grid[0], warps: warps, resident: resident(code, l), ops: w.ops}, nil
}

// walker makes a warp's steps of a kernel's code.
type walker struct {
	turns int     // of the loop that streams most
	turn  float64 // bytes
	ahead int     // turns that were issued before the loop
	began float64 // bytes that were issued before the loop, had it turns enough
	did   int     // turns
	base  float64 // bytes that come before the loop's first turn
	ops   []op
}

// enter issues what comes before the loop; of turns that the loop has not, nothing.
func (w *walker) enter(entry []kernels.Phase) {
	var issued float64
	for _, p := range entry {
		issued += float64(p.Bytes)
	}
	w.began, w.ahead = issued, int(issued/w.turn)
	w.base = issued - float64(w.ahead)*w.turn
	most := w.base + float64(min(w.ahead, w.turns))*w.turn
	issued = 0
	for _, p := range entry {
		need := min(issued-float64(p.Outstanding), most)
		bytes := min(float64(p.Bytes), most-min(issued, most))
		issued += float64(p.Bytes)
		w.ops = append(w.ops, op{need: need, clocks: float64(p.Instructions), bytes: bytes})
	}
}

// norm is what a product does to x before it multiplies: its loops that load no weights, after all that has been
// issued. Each puts eight values a thread to shared memory with every store; the loop that stores nothing is
// LayerNorm's.
func (w *walker) norm(code kernels.Code, l kernels.Launch, k int) {
	each := 8 * l.Block[0] * l.Block[1]
	o := op{afterNS: normNS}
	for _, loop := range code.Loops {
		if loop.Streamed() == 0 && loop.Counts.Store > 0 {
			o.clocks += clocks(loop.Counts) / float64(loop.Counts.Store) * float64((k+each-1)/each)
		}
	}
	w.ops = append(w.ops, o)
}

// loop does a turn. What a phase needs is counted as if every turn before had issued its loads, and is never more than
// there is.
func (w *walker) loop(l kernels.Loop) {
	per := clocks(l.Counts) / float64(l.Counts.All())
	issued := w.began + float64(w.did)*w.turn
	all := w.base + float64(w.turns)*w.turn
	for _, p := range l.Schedule {
		o := op{need: min(issued-float64(p.Outstanding), all), clocks: per * float64(p.Instructions)}
		if w.ahead+w.did < w.turns {
			o.bytes = float64(p.Bytes)
		}
		issued += float64(p.Bytes)
		w.ops = append(w.ops, o)
	}
	w.did++
}

// rest is a turn of another loop with fewer bytes than it might have.
func (w *walker) rest(l kernels.Loop, bytes float64) {
	all := w.base + float64(w.turns)*w.turn
	w.ops = append(w.ops, op{need: all, clocks: 1, bytes: bytes}, op{need: all + bytes, clocks: clocks(l.Counts)})
	w.base += bytes
}

// Product returns how long a product takes by itself, in nanoseconds, with the time until its first block runs.
func (m Machine) Product(bits, n, k int) (float64, error) {
	l, err := product(kernels.Gemv(bits, n, k), bits, n, k)
	if err != nil {
		return 0, err
	}
	return m.run(l), nil
}
