package views

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

const giga = 1e9

// Roofline draws the operators of a phase below the roofs of the machine that they ran on.
func Roofline(s *study.Set, opts Options) (*View, error) {
	series := s.Distinct((*study.Outcome).Label)
	if err := fewEnough(len(series), mostSeries, "results"); err != nil {
		return nil, err
	}
	v := &View{Title: "Roofline of " + opts.Phase, Heads: []string{"setting", "schedule", "what", "macs_per_byte", "macs_per_second", "bound_by", fitsHead}}
	panel := plots.ChartPanel{X: "MACs per byte of DRAM traffic", Y: "GMAC/s", XLog: true, YLog: true}
	most := 0.0 // intensity
	for _, o := range s.Outcomes {
		operators := o.Operators.Decode
		if opts.Phase == "prefill" {
			operators = o.Operators.Prefill
		}
		var points []plots.ChartPoint
		for _, x := range operators {
			seconds := max(x.Seconds, x.Array, x.Memory)
			if x.Intensity <= 0 || seconds <= 0 {
				continue
			}
			most = max(most, x.Intensity)
			rate := float64(x.MACs) / seconds
			points = append(points, plots.ChartPoint{X: x.Intensity, Y: rate / giga, Label: x.Name, Hollow: !o.Fits})
			v.add(o.Setting, o.Schedule, x.Name, real(x.Intensity), real(rate), x.BoundBy, fits(o))
		}
		panel.Points = append(panel.Points, points)
	}
	if most == 0 {
		return nil, fmt.Errorf("%s: no operator of %s has MACs and traffic", s.Outcomes[0].Place, opts.Phase)
	}
	v.addRoofs(&panel, opts.Machine, most)
	v.Figure = &plots.Chart{Title: v.Title, Subtitle: s.Common + fmt.Sprintf(", %s GB/s", plots.Significant(opts.Machine.Bandwidth/giga)), Note: noteOf(s), Series: series,
		Panels: []plots.ChartPanel{panel}}
	return v, nil
}

// addRoofs adds a roof for each rate of the array: bandwidth up to the ridge, then the array's peak. Widths that the array
// does equally fast share one.
func (v *View) addRoofs(panel *plots.ChartPanel, m *study.Machine, most float64) {
	least := most
	for _, points := range panel.Points {
		for _, p := range points {
			least = min(least, p.X)
		}
	}
	var rates []float64
	names := map[float64][]string{}
	end := 10 * most // the names of the roofs stand there
	for _, roof := range m.Roofs {
		rate := roof.MACsPerSecond
		if len(names[rate]) == 0 {
			rates = append(rates, rate)
		}
		names[rate] = append(names[rate], strconv.Itoa(roof.Bits))
		end = max(end, 4*rate/m.Bandwidth)
	}
	for _, rate := range rates {
		ridge, name := rate/m.Bandwidth, strings.Join(names[rate], ", ")+"-bit weights"
		line := plots.ChartLine{Series: -1, Label: name, Points: [][2]float64{{ridge, rate / giga}, {end, rate / giga}}}
		if start := least / 2; start < ridge {
			line.Points = append([][2]float64{{start, start * m.Bandwidth / giga}}, line.Points...)
		} else {
			line.Points[0][0] = start
		}
		panel.Lines = append(panel.Lines, line)
		v.add("", "", "roof of "+name, real(ridge), real(rate), "compute", "")
	}
	v.add("", "", "roof of the DRAM", "1", real(m.Bandwidth), "memory", "")
}
