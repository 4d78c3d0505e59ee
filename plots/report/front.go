package report

import (
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// Front are the points that no other one of the same workload beats in throughput, energy per token and area, in
// their order: of those that fit their DRAM.
func Front(all []Point) []Point {
	return study.Front(all, func(p Point) *result.Result { return p.Result }, func(p Point) string { return workloadOf(&p) },
		study.TokensPerSecond(), study.EnergyPerToken(), study.Area())
}

// workloadOf names what a point is an answer to. Others are no alternative to it.
func workloadOf(p *Point) (text string) {
	for _, k := range p.Keys {
		if k.Role == Workload {
			text += k.Name + "=" + k.Value + "\n"
		}
	}
	return text
}

// workloadText names what is asked of the machine, as far as it differs.
func workloadText(p *Point) string { return joined(p, func(k Key) bool { return k.Role == Workload }) }

// designText is the rest of what differs.
func designText(p *Point) string { return joined(p, func(k Key) bool { return k.Role == Design }) }

// joined joins the texts of some keys. Rules of precision stand behind their schedule.
func joined(p *Point, take func(Key) bool) string {
	var texts []string
	for i, k := range p.Keys {
		text := k.Text
		switch {
		case i == len(p.Keys)-1: // the schedule
			text = p.Schedule
		case i == len(p.Keys)-2 && k.Name == "precision":
			text = ""
		}
		if take(k) && text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ", ")
}
