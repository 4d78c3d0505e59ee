package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

const rooflineHelp = `A point for each operator of each result that multiplies and moves bytes: its MACs per second,
over its MACs per byte of DRAM traffic. The seconds are those that passed for it, or those that array or DRAM worked for it
where these are more: operators that work side by side share the time. The roofs are what the array does with weights of each
width, and what the DRAM's peak lets it do. They are those of one NPU. A result holds only its NPU's fingerprint: --npu (if not
given, the preset that the results name) and --set say what the NPU was, and the fingerprint has to agree. Names stand at
marks where there is room: "q_proj +6" is at seven marks.

EXAMPLES:
   pmpdsim plot roofline results.jsonl -o roofline.png
   pmpdsim plot roofline results/ --only array.rows=64 --set array.rows=64 --phase prefill -o roofline.png`

// rooflineNPU is the NPU of all results.
func rooflineNPU(c *cli.Context, all []*outcome) (*config.Config, error) {
	first := all[0]
	for _, o := range all[1:] {
		if o.Config != first.Config {
			return nil, fmt.Errorf("%s and %s are from different NPUs; accepted: results of one, which has one set of roofs (choose with --only KEY=VALUE)",
				first.place, o.place)
		}
	}
	name := c.String("npu")
	if !c.IsSet("npu") {
		name = first.NPU
	}
	cfg, err := config.Load(name)
	if err != nil && !c.IsSet("npu") {
		return nil, fmt.Errorf("%s: %s is no preset; accepted: --npu FILE with the NPU that was simulated", first.place, name)
	}
	if err != nil {
		return nil, flagged("npu", name, err)
	}
	if err := cfg.Set(c.StringSlice("set")); err != nil {
		return nil, err
	}
	if cfg.Fingerprint() != first.Config {
		return nil, fmt.Errorf("%s: simulated on another NPU than %s with these changes (fingerprint %.8s, not %.8s); accepted: the --npu and --set of its run",
			first.place, name, first.Config, cfg.Fingerprint())
	}
	return cfg, nil
}

// widthsOf are the weight widths whose roofs matter: those that the schedules name, or all that there are where one was
// recorded.
func widthsOf(all []*outcome, phase string) (bits []int) {
	for _, o := range all {
		of := []int{o.PrefillBits}
		if phase == "decode" {
			of = []int{2, 3, 4, 16}
			if s, err := precision.Parse(o.Schedule); err == nil && len(s.Bits) > 0 {
				of = s.Bits
			}
		}
		for _, b := range of {
			if !slices.Contains(bits, b) {
				bits = append(bits, b)
			}
		}
	}
	slices.Sort(bits)
	return bits
}

const giga = 1e9

func roofline(c *cli.Context, all []*outcome, common string) (*painting, error) {
	cfg, err := rooflineNPU(c, all)
	if err != nil {
		return nil, err
	}
	label := func(o *outcome) string { return strings.TrimPrefix(o.setting+", "+o.Schedule, ", ") }
	series := distinct(all, label)
	if err := fewEnough(len(series), mostSeries, "results"); err != nil {
		return nil, err
	}
	phase := c.String("phase")
	d := &painting{title: "Roofline of " + phase, heads: []string{"setting", "schedule", "what", "macs_per_byte", "macs_per_second", "bound_by"}}
	panel := plots.ChartPanel{X: "MACs per byte of DRAM traffic", Y: "GMAC/s", XLog: true, YLog: true}
	most := 0.0 // intensity
	for _, o := range all {
		operators := o.Operators.Decode
		if phase == "prefill" {
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
			points = append(points, plots.ChartPoint{X: x.Intensity, Y: rate / giga, Label: x.Name})
			d.add(o.setting, o.Schedule, x.Name, real(x.Intensity), real(rate), x.BoundBy)
		}
		panel.Points = append(panel.Points, points)
	}
	if most == 0 {
		return nil, fmt.Errorf("%s: no operator of %s has MACs and traffic", all[0].place, phase)
	}
	addRoofs(d, &panel, cfg, widthsOf(all, phase), most)
	d.figure = &plots.Chart{Title: d.title, Subtitle: common + fmt.Sprintf(", %s GB/s", gigabytes(cfg.PeakBandwidth())), Series: series,
		Panels: []plots.ChartPanel{panel}}
	return d, nil
}

// addRoofs adds a roof for each rate of the array: bandwidth up to the ridge, then the array's peak. Widths that the array
// does equally fast share one.
func addRoofs(d *painting, panel *plots.ChartPanel, cfg *config.Config, widths []int, most float64) {
	least := most
	for _, points := range panel.Points {
		for _, p := range points {
			least = min(least, p.X)
		}
	}
	bandwidth := cfg.PeakBandwidth()
	var rates []float64
	names := map[float64][]string{}
	end := 10 * most // the names of the roofs stand there
	for _, b := range widths {
		rate := array.PeakMACsPerSecond(cfg, unit.Bits(b))
		if len(names[rate]) == 0 {
			rates = append(rates, rate)
		}
		names[rate] = append(names[rate], strconv.Itoa(b))
		end = max(end, 4*rate/bandwidth)
	}
	for _, rate := range rates {
		ridge, name := rate/bandwidth, strings.Join(names[rate], ", ")+"-bit weights"
		line := plots.ChartLine{Series: -1, Label: name, Points: [][2]float64{{ridge, rate / giga}, {end, rate / giga}}}
		if start := least / 2; start < ridge {
			line.Points = append([][2]float64{{start, start * bandwidth / giga}}, line.Points...)
		} else {
			line.Points[0][0] = start
		}
		panel.Lines = append(panel.Lines, line)
		d.add("", "", "roof of "+name, real(ridge), real(rate), "compute")
	}
	d.add("", "", "roof of the DRAM", "1", real(bandwidth), "memory")
}
