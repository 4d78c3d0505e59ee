package plots

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// HeatMap is a grid of panels of coloured cells that share their axes and a scale. A number stands in each cell if there is room.
type HeatMap struct {
	Title    string
	Subtitle string
	X        string          // what the columns of cells are
	XNames   []string        // their names, from the left
	YNames   []string        // of the rows of cells, from the bottom
	Across   [][]string      // heads of the panels across: lines of text
	Down     []string        // what the rows of cells are, for each panel from the top
	Cells    [][][][]float64 // panel across, panel down, row, column; not a number where there is none
	Hollow   [][][][]bool    // in the same order: cells that are no more than a frame; nil for none
	Scale    string          // what the numbers are, with the unit
	Colours  *Colours        // nil for shares: from 0 to 1, written as percentages
}

// Colours are those of a quantity that is no share: from its least value to its largest.
type Colours struct {
	Log  bool
	Text func(v float64) string // of a number in a cell
}

var _ Figure = (*HeatMap)(nil)

// Dimensions of heat maps, in points.
const (
	cellHeight  = 10.5
	mostHeight  = 40   // of a cell, where few have to make room for what they are called
	leastCell   = 11.9 // width: two digits
	leastSize   = 5    // of a number in a cell
	heatLeft    = 22
	besideNames = 14 // what runs upwards along the panels, and gaps
	mostNames   = 96 // most room for names of rows, and of columns that are turned
	heatTop     = 46 // with heads of panels
	plainTop    = 26 // without
	heatBottom  = 22
	panelGapX   = 4
	panelGapY   = 7
	scaleStripe = 6
	mostWidth   = 2 * columnWidth // a page
)

// placing is where the parts of a heat map are.
type placing struct {
	*HeatMap
	left, right           vg.Length // margins
	top, bottom           vg.Length
	width, height         vg.Length
	panel                 vg.Length // width of one
	cellWidth, cellHeight vg.Length
	number                vg.Length // size of the numbers, 0 for none
	turned                bool      // names of the columns
	scale                 axis
}

// place measures all texts.
func (h *HeatMap) place() *placing {
	s := sheet{fonts: fonts()}
	p := &placing{HeatMap: h, left: heatLeft, top: plainTop, bottom: heatBottom, scale: h.scaleOf()}
	if slices.ContainsFunc(h.Across, func(head []string) bool { return len(head) > 0 }) {
		p.top = heatTop
	}
	for _, name := range h.YNames {
		p.left = max(p.left, besideNames+min(mostNames, s.width(name, textSize)))
	}
	ticks := vg.Length(0)
	for _, t := range p.scale.ticks() {
		ticks = max(ticks, s.width(h.tickText(t), smallSize))
	}
	p.right = 5 + scaleStripe + 2 + ticks + 2
	if h.Colours == nil {
		p.right += smallSize + 1 // for what the numbers are; else that stands above
	} else {
		p.top += 8
	}
	need := vg.Length(leastCell)
	h.each(func(v float64) { need = max(need, s.width(h.text(v), textSize)+2) })
	across, columns := vg.Length(len(h.Across)), vg.Length(len(h.XNames))
	p.width = p.left + p.right + across*columns*need + (across-1)*panelGapX
	p.width = min(max(p.width, columnWidth), max(mostWidth, p.left+p.right+across*columns*2))
	p.panel = (p.width - p.left - p.right - (across-1)*panelGapX) / across
	p.cellWidth = p.panel / columns
	if size := textSize * p.cellWidth / need; size >= leastSize {
		p.number = min(size, textSize)
	}
	names := vg.Length(0)
	for _, name := range h.XNames {
		names = max(names, s.width(name, smallSize))
	}
	if p.turned = names > p.cellWidth-1; p.turned {
		p.bottom += min(names, mostNames) - smallSize
	}
	p.cellHeight = cellHeight
	for _, name := range h.Down {
		p.cellHeight = max(p.cellHeight, min(mostHeight, s.width(name, leastSize)/vg.Length(len(h.YNames))))
	}
	down := vg.Length(len(h.Down))
	p.height = p.top + p.bottom + down*p.rows() + (down-1)*panelGapY
	return p
}

// rows is the height of a panel.
func (p *placing) rows() vg.Length { return vg.Length(len(p.YNames)) * p.cellHeight }

// each calls f with all numbers.
func (h *HeatMap) each(f func(v float64)) {
	for _, down := range h.Cells {
		for _, rows := range down {
			for _, row := range rows {
				for _, v := range row {
					if !math.IsNaN(v) {
						f(v)
					}
				}
			}
		}
	}
}

// scaleOf is where numbers lie on the scale of colours. Unlike a length a colour shows no share of something, so it need not
// start at 0.
func (h *HeatMap) scaleOf() axis {
	if h.Colours == nil {
		return axis{0, 1, false}
	}
	a := axis{math.Inf(1), math.Inf(-1), h.Colours.Log}
	h.each(func(v float64) {
		if v > 0 || !a.log {
			a.lo, a.hi = min(a.lo, v), max(a.hi, v)
		}
	})
	if a.lo > a.hi {
		return axis{0, 1, false}
	}
	if a.lo == a.hi { // one value: the middle of a scale around it
		a.lo, a.hi = a.lo*0.9, a.hi*1.1
	}
	if a.lo == a.hi {
		return axis{-1, 1, false}
	}
	return a
}

