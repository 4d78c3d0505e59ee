package plots

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// heads are those of panels, with one that is longer than a panel is wide.
func heads() [][]string {
	return [][]string{{"row-local", "co1,bg2,co5,ba2,ro16"}, {"page-interleaved + hash", "co1,ra1,co1,bg2,ba2,co3,si1,ro13"}, {"co6,bg2,ba2,ro16"}}
}

// someHeatMap has 3 x 2 panels of 4 x 3 cells.
func someHeatMap() *HeatMap {
	h := &HeatMap{Title: "Bandwidth of planes (a test)", Subtitle: "1 x lpddr5-6400, 12.8 GB/s peak, all-bank refresh", X: "bytes of a plane in a turn",
		XNames: []string{"64", "256", "4Ki", "16Ki"}, YNames: []string{"1", "4", "16"}, Across: heads(),
		Down: []string{"planes, no skew", "planes, skew 8KiB"}, Scale: "% of the peak"}
	for a := range h.Across {
		var down [][][]float64
		for d := range h.Down {
			var rows [][]float64
			for y := range h.YNames {
				var row []float64
				for x := range h.XNames {
					row = append(row, float64((a*31+d*17+y*13+x*29)%101)/100)
				}
				rows = append(rows, row)
			}
			down = append(down, rows)
		}
		h.Cells = append(h.Cells, down)
	}
	return h
}

// namedHeatMap has names of rows that take more than the usual margin.
func namedHeatMap() *HeatMap {
	h := someHeatMap()
	h.YNames = []string{"bit-parallel-fused", "lut", "bit-serial-weight"}
	return h
}

// numberedHeatMap has a cell without a number, long names on both sides, and numbers on a scale of their own.
func numberedHeatMap(columns int, log bool) *HeatMap {
	h := &HeatMap{Title: "Tokens per second (a test)", Subtitle: "edge-lpddr5, phi-1.5, custom, prompt 64, gen 8, KV 8 bits, array.rows 32, dram.channels 4",
		X: "schedule", YNames: []string{"edge-lpddr4x", "a-very-long-name-of-an-npu-that-somebody-made", "edge"}, Across: [][]string{nil}, Down: []string{"npu"},
		Scale: "tokens/s in decode", Colours: &Colours{Log: log, Text: Significant}}
	var rows [][]float64
	for y := range h.YNames {
		var row []float64
		for x := range columns {
			row = append(row, 3.5*float64(1+(x*7+y*5)%23))
		}
		rows = append(rows, row)
	}
	rows[1][0] = math.NaN()
	for x := range columns {
		h.XNames = append(h.XNames, fmt.Sprintf("static:8>4>3>2@%d,2000,3000,prefill=16", 1000+x))
	}
	h.Cells = [][][][]float64{{rows}}
	return h
}

// someBars has 3 panels of 2 groups of 3 bars.
func someBars() *Bars {
	values := [][]float64{{0, 0.5, 1}, {0.916, 0.57, 0.3}}
	return &Bars{Title: "Bandwidth of a pass", Subtitle: "1 x lpddr5-6400", X: "% of the peak", Across: heads(),
		Groups: [][]string{{"packed"}, {"plane-major:16KiB", "+skew=8KiB"}}, Legend: "planes read", Series: []string{"2", "3", "16"},
		Values: [][][]float64{values, values, values}}
}

func figures() map[string]Figure {
	return map[string]Figure{"heat map": someHeatMap(), "heat map with names": namedHeatMap(), "heat map of numbers": numberedHeatMap(8, false),
		"wide heat map of numbers": numberedHeatMap(30, true), "bars": someBars()}
}

