package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// Pairs is a column of panels of upright bars from 0, in groups, each beside the value that somebody has published for it: the
// bar is filled, the published one an outline around it.
type Pairs struct {
	Title    string
	Subtitle string
	Y        string   // what the bars are
	Labels   string   // what stands above them: black of the bar, grey of the outline
	Series   []string // names of the bars of a group
	Inferred []string // those of them that are hatched
	Panels   []PairPanel
}

// PairPanel is one panel.
type PairPanel struct {
	Name   string
	Groups []PairGroup
}

// PairGroup is the bars of one group, one for each series.
type PairGroup struct {
	Name string
	Bars []Pair
}

// Pair is a bar and its outline, and what stands above them.
type Pair struct {
	Value, Published float64
	Label, Beside    string
	Hollow           bool // no more than the outline of the bar
}

var _ Figure = (*Pairs)(nil)

// Dimensions of pairs, in points.
const (
	pairTop    = 40 // title, legend
	pairHead   = 9  // name of a panel
	pairHeight = 78
	pairFoot   = 15
	pairLeft   = 24
	pairRight  = 3
	pairGap    = 0.7 // between groups, in bars
	pairLabels = 14  // room above the highest bar
)

func (p *Pairs) size() (width, height vg.Length) {
	return columnWidth, pairTop + vg.Length(len(p.Panels))*(pairHead+pairHeight+pairFoot)
}

func (p *Pairs) draw(s *sheet) {
	width, height := p.size()
	s.title(p.Title, p.Subtitle, width, height)
	s.write(words{text: p.Labels, x: 2, y: height - 26, size: s.fit(p.Labels, smallSize, width-4), left: true})
	p.legend(s, 2, height-35)
	pitch := p.pitch(width)
	for i := range p.Panels {
		top := height - pairTop - vg.Length(i)*(pairHead+pairHeight+pairFoot) - pairHead
		p.panel(s, &p.Panels[i], top-pairHeight, pitch)
	}
	s.write(words{text: p.Y, x: 5, y: (height - pairTop) / 2, size: textSize, turn: true})
}

// pitch is the width of a bar in the panel with the most of them.
func (p *Pairs) pitch(width vg.Length) vg.Length {
	most := 0.0
	for _, panel := range p.Panels {
		bars := 0.0
		for _, g := range panel.Groups {
			bars += float64(len(g.Bars)) + pairGap
		}
		most = max(most, bars)
	}
	return (width - pairLeft - pairRight) / vg.Length(most)
}

// ink is the colour of a series.
func (p *Pairs) ink(i int) color.RGBA {
	return shade(0.12 + 0.76*float64(i)/float64(max(len(p.Series)-1, 1)))
}

func (p *Pairs) hatched(i int) bool {
	for _, name := range p.Inferred {
		if name == p.Series[i] {
			return true
		}
	}
	return false
}

func (p *Pairs) legend(s *sheet, x, y vg.Length) {
	for i, name := range p.Series {
		p.bar(s, i, x, y-3, 6, 6)
		if p.hatched(i) {
			name += " (inferred)"
		}
		s.write(words{text: name, x: x + 8, y: y, size: smallSize, left: true})
		x += 15 + s.width(name, smallSize)
	}
	s.box(x, y-3, 6, 6, color.Gray{0x40})
	s.write(words{text: "published", x: x + 8, y: y, size: smallSize, left: true})
}

// bar fills a bar; what is inferred is hatched, and pale between the lines.
func (p *Pairs) bar(s *sheet, series int, x, y, w, h vg.Length) {
	ink := p.ink(series)
	if !p.hatched(series) {
		s.fill(x, y, w, h, ink)
		return
	}
	pale := func(v uint8) uint8 { return uint8((int(v) + 3*0xff) / 4) }
	s.fill(x, y, w, h, color.RGBA{pale(ink.R), pale(ink.G), pale(ink.B), 0xff})
	for up := vg.Length(1); up < h; up += 2 {
		s.fill(x, y+up, w, min(0.8, h-up), ink)
	}
}

// box draws an outline.
func (s *sheet) box(x, y, w, h vg.Length, c color.Color) {
	s.line(x, y, x, y+h, c)
	s.line(x, y+h, x+w, y+h, c)
	s.line(x+w, y+h, x+w, y, c)
	s.line(x+w, y, x, y, c)
}

func (p *Pairs) panel(s *sheet, panel *PairPanel, y, pitch vg.Length) {
	most := 0.0
	bars := vg.Length(0)
	for _, g := range panel.Groups {
		bars += vg.Length(len(g.Bars)) + pairGap
		for _, b := range g.Bars {
			most = max(most, b.Value, b.Published)
		}
	}
	up := func(v float64) vg.Length { return (pairHeight - pairLabels) * vg.Length(v/most) }
	right := pairLeft + bars*pitch
	step := niceStep(most / 4)
	for v := 0.0; v <= most; v += step {
		s.line(pairLeft, y+up(v), right, y+up(v), color.Gray{0xc8})
		s.write(words{text: format(v, decimalsOf(step)), x: pairLeft - 3, y: y + up(v), size: smallSize, end: true})
	}
	s.write(words{text: panel.Name, x: pairLeft, y: y + pairHeight + 3, size: textSize, left: true})
	x := vg.Length(pairLeft)
	for _, g := range panel.Groups {
		x += pitch * pairGap / 2
		s.write(words{text: g.Name, x: x + pitch*vg.Length(len(g.Bars))/2, y: y - 6, size: textSize})
		for i, b := range g.Bars {
			if b.Hollow {
				s.hollow(x+0.22*pitch, y, 0.56*pitch, up(b.Value), p.ink(i))
			} else {
				p.bar(s, i, x+0.22*pitch, y, 0.56*pitch, up(b.Value))
			}
			s.box(x+0.09*pitch, y, 0.82*pitch, up(b.Published), color.Gray{0x40})
			above := y + up(max(b.Value, b.Published)) + 4
			if b.Label != "" { // the grid would cross them out
				s.fill(x+0.12*pitch, above-2.5, 0.76*pitch, 10.5, color.White)
			}
			s.write(words{text: b.Label, x: x + pitch/2, y: above, size: smallSize})
			s.write(words{text: b.Beside, x: x + pitch/2, y: above + 5.6, size: smallSize, ink: color.Gray{0x70}})
			x += pitch
		}
		x += pitch * pairGap / 2
	}
	s.line(pairLeft, y, right, y, color.Black)
}

// niceStep is the least of 1, 2, 5, 10 and so on that is no less than v.
func niceStep(v float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*ten {
			return m * ten
		}
	}
	return 10 * ten
}

// decimalsOf are the places that multiples of a step need.
func decimalsOf(step float64) int { return max(0, int(-math.Floor(math.Log10(step)))) }
