package controller

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// reference is a settings file of Ramulator 2.1 that our golden runs used, with its timing constraints in clocks
// (testdata/ramulator2).
type reference struct {
	standard, file string
	commands       string // in the order of Ramulator's preset; "-": one that we never issue
	levels         []scope
	timing         string // our sums in the order of Ramulator's names; "-": we have none
}

var references = []reference{
	{spec.Ramulator + "ddr4-3200", "ddr4_3200_x8_1ch", "ACT PRE PREA RD WR - - REF", []scope{onChannel, inRank, inGroup, inBank},
		"-, TBL, TCL, TRCD, TRP, TRAS, TRC, TWR, TRTP, TCWL, TCCDS, TCCDL, TRRDS, TRRDL, TWTRS, TWTRL, TFAW, TRFC, TREFI, TCS, TCK"},
	{spec.Ramulator + "lpddr5-6400", "lpddr5_6400_x16_1ch", "ACT ACT2 PRE PREA - - RD WR - - REF REFpb", []scope{onChannel, inRank, inGroup, inBank},
		"-, TBL, TBLMax, TCL, TRCD, TRP, TRPAB, TRAS, TRC, TWR, TRTP, TCWL, TPPD, TCCDS, TCCDL, TCCDSW, TCCDLW, TRRDS, TRRDL, TWTRS, TWTRL, TFAW, " +
			"TRFC, TRFCPB, TREFI, TREFIPB, TWCKPST, -, TAAD, TCS, TCK, TPBR2PB, TPBR2AC"},
	{spec.Ramulator + "hbm2-2000", "hbm2_2000_1ch", "ACT PRE PREA RD WR - - REF -", []scope{onChannel, inRank, inGroup, inBank},
		"-, TBL, TCL, TRCD, TRCDWR, TRP, TRAS, TRC, TWR, TRTP, TCWL, TCCDS, TCCDL, TRRDS, TRRDL, TWTRS, TWTRL, TFAW, TRFC, -, -, TREFI, -, TCK"},
	{spec.Ramulator + "hbm3-6400", "hbm3_6400_1ch", "ACT PRE PREA RD WR - - REF - - -", []scope{onChannel, inRank, inStack, inGroup, inBank},
		"-, TBL, TCL, TRCD, TRCDWR, TRP, TRAS, TRC, TWR, TRTP, TCWL, TCCDS, TCCDL, TCCDR, TRRDS, TRRDL, TWTRS, TWTRL, TCL + TBL + TRTRS - TCWL, " +
			"TFAW, TPPD, TRFC, -, -, -, -, TREFI, -, TCK"},
}

// list returns the numbers after a key of a settings file.
func (r *reference) list(t *testing.T, text, key string) (numbers []int64) {
	t.Helper()
	m := regexp.MustCompile(`\n +` + key + `: (\[.*\])`).FindStringSubmatch(text)
	if m == nil || json.Unmarshal([]byte(m[1]), &numbers) != nil {
		t.Fatalf("%s: no %s", r.file, key)
	}
	return numbers
}

func (r *reference) read(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/ramulator2/" + r.file + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPresetsAreRamulators(t *testing.T) {
	for _, r := range references {
		t.Run(r.standard, func(t *testing.T) {
			s, err := spec.Lookup(r.standard)
			if err != nil {
				t.Fatal(err)
			}
			text := r.read(t)
			sums, values := strings.Split(r.timing, ", "), r.list(t, text, "timing")
			if len(sums) != len(values) {
				t.Fatalf("%d names for %d timings", len(sums), len(values))
			}
			for i, sum := range sums {
				got := int64(s.TCK) / 1000 // Ramulator's are whole picoseconds, rounded down
				switch sum {
				case "-":
					continue
				case "TCK":
				default:
					got = clocks(s, sum)
				}
				if got != values[i] {
					t.Errorf("%s is %d, Ramulator's %d", sum, got, values[i])
				}
			}
			count := r.list(t, text, "count")
			transfers := int64(s.Burst) * 8 / int64(s.BusWidth())
			want := []int64{1, int64(s.Ranks), int64(s.Stacks), int64(s.Groups), int64(s.Banks), int64(s.Rows), int64(s.Columns) * transfers}
			if len(count) == 6 {
				want = slices.Delete(want, 2, 3)
			}
			if !slices.Equal(count, want) {
				t.Errorf("organisation %v, Ramulator's %v", want, count)
			}
		})
	}
}

