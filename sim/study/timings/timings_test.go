package timings

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func study(t *testing.T, npu string, by int, set ...string) *Study {
	t.Helper()
	c, err := config.Preset(npu)
	if err == nil {
		err = c.Set(set)
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := workloads.Load("mobilellama-1.4b")
	if err != nil {
		t.Fatal(err)
	}
	s := &Study{Config: c, By: by, Model: m, Prompt: 64, Generated: 9}
	for _, text := range []string{"fp16", "uniform:4"} {
		p, err := precision.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Schedules = append(s.Schedules, p)
	}
	if err := s.Vary(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Study) find(t *testing.T, name string) *Subject {
	t.Helper()
	i := slices.IndexFunc(s.Subjects, func(x Subject) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("%s is not varied", name)
	}
	return &s.Subjects[i]
}

// clocks are the timings of a configuration of a study by name.
func (s *Study) clocks(place int) map[string]int64 {
	all := map[string]int64{}
	of := s.configs[place].Standard().Timing
	for i, name := range spec.TimingNames() {
		all[name] = of.Clocks()[i]
	}
	return all
}

func TestTimingsGoToTheNearestClock(t *testing.T) {
	s := study(t, "edge-lpddr5", 20)
	for name, want := range map[string][3]int64{
		"tRCD": {15, 12, 18}, "tFAW": {16, 13, 19}, "tCCD_L": {4, 3, 5}, "tREFI": {3125, 2500, 3750},
		"tRRD_S": {4, 3, 4}, // no more than tRRD_L
		"tRRD_L": {4, 4, 5}, // no less than tRRD_S
		"tRPab":  {17, 15, 20},
		"tRC":    {49, 49, 59}, // no less than tRAS + tRP
	} {
		x := s.find(t, name)
		if m := x.Members[0]; len(x.Members) != 1 || [3]int64{m.Own, m.Less, m.More} != want {
			t.Errorf("%s: %+v, want %v", name, x.Members, want)
		}
		for place, clocks := range map[int]int64{x.less: want[1], x.more: want[2]} {
			if got := s.clocks(place)[name]; got != clocks {
				t.Errorf("%s of configuration %d: %d, want %d", name, place, got, clocks)
			}
		}
	}
	if row := s.clocks(s.find(t, "tRAS").more); row["tRAS"] != 41 || row["tRC"] != 56 {
		t.Errorf("tRC does not go with tRAS: %v", row)
	}
	if want := []string{"tPPD", "tCCD_S", "tCCD_S_WR", "tRTRS", "tWCKPST"}; !slices.Equal(s.Unmoved, want) {
		t.Errorf("%v do not move, want %v", s.Unmoved, want)
	}
	for _, name := range []string{"tBL", "tREFIpb", "tRFCpb", "tRFC2", "tRCDWR", "tCS"} {
		if slices.ContainsFunc(s.Subjects, func(x Subject) bool { return x.Name == name }) || slices.Contains(s.Unmoved, name) {
			t.Errorf("%s is varied", name)
		}
	}
}

func TestHalfClocksStayWhole(t *testing.T) {
	s := study(t, "card-hbm3", 20)
	for _, x := range s.Subjects {
		for _, m := range x.Members {
			if m.Own%2 == 0 && (m.Less%2 != 0 || m.More%2 != 0) {
				t.Errorf("%s: %+v is no whole clock", x.Name, m)
			}
		}
	}
}

func TestGroupsMoveTogether(t *testing.T) {
	s := study(t, "edge-lpddr5", 20)
	rows := s.find(t, "rows")
	if less := s.clocks(rows.less); less["tRCD"] != 12 || less["tRP"] != 12 || less["tRAS"] != 27 || less["tRC"] != 39 {
		t.Errorf("rows: %v", less)
	}
	refresh := s.find(t, "refresh")
	if more := s.clocks(refresh.more); more["tRFC"] != 269 || more["tREFI"] != 2500 {
		t.Errorf("refreshes that take longer come more often: %v", more)
	}
	if got := refresh.Describe(); got != "refresh (tRFC, tREFI the other way)" {
		t.Error(got)
	}
	every := s.clocks(s.find(t, "all of these").more)
	for name, want := range map[string]int64{"tRCD": 18, "tRRD_S": 5, "tRRD_L": 5, "tCL": 20, "tRFC": 269, "tREFI": 2500, "tBL": 2} {
		if every[name] != want {
			t.Errorf("all: %s is %d, want %d", name, every[name], want)
		}
	}
	pb := study(t, "edge-lpddr5", 20, "dram.refresh=per-bank")
	if got := pb.find(t, "refresh").Describe(); !strings.Contains(got, "tRFCpb") || strings.Contains(got, "tRFC,") {
		t.Errorf("of per-bank refresh: %s", got)
	}
}

// TestEveryMemoryCanBeOff: whatever the percentage, the timings go together.
func TestEveryMemoryCanBeOff(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range config.Presets(config.Names()) {
		if c.Standard() == nil || seen[c.DRAM.Standard] {
			continue
		}
		seen[c.DRAM.Standard] = true
		for _, by := range []int{1, 20, 50} {
			s := study(t, c.Name, by)
			if len(s.Subjects) < 5 && by > 1 {
				t.Errorf("%s, %d %%: %d subjects", c.Name, by, len(s.Subjects))
			}
			for _, x := range s.Subjects {
				if x.less == 0 && x.more == 0 {
					t.Errorf("%s, %d %%: %s does not move", c.Name, by, x.Name)
				}
			}
		}
	}
}

func TestRowsCompareWithTheOwnTimings(t *testing.T) {
	s := study(t, "edge-lpddr5", 20)
	cells := s.Cells()
	if len(cells) != 2*len(s.configs) || cells[0].Config != s.Config || cells[1].Schedule.String() != "uniform:4" || s.Pass() != 4 {
		t.Fatalf("%d cells of %d configurations", len(cells), len(s.configs))
	}
	points := make([]Point, len(cells))
	for i := range points { // the place of the configuration, and ten times as much with the second schedule
		points[i] = Point{TokensPerSecond: float64(100+i/2) * []float64{1, 10}[i%2], TTFT: 1 / float64(100+i/2)}
	}
	rows := s.Rows(points)
	x := s.find(t, "tRFC")
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Timing == "tRFC" && r.Schedule == "uniform:4" })
	r := rows[i]
	less, more := r.Tokens.Percent()
	if r.Tokens.Own != 1000 || math.Abs(less-float64(x.less)) > 1e-9 || math.Abs(more-float64(x.more)) > 1e-9 || r.Context != 67 {
		t.Errorf("%+v of places %d and %d", r, x.less, x.more)
	}
	if a, b := r.OverFirst.Percent(); r.OverFirst.Own != 10 || math.Abs(a) > 1e-9 || math.Abs(b) > 1e-9 {
		t.Errorf("%+v", r.OverFirst)
	}
	if len(rows) != 2*len(s.Subjects) || r.Brief() != "" || rows[0].Brief() != "tRCD, tRP, tRAS" {
		t.Errorf("%d rows of %d subjects", len(rows), len(s.Subjects))
	}
}

func TestAnIdealMemoryHasNoTimings(t *testing.T) {
	c, err := config.Preset("pmpd-paper")
	if err != nil {
		t.Fatal(err)
	}
	simtest.WantError(t, (&Study{Config: c, By: 20}).Vary(), "the DRAM of pmpd-paper is ideal and has no timings; accepted: an NPU with another dram.standard (list dram)")
}
