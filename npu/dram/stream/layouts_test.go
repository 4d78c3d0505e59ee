package stream

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func layoutStandard(t *testing.T, name string) *spec.Standard {
	t.Helper()
	s, err := spec.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func size(t *testing.T, text string) (b unit.Bytes) {
	t.Helper()
	if err := b.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEfficiencyIsThatOfTheReferences checks every cell of testdata/layouts.csv. Our last decimal may be rounded
// differently; with several channels, the references' channels share a generator, and ours do not.
func TestEfficiencyIsThatOfTheReferences(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred streams of 16 MiB")
	}
	f, err := os.Open("testdata/layouts.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.Comment = '#'
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const firstChunk = 7
	for _, record := range records[1:] {
		channels, _ := strconv.Atoi(record[2])
		planes, _ := strconv.Atoi(record[5])
		s := layouts.Spec{Standard: layoutStandard(t, record[1]), Channels: channels, Mappings: []layouts.Mapping{{Fields: record[3], Hash: record[4] == "true"}},
			Planes: []int{planes}, Bytes: 16 * unit.MiB, Workers: 2}
		var want []float64
		for i, cell := range record[firstChunk:] {
			if cell == "" {
				continue
			}
			percent, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, percent)
			s.Layouts = append(s.Layouts, config.Weights{Layout: config.PlaneMajor, Chunk: size(t, records[0][firstChunk+i]), Skew: size(t, record[6])})
		}
		t.Run(fmt.Sprintf("%s %d channels %s %d planes", record[1], channels, record[3], planes), func(t *testing.T) {
			rows, err := Layouts(t.Context(), &s, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range rows {
				if got := 100 * row.Efficiency; math.Abs(got-want[i]) > 0.1 {
					t.Errorf("%s: %.2f %% of the peak; the reference has %.1f", row.Layout, got, want[i])
				}
			}
		})
	}
}

// small returns a sweep that takes milliseconds.
func small(t *testing.T) *layouts.Spec {
	s := layoutStandard(t, "lpddr5-6400")
	return &layouts.Spec{Standard: s, Channels: 2, Mappings: layouts.Mappings(s, 2), Planes: []int{2, 1}, Bytes: 64 * unit.KiB, Workers: 1,
		Layouts: []config.Weights{{Layout: config.Packed, Chunk: unit.KiB}, {Layout: config.Interleaved, Chunk: unit.KiB}, {Layout: config.PlaneMajor, Chunk: 64}}}
}

func TestRowsComeInOrderWhateverTheWorkers(t *testing.T) {
	s := small(t)
	one, err := Layouts(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(one) != 3*3*2 || one[0].Layout != "packed" || one[1].Planes != 1 || one[2].Layout != "interleaved:1KiB" || one[6].Mapping != s.Mappings[1].Fields {
		t.Errorf("rows are not in the order mappings, layouts, planes: %+v", one)
	}
	var mu sync.Mutex
	calls := map[int64]bool{}
	s.Workers = 7
	many, err := Layouts(t.Context(), s, func(done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		calls[done] = total == 18
	})
	if diff := cmp.Diff(one, many); err != nil || diff != "" {
		t.Errorf("seven workers: %v, %s", err, diff)
	}
	if len(calls) != 18 || !calls[1] || !calls[18] {
		t.Errorf("progress %v", calls)
	}
}

func TestARowIsTheStreamItSays(t *testing.T) {
	s := small(t)
	s.Channels, s.Mappings, s.Refresh = 1, []layouts.Mapping{{}}, spec.NoRefresh
	rows, err := Layouts(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	// 64 KiB are 2048 bursts of two clocks each. The first datum comes after an activate and a read.
	tm := &s.Standard.Timing
	r := rows[0]
	if least := 2048*tm.TBL + tm.TRCD + tm.TCL; r.Clocks < least || r.Clocks > least+10 || r.Activates != 32 {
		t.Errorf("%d clocks and %d activates; 64 KiB take %d or a few more, and 32 rows", r.Clocks, r.Activates, least)
	}
	if want := float64(2048*tm.TBL) / float64(r.Clocks); math.Abs(r.Efficiency-want) > 1e-9 || math.Abs(r.Bandwidth-want*12.8e9) > 10 {
		t.Errorf("efficiency %v, bandwidth %v; want %v of 12.8 GB/s", r.Efficiency, r.Bandwidth, want)
	}
	if r.Mapping != "co2,bg2,ba2,co4,ro16" || r.Refresh != "none" || r.Stored != 2 || r.Chunk != 0 || r.Bytes != 65536 {
		t.Errorf("row %+v", r)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*layouts.Spec)
		want   string
	}{
		{"no planes", func(s *layouts.Spec) { s.Planes = []int{0} }, "layouts: 0 planes; accepted: 1 or more"},
		{"half a burst", func(s *layouts.Spec) { s.Layouts[2].Chunk = 16 }, "layouts: plane-major:16B: a chunk or a skew is no multiple of a burst; accepted: multiples of 32B"},
		{"less than a turn", func(s *layouts.Spec) { s.Layouts[2].Chunk = unit.MiB },
			"layouts: 64KiB of traffic are less than one turn of 2 planes of 1MiB on 2 channels"},
		{"a mapping that does not fit", func(s *layouts.Spec) { s.Mappings[0].Fields = "co6,ro16" }, `DRAM mapping "co6,ro16": tells 1 channels apart; accepted: channel fields for 2, such as ch1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := small(t)
			c.change(s)
			if _, err := Layouts(t.Context(), s, nil); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if _, err := Layouts(ctx, small(t), nil); !errors.Is(err, cause) {
			t.Errorf("error %v, want the cause", err)
		}
	})
}
