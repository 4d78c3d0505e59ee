package plots

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Chart is one panel of points and lines below the other. A series has the same colour and the same mark in all of them.
type Chart struct {
	Title    string
	Subtitle string
	Note     string   // a third line, if there is one
	Series   []string // their names; one alone needs no legend
	Panels   []ChartPanel
}

// ChartPanel is a pair of axes. An axis that is not logarithmic starts at 0, unless it is told to start near its least value.
type ChartPanel struct {
	Name       string // what stands above it, if the chart has several
	X, Y       string // what the numbers are, with units
	XLog, YLog bool
	XNear      bool
	YNear      bool
	Points     [][]ChartPoint // of each series of the chart
	Lines      []ChartLine
}

// ChartPoint is one mark. Of marks on top of each other one gets a label, which counts the others.
type ChartPoint struct {
	X, Y  float64
	Label string // where there is room for it

	Hollow bool // no more than the outline of the mark

	XWhisker, YWhisker [2]float64 // from and to, on both sides of the mark; equal or not numbers for none
}

// ChartLine joins points, in the colour of a series.
type ChartLine struct {
	Points [][2]float64
	Series int    // -1 for black
	Label  string // stands at its last point, and ends there
	Across bool   // it is dashed, and goes through the whole panel at the height of its only point
}

var _ Figure = (*Chart)(nil)

// Dimensions of charts, in points.
const (
	chartTop    = 26
	chartLeft   = 38
	chartRight  = 8
	chartHeight = 120
	chartAxis   = 28
	chartName   = 9 // the line above a panel
	markApart   = 3 // marks that are closer share a label
)

func (c *Chart) legendLines() [][]int {
	if len(c.Series) < 2 {
		return nil
	}
	return flow(c.Series, columnWidth-4)
}

func (c *Chart) size() (width, height vg.Length) {
	height = chartTop + noteHeight(c.Note) + vg.Length(len(c.legendLines()))*legendLine
	for i := range c.Panels {
		height += c.Panels[i].height()
	}
	return columnWidth, height
}

// height is that of a panel with what stands around it.
func (p *ChartPanel) height() vg.Length {
	if p.Name == "" {
		return chartHeight + chartAxis
	}
	return chartName + chartHeight + chartAxis
}

func (c *Chart) draw(s *sheet) {
	width, height := c.size()
	s.title(c.Title, c.Subtitle, width, height)
	s.note(c.Note, width, height)
	y := height - chartTop - noteHeight(c.Note)
	for _, line := range c.legendLines() {
		x := vg.Length(2)
		for _, i := range line {
			s.mark(i, len(c.Series), vg.Point{X: x + 3, Y: y - 4}, false)
			s.write(words{text: c.Series[i], x: x + 8, y: y - 4, size: smallSize, left: true})
			x += 8 + roughWidth(c.Series[i], smallSize) + legendGap
		}
		y -= legendLine
	}
	for i := range c.Panels {
		below := y - c.Panels[i].height()
		if name := c.Panels[i].Name; name != "" {
			s.write(words{text: name, x: chartLeft, y: y - 4, size: s.fit(name, textSize, columnWidth-chartLeft-2), left: true})
			y -= chartName
		}
		p := &plotting{ChartPanel: &c.Panels[i], sheet: s, series: len(c.Series),
			x0: chartLeft, x1: columnWidth - chartRight, y0: y - chartHeight, y1: y - 4}
		p.draw()
		y = below
	}
}

// seriesInk leaves out the pale end of the map, which a small mark does not show.
func seriesInk(i, n int) color.Color {
	if i < 0 {
		return color.Black
	}
	return shade(0.8 * float64(i) / float64(max(n-1, 1)))
}

// plotting is a panel being drawn.
type plotting struct {
	*ChartPanel
	*sheet
	series         int
	x0, x1, y0, y1 vg.Length
	x, y           axis
	taken          []rectangle // by marks and labels
	reached        []rectangle // by whiskers, which a label may cross if it would have no place otherwise
	lined          []rectangle // by lines, which a label may cross if it must
}

// rectangle is a part of the page.
type rectangle struct{ x0, y0, x1, y1 vg.Length }

func (r rectangle) meets(o rectangle) bool {
	return r.x0 < o.x1 && o.x0 < r.x1 && r.y0 < o.y1 && o.y0 < r.y1
}

