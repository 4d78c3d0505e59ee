package plots

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// someStacks has two panels of three groups, with a bar that is not there, and names that are too long.
func someStacks() *Stacks {
	f := &Stacks{Title: "Bars (a test)", Subtitle: "edge-lpddr5, phi-1.5", Note: "mean of 3 results over seed; whiskers: from the least to the most"}
	one := StackPanel{X: "speed-up", Mark: 1, Parts: []string{""}, Text: func(v float64) string { return Significant(v) + "x" }}
	parts := StackPanel{X: "energy per token, mJ", Text: Significant,
		Parts: []string{"scratchpad_read", "scratchpad_write", "dram_read", "dram_activate", "dram_refresh", "dram_background", "leakage", "other"}}
	for g := range 3 {
		for i, name := range []string{"fp16", "uniform:4", "static:8>4>3>2@1000,2000,3000,prefill=16"} {
			f.Rows = append(f.Rows, StackRow{fmt.Sprintf("vicuna-7b, batch %d, cluster.of.a.long.name %d", g, g*g), name, i == 2})
			v := []float64{0, math.NaN(), 7.3}[i] + float64(g)
			one.Values, one.Whiskers = append(one.Values, []float64{v}), append(one.Whiskers, [2]float64{v * 0.8, v * 1.5})
			var bar []float64
			for p := range parts.Parts {
				bar = append(bar, float64((p*5+i*3+g)%7))
			}
			parts.Values = append(parts.Values, bar)
		}
	}
	f.Panels = []StackPanel{one, parts}
	return f
}

// someChart has eight series, marks on top of each other and lines.
func someChart(log bool) *Chart {
	c := &Chart{Title: "Points (a test)", Subtitle: "edge-lpddr5", Note: "mean of 3 results over seed; whiskers: from the least to the most"}
	p := ChartPanel{X: "MACs per byte of DRAM traffic", Y: "GMAC/s", XLog: log, YLog: log,
		Lines: []ChartLine{{Series: -1, Label: "4-bit weights", Points: [][2]float64{{0.2, 10}, {200, 10000}, {1000, 10000}}}}}
	for s := range 8 {
		c.Series = append(c.Series, fmt.Sprintf("static:4>3>%d@5,10", s))
		var points []ChartPoint
		for i := range 6 {
			points = append(points, ChartPoint{X: float64(s*i%5)*40 + 0.5, Y: float64(i*i*i*(s/3)*20) + 20, Label: fmt.Sprintf("q_proj %d.%d", s, i),
				XWhisker: [2]float64{float64(s*i%5)*40 + 0.4, float64(s*i%5)*40 + 7}})
		}
		p.Points = append(p.Points, points)
	}
	c.Panels = []ChartPanel{p, p}
	return c
}

// namedChart has two panels with names, axes that do not start at 0, whiskers as high as the panel, a line across and steps.
func namedChart() *Chart {
	c := someChart(false)
	c.Panels = nil
	for _, name := range []string{"edge-lpddr5", "SmolLM2-135M-Instruct, a-very-long-name-of-an-npu-that-somebody-made, 200 prompts of 512 tokens, 256 behind each"} {
		p := ChartPanel{Name: name, X: "tokens/s in decode", Y: "bits per token", XNear: true, YNear: true, Points: make([][]ChartPoint, len(c.Series)),
			Lines: []ChartLine{{Series: -1, Across: true, Points: [][2]float64{{400, 3.7}}}, {Series: -1, Points: [][2]float64{{405, 3.7}, {405, 3.8}, {420, 3.8}}}}}
		for i := range c.Series {
			x, y := 405+float64(i*i%11), 3.7+float64(i)/20
			p.Points[i] = []ChartPoint{{X: x, Y: y, Label: c.Series[i], YWhisker: [2]float64{y - 1, y + 1}}}
		}
		c.Panels = append(c.Panels, p)
	}
	return c
}