func (h *HeatMap) text(v float64) string {
	if h.Colours == nil {
		return strconv.Itoa(int(100*v + 0.5))
	}
	return h.Colours.Text(v)
}

func (h *HeatMap) tickText(t tick) string {
	if h.Colours == nil {
		return strconv.Itoa(int(100*t.at + 0.5))
	}
	return t.text
}

func (h *HeatMap) size() (width, height vg.Length) {
	p := h.place()
	return p.width, p.height
}

func (h *HeatMap) draw(s *sheet) { h.place().draw(s) }

func (p *placing) draw(s *sheet) {
	s.title(p.Title, p.Subtitle, p.width, p.height)
	for a, head := range p.Across {
		x := p.left + vg.Length(a)*(p.panel+panelGapX)
		s.heads(head, x+p.panel/2, p.height-p.top+15, p.panel)
		for d := range p.Down {
			p.drawPanel(s, a, d, x)
		}
	}
	s.write(words{text: p.X, x: (p.left + p.width - p.right) / 2, y: 6, size: s.fit(p.X, textSize, p.width)})
	p.drawScale(s, p.width-p.right+5)
}

// foot is where the panels of row d begin.
func (p *placing) foot(d int) vg.Length {
	return p.bottom + vg.Length(len(p.Down)-1-d)*(p.rows()+panelGapY)
}

func (p *placing) drawPanel(s *sheet, a, d int, x vg.Length) {
	y := p.foot(d)
	for r, row := range p.Cells[a][d] {
		at := y + vg.Length(r)*p.cellHeight
		for c, v := range row {
			p.drawCell(s, x+vg.Length(c)*p.cellWidth, at, v, p.Hollow != nil && p.Hollow[a][d][r][c])
		}
		if a == 0 {
			name := p.YNames[r]
			s.write(words{text: name, x: x - 3, y: at + p.cellHeight/2, size: s.fit(name, textSize, mostNames), end: true})
		}
	}
	if a == 0 {
		s.write(words{text: p.Down[d], x: 6, y: y + p.rows()/2, size: s.fit(p.Down[d], textSize, p.rows()), turn: true})
	}
	if d == len(p.Down)-1 {
		for c, name := range p.XNames {
			w := words{text: name, x: x + (vg.Length(c)+0.5)*p.cellWidth, y: y - 6, size: smallSize}
			if p.turned {
				w.y, w.turn, w.end, w.size = y-3, true, true, s.fit(name, min(smallSize, p.cellWidth-0.5), mostNames)
			}
			s.write(w)
		}
	}
}

func (p *placing) drawCell(s *sheet, x, y vg.Length, v float64, hollow bool) {
	ink := color.RGBA{0xee, 0xee, 0xee, 0xff} // no colour of the map
	text := "-"
	if !math.IsNaN(v) {
		ink, text = shade(p.scale.at(v)), p.text(v)
	}
	if hollow {
		s.hollow(x, y, p.cellWidth, p.cellHeight, ink)
		ink = color.RGBA{0xff, 0xff, 0xff, 0xff}
	} else {
		s.fill(x, y, p.cellWidth, p.cellHeight, ink)
	}
	if p.number > 0 {
		s.write(words{text: text, x: x + p.cellWidth/2, y: y + p.cellHeight/2, size: p.number, ink: inkOn(ink)})
	}
}

// drawScale draws the colours beside the panels.
func (p *placing) drawScale(s *sheet, x vg.Length) {
	y, top := p.foot(len(p.Down)-1), p.foot(0)+p.rows()
	const steps = 100
	for i := range steps {
		from := y + (top-y)*vg.Length(i)/steps
		s.fill(x, from, scaleStripe, (top-y)/steps+0.2, shade((float64(i)+0.5)/steps))
	}
	end, widest := vg.Length(-10), vg.Length(0)
	for _, t := range p.scale.ticks() {
		text := p.tickText(t)
		widest = max(widest, s.width(text, smallSize))
		at := min(max(y+(top-y)*vg.Length(t.at), y+2), top-2)
		if at-smallSize*0.8 < end { // no room below it
			continue
		}
		end = at
		s.write(words{text: text, x: x + scaleStripe + 2, y: at, size: smallSize, left: true})
	}
	if p.Colours != nil {
		s.write(words{text: p.Scale, x: p.width - 2, y: top + 6, size: s.fit(p.Scale, smallSize, p.width-4), end: true})
		return
	}
	s.write(words{text: p.Scale, x: x + scaleStripe + 4 + widest + smallSize/2, y: (y + top) / 2,
		size: s.fit(p.Scale, smallSize, p.height-8), turn: true})
}
