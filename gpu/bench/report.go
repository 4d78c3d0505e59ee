package bench

import (
	"slices"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// Options say what is measured.
type Options struct {
	Device   int
	Products []Shape
	Bits     []int // 2 to 8, 16; fp16 is measured first, since the others are set beside it
	Repeats  int
	Passes   []*weights.Model // whose decode passes are measured, too, with random weights
	Context  int              // positions in the cache of those passes
	Seen     func(done, total int)
	Machine  func(Machine) error // is handed the GPU with its ceilings as soon as they are known
	Row      func(Row) error     // is handed each product and pass as soon as it is measured
}

// Shape is a product that a model has.
type Shape struct {
	Name    string // "vicuna-7b qkv"; of several that are alike the first
	Out, In int
	Half    bool // stays in fp16: a head
}

// Warm is how many passes run before any is timed.
const Warm = 3

// Report is the result of a measurement. In emulation, times and everything computed from them are missing.
type Report struct {
	Device   driver.Info
	Ceilings *Ceilings
	Products []Product
	Passes   []Pass
}

// Ceilings are the device's peak rates.
type Ceilings struct {
	CopyBps float64 // bytes read and written in a second
	NodeGap time.Duration
	Event   time.Duration
	ClockHz float64 // clocks of all multiprocessors together in a second, at most; 0: not known
}

// Product is one shape at one precision.
type Product struct {
	Shape
	Bits  int
	Bytes int64          // read and written
	Clock float64        // weights that a multiprocessor unpacks in a clock at most; 0: not counted
	Took  *time.Duration // nil: not measured
}

// Pass is a decode pass of a model.
type Pass struct {
	Model     string
	Bits      int
	Positions int
	Bytes     int64
	Nodes     int    // kernels
	Target    string // of their PTX
	Took      *time.Duration
}

// Weights is the number of a product's weights.
func (s Shape) Weights() int64 { return int64(s.Out) * int64(s.In) }

// Moved is what a product reads and writes at a precision: weights, codebooks, both vectors.
func (s Shape) Moved(bits int) int64 {
	bytes := s.Weights()*int64(bits)/8 + 2*int64(s.In+s.Out)
	if bits != weights.Half {
		bytes += 2 * int64(s.Out) << bits
	}
	return bytes
}

// perClock is how many weights the instructions of a product let a multiprocessor unpack in a clock, the least of
// integers, multiplications, shuffles and issue in the table of docs/gpu-kernels.md: counted in SASS, with the rates of compute
// capability 8 and 9. 0: not counted.
func perClock(i *driver.Info, bits int) float64 {
	if i.Major != 8 && i.Major != 9 {
		return 0
	}
	return map[int]float64{2: 54.3, 3: 40.1, 4: 28.9}[bits]
}

// Bound names the lower ceiling.
type Bound string

// The ceilings.
const (
	Memory       Bound = "memory"
	Instructions Bound = "instructions"
)

// Floor returns the shortest time of a product under the ceilings, and the ceiling that determines it.
func (c *Ceilings) Floor(p *Product) (time.Duration, Bound) {
	memory, instructions := float64(p.Bytes)/c.CopyBps, 0.0
	if c.ClockHz > 0 && p.Clock > 0 {
		instructions = float64(p.Weights()) / (p.Clock * c.ClockHz)
	}
	if instructions > memory {
		return seconds(instructions), Instructions
	}
	return seconds(memory), Memory
}

// Floor returns the shortest time of a pass: its bytes at the copy's bandwidth plus a gap for every kernel.
func (p *Pass) Floor(c *Ceilings) time.Duration {
	return seconds(float64(p.Bytes)/c.CopyBps) + time.Duration(p.Nodes)*c.NodeGap
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Half returns the time of the same product at fp16; nil: not measured.
func (r *Report) Half(p *Product) *time.Duration {
	for _, other := range r.Products {
		if other.Shape == p.Shape && other.Bits == weights.Half {
			return other.Took
		}
	}
	return nil
}

// HalfPass returns the time of the same pass at fp16; nil: not measured.
func (r *Report) HalfPass(p *Pass) *time.Duration {
	for _, other := range r.Passes {
		if other.Model == p.Model && other.Bits == weights.Half {
			return other.Took
		}
	}
	return nil
}

// halfFirst are the precisions with fp16, if it is among them, as the first.
func halfFirst(bits []int) []int {
	at := slices.Index(bits, weights.Half)
	if at < 0 {
		return bits
	}
	return append([]int{weights.Half}, slices.Delete(slices.Clone(bits), at, at+1)...)
}
