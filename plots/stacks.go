package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// Stacks is one panel of horizontal bars below the other, with the same rows. A bar is a stack of parts, and has its sum
// behind it.
type Stacks struct {
	Title    string
	Subtitle string
	Note     string // a third line, if there is one
	Rows     []StackRow
	Panels   []StackPanel
}

// StackRow is what a bar is called. Rows of a group stand together below its name. A hollow bar is no more than its outline.
type StackRow struct {
	Group, Name string
	Hollow      bool
}

// StackPanel has a bar for each row.
type StackPanel struct {
	X      string      // what the lengths are, with the unit
	Log    bool        // for bars of one part
	Mark   float64     // a line at this length; 0 for none
	Parts  []string    // what the parts of a bar are; one without a name needs no legend
	Values [][]float64 // row, part; NaN where there is none
	Text   func(float64) string

	Whiskers [][2]float64 // of each row, from and to, across the end of the bar; NaN where there is none; nil for none at all
}

var _ Figure = (*Stacks)(nil)

// Dimensions of stacks, in points.
const (
	stackTop    = 26
	stackHead   = 9 // name of a group
	stackBar    = 8
	stackGap    = 3
	stackAxis   = 24
	stackNumber = 24 // room behind the longest bar
	stackNames  = 96 // most room for the names of rows
	legendLine  = 9
	legendGap   = 8
)

// roughWidth is what a text takes at most, but for one of wide letters alone: 0.56 of the size a letter.
func roughWidth(text string, size vg.Length) vg.Length {
	return vg.Length(len([]rune(text))) * 0.56 * size
}

// flow breaks a legend into lines.
func flow(names []string, room vg.Length) (lines [][]int) {
	x := room
	for i, name := range names {
		w := 8 + roughWidth(name, smallSize) + legendGap
		if x+w > room+legendGap && (x > 0 || len(lines) == 0) {
			lines, x = append(lines, nil), 0
		}
		last := len(lines) - 1
		lines[last] = append(lines[last], i)
		x += w
	}
	return lines
}

func (f *Stacks) left() vg.Length {
	most := vg.Length(0)
	for _, r := range f.Rows {
		most = max(most, roughWidth(r.Name, smallSize))
	}
	return min(most, stackNames) + 7
}

// named reports whether a row begins a group with a name.
func (f *Stacks) named(row int) bool {
	g := f.Rows[row].Group
	return g != "" && (row == 0 || f.Rows[row-1].Group != g)
}

func (f *Stacks) rowsHeight() vg.Length {
	h := vg.Length(stackGap)
	for i := range f.Rows {
		h += stackBar
		if f.named(i) {
			h += stackHead
		}
	}
	return h
}

func (p *StackPanel) legendLines() [][]int {
	if len(p.Parts) < 2 {
		return nil
	}
	return flow(p.Parts, columnWidth-4)
}

func (f *Stacks) size() (width, height vg.Length) {
	height = stackTop + noteHeight(f.Note)
	for i := range f.Panels {
		height += vg.Length(len(f.Panels[i].legendLines()))*legendLine + f.rowsHeight() + stackAxis
	}
	return columnWidth, height
}

func (f *Stacks) draw(s *sheet) {
	width, height := f.size()
	s.title(f.Title, f.Subtitle, width, height)
	s.note(f.Note, width, height)
	y := height - stackTop - noteHeight(f.Note)
	for i := range f.Panels {
		p := &f.Panels[i]
		for _, line := range p.legendLines() {
			x := vg.Length(2)
			for _, part := range line {
				s.fill(x, y-7, 6, 6, partInk(part, len(p.Parts)))
				s.line(x, y-7, x+6, y-7, color.Gray{0x60})
				s.write(words{text: p.Parts[part], x: x + 8, y: y - 4, size: smallSize, left: true})
				x += 8 + roughWidth(p.Parts[part], smallSize) + legendGap
			}
			y -= legendLine
		}
		f.panel(s, p, y)
		y -= f.rowsHeight() + stackAxis
	}
}