// constraint is a line of timing_constraints.
var constraint = regexp.MustCompile(`- \[(\d), \[([\d, ]+)\], \[([\d, ]+)\], (\d+)(?:, (\d+))?(, true)?\]`)

// TestGatesAreRamulators: our gates and the timing constraints of Ramulator are the same, apart from those that unlike
// excuses.
func TestGatesAreRamulators(t *testing.T) {
	for _, r := range references {
		t.Run(r.standard, func(t *testing.T) {
			s, err := spec.Lookup(r.standard)
			if err != nil {
				t.Fatal(err)
			}
			theirs := r.constraints(t, s)
			var ours []string
			for _, refresh := range policies(s) {
				for _, g := range gates(s, refresh) {
					level := g.scope
					if level == inStack && s.Stacks == 1 {
						level = inRank
					}
					text := spell(g.from, g.to, level, clocks(s, g.sum), max(g.window, 1), refresh)
					ours = append(ours, text)
					if why := unlike(s, &g); !slices.Contains(theirs, text) && why == "" {
						t.Errorf("%v: %s: not among Ramulator's", &g, text)
					}
				}
			}
			for _, text := range theirs {
				if !slices.Contains(ours, text) {
					t.Errorf("Ramulator's %s: no gate of ours", text)
				}
			}
		})
	}
}

// constraints returns Ramulator's constraints between commands that we issue, with our names.
func (r *reference) constraints(t *testing.T, s *spec.Standard) (list []string) {
	t.Helper()
	commands := strings.Fields(r.commands)
	for _, m := range constraint.FindAllStringSubmatch(r.read(t), -1) {
		level := r.levels[m[1][0]-'0']
		if m[6] != "" { // of siblings
			if level != inStack {
				continue // ranks: in Ramulator a write may collide with another rank's read; busGates has our own
			}
			level = otherStack
		}
		window := m[5]
		if window == "" {
			window = "1"
		}
		for _, from := range numbers(m[2]) {
			for _, to := range numbers(m[3]) {
				a, b := commands[from], commands[to]
				mixed := (a == "REF" || b == "REF") && (a == "REFpb" || b == "REFpb") // we refresh one way or the other
				if a != "-" && b != "-" && !mixed {
					list = append(list, strings.Join([]string{a, b, string(level), m[4], window}, " "))
				}
			}
		}
	}
	if len(list) < 25 {
		t.Fatalf("%s: only %d constraints read", r.file, len(list))
	}
	return list
}

func numbers(text string) (n []int) {
	for _, word := range strings.Split(text, ", ") {
		i, _ := strconv.Atoi(word) // the pattern matches digits only
		n = append(n, i)
	}
	return n
}

// unlike says why Ramulator does not have a gate.
func unlike(s *spec.Standard, g *gate) string {
	switch {
	case clocks(s, g.sum) == 1:
		return "one command per clock and bus, in its controller"
	case g.from == cmdREF && g.to == cmdREF:
		return "it has none between refreshes of DDR4 and HBM: refreshes fall due further apart"
	}
	return ""
}

func spell(from, to Command, sc scope, clocks int64, window int, refresh spec.Refresh) string {
	word := func(c Command) string {
		if c == cmdREF && refresh == spec.PerBank {
			return "REFpb"
		}
		return commandNames[c]
	}
	if sc == otherBank {
		sc = inRank // within a bank another gate is longer
	}
	return fmt.Sprintf("%s %s %s %d %d", word(from), word(to), sc, clocks, window)
}
