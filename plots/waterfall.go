package plots

import (
	"image/color"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
)

// Waterfall shows what becomes of quantities over stages: a row for each stage, a panel for each quantity. The first bar
// starts at 0, the next go from the value before to their own, and a last row starts at 0 again.
type Waterfall struct {
	Title    string
	Subtitle string
	Stages   []string // the first is where it starts
	Final    string   // name of the last row
	Panels   []WaterfallPanel
}

// WaterfallPanel is one quantity.
type WaterfallPanel struct {
	Name     string
	Values   []float64 // after each stage
	Decimals int
}

var _ Figure = (*Waterfall)(nil)

// Dimensions of a waterfall, in points.
const (
	fallRow    = 12
	fallBar    = 7.5
	fallTop    = 44
	fallNumber = 21 // room for the number behind a bar
	fallGap    = 4
	fallFoot   = 16
)

func (f *Waterfall) size() (width, height vg.Length) {
	return columnWidth, fallTop + fallRow*vg.Length(len(f.Stages)+1) + fallFoot
}

func (f *Waterfall) draw(s *sheet) {
	width, height := f.size()
	s.title(f.Title, f.Subtitle, width, height)
	left := s.width(f.Final, smallSize)
	for i, name := range f.Stages {
		left = max(left, s.width(f.label(i, name), smallSize))
	}
	left += 6
	for i, name := range f.Stages {
		s.write(words{text: f.label(i, name), x: left - 4, y: f.middle(height, i), size: smallSize, end: true})
	}
	s.write(words{text: f.Final, x: left - 4, y: f.middle(height, len(f.Stages)), size: smallSize, end: true})
	across := vg.Length(len(f.Panels))
	panel := (width-left-2-(across-1)*fallGap)/across - fallNumber
	for i := range f.Panels {
		f.panel(s, &f.Panels[i], left+vg.Length(i)*(panel+fallNumber+fallGap), panel)
	}
	f.legend(s, 2, 5)
}

// legend says what the colours are.
func (f *Waterfall) legend(s *sheet, x, y vg.Length) {
	for i, name := range []string{"total", "loss", "gain   (grey: change by the stage)"} {
		s.fill(x, y-3, 6, 6, []color.Color{fallTotal(), fallLoss(), fallGain()}[i])
		s.write(words{text: name, x: x + 8, y: y, size: smallSize, left: true})
		x += 15 + s.width(name, smallSize)
	}
}

// label of a stage says that it comes on top of those before it.
func (f *Waterfall) label(i int, name string) string {
	if i == 0 {
		return name
	}
	return "+ " + name
}

func (f *Waterfall) middle(height vg.Length, row int) vg.Length {
	return height - fallTop - fallRow*(vg.Length(row)+0.5)
}

// Colours of bars: totals, losses, gains. They differ in lightness, too.
func fallTotal() color.RGBA { return shade(0.25) }
func fallLoss() color.RGBA  { return shade(0.8) }
func fallGain() color.RGBA  { return shade(0.5) }

func (f *Waterfall) panel(s *sheet, p *WaterfallPanel, x, width vg.Length) {
	_, height := f.size()
	most := 0.0
	for _, v := range p.Values {
		most = max(most, v)
	}
	at := func(v float64) vg.Length { return x + width*vg.Length(v/most) }
	s.write(words{text: p.Name, x: x + (width+fallNumber)/2, y: height - fallTop + 12, size: s.fit(p.Name, textSize, width+fallNumber)})
	bottom := f.middle(height, len(p.Values)) - fallRow/2
	for v, step := 0.0, niceStep(most/4); v <= most; v += step {
		s.line(at(v), bottom, at(v), height-fallTop, color.Gray{0xd0})
		s.write(words{text: strconv.FormatFloat(v, 'f', -1, 64), x: at(v), y: height - fallTop + 4, size: 5, ink: color.Gray{0x60}})
	}
	before := 0.0
	for i := range len(p.Values) + 1 {
		y := f.middle(height, i)
		v, from, ink := p.Values[min(i, len(p.Values)-1)], before, fallLoss()
		switch {
		case i == 0 || i == len(p.Values):
			from, ink = 0, fallTotal()
		case v > before:
			ink = fallGain()
		}
		low, high := at(min(v, from)), at(max(v, from))
		s.fill(low, y-fallBar/2, max(high-low, 0.8), fallBar, ink)
		if i < len(p.Values) {
			s.line(at(v), y-fallBar/2, at(v), y-fallRow+fallBar/2, color.Gray{0x40})
		}
		if 0 < i && i < len(p.Values) { // in percent of the value before
			s.write(words{text: typeset(Signed(100*(v/before-1))) + " %", x: low - 2, y: y, size: 5, end: true, ink: color.Gray{0x60}})
		}
		s.write(words{text: format(v, p.Decimals), x: high + 2, y: y, size: smallSize, left: true})
		before = v
	}
	s.line(x, bottom, x, height-fallTop, color.Black)
}

// Signed writes a change with one decimal and a sign, unless it rounds to nothing.
func Signed(v float64) string {
	switch text := format(v, 1); {
	case text == "0.0" || text == "-0.0":
		return "0.0"
	case v > 0:
		return "+" + text
	default:
		return text
	}
}

// typeset replaces a hyphen by a minus sign.
func typeset(number string) string { return strings.Replace(number, "-", "\u2212", 1) }
