package stream

import (
	"context"
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Stream is synthetic traffic, as the golden runs define it (golden/README.md): a list of units, each cut into bursts
// in address order. One generator feeds all channels.
//
//	sequential  region k of Planes starts at k·(Bytes/Planes + Skew); Chunk bytes from region 0, then from region 1, ...
//	random      Unit · (xorshift64 mod 2^24)
//	writes      unit i is one if floor((i+1)·Write/100) > floor(i·Write/100); writes go to 512 MiB + Unit·(writes so far)
//	            and do not advance what is read
//	masked      write i is one of part of its bursts if floor((i+1)·Masked/100) > floor(i·Masked/100)
type Stream struct {
	Bytes  unit.Bytes // reads and writes
	Unit   unit.Bytes
	Random bool
	Planes int        // regions that are read in turns; 1: no turns
	Chunk  unit.Bytes // of a region in one turn
	Skew   unit.Bytes // gap between regions
	Write  int        // percent of the units that are writes
	Masked int        // percent of the writes that are of part of each of their bursts
}

// Result is what Run measured.
type Result struct {
	Cycles int64           // controller clocks until the last datum has been returned and the last WR issued
	Bytes  unit.Bytes      // read and written
	Counts stats.DRAM      // of all channels, up to and including clock Cycles, with those of other agents
	Access stats.Requester // what the bursts met; latency in clocks from when a controller accepts them
	Agents stats.Requester // what the bursts of other agents met that were served by then: no part of Bytes

	standard *spec.Standard
	channels int
	refresh  spec.Refresh
}

// Seconds returns the time that the stream took.
func (r *Result) Seconds() float64 { return float64(r.Cycles) * float64(r.standard.TCK) / 1e15 }

// Energy returns the energy of the commands, but those of other agents, and of the background power, of all channels.
func (r *Result) Energy() spec.EnergyUse {
	_, own := r.Counts.Split(&r.Agents)
	return r.standard.EnergyOf(&own, r.channels, r.refresh.ByBank())
}

// Bandwidth returns bytes per second.
func (r *Result) Bandwidth() float64 { return float64(r.Bytes) / r.Seconds() }

// Efficiency returns the share of the peak bandwidth of all channels' data pins, 0 to 1.
func (r *Result) Efficiency() float64 {
	s, buses := r.standard, r.channels
	if s.Family == spec.HBM {
		buses *= s.Ranks // pseudo channels have a data bus each
	}
	return float64(int64(r.Bytes/s.Burst)*s.Timing.TBL) / float64(int64(buses)*r.Cycles)
}

// Progress is told how many of all bursts the channels have accepted.
type Progress func(done, total int64)

// Run drives the channels of o with s, from power-on. It ignores o's Queues, Grant, Window and Pace. A stream that only
// reads and falls alike on all channels is replayed on one of them, with its memo. All others are stepped, except for
// clocks in which nothing can happen. With o.Exact every clock is stepped; the result is the same. A stream that
// o.Recorder records is never replayed. Progress may be nil. Run fails if the options or the stream are invalid, or ctx is
// cancelled.
func Run(ctx context.Context, o dram.Options, s Stream, progress Progress) (*Result, error) {
	if err := s.Fits(o.Standard); err != nil {
		return nil, err
	}
	r, m, err := begin(&o, s.Bytes)
	if err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	o.Masks = o.Masks || s.Masked > 0
	burst := int64(o.Standard.Burst)
	if share, alike := s.share(m, burst); alike && !o.Exact && o.Recorder == nil {
		err = share.replay(ctx, o, m, r, progress)
	} else {
		err = inject(ctx, o, newGenerator(s, burst), m, r, progress)
	}
	return r.end(err)
}

// begin checks the options and returns the result of that many bytes, with nothing in it yet.
func begin(o *dram.Options, bytes unit.Bytes) (*Result, *spec.Mapping, error) {
	o.Queues, o.Grant, o.Window, o.Pace = 0, 0, 0, 0
	system, err := dram.New(*o)
	if err != nil {
		return nil, nil, err
	}
	return &Result{Bytes: bytes, standard: o.Standard, channels: o.Channels, refresh: o.Refresh}, system.Mapping(), nil
}

// inject feeds what a source yields.
func inject(ctx context.Context, o dram.Options, from source, m *spec.Mapping, r *Result, progress Progress) error {
	in, err := newInjector(o, from, int64(r.Bytes/o.Standard.Burst), m)
	if err != nil {
		return err
	}
	return in.run(ctx, r, progress)
}

// end completes a result, unless something has failed.
func (r *Result) end(err error) (*Result, error) {
	if err != nil {
		return nil, err
	}
	r.Counts.Clocks = r.Cycles
	if n := r.Counts.Reads + r.Counts.Writes - r.Agents.Reads - r.Agents.Writes; n != int64(r.Bytes/r.standard.Burst) {
		panic(fmt.Sprintf("dram: %d bursts were served of %v", n, r.Bytes))
	}
	return r, nil
}

// distance returns the bytes from the start of a region to that of the next.
func (s *Stream) distance() int64 { return int64(s.Bytes)/int64(s.Planes) + int64(s.Skew) }

// generator yields the bursts of a stream.
type generator struct {
	Stream
	burst    int64
	unit     int64 // number of the next unit
	written  int64
	region   int64
	inTurn   int64   // bytes read in the region's turn
	offsets  []int64 // bytes read of each region
	random   uint64
	distance int64

	address int64 // of the next burst of the current unit
	left    int64 // bursts of that unit still to come
	write   bool
	masked  bool
}

// The fixed numbers of the golden streams.
const (
	seed       = 88172645463325252
	randomMask = 1<<24 - 1
	writeBase  = 512 << 20
)

func newGenerator(s Stream, burst int64) *generator {
	return &generator{Stream: s, burst: burst, offsets: make([]int64, s.Planes), random: seed, distance: s.distance()}
}

// next returns the address and direction of the next burst, at once; ok is false at the end.
func (g *generator) next() (address int64, write bool, clock int64, ok bool) {
	if g.left == 0 {
		if g.unit*int64(g.Unit) >= int64(g.Bytes) {
			return 0, false, 0, false
		}
		g.begin()
		g.unit++
		g.left = int64(g.Unit) / g.burst
	}
	address = g.address
	g.address += g.burst
	g.left--
	return address, g.write, 0, true
}

// partial reports whether the burst that next returned last is written in part.
func (g *generator) partial() bool { return g.write && g.masked }

// begin begins the next unit.
func (g *generator) begin() {
	size, percent := int64(g.Unit), int64(g.Write)
	g.write = (g.unit+1)*percent/100 > g.unit*percent/100
	switch {
	case g.write:
		g.address = writeBase + size*g.written
		masked := int64(g.Masked)
		g.masked = (g.written+1)*masked/100 > g.written*masked/100
		g.written++
	case g.Random:
		g.random ^= g.random << 13
		g.random ^= g.random >> 7
		g.random ^= g.random << 17
		g.address = size * int64(g.random&randomMask)
	default:
		g.address = g.region*g.distance + g.offsets[g.region]
		g.offsets[g.region] += size
		if g.inTurn += size; g.inTurn >= int64(g.Chunk) {
			g.inTurn, g.region = 0, (g.region+1)%int64(g.Planes)
		}
	}
}