func (p *plotting) draw() {
	var xs, ys []float64
	for _, series := range p.Points {
		for _, q := range series {
			xs, ys = append(xs, q.X), append(ys, q.Y)
			if whiskered(q.XWhisker) {
				xs = append(xs, q.XWhisker[:]...)
			}
			if whiskered(q.YWhisker) {
				ys = append(ys, q.YWhisker[:]...)
			}
		}
	}
	for _, l := range p.Lines {
		for _, q := range l.Points {
			if ys = append(ys, q[1]); !l.Across {
				xs = append(xs, q[0])
			}
		}
	}
	p.x, p.y = newAxis(xs, p.XLog), newAxis(ys, p.YLog)
	if p.XNear && !p.XLog {
		p.x = nearAxis(xs)
	}
	if p.YNear && !p.YLog {
		p.y = nearAxis(ys)
	}
	p.frame()
	for _, l := range p.Lines {
		if l.Across {
			p.across(l)
		}
		for i := 1; i < len(l.Points); i++ {
			p.segment(p.place(l.Points[i-1][0], l.Points[i-1][1]), p.place(l.Points[i][0], l.Points[i][1]), seriesInk(l.Series, p.series))
		}
	}
	all := p.marks()
	for _, l := range p.Lines {
		p.nameLine(l)
	}
	var homeless []*bunch
	for _, b := range all {
		if !p.label(b, slices.Concat(p.taken, p.reached, p.lined)) && !p.label(b, slices.Concat(p.taken, p.reached)) {
			homeless = append(homeless, b)
		}
	}
	for _, b := range homeless {
		p.label(b, p.taken)
	}
}

func (p *plotting) place(x, y float64) vg.Point {
	return vg.Point{X: p.x0 + (p.x1-p.x0)*vg.Length(p.x.at(x)), Y: p.y0 + (p.y1-p.y0)*vg.Length(p.y.at(y))}
}

// frame draws axes and grid, without numbers that would touch.
func (p *plotting) frame() {
	pale, end := color.Gray{0xd8}, vg.Length(-10)
	for _, t := range p.x.ticks() {
		at := p.x0 + (p.x1-p.x0)*vg.Length(t.at)
		p.line(at, p.y0, at, p.y1, pale)
		if w := p.width(t.text, smallSize); at-w/2 > end+3 {
			p.write(words{text: t.text, x: min(at, columnWidth-1-w/2), y: p.y0 - 6, size: smallSize})
			end = at + w/2
		}
	}
	end = -10
	for _, t := range p.y.ticks() {
		at := p.y0 + (p.y1-p.y0)*vg.Length(t.at)
		p.line(p.x0, at, p.x1, at, pale)
		if at-smallSize/2 > end+1 {
			p.write(words{text: t.text, x: p.x0 - 3, y: at, size: smallSize, end: true})
			end = at + smallSize/2
		}
	}
	p.line(p.x0, p.y0, p.x1, p.y0, color.Black)
	p.line(p.x0, p.y0, p.x0, p.y1, color.Black)
	p.write(words{text: p.X, x: (p.x0 + p.x1) / 2, y: p.y0 - 15, size: p.fit(p.X, textSize, p.x1-p.x0)})
	p.write(words{text: p.Y, x: 7, y: (p.y0 + p.y1) / 2, size: p.fit(p.Y, textSize, chartHeight), turn: true})
}

func (p *plotting) segment(a, b vg.Point, c color.Color) {
	p.canvas.StrokeLine2(draw.LineStyle{Color: c, Width: 0.7}, a.X, a.Y, b.X, b.Y)
	n := 1 + int(math.Hypot(float64(b.X-a.X), float64(b.Y-a.Y)))
	for i := range n + 1 {
		x, y := a.X+(b.X-a.X)*vg.Length(i)/vg.Length(n), a.Y+(b.Y-a.Y)*vg.Length(i)/vg.Length(n)
		p.lined = append(p.lined, rectangle{x - 0.4, y - 0.4, x + 0.4, y + 0.4})
	}
}

// across draws a dashed line through the panel.
func (p *plotting) across(l ChartLine) {
	y := p.place(0, l.Points[0][1]).Y
	p.canvas.StrokeLine2(draw.LineStyle{Color: seriesInk(l.Series, p.series), Width: 0.5, Dashes: []vg.Length{2, 2}}, p.x0, y, p.x1, y)
	p.lined = append(p.lined, rectangle{p.x0, y - 0.4, p.x1, y + 0.4})
}

// nameLine writes a line's label where it ends, below it, or above it where marks are below.
func (p *plotting) nameLine(l ChartLine) {
	if l.Label == "" || len(l.Points) == 0 {
		return
	}
	last := l.Points[len(l.Points)-1]
	at := p.place(last[0], last[1])
	w := p.width(l.Label, smallSize)
	for _, y := range []vg.Length{at.Y - 1 - smallSize, at.Y + 1} {
		r := rectangle{at.X - w - 2, y, at.X - 2, y + smallSize}
		if p.free(r, slices.Concat(p.taken, p.reached)) {
			p.write(words{text: l.Label, x: r.x1, y: (r.y0 + r.y1) / 2, size: smallSize, end: true, ink: seriesInk(l.Series, p.series)})
			p.taken = append(p.taken, r)
			return
		}
	}
}

