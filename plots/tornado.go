package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Tornado shows by how much quantities change when something is less or more than it is: a row for each thing, a panel
// for each quantity, in which two bars go from 0 to either side.
type Tornado struct {
	Title    string
	Subtitle string
	Note     string // a third line, if there is one
	Less     string // what the first bar of a row is
	More     string // what the second is
	X        string // what the numbers are, with their unit
	Panels   []string
	Blocks   []TornadoBlock // apart by a line, from the top
}

// TornadoBlock is rows that belong together.
type TornadoBlock []TornadoRow

// TornadoRow is a thing, with its two bars in each panel.
type TornadoRow struct {
	Name   string
	Detail string       // behind the name, in grey
	Values [][2]float64 // of each panel: less, more
}

var _ Figure = (*Tornado)(nil)

// Dimensions of a tornado, in points.
const (
	tornadoRow    = 13.0
	tornadoBar    = 5.0
	tornadoTop    = 46
	tornadoFoot   = 16
	tornadoNumber = 15 // room for the number beside a bar
	tornadoGap    = 5  // between panels
	tornadoBlock  = 4  // between blocks
	tornadoPanel  = 70 // least width of a panel with its numbers
	tornadoLeast  = 0.05
)

// rows counts the rows of all blocks.
func (f *Tornado) rows() (n int) {
	for _, b := range f.Blocks {
		n += len(b)
	}
	return n
}

func (f *Tornado) size() (width, height vg.Length) {
	blocks := vg.Length(max(len(f.Blocks)-1, 0)) * tornadoBlock
	panels := vg.Length(len(f.Panels))
	width = max(columnWidth, f.left()+panels*(tornadoPanel+tornadoGap))
	return width, tornadoTop + noteHeight(f.Note) + vg.Length(f.rows())*tornadoRow + blocks + tornadoFoot
}

// left is the room for names and details.
func (f *Tornado) left() vg.Length {
	name, detail := vg.Length(0), vg.Length(0)
	for _, b := range f.Blocks {
		for _, r := range b {
			name, detail = max(name, roughWidth(r.Name, smallSize)), max(detail, roughWidth(r.Detail, 5))
		}
	}
	return name + detail + 8
}

// colours of the two bars, which differ in lightness, too.
func tornadoLess() color.RGBA { return shade(0.7) }
func tornadoMore() color.RGBA { return shade(0.25) }

func (f *Tornado) draw(s *sheet) {
	width, height := f.size()
	s.title(f.Title, f.Subtitle, width, height)
	s.note(f.Note, width, height)
	left := f.left()
	top := height - tornadoTop - noteHeight(f.Note)
	panels := vg.Length(len(f.Panels))
	room := (width - left - 2 - (panels-1)*tornadoGap) / panels
	for i, name := range f.Panels {
		x := left + vg.Length(i)*(room+tornadoGap)
		s.write(words{text: name, x: x + room/2, y: top + 12, size: s.fit(name, textSize, room)})
		f.panel(s, i, x+tornadoNumber, room-2*tornadoNumber, top)
	}
	f.eachRow(top, func(r *TornadoRow, y vg.Length) {
		s.write(words{text: r.Name, x: 2, y: y, size: smallSize, left: true})
		s.write(words{text: r.Detail, x: left - 5, y: y, size: 5, end: true, ink: color.Gray{0x60}})
	})
	x := vg.Length(2)
	for i, name := range []string{f.Less, f.More} {
		s.fill(x, 3, 6, 6, []color.Color{tornadoLess(), tornadoMore()}[i])
		s.write(words{text: name, x: x + 8, y: 6, size: smallSize, left: true})
		x += 14 + s.width(name, smallSize)
	}
	s.write(words{text: f.X, x: width - 2, y: 6, size: s.fit(f.X, smallSize, width-x-4), end: true})
}

// eachRow calls f with the middle of each row, and draws nothing.
func (f *Tornado) eachRow(top vg.Length, visit func(r *TornadoRow, y vg.Length)) {
	y := top
	for i, b := range f.Blocks {
		if i > 0 {
			y -= tornadoBlock
		}
		for k := range b {
			visit(&b[k], y-tornadoRow/2)
			y -= tornadoRow
		}
	}
}

// most is the largest change of all panels, which have one scale; of some, that of these.
func (f *Tornado) most(panels ...int) float64 {
	most := tornadoLeast
	for _, b := range f.Blocks {
		for _, r := range b {
			for i, v := range r.Values {
				if len(panels) == 0 || slices.Contains(panels, i) {
					most = max(most, math.Abs(v[0]), math.Abs(v[1]))
				}
			}
		}
	}
	return most
}

// panel draws the bars between x and x + width.
func (f *Tornado) panel(s *sheet, n int, x, width, top vg.Length) {
	most := f.most()
	middle := x + width/2
	at := func(v float64) vg.Length { return middle + width/2*vg.Length(v/most) }
	_, height := f.size()
	bottom := top - (height - tornadoTop - noteHeight(f.Note) - tornadoFoot)
	step := below(most)
	for _, v := range []float64{-step, 0, step} {
		if math.Abs(v) > most {
			continue
		}
		s.line(at(v), bottom, at(v), top, color.Gray{0xd0})
		s.write(words{text: typeset(format(v, decimalsOf(step))), x: at(v), y: top + 4, size: 5, ink: color.Gray{0x60}})
	}
	f.eachRow(top, func(r *TornadoRow, y vg.Length) {
		for i, v := range r.Values[n] {
			if math.Abs(v) < tornadoLeast {
				continue
			}
			low, high := at(min(v, 0)), at(max(v, 0))
			mid := y + tornadoBar/2
			if i == 1 {
				mid = y - tornadoBar/2
			}
			s.fill(low, mid-tornadoBar/2, max(high-low, 0.6), tornadoBar, []color.Color{tornadoLess(), tornadoMore()}[i])
			number := words{text: typeset(Signed(v)), x: high + 1.5, y: mid, size: 5, left: true}
			if v < 0 {
				number.x, number.left, number.end = low-1.5, false, true
			}
			s.write(number)
		}
	})
	s.line(middle, bottom, middle, top, color.Black)
	if f.most(n) <= tornadoLeast {
		text := "all less than " + format(tornadoLeast, 2)
		w := s.fit(text, 5, width+2*tornadoNumber)
		s.fill(x-tornadoNumber, (top+bottom)/2-4, width+2*tornadoNumber, 8, color.White)
		s.write(words{text: text, x: middle, y: (top + bottom) / 2, size: w, ink: color.Gray{0x60}})
	}
	y := top
	for i, b := range f.Blocks {
		if i > 0 {
			s.line(x-tornadoNumber, y-tornadoBlock/2, x+width+tornadoNumber, y-tornadoBlock/2, color.Gray{0x90})
			y -= tornadoBlock
		}
		y -= vg.Length(len(b)) * tornadoRow
	}
}
