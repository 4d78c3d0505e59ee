package views

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study/timings"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// Changes that are less than shownChange percent get no row of their own in a picture.
const shownChange = 0.05

// timingsHead says what was simulated.
func timingsHead(s *timings.Study) [][2]string {
	c := s.Config
	return [][2]string{{"NPU", c.Name + ": " + c.Clock.String() + ", " + Cores(c)}, {"DRAM", Memory(c) + ", " + Gigabytes(c.PeakBandwidth()) + " GB/s peak"},
		{"model", s.Model.Name},
		{"passes", fmt.Sprintf("prefill of %d tokens (TTFT), and decode pass %d, with %d tokens in the cache (tokens/s)", s.Prompt, s.Pass(), s.Prompt+s.Pass()-1)},
		{"off", fmt.Sprintf("by %d %%, to the nearest clock: one timing at a time, and groups of them", s.By)}}
}

// TimingsTable writes a table for each schedule.
func TimingsTable(w io.Writer, s *timings.Study, rows []timings.Row) error {
	for _, line := range timingsHead(s) {
		if _, err := fmt.Fprintf(w, "%-8s%s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	for i, p := range s.Schedules {
		name := p.String()
		t := &plots.Table{Columns: []plots.Column{{Name: "timing"}, {Name: "clocks", Right: true}, {Name: "less", Right: true}, {Name: "more", Right: true},
			{Name: "tokens/s, less", Right: true}, {Name: "more", Right: true}, {Name: "TTFT, less", Right: true}, {Name: "more", Right: true}}}
		if i > 0 {
			over := "× " + s.Schedules[0].String()
			t.Columns = append(t.Columns, plots.Column{Name: over + ", less", Right: true}, plots.Column{Name: "more", Right: true})
		}
		var own timings.Row
		for _, r := range rows {
			if r.Schedule != name {
				continue
			}
			own = r
			cells := []string{r.Timing, "", "", ""}
			if !r.Group {
				m := r.Members[0]
				cells = []string{r.Timing, strconv.FormatInt(m.Own, 10), strconv.FormatInt(m.Less, 10), strconv.FormatInt(m.More, 10)}
			}
			changes := []timings.Change{r.Tokens, r.TTFT}
			if i > 0 {
				changes = append(changes, r.OverFirst)
			}
			for _, c := range changes {
				less, more := c.Percent()
				cells = append(cells, percentOf(less), percentOf(more))
			}
			t.Add(cells...)
		}
		if _, err := fmt.Fprintf(w, "\n%s: %s tokens/s, TTFT %s\n\n", name, plots.Significant(own.Tokens.Own), plots.Time.Text(own.TTFT.Own)); err != nil {
			return err
		}
		if err := t.Write(w); err != nil {
			return err
		}
	}
	for _, x := range s.Subjects {
		if text := x.Describe(); x.Group && text != x.Name {
			if _, err := fmt.Fprintf(w, "%s%s\n", map[bool]string{true: "\n"}[x.Name == s.Subjects[0].Name], text); err != nil {
				return err
			}
		}
	}
	if len(s.Unmoved) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "held by other timings, or too short to be off by %d %%: %s\n", s.By, strings.Join(s.Unmoved, ", "))
	return err
}

// percentOf writes a change.
func percentOf(v float64) string { return plots.Signed(v) + " %" }

