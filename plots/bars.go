package plots

import (
	"image/color"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// Bars is a row of panels of horizontal bars from 0 to 100 %, each with its number, grouped by what stands at the left.
type Bars struct {
	Title    string
	Subtitle string
	X        string        // what the numbers are
	Groups   [][]string    // from the top: lines of text
	Legend   string        // what the bars of a group are
	Series   []string      // their names, from the top
	Across   [][]string    // heads of the panels: lines of text
	Values   [][][]float64 // panel, group, series: from 0 to 1
}

var _ Figure = (*Bars)(nil)

// Dimensions of bars, in points.
const (
	barHeight  = 6.5
	barGap     = 5 // between groups
	barRight   = 6
	barTop     = 58
	barBottom  = 24
	barPanel   = 36 // least width of 100 %
	barNumber  = 10 // room for the number behind a bar
	barPanelDX = 4
	barLegend  = 26 // of a series
)

// left is the room for the names of the groups: a character is at most 0.56 of the size of the type in the mean.
func (b *Bars) left() vg.Length {
	most := 0
	for _, lines := range b.Groups {
		for _, l := range lines {
			most = max(most, len([]rune(l)))
		}
	}
	return vg.Length(most)*0.56*smallSize + 6
}

func (b *Bars) rowsHeight() vg.Length {
	return vg.Length(len(b.Groups)) * (vg.Length(len(b.Series))*barHeight + barGap)
}

func (b *Bars) size() (width, height vg.Length) {
	across := vg.Length(len(b.Across))
	width = b.left() + across*(barPanel+barNumber) + (across-1)*barPanelDX + barRight
	width = max(width, barLegend*vg.Length(len(b.Series)+2))
	return max(width, columnWidth), barTop + b.rowsHeight() + barBottom
}

func (b *Bars) draw(s *sheet) {
	width, height := b.size()
	s.title(b.Title, b.Subtitle, width, height)
	b.legend(s, 2, height-29)
	across := vg.Length(len(b.Across))
	panel := (width-b.left()-barRight-(across-1)*barPanelDX)/across - barNumber
	for a, head := range b.Across {
		x := b.left() + vg.Length(a)*(panel+barNumber+barPanelDX)
		s.heads(head, x+panel/2, height-barTop+14, panel+barNumber)
		b.panel(s, a, x, panel)
	}
	s.write(words{text: b.X, x: (b.left() + width - barRight) / 2, y: 6, size: textSize})
}

// ink is the colour of a series: ends of the map are too dark and too pale.
func (b *Bars) ink(i int) color.RGBA {
	return shade(0.2 + 0.6*float64(i)/float64(max(len(b.Series)-1, 1)))
}

func (b *Bars) legend(s *sheet, x, y vg.Length) {
	s.write(words{text: b.Legend, x: x, y: y, size: textSize, left: true})
	x += s.width(b.Legend, textSize) + 8
	for i, name := range b.Series {
		at := x + vg.Length(i)*barLegend
		s.fill(at, y-3, 6, 6, b.ink(i))
		s.write(words{text: name, x: at + 8, y: y, size: textSize, left: true})
	}
}

func (b *Bars) panel(s *sheet, a int, x, width vg.Length) {
	bottom, top := vg.Length(barBottom), barBottom+b.rowsHeight()
	for p := 0; p <= 100; p += 50 {
		at := x + width*vg.Length(p)/100
		s.line(at, bottom, at, top, color.Gray{0xc0})
		s.write(words{text: strconv.Itoa(p), x: at, y: bottom - 6, size: smallSize})
	}
	for g, name := range b.Groups {
		group := vg.Length(len(b.Series)) * barHeight
		y := top - vg.Length(g)*(group+barGap) - barGap/2
		if a == 0 {
			for i, line := range name {
				middle := y - group/2 + (vg.Length(len(name)-1)/2-vg.Length(i))*smallSize*1.3
				s.write(words{text: line, x: x - 5, y: middle, size: smallSize, end: true})
			}
		}
		for i := range b.Series {
			v := b.Values[a][g][i]
			y -= barHeight
			s.fill(x, y+0.4, width*vg.Length(v), barHeight-0.8, b.ink(i))
			s.write(words{text: strconv.Itoa(int(100*v + 0.5)), x: x + width*vg.Length(v) + 1.5, y: y + barHeight/2, size: smallSize, left: true})
		}
	}
	s.line(x, bottom, x, top, color.Black)
}
