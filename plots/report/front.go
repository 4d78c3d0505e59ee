package report

// Front are the points that no other one of the same workload beats, in their order. One beats another that is no better
// than it in throughput, in energy per token and in area, and worse in one of them. A point that equals another stays beside it.
func Front(all []Point) (best []Point) {
	for i := range all {
		beaten := false
		for j := range all {
			beaten = beaten || workloadOf(&all[i]) == workloadOf(&all[j]) && beats(&all[j], &all[i])
		}
		if !beaten {
			best = append(best, all[i])
		}
	}
	return best
}

func beats(a, b *Point) bool {
	worse := a.TokensPerSecond < b.TokensPerSecond || a.EnergyPerToken > b.EnergyPerToken || a.AreaMM2 > b.AreaMM2
	better := a.TokensPerSecond > b.TokensPerSecond || a.EnergyPerToken < b.EnergyPerToken || a.AreaMM2 < b.AreaMM2
	return better && !worse
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

// WorkloadOf, DesignOf name a point for a table, by what differs.
func WorkloadOf(p *Point) string { return joined(p, func(k Key) bool { return k.Role == Workload }) }

// DesignOf is the rest of what differs.
func DesignOf(p *Point) string { return joined(p, func(k Key) bool { return k.Role == Design }) }

func joined(p *Point, take func(Key) bool) (text string) {
	for _, k := range p.Keys {
		if !take(k) || k.Value == "" {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += k.Text
	}
	return text
}
