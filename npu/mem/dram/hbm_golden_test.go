package dram

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"
)

// hbmRows reads testdata/hbm_golden.csv (its provenance: see TestHBMStreamsTakeExactlyTheGoldenClocks).
func hbmRows(t testing.TB) []goldenRow {
	t.Helper()
	f, err := os.Open("testdata/hbm_golden.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []goldenRow
	for n, rec := range records[1:] {
		r := goldenRow{"id": strconv.Itoa(n + 1)}
		for i, key := range records[0] {
			r[key] = rec[i]
		}
		rows = append(rows, r)
	}
	return rows
}

// runHBM drives a channel as the reference runs did and returns the clock of the last completion.
func runHBM(t *testing.T, r goldenRow, skip bool) (int64, *hbmController) {
	t.Helper()
	std := map[string]*Standard{"hbm2-2000": hbm2(), "hbm3-6400": hbm3()}[r["standard"]]
	m, err := ParseMapping(r["mapping_lsb_first"], std, 1, r["bank_hash"] == "1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := newHBMController(std, AllBank)
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{pattern: r["pattern"], bytes: r.number(t, "total_bytes"), turn: r.number(t, "gran_B"),
		skew: r.number(t, "skew_B"), writes: r.number(t, "write_pct"), streams: r.number(t, "streams")}
	return driveHBM(c, s, m, skip), c
}

func driveHBM(c *hbmController, s *stream, m *Mapping, skip bool) (last int64) {
	s.begin()
	address, write, more := s.next()
	half := int64(0) // of the unit of 64 bytes
	for {
		blocked := !more
		for more && c.offered < injectPerClock {
			if !c.offer(m.locate(address+half), write, 0) {
				blocked = true
				break
			}
			if half ^= 32; half == 0 {
				address, write, more = s.next()
			}
		}
		switch c.tick() {
		case finished:
			last = max(last, c.issued.clock)
		case nothing:
			if skip && blocked {
				c.skip(never)
			}
		}
		if !more && c.empty() {
			return last
		}
	}
}

// TestHBMStreamsTakeExactlyTheGoldenClocks is the external oracle. The HBM2 rows are Ramulator 2.1's, to the clock. For
// HBM3 only Ramulator's efficiencies (one decimal) were kept: the clocks are those of the project's first prototype,
// which was equal to Ramulator on all of these streams, and are checked against the efficiencies here.
func TestHBMStreamsTakeExactlyTheGoldenClocks(t *testing.T) {
	for _, r := range hbmRows(t) {
		name := fmt.Sprintf("row %s, %s %s of %s streams, %s B a turn, skew %s, %s%% writes, hash %s", r["id"], r["standard"],
			r["pattern"], r["streams"], r["gran_B"], r["skew_B"], r["write_pct"], r["bank_hash"])
		t.Run(name, func(t *testing.T) {
			want, bursts := r.number(t, "cycles"), r.number(t, "bursts")
			if bursts >= 1<<20 && !*long || want > 1_500_000 && testing.Short() {
				t.Skip("too long: only with -long, or without -short")
			}
			got, c := runHBM(t, r, true)
			if got != want {
				t.Errorf("%d clocks, want %d", got, want)
			}
			std, _ := newHBMTable(map[string]*Standard{"hbm2-2000": hbm2(), "hbm3-6400": hbm3()}[r["standard"]])
			percent := 100 * float64(bursts*std.TBL) / float64(hbmPseudos*got)
			if ramulator, _ := strconv.ParseFloat(r["eff_pct"], 64); math.Abs(percent-ramulator) > 0.0501 {
				t.Errorf("efficiency %.2f %%, Ramulator's %.1f %%", percent, ramulator)
			}
			if n := c.counts.Reads + c.counts.Writes; n != bursts || n != c.counts.RowHits+c.counts.RowMisses+c.counts.RowConflicts {
				t.Errorf("%d bursts were counted as %+v", bursts, c.counts)
			}
		})
	}
}