func TestFiguresAreWritten(t *testing.T) {
	simtest.OneGoroutine(t)
	origin := Origin{Title: "Planes (a test)", Command: `pmpdsim dram layouts --mapping 'a<b' --planes 2`, Program: "pmpdsim v1.2"}
	for name, f := range figures() {
		for format, want := range map[string][]string{
			"png": {"\x89PNG\r\n", "tEXtTitle\x00Planes (a test)", "tEXtSoftware\x00pmpdsim v1.2", "tEXtComment\x00pmpdsim dram layouts --mapping 'a<b' --planes 2"},
			"svg": {"<svg", "<title>Planes (a test)</title>", "<desc>pmpdsim v1.2: pmpdsim dram layouts --mapping &#39;a&lt;b&#39; --planes 2</desc>", ">packed<", ">57<"},
			"pdf": {"%PDF-1.", `/Title (Planes \(a test\))`, "/Creator (pmpdsim v1.2)", "/Subject (pmpdsim dram layouts --mapping 'a<b' --planes 2)", "%%EOF\n"},
		} {
			t.Run(name+" as "+format, func(t *testing.T) {
				var first, second bytes.Buffer
				for _, b := range []*bytes.Buffer{&first, &second} {
					if err := Write(b, f, format, origin); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(first.Bytes(), second.Bytes()) {
					t.Error("the same figure is not the same bytes")
				}
				for _, part := range want {
					if name != "bars" && part[0] == '>' {
						continue // what bars show
					}
					if !bytes.Contains(first.Bytes(), []byte(part)) {
						t.Errorf("%q is missing", part)
					}
				}
			})
		}
	}
}

func TestAPNGIsAColumnWideAndNotBlank(t *testing.T) {
	simtest.OneGoroutine(t)
	for name, f := range figures() {
		var b bytes.Buffer
		if err := Write(&b, f, "png", Origin{}); err != nil {
			t.Fatal(err)
		}
		if b.Len() > 150_000 {
			t.Errorf("%s: %d bytes", name, b.Len())
		}
		picture, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		size := picture.Bounds().Size()
		if want := 85 / 25.4 * dpi; float64(size.X) < want-1 || size.Y < 400 || size.Y > 1500 {
			t.Errorf("%s: %v pixels, want at least %.0f across", name, size, want)
		}
		colours := picture.(*image.Paletted).Palette
		if share := inked(picture); len(colours) < 100 || share < 0.1 || share > 0.9 {
			t.Errorf("%s: %d colours, %.0f %% of the picture is not white", name, len(colours), 100*share)
		}
	}
}

// inked is the share of a picture that is not white.
func inked(p image.Image) float64 {
	size, n := p.Bounds().Size(), 0
	for y := range size.Y {
		for x := range size.X {
			if r, g, b, _ := p.At(x, y).RGBA(); r&g&b != 0xffff {
				n++
			}
		}
	}
	return float64(n) / float64(size.X*size.Y)
}

// TestTextStaysOnThePageAndApart looks at where each text is drawn.
func TestTextStaysOnThePageAndApart(t *testing.T) {
	for name, f := range figures() {
		var seen []box
		width, height := f.size()
		var r recorder.Canvas
		s := &sheet{draw.NewCanvas(&r, width, height), fonts()}
		f.draw(s)
		for _, b := range boxes(t, s, &r) {
			if b.x0 < 0 || b.y0 < 0 || b.x1 > width || b.y1 > height {
				t.Errorf("%s: %q leaves the page of %v x %v: %+v", name, b.text, width, height, b)
			}
			for _, o := range seen {
				if b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 {
					t.Errorf("%s: %q and %q overlap", name, b.text, o.text)
				}
			}
			seen = append(seen, b)
		}
		if len(seen) < 20 {
			t.Errorf("%s: %d texts", name, len(seen))
		}
	}
}

// box is where a text is.
type box struct {
	text           string
	x0, y0, x1, y1 vg.Length
}

// boxes replays what a canvas recorded: texts, of which some stand upright.
func boxes(t *testing.T, s *sheet, r *recorder.Canvas) (all []box) {
	upright := []bool{false}
	for _, a := range r.Actions {
		last := len(upright) - 1
		switch a := a.(type) {
		case *recorder.Push:
			upright = append(upright, upright[last])
		case *recorder.Pop:
			upright = upright[:last]
		case *recorder.Rotate:
			if a.Angle != quarter {
				t.Errorf("a text is turned by %v", a.Angle)
			}
			upright[last] = !upright[last]
		case *recorder.FillString:
			x, y, w, h := a.Point.X, a.Point.Y, s.width(a.String, a.Size), a.Size*0.7
			if upright[last] { // the page was turned: (x, y) is (y, -x) on it
				x, y, w, h = -y-h, x, h, w
			}
			all = append(all, box{a.String, x, y, x + w, y + h})
		}
	}
	return all
}

func TestColoursGoFromTheLeastToTheMost(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		cells []float64
		log   bool
		want  string
	}{
		{"a scale ends where the numbers do", []float64{20, nan, 160}, false, "20 to 160: 20 40 60 80 100 120 140 160"},
		{"a logarithmic one, too", []float64{2, 1600}, true, "2 to 1600: 10 100 1000"},
		{"within a part of a decade it has even steps", []float64{61, 68}, true, "61 to 68: 61 62 63 64 65 66 67 68"},
		{"what a logarithmic one cannot show is left out", []float64{0, 1, 5}, true, "1 to 5: 1 2 3 4 5"},
		{"negative numbers are numbers", []float64{-3, 5}, false, "-3 to 5: -2 0 2 4"},
		{"one number is in the middle", []float64{100}, false, "90 to 110: 90 95 100 105 110"},
		{"none make a scale, too", []float64{nan}, false, "0 to 1: 0 0.2 0.4 0.6 0.8 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &HeatMap{Cells: [][][][]float64{{{c.cells}}}, Colours: &Colours{Log: c.log}}
			a := h.scaleOf()
			var texts []string
			for _, x := range a.ticks() {
				texts = append(texts, x.text)
			}
			if got := fmt.Sprintf("%.6g to %.6g: %s", a.lo, a.hi, strings.Join(texts, " ")); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNumbersStandInCellsWhereThereIsRoom(t *testing.T) {
	texts := func(columns int) (n int) {
		h := numberedHeatMap(columns, false)
		width, height := h.size()
		var r recorder.Canvas
		s := &sheet{draw.NewCanvas(&r, width, height), fonts()}
		h.draw(s)
		for _, b := range boxes(t, s, &r) {
			if b.text == "-" || b.text == Significant(3.5) {
				n++
			}
		}
		return n
	}
	if texts(8) < 2 {
		t.Error("8 columns: no numbers")
	}
	if n := texts(200); n != 0 {
		t.Errorf("200 columns: %d numbers", n)
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]string{"a.png": "png", "b/c.d.SVG": "svg", "x.pdf": "pdf"} {
		if got, err := FormatOf(path); err != nil || got != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"a.gif", "png", ""} {
		want := path + ": the name tells no kind of picture; accepted: a name that ends in .png, .svg or .pdf"
		if _, err := FormatOf(path); err == nil || err.Error() != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	var b bytes.Buffer
	if err := Write(&b, someBars(), "gif", Origin{}); err == nil || !strings.Contains(err.Error(), `"gif"`) {
		t.Errorf("gif: %v", err)
	}
}

func TestShadesGrowLighterAndCanBeWrittenOn(t *testing.T) {
	before := -1
	for i := 0; i <= 100; i++ {
		c := shade(float64(i) / 100)
		luma := 299*int(c.R) + 587*int(c.G) + 114*int(c.B)
		if luma <= before {
			t.Errorf("%d %% is not lighter than %d %%", i, i-1)
		}
		before = luma
		ink, _, _, _ := inkOn(c).RGBA()
		if light := luma > 128_000; light != (ink == 0) {
			t.Errorf("%d %%: ink %x on luma %d", i, ink, luma)
		}
	}
	if got := fmt.Sprint(shade(0), shade(1), shade(-1) == shade(0), shade(2) == shade(1)); got != "{68 1 84 255} {253 231 37 255} true true" {
		t.Errorf("the ends are %s", got)
	}
}