// free reports whether a place is in the panel and overlaps none of the others.
func (p *plotting) free(r rectangle, others []rectangle) bool {
	if r.x0 < p.x0+1 || r.x1 > columnWidth-1 || r.y0 < p.y0+1 || r.y1 > p.y1+3 {
		return false
	}
	for _, o := range others {
		if r.meets(o) {
			return false
		}
	}
	return true
}

// bunch is marks on top of each other.
type bunch struct {
	at     vg.Point
	series int // of the first
	label  string
	more   int // labels of the others
}

// marks draws all marks, and returns those that want labels.
func (p *plotting) marks() (all []*bunch) {
	for i, series := range p.Points { // hollow marks hide nothing
		for _, q := range series {
			if q.Hollow {
				p.mark(i, p.series, p.place(q.X, q.Y), true)
			}
		}
	}
	for i, series := range p.Points {
		for _, q := range series {
			at := p.place(q.X, q.Y)
			if whiskered(q.XWhisker) {
				p.reach(p.place(q.XWhisker[0], q.Y), p.place(q.XWhisker[1], q.Y), i)
			}
			if whiskered(q.YWhisker) {
				p.reach(p.place(q.X, q.YWhisker[0]), p.place(q.X, q.YWhisker[1]), i)
			}
			if !q.Hollow {
				p.mark(i, p.series, at, false)
			}
			r := vg.Length(markRadius)
			p.taken = append(p.taken, rectangle{at.X - r, at.Y - r, at.X + r, at.Y + r})
			if q.Label != "" {
				all = gather(all, &bunch{at: at, series: i, label: q.Label})
			}
		}
	}
	return all
}

// whiskered reports whether there is something to draw on both sides of a mark.
func whiskered(ends [2]float64) bool { return ends[1] > ends[0] }

// reach draws a whisker, which labels keep clear of.
func (p *plotting) reach(from, to vg.Point, series int) {
	p.whisker(from, to, seriesInk(series, p.series))
	p.reached = append(p.reached, rectangle{from.X - whiskerCap, from.Y - whiskerCap, to.X + whiskerCap, to.Y + whiskerCap})
}

// gather adds a mark to the bunch that is there, if one is.
func gather(all []*bunch, b *bunch) []*bunch {
	for _, o := range all {
		if math.Hypot(float64(b.at.X-o.at.X), float64(b.at.Y-o.at.Y)) < markApart {
			o.more++
			return all
		}
	}
	return append(all, b)
}

// label writes the label of a bunch beside it, away from all that is there, or nothing if there is no room. A label that is
// not next to its mark gets a hairline to it.
func (p *plotting) label(b *bunch, there []rectangle) bool {
	text := b.label
	if b.more > 0 {
		text += " +" + strconv.Itoa(b.more)
	}
	w, h := p.width(text, smallSize), vg.Length(smallSize)
	for _, distance := range []vg.Length{4, 8, 14, 22, 30} {
		for _, d := range [][2]vg.Length{{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}} {
			middle := vg.Point{X: b.at.X + d[0]*(distance+w/2), Y: b.at.Y + d[1]*(distance+h/2)}
			if d[0] == 0 { // above or below a mark near the edge
				middle.X = min(max(middle.X, p.x0+3+w/2), p.x1-3-w/2)
			}
			r := rectangle{middle.X - w/2 - 1.5, middle.Y - h/2, middle.X + w/2 + 1.5, middle.Y + h/2}
			if !p.free(r, there) {
				continue
			}
			p.taken = append(p.taken, r)
			if distance > markApart+1 || d[0] != 0 && d[1] != 0 {
				p.line(b.at.X, b.at.Y, b.at.X+d[0]*distance, b.at.Y+d[1]*distance, color.Gray{0x70})
			}
			if !p.free(r, p.reached) {
				p.fill(r.x0+1, r.y0, w+1, h, color.White)
			}
			p.write(words{text: text, x: middle.X, y: middle.Y, size: smallSize, ink: labelInk(b.series, p.series)})
			return true
		}
	}
	return false
}

// labelInk is the colour of a series, dark enough for letters.
func labelInk(i, n int) color.Color {
	c := shade(0.8 * float64(i) / float64(max(n-1, 1)))
	return color.RGBA{uint8(int(c.R) * 6 / 10), uint8(int(c.G) * 6 / 10), uint8(int(c.B) * 6 / 10), 0xff}
}