// TimingsCSV writes the rows with a head.
func TimingsCSV(w io.Writer, rows []timings.Row) error {
	records := [][]string{{"npu", "standard", "model", "schedule", "prompt_tokens", "context_tokens", "off_percent", "timing", "group", "members",
		"clocks", "clocks_less", "clocks_more", "tokens_per_second", "tokens_per_second_less", "tokens_per_second_more", "tokens_change_less_percent",
		"tokens_change_more_percent", "ttft_seconds", "ttft_seconds_less", "ttft_seconds_more", "ttft_change_less_percent", "ttft_change_more_percent",
		"speedup_over_first", "speedup_over_first_less", "speedup_over_first_more", "config_fingerprint"}}
	for _, r := range rows {
		var names, own, less, more []string
		for _, m := range r.Members {
			names, own = append(names, m.Timing), append(own, strconv.FormatInt(m.Own, 10))
			less, more = append(less, strconv.FormatInt(m.Less, 10)), append(more, strconv.FormatInt(m.More, 10))
		}
		list := func(all []string) string { return strings.Join(all, " ") }
		record := []string{r.NPU, r.Standard, r.Model, r.Schedule, strconv.Itoa(r.Prompt), strconv.Itoa(r.Context), strconv.Itoa(r.By), r.Timing,
			strconv.FormatBool(r.Group), list(names), list(own), list(less), list(more)}
		change := func(c timings.Change, percent bool) {
			record = append(record, real(c.Own), real(c.Less), real(c.More))
			if percent {
				a, b := c.Percent()
				record = append(record, fmt.Sprintf("%.3f", a+0), fmt.Sprintf("%.3f", b+0))
			}
		}
		change(r.Tokens, true)
		change(r.TTFT, true)
		change(r.OverFirst, false)
		records = append(records, append(record, r.Config))
	}
	return sheet.Write(w, records)
}

// TimingsFigure shows the changes of the last schedule: groups, then timings, by how much they matter to tokens/s.
func TimingsFigure(s *timings.Study, rows []timings.Row) *plots.Tornado {
	last := s.Schedules[len(s.Schedules)-1].String()
	f := &plots.Tornado{Title: fmt.Sprintf("What is left if DRAM timings are off by %d %%", s.By),
		Subtitle: fmt.Sprintf("%s, %s, %s, %s", s.Config.Name, DRAM(s.Config), s.Model.Name, last),
		Note:     fmt.Sprintf("decode with %d tokens in the cache, prefill of %d tokens", s.Prompt+s.Pass()-1, s.Prompt),
		Less:     fmt.Sprintf("timings %d %% less", s.By), More: fmt.Sprintf("%d %% more, to the nearest clock", s.By),
		X: "change in percent", Panels: []string{"tokens/s", "TTFT"}}
	if len(s.Schedules) > 1 {
		f.Panels = []string{"tokens/s", "× " + s.Schedules[0].String(), "TTFT"}
	}
	var groups, single plots.TornadoBlock
	var small []string
	for _, r := range rows {
		if r.Schedule != last {
			continue
		}
		row := plots.TornadoRow{Name: r.Timing, Detail: r.Brief()}
		for _, c := range []timings.Change{r.Tokens, r.OverFirst, r.TTFT} {
			less, more := c.Percent()
			row.Values = append(row.Values, [2]float64{less, more})
		}
		if len(s.Schedules) == 1 {
			row.Values = slices.Delete(row.Values, 1, 2)
		}
		if r.Group {
			groups = append(groups, row)
			continue
		}
		m := r.Members[0]
		row.Detail = fmt.Sprintf("%d: %d, %d", m.Own, m.Less, m.More)
		if largest(row) < shownChange {
			small = append(small, r.Timing)
			continue
		}
		single = append(single, row)
	}
	byEffect := func(a, b plots.TornadoRow) int { return int(math.Copysign(1, effect(b)-effect(a))) }
	slices.SortStableFunc(groups, byEffect)
	slices.SortStableFunc(single, byEffect)
	for _, b := range []plots.TornadoBlock{groups, single} {
		if len(b) > 0 {
			f.Blocks = append(f.Blocks, b)
		}
	}
	if n := len(small); n > 0 {
		f.Note += fmt.Sprintf("; less than %.2f %%: %d timings", shownChange, n)
	}
	return f
}

// effect is how much a row changes the first quantity; of equal ones the others decide.
func effect(r plots.TornadoRow) float64 {
	v := r.Values[0]
	return math.Round(1e6*max(math.Abs(v[0]), math.Abs(v[1]))) + float64(1e-3*largest(r))
}

func largest(r plots.TornadoRow) (most float64) {
	for _, v := range r.Values {
		most = max(most, math.Abs(v[0]), math.Abs(v[1]))
	}
	return most
}