// partInk spreads parts over the map of colours. Of neighbours one is dark and one is pale, so that their border shows on
// paper, too.
func partInk(i, n int) color.RGBA {
	if n == 1 {
		return shade(0.35)
	}
	half := (n + 1) / 2
	return shade(0.08 + 0.88*float64(i/2+i%2*half)/float64(max(n-1, 1)))
}

// sum is the length of a bar, not a number where it has no part.
func sum(parts []float64) float64 {
	total, any := 0.0, false
	for _, v := range parts {
		if !math.IsNaN(v) {
			total, any = total+v, true
		}
	}
	if !any {
		return math.NaN()
	}
	return total
}

func (f *Stacks) panel(s *sheet, p *StackPanel, top vg.Length) {
	x, room := f.left(), columnWidth-f.left()-stackNumber
	totals := []float64{p.Mark}
	for _, v := range p.Values {
		totals = append(totals, sum(v))
	}
	for _, w := range p.Whiskers {
		totals = append(totals, w[:]...)
	}
	a := newAxis(totals, p.Log)
	bottom := top - f.rowsHeight()
	end := vg.Length(-10)
	for _, t := range a.ticks() {
		at := x + room*vg.Length(t.at)
		s.line(at, bottom, at, top, color.Gray{0xc8})
		if w := s.width(t.text, smallSize); at-w/2 > end+2 {
			s.write(words{text: t.text, x: at, y: bottom - 6, size: smallSize})
			end = at + w/2
		}
	}
	if p.Mark > 0 {
		at := x + room*vg.Length(a.at(p.Mark))
		s.line(at, bottom, at, top, color.Black)
	}
	y := top - stackGap/2.
	for i, r := range f.Rows {
		if f.named(i) {
			y -= stackHead
		}
		y -= stackBar
		s.write(words{text: r.Name, x: x - 4, y: y + stackBar/2, size: s.fit(r.Name, smallSize, x-6), end: true})
		f.bar(s, p, a, i, base{x, y, room})
	}
	s.line(x, bottom, x, top, color.Black)
	f.groups(s, top)
	s.write(words{text: p.X, x: x + room/2, y: bottom - 15, size: textSize})
}

// groups writes the names of groups, on white, so that no line runs through one.
func (f *Stacks) groups(s *sheet, top vg.Length) {
	y := top - stackGap/2.
	for i, r := range f.Rows {
		if f.named(i) {
			y -= stackHead
			size := s.fit(r.Group, smallSize, columnWidth-4)
			s.fill(0, y+0.5, s.width(r.Group, size)+4, stackHead-1, color.White)
			s.write(words{text: r.Group, x: 2, y: y + 4, size: size, left: true})
		}
		y -= stackBar
	}
}

// base is where a bar starts, and how long the axis is.
type base struct{ x, y, room vg.Length }

func (f *Stacks) bar(s *sheet, p *StackPanel, a axis, row int, b base) {
	total, at := sum(p.Values[row]), 0.0
	if math.IsNaN(total) {
		s.write(words{text: "-", x: b.x + 2, y: b.y + stackBar/2, size: smallSize, left: true})
		return
	}
	from := b.x
	for i, v := range p.Values[row] {
		if math.IsNaN(v) || v <= 0 {
			continue
		}
		at += v
		to := b.x + b.room*vg.Length(a.at(at))
		paint := s.fill
		if f.Rows[row].Hollow {
			paint = s.hollow
		}
		paint(from, b.y+0.8, to-from, stackBar-1.6, partInk(i, len(p.Parts)))
		from = to
	}
	if p.Whiskers != nil && !math.IsNaN(p.Whiskers[row][0]) {
		least := b.x + b.room*vg.Length(a.at(p.Whiskers[row][0]))
		most := b.x + b.room*vg.Length(a.at(p.Whiskers[row][1]))
		s.whisker(vg.Point{X: least, Y: b.y + stackBar/2}, vg.Point{X: most, Y: b.y + stackBar/2}, whiskerInk())
		from = max(from, most) + 1
	}
	text := p.Text(total)
	s.fill(from+1, b.y+0.8, s.width(text, smallSize)+2, stackBar-1.6, color.White) // no line through it
	s.write(words{text: text, x: from + 2, y: b.y + stackBar/2, size: smallSize, left: true})
}
