package stream

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Cells returns the cells of a table's row: what was run, our result, theirs, the difference and the verdict. Results
// are clocks where those must be equal, else percent of the peak.
func (r *Checked) Cells() []string {
	who, _, _ := strings.Cut(strings.ToUpper(r.Simulator[:1])+r.Simulator[1:], "2")
	cells := []string{r.ID, who, r.Mapping, r.text()}
	if r.Rule == Equal || r.Rule == Near {
		return append(cells, fmt.Sprint(r.Result.Cycles), fmt.Sprint(r.Cycles), signed(float64(r.Result.Cycles-r.Cycles), 0), r.Verdict())
	}
	decimals := 2
	if r.Cycles == 0 {
		decimals = 1
	}
	return append(cells, fmt.Sprintf("%.2f %%", 100*r.Result.Efficiency()), fmt.Sprintf("%.*f %%", decimals, r.Percent),
		signed(r.Points(r.Result), 2), r.Verdict())
}

// signed writes a difference; one that rounds to zero has no sign.
func signed(v float64, decimals int) string {
	text := fmt.Sprintf("%+.*f", decimals, v)
	if strings.Trim(text, "+-0.") == "" {
		return text[1:]
	}
	return text
}

// text describes the stream, and options other than the usual ones, in short.
func (r *Checked) text() string {
	s := &r.Stream
	text := "sequential"
	switch {
	case s.Random:
		text = "random"
	case s.Planes > 1:
		text = fmt.Sprintf("%d x %v", s.Planes, s.Chunk)
	}
	if s.Skew > 0 {
		text += ", skew " + unit.Bytes(s.Skew).String()
	}
	if s.Write > 0 {
		text += fmt.Sprintf(", %d %% writes", s.Write)
	}
	if r.BankHash {
		text += ", hash"
	}
	if r.Ranks > 1 {
		text += fmt.Sprintf(", %d ranks", r.Ranks)
	}
	if s.Unit != 64 {
		text += fmt.Sprintf(", unit %v", s.Unit)
	}
	if r.Refresh != spec.AllBank {
		text += ", refresh " + r.Refresh.String()
	}
	return text
}

// Summary counts the verdicts of a standard.
func Summary(rows []Checked, name string) string {
	count := map[string]int{}
	worst, off := 0.0, 0.0
	for _, r := range rows {
		if r.Standard != name {
			continue
		}
		count[r.Verdict()]++
		if r.Rule == Near && r.Result != nil {
			off = math.Max(off, math.Abs(r.PercentOff(r.Result)))
		}
		if r.Rule == Close && r.Result != nil {
			worst = math.Max(worst, math.Abs(r.Points(r.Result)))
		}
	}
	var parts []string
	for _, verdict := range []string{"equal", "near", "close", "shown", Failed, "skipped"} {
		if n := count[verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, verdict))
			switch verdict {
			case "near":
				parts[len(parts)-1] += fmt.Sprintf(" (at most %.2f %% of the clocks apart)", off)
			case "close":
				parts[len(parts)-1] += fmt.Sprintf(" (at most %.2f points apart)", worst)
			}
		}
	}
	if len(parts) == 0 {
		return "no golden numbers"
	}
	return strings.Join(parts, ", ")
}

// Skips returns why rows were not run, each setting once.
func Skips(rows []Checked) (all []string) {
	var seen []string
	for _, r := range rows {
		if r.Rule != Skipped || slices.Contains(seen, r.Config+r.Reason) {
			continue
		}
		seen = append(seen, r.Config+r.Reason)
		n := 0
		for _, o := range rows {
			if o.Rule == Skipped && o.Config == r.Config && o.Reason == r.Reason {
				n++
			}
		}
		all = append(all, fmt.Sprintf("skipped: %d rows of %s, %s: %s", n, r.Simulator, r.Config, r.Reason))
	}
	return all
}
