package plots

import (
	"strconv"

	"gonum.org/v1/plot/vg"
)

// HeatMap is a grid of panels of coloured cells, each with its number, that share their axes and a scale from 0 to 100 %.
type HeatMap struct {
	Title    string
	Subtitle string
	X        string          // what the columns of cells are
	XNames   []string        // their names, from the left
	YNames   []string        // of the rows of cells, from the bottom
	Across   [][]string      // heads of the panels across: lines of text
	Down     []string        // what the rows of cells are, for each panel from the top
	Cells    [][][][]float64 // panel across, panel down, row, column: from 0 to 1
	Scale    string          // what the numbers are
}

var _ Figure = (*HeatMap)(nil)

// Dimensions of heat maps, in points.
const (
	cellHeight  = 10.5
	leastCell   = 11.9 // width: two digits
	heatLeft    = 22
	besideNames = 14 // what runs upwards along the panels, and gaps
	heatRight   = 30
	heatTop     = 46
	heatBottom  = 22
	panelGapX   = 4
	panelGapY   = 7
	scaleStripe = 6
)

// left is the margin that the names of the rows need.
func (h *HeatMap) left() vg.Length {
	left := vg.Length(heatLeft)
	s := sheet{fonts: fonts()}
	for _, name := range h.YNames {
		left = max(left, besideNames+s.width(name, textSize))
	}
	return left
}

func (h *HeatMap) size() (width, height vg.Length) {
	across, down := vg.Length(len(h.Across)), vg.Length(len(h.Down))
	width = h.left() + heatRight + across*vg.Length(len(h.XNames))*leastCell + (across-1)*panelGapX
	height = heatTop + heatBottom + down*vg.Length(len(h.YNames))*cellHeight + (down-1)*panelGapY
	return max(width, columnWidth), height
}

func (h *HeatMap) draw(s *sheet) {
	width, height := h.size()
	left := h.left()
	across := vg.Length(len(h.Across))
	panel := (width - left - heatRight - (across-1)*panelGapX) / across
	s.title(h.Title, h.Subtitle, width, height)
	for a, head := range h.Across {
		x := left + vg.Length(a)*(panel+panelGapX)
		s.heads(head, x+panel/2, height-heatTop+15, panel)
		for d := range h.Down {
			h.panel(s, a, d, x, panel)
		}
	}
	s.write(words{text: h.X, x: (left + width - heatRight) / 2, y: 6, size: textSize})
	h.scale(s, width-heatRight+5)
}

// bottom is where the panels of row d begin.
func (h *HeatMap) bottom(d int) vg.Length {
	rows := vg.Length(len(h.YNames)) * cellHeight
	return heatBottom + vg.Length(len(h.Down)-1-d)*(rows+panelGapY)
}

func (h *HeatMap) panel(s *sheet, a, d int, x, width vg.Length) {
	cell := width / vg.Length(len(h.XNames))
	y := h.bottom(d)
	for r, row := range h.Cells[a][d] {
		at := y + vg.Length(r)*cellHeight
		for c, v := range row {
			left := x + vg.Length(c)*cell
			s.fill(left, at, cell, cellHeight, shade(v))
			s.write(words{text: strconv.Itoa(int(100*v + 0.5)), x: left + cell/2, y: at + cellHeight/2, size: textSize, ink: inkOn(shade(v))})
		}
		if a == 0 {
			s.write(words{text: h.YNames[r], x: x - 3, y: at + cellHeight/2, size: textSize, end: true})
		}
	}
	if a == 0 {
		high := vg.Length(len(h.YNames)) * cellHeight
		s.write(words{text: h.Down[d], x: 6, y: y + high/2, size: s.fit(h.Down[d], textSize, high), turn: true})
	}
	if d == len(h.Down)-1 {
		for c, name := range h.XNames {
			s.write(words{text: name, x: x + (vg.Length(c)+0.5)*cell, y: y - 6, size: smallSize})
		}
	}
}

// scale draws the colours beside the panels.
func (h *HeatMap) scale(s *sheet, x vg.Length) {
	y, top := h.bottom(len(h.Down)-1), h.bottom(0)+vg.Length(len(h.YNames))*cellHeight
	const steps = 100
	for i := range steps {
		from := y + (top-y)*vg.Length(i)/steps
		s.fill(x, from, scaleStripe, (top-y)/steps+0.2, shade((float64(i)+0.5)/steps))
	}
	for p := 0; p <= 100; p += 20 {
		at := y + (top-y)*vg.Length(p)/100
		at = min(max(at, y+2), top-2)
		s.write(words{text: strconv.Itoa(p), x: x + scaleStripe + 2, y: at, size: smallSize, left: true})
	}
	s.write(words{text: h.Scale, x: x + scaleStripe + 14, y: (y + top) / 2, size: smallSize, turn: true})
}