func TestStacksAndChartsAreLegible(t *testing.T) {
	simtest.OneGoroutine(t)
	for name, f := range map[string]Figure{"stacks": someStacks(), "linear": someChart(false), "logarithmic": someChart(true), "named": namedChart()} {
		t.Run(name+": texts stay on the page and apart", func(t *testing.T) {
			width, height := f.size()
			var r recorder.Canvas
			s := &sheet{draw.NewCanvas(&r, width, height), fonts()}
			f.draw(s)
			var seen []box
			for _, b := range boxes(t, s, &r) {
				if b.x0 < 0 || b.y0 < 0 || b.x1 > width || b.y1 > height {
					t.Errorf("%q leaves the page of %v x %v: %+v", b.text, width, height, b)
				}
				for _, o := range seen {
					if b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 {
						t.Errorf("%q and %q overlap", b.text, o.text)
					}
				}
				seen = append(seen, b)
			}
			if len(seen) < 30 {
				t.Errorf("%d texts", len(seen))
			}
		})
		t.Run(name+": the same figure is the same bytes, a column wide and not blank", func(t *testing.T) {
			for _, format := range []string{"png", "svg", "pdf"} {
				var first, second bytes.Buffer
				for _, b := range []*bytes.Buffer{&first, &second} {
					if err := Write(b, f, format, Origin{Title: "a test", Command: "pmpdsim plot", Program: "pmpdsim v1"}); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(first.Bytes(), second.Bytes()) {
					t.Errorf("%s differs from itself", format)
				}
				if format != "png" {
					continue
				}
				picture, err := png.Decode(&first)
				if err != nil {
					t.Fatal(err)
				}
				if share := inked(picture); share < 0.03 || share > 0.9 || picture.Bounds().Dx() < 1003 {
					t.Errorf("%v, %.0f %% of the picture is not white", picture.Bounds(), 100*share)
				}
			}
		})
	}
}

func TestWhiskersAreOnTheAxis(t *testing.T) {
	strokes := func(f Figure) (n int, far vg.Length) {
		width, height := f.size()
		var r recorder.Canvas
		f.draw(&sheet{draw.NewCanvas(&r, width, height), fonts()})
		var ink color.Color
		for _, a := range r.Actions {
			switch a := a.(type) {
			case *recorder.SetColor:
				ink = a.Color
			case *recorder.Stroke:
				if ink != whiskerInk() {
					continue
				}
				n++
				for _, c := range a.Path {
					far = max(far, c.Pos.X)
				}
			}
		}
		return n, far
	}
	f := someStacks()
	n, far := strokes(f)
	if want := 3 * 2; n != 3*want { // the bars that are there, three strokes each
		t.Errorf("%d strokes, want %d", n, 3*want)
	}
	if far > columnWidth-stackNumber+whiskerCap || far < columnWidth/2 {
		t.Errorf("whiskers reach to %v of %v", far, columnWidth)
	}
	f.Panels[0].Whiskers = nil
	if n, _ := strokes(f); n != 0 {
		t.Errorf("%d strokes without whiskers", n)
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		log    bool
		want   string
	}{
		{"a linear axis starts at 0 and has round steps", []float64{3, 16}, false, "0 to 16.8: 0 4 8 12 16"},
		{"a larger number is on the axis, with room behind it", []float64{89.5}, false, "0 to 93.975: 0 20 40 60 80"},
		{"a small axis has few digits", []float64{0.0003}, false, "0 to 0.000315: 0 5e-05 0.0001 0.00015 0.0002 0.00025 0.0003"},
		{"a short logarithmic axis has the round numbers", []float64{2.4, 80}, true, "2 to 100: 2 5 10 20 50 100"},
		{"a long one has the decades only", []float64{12, 20000}, true, "10 to 50000: 10 100 1000 10000"},
		{"many decades are not all written", []float64{1e-9, 1e9}, true, "5e-10 to 2e+09: 1e-07 0.0001 0.1 100 100000 1e+08"},
		{"what a logarithmic axis cannot show is left out", []float64{0, -1, math.NaN(), 3}, true, "2 to 5: 2 3 4 5"},
		{"no numbers make an axis, too", nil, false, "0 to 1.05: 0 0.2 0.4 0.6 0.8 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAxis(c.values, c.log)
			var texts []string
			for _, x := range a.ticks() {
				if x.at < -1e-9 || x.at > 1+1e-9 {
					t.Errorf("%s is off the axis: %v", x.text, x.at)
				}
				texts = append(texts, x.text)
			}
			if got := fmt.Sprintf("%.6g to %.6g: %s", a.lo, a.hi, strings.Join(texts, " ")); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNearAxes(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{[]float64{405, 425}, "403.8 to 426.2"},
		{[]float64{2, 16}, "0 to 16.8"}, // 0 is near
		{[]float64{7, 7}, "0 to 7.35"},  // no two places
		{nil, "0 to 1.05"},
		{[]float64{math.Inf(1), math.NaN(), 3, 4}, "2.94 to 4.06"},
	} {
		if a := nearAxis(c.values); fmt.Sprintf("%.6g to %.6g", a.lo, a.hi) != c.want {
			t.Errorf("%v: %v to %v, want %s", c.values, a.lo, a.hi, c.want)
		}
	}
}

func TestPartsThatTouchDiffer(t *testing.T) {
	luma := func(i, n int) int {
		c := partInk(i, n)
		return (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000
	}
	for n := 2; n <= 14; n++ {
		seen := map[int]bool{}
		for i := range n {
			seen[luma(i, n)] = true
			if d := luma(i, n) - luma((i+1)%n, n); i+1 < n && d > -35 && d < 35 {
				t.Errorf("of %d parts, %d and the next differ by %d of 255 in luma", n, i, d)
			}
		}
		if len(seen) != n {
			t.Errorf("%d parts have %d shades", n, len(seen))
		}
	}
}
