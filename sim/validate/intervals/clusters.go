package intervals

import (
	"math"
	"slices"
)

// clusters groups the errors of points by name, in the order of their first points. Points that are excluded, or have no
// error, or no name, are left out.
func clusters(all []Point, name func(*Point) string, of kind, q quantity) (out []cluster) {
	for i := range all {
		p := &all[i]
		ratio, n := q(of(p)), name(p)
		if ratio == 0 || p.Excluded || n == "" {
			continue
		}
		at := slices.IndexFunc(out, func(c cluster) bool { return c.name == n })
		if at < 0 {
			at, out = len(out), append(out, cluster{name: n, class: string(p.Class)})
		}
		out[at].logs = append(out[at].logs, math.Log(ratio))
	}
	return out
}

// devices returns a cluster a device.
func devices(all []Point, of kind, q quantity) []cluster {
	return clusters(all, func(p *Point) string { return p.NPU }, of, q)
}

// models returns a cluster for each model on a device, of the errors of its preset.
func models(all []Point, device string, q quantity) []cluster {
	return clusters(all, func(p *Point) string {
		if p.NPU != device {
			return ""
		}
		return p.Model
	}, own, q)
}

// count counts errors.
func count(all []cluster) (n int) {
	for _, c := range all {
		n += len(c.logs)
	}
	return n
}

// coverage is how often what is left out lies in the interval of the others.
type coverage struct {
	name   string
	in, of int
}

// leaveOut returns for each cluster how many of its points lie in the interval of the other clusters.
func leaveOut(all []cluster) (out []coverage) {
	for i, c := range all {
		others := slices.Concat(all[:i], all[i+1:])
		interval := bootstrap(others)
		one := coverage{name: c.name, of: len(c.logs)}
		for _, x := range c.logs {
			if interval.holds(math.Exp(x)) {
				one.in++
			}
		}
		out = append(out, one)
	}
	return out
}

// speedUps returns measured over predicted speed-ups of decode between 8 and 4 bits, of one device, model and prompt.
func speedUps(all []Point, device string, of kind) (ratios []float64) {
	for i := range all {
		for j := range all {
			few, many := &all[i], &all[j]
			if few.Bits == 4 && many.Bits == 8 && few.NPU == many.NPU && few.Model == many.Model && few.Prompt == many.Prompt && !few.Excluded &&
				!many.Excluded && (device == "" || device == few.NPU) && of(few).Decode > 0 && of(many).Decode > 0 {
				ratios = append(ratios, of(few).Decode/of(many).Decode)
			}
		}
	}
	return ratios
}
