package dram

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
)

var long = flag.Bool("long", false, "run every golden row and thousands of random cases")

// stream is a golden stream, as defined in testdata/README.md.
type stream struct {
	pattern                   string
	bytes, turn, skew, writes int64
	streams                   int64
	unit, written, inTurn     int64
	region                    int64
	offsets                   []int64
	random                    uint64
}

func (s *stream) begin() {
	s.offsets = make([]int64, s.streams)
	s.random = 88172645463325252
}

// next is the address and direction of unit number s.unit; ok is false at the end.
func (s *stream) next() (address int64, write, ok bool) {
	const unit, writeBase = 64, 512 << 20
	if s.unit*unit >= s.bytes {
		return 0, false, false
	}
	i := s.unit
	s.unit++
	if s.writes > 0 && (i+1)*s.writes/100 > i*s.writes/100 {
		address = writeBase + s.written*unit
		s.written++
		return address, true, true
	}
	if s.pattern == "rand" {
		x := s.random
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		s.random = x
		return int64(x%(1<<24)) * unit, false, true
	}
	address = s.region*(s.bytes/s.streams+s.skew) + s.offsets[s.region]
	s.offsets[s.region] += unit
	if s.inTurn += unit; s.inTurn >= s.turn {
		s.inTurn, s.region = 0, (s.region+1)%s.streams
	}
	return address, false, true
}

// fifo is the buffer of 64 bursts between the generator and a channel.
type fifo struct {
	place []place
	write []bool
}

// drive feeds a stream to channels as the reference runs did and returns the clock of the last completion.
func drive(t *testing.T, s *stream, channels []*controller, m *Mapping, burst int64) int64 {
	t.Helper()
	s.begin()
	fifos := make([]fifo, len(channels))
	var pending []int64
	var write, more = false, true
	var last int64
	for {
		for more || len(pending) > 0 {
			if len(pending) == 0 {
				a, w, ok := s.next()
				if more = ok; !ok {
					break
				}
				write = w
				for b := int64(0); b < 64; b += burst {
					pending = append(pending, a+b)
				}
			}
			n, local := m.Split(pending[0])
			f := &fifos[n]
			if len(f.place) >= 64 {
				break
			}
			f.place, f.write = append(f.place, m.locate(local)), append(f.write, write)
			pending = pending[1:]
		}
		idle := !more && len(pending) == 0
		for n, c := range channels {
			f := &fifos[n]
			for c.offered < injectPerClock && len(f.place) > 0 && c.offer(f.place[0], f.write[0], 0) {
				f.place, f.write = f.place[1:], f.write[1:]
			}
			if c.tick() == finished {
				last = max(last, c.issued.clock)
			}
			idle = idle && len(f.place) == 0 && c.empty()
		}
		if idle {
			return last
		}
	}
}

type goldenRow map[string]string

func (r goldenRow) number(t *testing.T, key string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(r[key], 10, 64)
	if err != nil {
		t.Fatalf("column %s of row %s: %v", key, r["id"], err)
	}
	return n
}

func goldenRows(t *testing.T) []goldenRow {
	t.Helper()
	f, err := os.Open("testdata/golden_streams.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []goldenRow
	for _, rec := range records[1:] {
		r := goldenRow{}
		for i, key := range records[0] {
			r[key] = rec[i]
		}
		rows = append(rows, r)
	}
	return rows
}

func runGolden(t *testing.T, r goldenRow) int64 {
	t.Helper()
	std, err := Lookup(r["standard"])
	if err != nil {
		t.Fatal(err)
	}
	var refresh Refresh
	if err := refresh.UnmarshalText([]byte(r["refresh"])); err != nil {
		t.Fatal(err)
	}
	n := int(r.number(t, "channels"))
	m, err := ParseMapping(r["mapping_lsb_first"], std, n, r["bank_hash"] == "1")
	if err != nil {
		t.Fatal(err)
	}
	var channels []*controller
	for range n {
		channels = append(channels, newController(std, refresh))
	}
	s := &stream{pattern: r["pattern"], bytes: r.number(t, "total_bytes"), turn: r.number(t, "gran_B"), skew: r.number(t, "skew_B"),
		writes: r.number(t, "write_pct"), streams: r.number(t, "streams")}
	return drive(t, s, channels, m, int64(std.Burst))
}

// TestStreamsTakeExactlyTheClocksOfRamulator is the external oracle of the stepped controller.
func TestStreamsTakeExactlyTheClocksOfRamulator(t *testing.T) {
	budget, each := int64(14_000_000), int64(2_000_000) // clocks × channels
	if testing.Short() {
		budget, each = 3_000_000, 700_000
	}
	ran, skipped := 0, 0
	for _, r := range goldenRows(t) {
		if r["simulator"] != "ramulator2.1" || r["standard"] != "lpddr5-6400" && r["standard"] != "ddr4-3200" {
			continue
		}
		want := r.number(t, "cycles")
		cost := want * r.number(t, "channels")
		if !*long && (cost > each || cost > budget) {
			skipped++
			continue
		}
		budget -= cost
		ran++
		t.Run(fmt.Sprintf("row %s, %s %s %s", r["id"], r["config"], r["pattern"], r["mapping_lsb_first"]), func(t *testing.T) {
			if got := runGolden(t, r); got != want {
				t.Errorf("%d clocks, Ramulator 2.1 took %d", got, want)
			}
		})
	}
	t.Logf("%d rows run, %d left for -long", ran, skipped)
}
